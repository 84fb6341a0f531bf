"""As many ConfigMaps as `bench:count`, in the namespace `bench:namespace`."""

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

config = pulumi.Config("bench")
for index in range(config.require_int("count")):
    metadata = ObjectMetaArgs(name=f"bench-{index}", namespace=config.require("namespace"))
    ConfigMap(f"bench-{index}", metadata=metadata, data={"index": str(index), "text": "x" * 100})
