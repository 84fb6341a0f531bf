"""Everything says whose it is."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies import azure, google
from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided
from policies.pods import NOT_OBJECTS

LABELS = ("mlops.dev/owner", "mlops.dev/team", "mlops.dev/environment")
TAGS = ("owner", "team", "environment")
REMEDY = "Make it through the platform's components: the landing writes them on every object and resource"
TAGGED = (
    "aws:s3/bucket:", "aws:s3/bucketV2:", "aws:rds/instance:", "aws:rds/cluster:", "aws:msk/cluster:", "aws:sagemaker/domain:",
    "aws:sagemaker/mlflowTrackingServer:", "aws:ec2/vpc:", "aws:kms/key:", "aws:amp/workspace:", "aws:grafana/workspace:",
    "aws:efs/fileSystem:", "aws:iam/role:", "aws:secretsmanager/secret:", "aws:mwaa/environment:", "aws:emr/cluster:",
    "aws:emrserverless/application:", "aws:kinesisanalyticsv2/application:", "aws:kinesis/firehoseDeliveryStream:",
    "aws:dms/replicationConfig:", "aws:sagemaker/featureGroup:", "aws:datazone/domain:",
)  # fmt: skip
"""Cloud resources that cost or hold something."""


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Labels of Kubernetes objects; tags of cloud resources, their own or their provider's default tags."""
    if resource.type.startswith("kubernetes:") and not resource.type.startswith(NOT_OBJECTS) and not resource.partial:
        metadata = resource.props.get("metadata")
        labels = metadata.get("labels") if isinstance(metadata, Mapping) else metadata
        yield from _missing(labels, LABELS, "metadata.labels")
    elif resource.type.startswith(TAGGED) or resource.type in azure.TAGGED:
        own = (resource.props.get("tags"), resource.props.get("tagsAll"), _default_tags(resource.provider))
        yield from _missing(_together(own), TAGS, "tags")
    elif (path := google.labels_of(resource.type)) is not None:
        found = (at(resource.props, path), _default(resource.provider, "defaultLabels") if path == "labels" else None)
        yield from _missing(_together(found), TAGS, path)


def _together(found: tuple[Any, ...]) -> Any:
    """All of them as one mapping; unknown where one is, and the others do not have everything."""
    known = {key: value for each in found if isinstance(each, Mapping) for key, value in each.items()}
    return UNKNOWN if UNKNOWN in found and not all(known.get(key) for key in TAGS) else known


def _default_tags(props: Mapping[str, Any]) -> Any:
    """The provider's default tags; provider inputs travel as JSON text."""
    found = _default(props, "defaultTags")
    return found.get("tags") if isinstance(found, Mapping) else found


def _default(props: Mapping[str, Any], key: str) -> Any:
    found = props.get(key)
    if isinstance(found, str):
        try:
            return json.loads(found)
        except ValueError:
            return None
    return found


def _missing(found: Any, wanted: tuple[str, ...], path: str) -> Iterator[Finding]:
    if found is UNKNOWN:
        yield undecided(path, REMEDY)
        return
    have = found if isinstance(found, Mapping) else {}
    # a label whose value is not known yet is there all the same
    missing = [key for key in wanted if not have.get(key)]
    if missing:
        yield Finding(path, f"no {', '.join(missing)}", REMEDY)


RULE = Rule("ownership", "Owner, team and environment are written on everything.", Level.STANDARD, check)
