"""What the cluster of a stack's own is given before anything stands on it."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import meta, storage

from components.contracts import KubernetesCluster

NAME = "mlops"
DEFAULT = "storageclass.kubernetes.io/is-default-class"


def storage_class(cluster: KubernetesCluster, labels: Mapping[str, str], opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """The default StorageClass: volumes are encrypted with the stack's key, can grow, and stand in the zone of their pod.

    Where the service has a default of its own, the younger of the two counts (Kubernetes, "Default StorageClass").
    """
    return storage.v1.StorageClass(
        "storage-class",
        metadata=meta.v1.ObjectMetaArgs(name=NAME, labels=dict(labels), annotations={DEFAULT: "true"}),
        provisioner=cluster.volumes,
        parameters={**cluster.volume_parameters},
        allow_volume_expansion=True,
        reclaim_policy="Delete",
        volume_binding_mode="WaitForFirstConsumer",
        opts=opts,
    )
