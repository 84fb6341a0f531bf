"""Cloud Storage, Cloud SQL and Managed Service for Apache Kafka.

Rules: Cloud Storage "Bucket naming", Cloud SQL "Configure private IP" and "Instance settings", Managed Service for Apache
Kafka "Cluster sizing" (Google Cloud docs).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.gcp.spec import COMMON, GcpSpec, at
from sandbox.providers.gcp.tables.access import member

_GIB = 2**30
_SSL = ("ALLOW_UNENCRYPTED_AND_ENCRYPTED", "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")
_USERS = (
    "BUILT_IN",
    "CLOUD_IAM_USER",
    "CLOUD_IAM_SERVICE_ACCOUNT",
    "CLOUD_IAM_GROUP",
    "CLOUD_IAM_GROUP_USER",
    "CLOUD_IAM_GROUP_SERVICE_ACCOUNT",
)
Exists = Callable[[str, str], bool]


def _bucket(inputs: Json, exists: Exists) -> str | None:
    if "google" in str(inputs.get("name")) or str(inputs.get("name")).startswith("goog"):
        return "name: a bucket's name cannot begin with goog or contain google"
    return None


def _instance(inputs: Json, exists: Exists) -> str | None:
    private = at(inputs, "settings", "ipConfiguration", "privateNetwork")
    if private and not exists("private services access", f"{_path(private)}:servicenetworking.googleapis.com"):
        return (
            f"settings.ipConfiguration.privateNetwork: network {private} has no private services access connection, "
            "please create at least one (servicenetworking.Connection)"
        )
    if not private and at(inputs, "settings", "ipConfiguration", "ipv4Enabled") is False:
        return "settings.ipConfiguration: at least one of public IP or private IP must be enabled"
    return None


def _user(inputs: Json, exists: Exists) -> str | None:
    kind, name = str(inputs.get("type", "BUILT_IN")), str(inputs.get("name"))
    if kind.startswith("CLOUD_IAM") and (inputs.get("password") or inputs.get("host")):
        return "Invalid request: For IAM users, password or hostname should not be specified"
    if kind == "CLOUD_IAM_SERVICE_ACCOUNT" and not exists("service account", name):
        return f"name: there is no service account {name}"
    return None


def _kafka(inputs: Json, exists: Exists) -> str | None:
    vcpus, memory = (int(at(inputs, "capacityConfig", key)) for key in ("vcpuCount", "memoryBytes"))
    if vcpus < 3:
        return f"capacityConfig.vcpuCount: {vcpus}: at least 3"
    if not vcpus * _GIB <= memory <= vcpus * 8 * _GIB:
        return f"capacityConfig.memoryBytes: {memory}: between 1 and 8 GiB a vCPU"
    return None


def _path(network: Any) -> str:
    return str(network).rpartition("/v1/")[2]


def _address(values: Json) -> str:
    number = int(str(values["hash"])[:4], 16)
    return f"10.127.{number // 256}.{number % 256}"


_CLUSTER = "projects/{project}/locations/{location}/clusters/{clusterId}"
_IN_CLUSTER = "projects/{project}/locations/{location}/clusters/{cluster}"
_KAFKA = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"

TYPES: dict[str, Spec] = {
    "gcp:storage/bucket:Bucket": GcpSpec(
        name=Name("name", 63, lower=True, allowed=r"[a-z0-9_.-]"),
        replace=("location", "project", "enableObjectRetention", "customPlacementConfig", "hierarchicalNamespace"),
        id="{name}",
        patterns={"name": r"[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]"},
        choices={
            "publicAccessPrevention": ("inherited", "enforced"),
            "storageClass": ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL"),
        },
        references={"logging.logBucket": "bucket"},
        keys={"encryption.defaultKmsKeyName": "gs-project-accounts"},
        rule=_bucket,
        outputs={
            **COMMON,
            "url": "gs://{name}",
            "selfLink": "https://www.googleapis.com/storage/v1/b/{name}",
            "projectNumber": lambda values: int(values["number"]),
        },
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": member("bucket", "b/{bucket}/{role}/{member}", "bucket"),
    "gcp:sql/databaseInstance:DatabaseInstance": GcpSpec(
        name=Name("name", 97, lower=True, allowed=r"[a-z0-9-]"),
        replace=("region", "project", "encryptionKeyName", "masterInstanceName"),
        id="{name}",
        patterns={"name": r"[a-z]([-a-z0-9]{0,95}[a-z0-9])?"},
        choices={
            "settings.ipConfiguration.sslMode": _SSL,
            "settings.connectorEnforcement": ("NOT_REQUIRED", "REQUIRED"),
            "settings.availabilityType": ("ZONAL", "REGIONAL"),
            "settings.edition": ("ENTERPRISE", "ENTERPRISE_PLUS"),
        },
        references={"settings.ipConfiguration.privateNetwork": "network"},
        keys={"encryptionKeyName": "gcp-sa-cloud-sql"},
        rule=_instance,
        outputs={
            **COMMON,
            "region": "{region}",
            "connectionName": "{project}:{region}:{name}",
            "privateIpAddress": _address,
            "firstIpAddress": _address,
            "publicIpAddress": "",
            "ipAddresses": [],
            "serverCaCerts": [],
            "selfLink": "https://sqladmin.googleapis.com/sql/v1beta4/projects/{project}/instances/{name}",
            "serviceAccountEmailAddress": "p{number}-{hash:.6}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
        },
    ),
    "gcp:sql/database:Database": GcpSpec(
        name=Name("name", 64, allowed=r"[A-Za-z0-9_-]"),
        replace=("instance", "project"),
        id="projects/{project}/instances/{instance}/databases/{name}",
        patterns={"name": r"[A-Za-z0-9_$-]{1,64}"},
        references={"instance": "Cloud SQL instance"},
        outputs={"project": "{project}", "charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"},
    ),
    "gcp:sql/user:User": GcpSpec(
        name=Name("name", 32, allowed=r"[A-Za-z0-9_-]"),
        replace=("instance", "host", "type", "project"),
        id="{name}//{instance}",
        references={"instance": "Cloud SQL instance"},
        choices={"type": _USERS},
        write_only=("passwordWo",),
        rule=_user,
        outputs={"project": "{project}", "iamEmail": ""},
    ),
    "gcp:sql/provisionScript:ProvisionScript": GcpSpec(
        replace=("*",),
        id="{project}/{instance}/{hash:.12}",
        references={"instance": "Cloud SQL instance"},
        outputs={"project": "{project}"},
    ),
    "gcp:managedkafka/cluster:Cluster": GcpSpec(
        name=Name("clusterId", 63, lower=True, allowed=r"[a-z0-9-]"),
        replace=("location", "project", "gcpConfig.kmsKey"),
        id=_CLUSTER,
        patterns={"clusterId": _KAFKA},
        references={"gcpConfig.accessConfig.networkConfigs.subnet": "subnetwork"},
        keys={"gcpConfig.kmsKey": "gcp-sa-managedkafka"},
        rule=_kafka,
        outputs={
            **COMMON,
            "name": "{id}",
            "state": "ACTIVE",
            "bootstrapAddress": "bootstrap.{clusterId}.{location}.managedkafka.{project}.cloud.goog:9092",
        },
    ),
    "gcp:managedkafka/topic:Topic": GcpSpec(
        replace=("cluster", "location", "topicId", "project", "replicationFactor"),
        id=_IN_CLUSTER + "/topics/{topicId}",
        patterns={"topicId": r"[A-Za-z0-9._-]{1,249}"},
        references={"cluster": "Kafka cluster"},
        outputs={"project": "{project}", "name": "{id}"},
    ),
    "gcp:managedkafka/acl:Acl": GcpSpec(
        replace=("cluster", "location", "aclId", "project"),
        id=_IN_CLUSTER + "/acls/{aclId}",
        patterns={
            "aclId": r"cluster|all(Topics|ConsumerGroups|TransactionalIds)|"
            r"(topic|consumerGroup|transactionalId)(Prefixed)?/[A-Za-z0-9._-]+",
            "aclEntries.principal": r"User:(\*|[^@\s]+@[^@\s]+)",
        },
        references={"cluster": "Kafka cluster"},
        outputs={
            "project": "{project}",
            "name": "{id}",
            "etag": "{hash:.12}",
            "resourceName": lambda values: str(values["aclId"]).partition("/")[2] or "kafka-cluster",
            "resourceType": lambda values: "TOPIC" if "opic" in str(values["aclId"]) else "GROUP",
            "patternType": lambda values: "PREFIXED" if "Prefixed" in str(values["aclId"]) else "LITERAL",
        },
    ),
}
