"""What a stack says of its cloud that the cloud does not have, or that another cloud would read otherwise."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.mapping import regions as known
from components.spec.stack import REGIONS
from components.validation.problems import Path, meant, shown

if TYPE_CHECKING:
    from components.validation.case import Case


def regions(case: "Case") -> Iterator[tuple[Path, str]]:
    """A region is one of the stack's own cloud."""
    region, cloud = case.spec.cloud.region, case.spec.cloud_of(case.target)
    if region and cloud and region not in (there := known.REGIONS[cloud]):
        where = f"target {cloud}" if cloud is case.target else f"the cloud of cluster.provisioner {case.spec.cluster.provisioner}"
        # another cloud's region was meant as it stands: the nearest name here would mislead
        near = "" if any(region in names for names in known.REGIONS.values()) else meant(region, there)
        yield ("cloud", "region"), f"{shown(region)}: not a region of {where}; expected one such as {REGIONS[cloud]}{near}"
