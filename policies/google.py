"""What the rules know of Google Cloud: settings that encrypt, that keep things inside, and roles that are too broad."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.model import UNKNOWN, Finding, Resource, items, undecided
from policies.ranges import wide

BUCKET, SQL = "gcp:storage/bucket:Bucket", "gcp:sql/databaseInstance:DatabaseInstance"
KAFKA, RUN = "gcp:managedkafka/cluster:Cluster", "gcp:cloudrunv2/service:Service"
NOTEBOOK, IMAGES = "gcp:workbench/instance:Instance", "gcp:artifactregistry/repository:Repository"
FIREWALL, KEY = "gcp:compute/firewall:Firewall", "gcp:kms/cryptoKey:CryptoKey"
TOPIC, WORKFLOW = "gcp:pubsub/topic:Topic", "gcp:workflows/workflow:Workflow"
DATAPROC, COMPOSER = "gcp:dataproc/cluster:Cluster", "gcp:composer/environment:Environment"
ENDPOINT, ONLINE = "gcp:vertex/aiEndpoint:AiEndpoint", "gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore"
GIT, LOGS = "gcp:securesourcemanager/instance:Instance", "gcp:logging/projectBucketConfig:ProjectBucketConfig"

KEYS: Mapping[str, Sequence[str]] = {
    BUCKET: ("encryption.defaultKmsKeyName",),
    SQL: ("encryptionKeyName",),
    KAFKA: ("gcpConfig.kmsKey",),
    RUN: ("template.encryptionKey",),
    NOTEBOOK: ("gceSetup.bootDisk.kmsKey", "gceSetup.dataDisks.kmsKey"),
    IMAGES: ("kmsKeyName",),
    "gcp:secretmanager/regionalSecret:RegionalSecret": ("customerManagedEncryption.kmsKeyName",),
    TOPIC: ("kmsKeyName",),
    WORKFLOW: ("cryptoKeyName",),
    DATAPROC: ("clusterConfig.encryptionConfig.kmsKeyName",),
    "gcp:dataproc/sessionTemplate:SessionTemplate": ("environmentConfig.executionConfig.kmsKey",),
    COMPOSER: ("config.encryptionConfig.kmsKeyName",),
    "gcp:bigquery/dataset:Dataset": ("defaultEncryptionConfiguration.kmsKeyName",),
    "gcp:bigquery/table:Table": ("encryptionConfiguration.kmsKeyName",),
    ENDPOINT: ("encryptionSpec.kmsKeyName",),
    ONLINE: ("encryptionSpec.kmsKeyName",),
    "gcp:vertex/aiMetadataStore:AiMetadataStore": ("encryptionSpec.kmsKeyName",),
    "gcp:vertex/aiTensorboard:AiTensorboard": ("encryptionSpec.kmsKeyName",),
    "gcp:vertex/aiPersistentResource:AiPersistentResource": ("encryptionSpec.kmsKeyName",),
    "gcp:bigquery/connection:Connection": ("kmsKeyName",),
    GIT: ("kmsKey",),
    LOGS: ("cmekSettings.kmsKeyName",),
}
"""Settings that must name a customer-managed key."""
SSL, SSL_MODES = "settings.ipConfiguration.sslMode", ("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")
CLOSED: Mapping[str, Any] = {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": True}
"""Of a bucket."""
INSIDE: Mapping[str, Mapping[str, Any]] = {
    SQL: {"settings.ipConfiguration.ipv4Enabled": (False,)},
    KAFKA: {"gcpConfig.accessConfig.publicClusterConfig": (None,)},
    RUN: {
        "ingress": ("INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"),
        "invokerIamDisabled": (False, None),
    },
    NOTEBOOK: {"gceSetup.disablePublicIp": (True,)},
    DATAPROC: {"clusterConfig.gceClusterConfig.internalIpOnly": (True,)},
    COMPOSER: {"config.enablePrivateEnvironment": (True,)},
    ENDPOINT: {"privateServiceConnectConfig.enablePrivateServiceConnect": (True,)},
    GIT: {"privateConfig.isPrivate": (True,)},
}
"""Settings, and the values that keep a resource inside the network."""
STATEFUL = (BUCKET, SQL, KAFKA, KEY, NOTEBOOK, TOPIC, COMPOSER, ONLINE, GIT, LOGS)
LABELS: Mapping[str, str] = {
    BUCKET: "labels", SQL: "settings.userLabels", KAFKA: "labels", RUN: "labels", NOTEBOOK: "labels", KEY: "labels",
    IMAGES: "labels", TOPIC: "labels", WORKFLOW: "labels", DATAPROC: "labels", COMPOSER: "labels", ENDPOINT: "labels",
    ONLINE: "labels", GIT: "labels",
    "gcp:secretmanager/secret:Secret": "labels", "gcp:secretmanager/regionalSecret:RegionalSecret": "labels",
}  # fmt: skip
"""Where ownership stands; the provider's default labels reach `labels` alone."""
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
BINDING = re.compile(r"^gcp:.*I[aA][mM](Member|Binding)$")
PRIMITIVE = ("roles/owner", "roles/editor")
LENDING = ("roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser", "roles/iam.serviceAccountAdmin")
"""Roles that lend identities: on a project they lend every one in it."""
PROJECT = ("gcp:projects/iAMMember:IAMMember", "gcp:projects/iAMBinding:IAMBinding")
DOWNLOADED = "gcp:serviceaccount/key:Key"


def labels_of(kind: str) -> str | None:
    """Where a resource of that type says whose it is; None where it need not."""
    return LABELS.get(kind)


def opened(resource: Resource, remedy: str) -> Iterator[Finding]:
    """IAM members that are everybody, and firewalls that let the internet in."""
    if BINDING.match(resource.type):
        for key in ("member", "members"):
            who = resource.props.get(key)
            found = [who] if who is UNKNOWN else items(who)
            if any(item in EVERYBODY for item in found if item is not UNKNOWN):
                yield Finding(key, "everybody on the internet", remedy)
            elif UNKNOWN in found:
                yield undecided(key, remedy)
    if resource.type == FIREWALL and resource.props.get("direction") != "EGRESS" and resource.props.get("allows"):
        ranges = resource.props.get("sourceRanges")
        for item in [ranges] if ranges is UNKNOWN else items(ranges):
            if item is UNKNOWN:
                yield undecided("sourceRanges", remedy)
            elif wide(item):
                yield Finding("sourceRanges", f'"{item}" is the whole internet', remedy)


def broad(resource: Resource, remedy: str) -> Iterator[Finding]:
    """Basic roles, roles that lend every identity of a project, and keys of service accounts."""
    if resource.type == DOWNLOADED:
        yield Finding("serviceAccountId", "a key of a service account never expires", "Let the platform lend the identity")
    if BINDING.match(resource.type):
        role = resource.props.get("role")
        if role is UNKNOWN:
            yield undecided("role", remedy)
        elif role in PRIMITIVE:
            yield Finding("role", f"{role} reaches across the project", remedy)
        elif role in LENDING and resource.type in PROJECT:
            yield Finding("role", f"{role} on a project lends every service account in it", remedy)
