"""Everything says whose it is."""

from collections.abc import Iterator, Mapping

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, undecided

LABELS = ("mlops.dev/owner", "mlops.dev/team", "mlops.dev/environment")
TAGS = ("owner", "team", "environment")
REMEDY = "Make it through the platform's components: the landing writes them on every object and resource"
CONTAINERS = ("kubernetes:helm.sh", "kubernetes:yaml", "kubernetes:kustomize")
TAGGED = ("aws:s3/bucket:", "aws:rds/instance:", "aws:msk/cluster:", "aws:sagemaker/domain:", "aws:ec2/vpc:", "aws:kms/key:")


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Labels of Kubernetes objects; tags of the cloud resources that cost or hold something."""
    if resource.type.startswith("kubernetes:") and not resource.type.startswith(CONTAINERS):
        metadata = resource.props.get("metadata")
        labels = metadata.get("labels") if isinstance(metadata, Mapping) else metadata
        yield from _missing(labels, LABELS, "metadata.labels")
    elif resource.type.startswith(TAGGED):
        tags = resource.props.get("tagsAll") or resource.props.get("tags")
        # default tags reach tagsAll only where the provider fills them in; the provider's own are judged instead
        if "tagsAll" in resource.props:
            yield from _missing(tags, TAGS, "tagsAll")
    elif resource.type == "pulumi:providers:aws":
        yield from _missing(_default_tags(resource.props), TAGS, "defaultTags.tags")


def _default_tags(props: Mapping[str, object]) -> object:
    """The provider's default tags; provider inputs travel as JSON text."""
    import json

    found = props.get("defaultTags")
    if isinstance(found, str):
        found = json.loads(found)
    return found.get("tags") if isinstance(found, Mapping) else found


def _missing(found: object, wanted: tuple[str, ...], path: str) -> Iterator[Finding]:
    if found is UNKNOWN:
        yield undecided(path, REMEDY)
        return
    have = found if isinstance(found, Mapping) else {}
    missing = [key for key in wanted if not have.get(key)]
    if missing:
        yield Finding(path, f"no {', '.join(missing)}", REMEDY)


RULE = Rule("ownership", "Owner, team and environment are written on everything.", Level.STANDARD, check)
