"""Messages, files, clusters, workflows: Pub/Sub, Kafka Connect, Dataproc, Composer, Workflows and what runs them in time.

Names and limits: Pub/Sub "Guidelines to name a topic", Dataproc API reference, Cloud Composer "Create environments", Workflows
API reference, Cloud Scheduler "Cron job format" (Google Cloud docs).
"""

from __future__ import annotations

import json
from collections.abc import Callable

from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.gcp.spec import COMMON, GcpSpec, at
from sandbox.providers.gcp.tables.access import member

Exists = Callable[[str, str], bool]
CRON = r"\S+( \S+){4}"
_PUBSUB = r"(?!goog)[A-Za-z][A-Za-z0-9._~%+-]{2,254}"
_CLUSTER = "projects/{project}/locations/{location}/connectClusters/"


def _masters(inputs: Json, exists: Exists) -> str | None:
    masters = at(inputs, "clusterConfig", "masterConfig", "numInstances")
    workers = at(inputs, "clusterConfig", "workerConfig", "numInstances")
    if masters not in (None, 1, 3):
        return f"clusterConfig.masterConfig.numInstances: {masters}: 1, or 3 for high availability"
    if workers == 1:
        return "clusterConfig.workerConfig.numInstances: 1: at least 2"
    return None


def _source(inputs: Json, exists: Exists) -> str | None:
    """Every step has one name, jumps go to steps of the same block, and there is a main."""
    try:
        main = json.loads(str(inputs.get("sourceContents")))["main"]
        names = [name for step in main["steps"] for name in step]
    except (ValueError, KeyError, TypeError) as error:
        return f"sourceContents: not a workflow: {error!r}"
    if len(names) != len(set(names)):
        return "sourceContents: two steps have one name"
    for step in main["steps"]:
        for body in step.values():
            if isinstance(body, dict) and body.get("next") not in (None, "end", "break", "continue", *names):
                return f"sourceContents: there is no step {body['next']}"
    return None


def _files(inputs: Json, exists: Exists) -> str | None:
    minutes = str(at(inputs, "cloudStorageConfig", "maxDuration") or "300s").removesuffix("s")
    return None if 60 <= int(float(minutes)) <= 600 else f"cloudStorageConfig.maxDuration: {minutes} s: from 60 to 600"


TYPES: dict[str, Spec] = {
    "gcp:storage/bucketObject:BucketObject": GcpSpec(
        replace=("bucket", "name"),
        id="{bucket}-{name}",
        references={"bucket": "bucket"},
        keys={"kmsKeyName": "gs-project-accounts"},
        outputs={
            "outputName": "{name}",
            "mediaLink": "https://storage.googleapis.com/download/storage/v1/b/{bucket}/o/{name}",
            "selfLink": "https://www.googleapis.com/storage/v1/b/{bucket}/o/{name}",
            "md5hash": "{hash:.24}",
            "generation": 1,
        },
    ),
    "gcp:pubsub/topic:Topic": GcpSpec(
        name=Name("name", 255),
        replace=("project",),
        id="projects/{project}/topics/{name}",
        patterns={"name": _PUBSUB},
        keys={"kmsKeyName": "gcp-sa-pubsub"},
        outputs=COMMON,
    ),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": member("topic", "projects/{project}/topics/{topic}/{role}/{member}", "topic"),
    "gcp:pubsub/subscription:Subscription": GcpSpec(
        name=Name("name", 255),
        replace=("project", "topic", "enableMessageOrdering", "filter"),
        id="projects/{project}/subscriptions/{name}",
        patterns={"name": _PUBSUB},
        references={
            "topic": "topic",
            "cloudStorageConfig.bucket": "bucket",
            "cloudStorageConfig.serviceAccountEmail": "service account",
        },
        rule=_files,
        outputs=COMMON,
    ),
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": member(
        "subscription", "projects/{project}/subscriptions/{subscription}/{role}/{member}", "subscription"
    ),
    "gcp:managedkafka/connectCluster:ConnectCluster": GcpSpec(
        name=Name("connectClusterId", 63, lower=True, allowed=r"[a-z0-9-]"),
        replace=("location", "project", "kafkaCluster"),
        id=_CLUSTER + "{connectClusterId}",
        patterns={"connectClusterId": r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"},
        references={"kafkaCluster": "Kafka cluster", "gcpConfig.accessConfig.networkConfigs.primarySubnet": "subnetwork"},
        outputs={**COMMON, "name": "{id}", "state": "ACTIVE"},
    ),
    "gcp:managedkafka/connector:Connector": GcpSpec(
        replace=("location", "project", "connectCluster", "connectorId"),
        id=_CLUSTER + "{connectCluster}/connectors/{connectorId}",
        references={"connectCluster": "Connect cluster"},
        outputs={"project": "{project}", "name": "{id}", "state": "RUNNING"},
    ),
    "gcp:dataproc/cluster:Cluster": GcpSpec(
        name=Name("name", 51, lower=True, allowed=r"[a-z0-9-]"),
        replace=("region", "project", "clusterConfig.gceClusterConfig", "clusterConfig.softwareConfig"),
        id="projects/{project}/regions/{region}/clusters/{name}",
        patterns={"name": r"[a-z]([-a-z0-9]{0,49}[a-z0-9])?"},
        references={
            "clusterConfig.gceClusterConfig.subnetwork": "subnetwork",
            "clusterConfig.gceClusterConfig.serviceAccount": "service account",
            "clusterConfig.stagingBucket": "bucket",
        },
        keys={"clusterConfig.encryptionConfig.kmsKeyName": "compute-system"},
        rule=_masters,
        outputs=COMMON,
    ),
    "gcp:dataproc/sessionTemplate:SessionTemplate": GcpSpec(
        replace=("name", "location", "project"),
        id="{name}",
        patterns={"name": r"projects/[^/]+/locations/[^/]+/sessionTemplates/[a-z]([-a-z0-9]{0,61}[a-z0-9])?"},
        references={
            "environmentConfig.executionConfig.subnetworkUri": "subnetwork",
            "environmentConfig.executionConfig.serviceAccount": "service account",
            "environmentConfig.executionConfig.stagingBucket": "bucket",
        },
        keys={"environmentConfig.executionConfig.kmsKey": "dataproc-accounts"},
        outputs={**COMMON, "uuid": "{hash:.32}"},
    ),
    "gcp:composer/environment:Environment": GcpSpec(
        name=Name("name", 64, lower=True, allowed=r"[a-z0-9-]"),
        replace=("region", "project", "storageConfig", "config.encryptionConfig", "config.nodeConfig.serviceAccount"),
        id="projects/{project}/locations/{region}/environments/{name}",
        patterns={
            "name": r"[a-z]([-a-z0-9]{0,62}[a-z0-9])?",
            "config.softwareConfig.imageVersion": r"composer-[0-9]+(\.\d+\.\d+)?-airflow-\d+(\.\d+){0,2}(-build\.\d+)?",
        },
        references={
            "config.nodeConfig.network": "network",
            "config.nodeConfig.subnetwork": "subnetwork",
            "config.nodeConfig.serviceAccount": "service account",
            "storageConfig.bucket": "bucket",
        },
        keys={"config.encryptionConfig.kmsKeyName": "cloudcomposer-accounts"},
        inside={
            "config.airflowUri": "https://{hash:.24}-dot-{region}.composer.googleusercontent.com",
            "config.dagGcsPrefix": lambda values: f"gs://{at(values, 'storageConfig', 'bucket')}/dags",
        },
        outputs=COMMON,
    ),
    "gcp:workflows/workflow:Workflow": GcpSpec(
        name=Name("name", 64),
        replace=("region", "project"),
        id="projects/{project}/locations/{region}/workflows/{name}",
        patterns={"name": r"[A-Za-z]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"},
        choices={"callLogLevel": ("CALL_LOG_LEVEL_UNSPECIFIED", "LOG_ALL_CALLS", "LOG_ERRORS_ONLY", "LOG_NONE")},
        references={"serviceAccount": "service account"},
        keys={"cryptoKeyName": "gcp-sa-workflows"},
        json=("sourceContents",),
        rule=_source,
        outputs={**COMMON, "state": "ACTIVE", "revisionId": "000001-abc"},
    ),
    "gcp:cloudscheduler/job:Job": GcpSpec(
        name=Name("name", 500),
        replace=("region", "project"),
        id="projects/{project}/locations/{region}/jobs/{name}",
        patterns={"name": r"[A-Za-z0-9_-]{1,500}", "schedule": CRON},
        references={"httpTarget.oauthToken.serviceAccountEmail": "service account"},
        outputs={"project": "{project}", "state": "ENABLED"},
    ),
}
