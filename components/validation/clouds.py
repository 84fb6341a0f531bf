"""What a stack says of its cloud that another cloud would read otherwise."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.spec.base import Target
from components.spec.stack import REGIONS
from components.validation.problems import Path, shown

if TYPE_CHECKING:
    from components.validation.case import Case

FORMS = {
    Target.SAGEMAKER: re.compile(r"[a-z]{2}(-[a-z]+)+-\d"),
    Target.VERTEX: re.compile(r"[a-z]+-[a-z]+\d+"),
    Target.AZUREML: re.compile(r"[a-z]+\d?"),
}
"""How the names of a cloud's regions are made: eu-central-1 on AWS, europe-west3 on Google Cloud, westeurope on Azure."""


def regions(case: "Case") -> Iterator[tuple[Path, str]]:
    """A region is one of the stack's own cloud."""
    region, cloud = case.spec.cloud.region, case.spec.cloud_of(case.target)
    if region and cloud and not FORMS[cloud].fullmatch(region):
        where = f"target {cloud}" if cloud is case.target else f"the cloud of cluster.provisioner {case.spec.cluster.provisioner}"
        yield ("cloud", "region"), f"{shown(region)}: not a region of {where}; expected one such as {REGIONS[cloud]}"
