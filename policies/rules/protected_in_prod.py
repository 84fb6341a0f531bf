"""What holds data in production cannot be deleted by a slip."""

import re
from collections.abc import Iterator

from policies import azure, clusters, google
from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided

STATEFUL = {
    "kubernetes:apps:StatefulSet",
    "kubernetes:core:PersistentVolumeClaim",
    "kubernetes:kafka.strimzi.io:Kafka",
    "kubernetes:kafka.strimzi.io:KafkaNodePool",
    "kubernetes:ps.percona.com:PerconaServerMySQL",
    "kubernetes:postgresql.cnpg.io:Cluster",
    "kubernetes:monitoring.coreos.com:Prometheus",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:msk/cluster:Cluster",
    "aws:kms/key:Key",
    "aws:efs/fileSystem:FileSystem",
    "aws:sagemaker/domain:Domain",
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
    "aws:amp/workspace:Workspace",
    *google.STATEFUL,
    *clusters.STATEFUL,
    "azure-native:keyvault:Vault",
    "azure-native:keyvault:Key",
    *(f"azure-native:{kind}" for kind in azure.HOLDING),
    "aws:mwaa/environment:Environment",
    "aws:emr/cluster:Cluster",
    "aws:sagemaker/featureGroup:FeatureGroup",
    "aws:datazone/domain:Domain",
}
"""Types without the API version: a new version of a custom resource holds the same data."""
DATABASES = ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster", google.SQL)
_VERSION = re.compile(r"^(kubernetes:[^/:]+)/[^:]+:")
REMEDY = "Set the resource option protect (components do so when environment is prod)"
DELETION = "Set it to true"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """protect on stateful resources; deletion protection and a final snapshot of databases."""
    if facts.environment != "prod" or _VERSION.sub(r"\1:", resource.type) not in STATEFUL:
        return
    if not resource.protect:
        yield Finding("options.protect", "is not set on a resource that holds data", REMEDY)
    if resource.type in DATABASES:
        value, skips = at(resource.props, "deletionProtection"), at(resource.props, "skipFinalSnapshot")
        if value is UNKNOWN:
            yield undecided("deletionProtection", DELETION)
        elif value is not True:
            yield Finding("deletionProtection", "is not true", DELETION)
        if skips is UNKNOWN:
            yield undecided("skipFinalSnapshot", "Set it to false")
        elif skips is True:
            yield Finding("skipFinalSnapshot", "is true: a deleted database leaves nothing", "Set it to false")


RULE = Rule("protected-in-prod", "Stateful resources of production are protected.", Level.BASELINE, check)
