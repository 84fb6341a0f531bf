"""What holds data in production, and the transform that protects and retains it wherever it comes from: ours or a chart's."""

import re
from collections.abc import Callable, Collection, Mapping

import pulumi

HOLDS_DATA = frozenset(
    {
        "apps:StatefulSet",
        "core:PersistentVolumeClaim",
        "hdfs.stackable.tech:HdfsCluster",
        "kafka.strimzi.io:Kafka",
        "kafka.strimzi.io:KafkaNodePool",
        "kafka.strimzi.io:KafkaTopic",
        "monitoring.coreos.com:Prometheus",
        "postgresql.cnpg.io:Cluster",
        "ps.percona.com:PerconaServerMySQL",
        "zookeeper.stackable.tech:ZookeeperCluster",
    }
)
"""group:Kind, without the version: a new version of a custom resource holds the same data."""
NAMESPACE = "core:Namespace"
_TYPE = re.compile(r"^kubernetes:([^/:]+)/[^:]+:(.+)$")


def keep(namespaces: Collection[str]) -> Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]:
    """Resource transform: no destroy takes data along, not even after `pulumi state unprotect`.

    `namespaces` are those whose deletion would delete data with them.
    """

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        found = _TYPE.match(args.type_)
        kind = f"{found.group(1)}:{found.group(2)}" if found else ""
        if kind == NAMESPACE:
            metadata = args.props.get("metadata")
            name = metadata.get("name") if isinstance(metadata, Mapping) else None
            if name not in namespaces:
                return None
        elif kind not in HOLDS_DATA:
            return None
        kept = pulumi.ResourceOptions(protect=True, retain_on_delete=True)
        return pulumi.ResourceTransformResult(props=args.props, opts=pulumi.ResourceOptions.merge(args.opts, kept))

    return transform
