"""Vertex AI: notebooks, features, endpoints, experiments, machines and schedules (Vertex AI API reference)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.gcp.spec import COMMON, RFC1035, GcpSpec, at
from sandbox.providers.gcp.tables.access import member
from sandbox.providers.gcp.tables.processing import CRON

Exists = Callable[[str, str], bool]
AGENT = "gcp-sa-aiplatform"
_IN = "projects/{project}/locations/{region}/"
_FEATURE = r"[a-z][a-z0-9_]{0,59}"
_KEY = {"encryptionSpec.kmsKeyName": AGENT}


def _pools(inputs: Json, exists: Exists) -> str | None:
    pools = inputs.get("resourcePools") or []
    if not pools:
        return "resourcePools: at least one"
    for pool in pools:
        least = int(at(pool, "autoscalingSpec", "minReplicaCount") or pool.get("replicaCount") or 1)
        if least < 1:
            return f"resourcePools.{pool.get('id')}: at least one replica"
    return None


def _online(inputs: Json, exists: Exists) -> str | None:
    return None if (inputs.get("bigtable") is None) is not (inputs.get("optimized") is None) else "one of bigtable and optimized"


def _inside(inputs: Json, exists: Exists) -> str | None:
    if inputs.get("network") and inputs.get("privateServiceConnectConfig"):
        return "network and privateServiceConnectConfig are mutually exclusive"
    return None


TYPES: dict[str, Spec] = {
    "gcp:workbench/instance:Instance": GcpSpec(
        name=Name("name", 63, lower=True, allowed=r"[a-z0-9-]"),
        replace=("location", "project", "instanceId", "instanceOwners", "gceSetup.disablePublicIp", "gceSetup.networkInterfaces"),
        id="projects/{project}/locations/{location}/instances/{name}",
        patterns={"name": RFC1035, "location": r"[a-z]+-[a-z]+\d+-[a-z]", "gceSetup.tags": RFC1035},
        choices={"gceSetup.bootDisk.diskEncryption": ("GMEK", "CMEK"), "gceSetup.dataDisks.diskEncryption": ("GMEK", "CMEK")},
        references={
            "gceSetup.networkInterfaces.network": "network",
            "gceSetup.networkInterfaces.subnet": "subnetwork",
            "gceSetup.serviceAccounts.email": "service account",
        },
        keys={"gceSetup.bootDisk.kmsKey": "compute-system", "gceSetup.dataDisks.kmsKey": "compute-system"},
        outputs={
            **COMMON,
            "state": "ACTIVE",
            "healthState": "HEALTHY",
            "proxyUri": "{hash:.16}-dot-{region}.notebooks.googleusercontent.com",
            "creator": "",
        },
    ),
    "gcp:workbench/instanceIamMember:InstanceIamMember": member(
        "name", "projects/{project}/locations/{place}/instances/{name}/{role}/{member}", "Workbench instance"
    ),
    "gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore": GcpSpec(
        name=Name("name", 60, lower=True, allowed=r"[a-z0-9_]", joint="_"),
        replace=("region", "project", "encryptionSpec", "optimized"),
        id=_IN + "featureOnlineStores/{name}",
        patterns={"name": _FEATURE},
        keys=_KEY,
        rule=_online,
        outputs={**COMMON, "state": "STABLE", "etag": "{hash:.12}"},
    ),
    "gcp:vertex/aiFeatureOnlineStoreIamMember:AiFeatureOnlineStoreIamMember": member(
        "featureOnlineStore", _IN + "featureOnlineStores/{featureOnlineStore}/{role}/{member}", "feature online store"
    ),
    "gcp:vertex/aiFeatureOnlineStoreFeatureview:AiFeatureOnlineStoreFeatureview": GcpSpec(
        name=Name("name", 60, lower=True, allowed=r"[a-z0-9_]", joint="_"),
        replace=("region", "project", "featureOnlineStore", "featureRegistrySource"),
        id=_IN + "featureOnlineStores/{featureOnlineStore}/featureViews/{name}",
        patterns={"name": _FEATURE, "syncConfig.cron": CRON},
        references={
            "featureOnlineStore": "feature online store",
            "featureRegistrySource.featureGroups.featureGroupId": "feature group",
        },
        outputs=COMMON,
    ),
    "gcp:vertex/aiFeatureGroup:AiFeatureGroup": GcpSpec(
        name=Name("name", 60, lower=True, allowed=r"[a-z0-9_]", joint="_"),
        replace=("region", "project", "bigQuery.bigQuerySource"),
        id=_IN + "featureGroups/{name}",
        patterns={"name": _FEATURE, "bigQuery.bigQuerySource.inputUri": r"bq://[^.]+\.[^.]+\.[^.]+"},
        outputs={**COMMON, "etag": "{hash:.12}"},
    ),
    "gcp:vertex/aiFeatureGroupFeature:AiFeatureGroupFeature": GcpSpec(
        name=Name("name", 60, lower=True, allowed=r"[a-z0-9_]", joint="_"),
        replace=("region", "project", "featureGroup"),
        id=_IN + "featureGroups/{featureGroup}/features/{name}",
        patterns={"name": _FEATURE},
        references={"featureGroup": "feature group"},
        outputs=COMMON,
    ),
    "gcp:vertex/aiEndpoint:AiEndpoint": GcpSpec(
        name=Name("name", 10, allowed=r"[0-9]"),
        replace=("region", "location", "project", "network", "encryptionSpec", "privateServiceConnectConfig"),
        id="projects/{project}/locations/{location}/endpoints/{name}",
        patterns={"name": r"[1-9][0-9]{0,9}"},
        keys=_KEY,
        references={"network": "network"},
        rule=_inside,
        outputs={**COMMON, "etag": "{hash:.12}", "trafficSplit": ""},
    ),
    "gcp:vertex/aiMetadataStore:AiMetadataStore": GcpSpec(
        name=Name("name", 127, lower=True, allowed=r"[a-z0-9-]"),
        replace=("*",),
        id=_IN + "metadataStores/{name}",
        keys=_KEY,
        outputs={"project": "{project}"},
    ),
    "gcp:vertex/aiTensorboard:AiTensorboard": GcpSpec(
        replace=("region", "project", "encryptionSpec"),
        id=_IN + "tensorboards/{hash:.16}",
        keys=_KEY,
        outputs={**COMMON, "name": "{id}", "blobStoragePathPrefix": "cloud-ai-platform-{hash:.12}", "runCount": "0"},
    ),
    "gcp:vertex/aiPersistentResource:AiPersistentResource": GcpSpec(
        name=Name("name", 63, lower=True, allowed=r"[a-z0-9-]"),
        replace=("location", "project", "encryptionSpec", "pscInterfaceConfig", "resourceRuntimeSpec"),
        id="projects/{project}/locations/{location}/persistentResources/{name}",
        patterns={"name": RFC1035},
        keys=_KEY,
        references={"pscInterfaceConfig.networkAttachment": "network attachment"},
        rule=_pools,
        outputs={**COMMON, "state": "RUNNING"},
    ),
    "gcp:colab/schedule:Schedule": GcpSpec(
        replace=("location", "project"),
        id="projects/{project}/locations/{location}/schedules/{hash:.16}",
        patterns={"cron": r"(TZ=\S+ )?" + CRON},
        choices={"desiredState": ("ACTIVE", "PAUSED")},
        references={
            "createPipelineJobRequest.pipelineJob.serviceAccount": "service account",
            "createPipelineJobRequest.pipelineJob.pscInterfaceConfig.networkAttachment": "network attachment",
        },
        keys={"createPipelineJobRequest.pipelineJob.encryptionSpec.kmsKeyName": AGENT},
        outputs={"project": "{project}", "name": "{id}", "state": "PAUSED", "startedRunCount": "0"},
    ),
}
