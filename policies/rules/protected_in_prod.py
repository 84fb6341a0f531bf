"""What holds data in production cannot be deleted by a slip."""

from collections.abc import Iterator

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided

STATEFUL = {
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes:kafka.strimzi.io/v1:Kafka",
    "kubernetes:kafka.strimzi.io/v1:KafkaNodePool",
    "kubernetes:ps.percona.com/v1:PerconaServerMySQL",
    "aws:s3/bucket:Bucket",
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:msk/cluster:Cluster",
    "aws:kms/key:Key",
    "aws:sagemaker/domain:Domain",
    "aws:amp/workspace:Workspace",
}
REMEDY = "Set the resource option protect (components do so when environment is prod)"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """protect on stateful resources, deletion protection on databases."""
    if facts.environment != "prod" or resource.type not in STATEFUL:
        return
    if not resource.protect:
        yield Finding("options.protect", "is not set on a resource that holds data", REMEDY)
    if resource.type.startswith("aws:rds/"):
        value = at(resource.props, "deletionProtection")
        if value is UNKNOWN:
            yield undecided("deletionProtection", "Set it to true")
        elif value is not True:
            yield Finding("deletionProtection", "is not true", "Set it to true")


RULE = Rule("protected-in-prod", "Stateful resources of production are protected.", Level.BASELINE, check)
