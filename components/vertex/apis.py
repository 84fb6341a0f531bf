"""Which APIs a system needs in its project, and the service agents that encrypt with the stack's key for it."""

from collections.abc import Iterable, Mapping

from components.mapping.fact import OWN_CLUSTER

BASE = (
    "cloudresourcemanager.googleapis.com",
    "serviceusage.googleapis.com",
    "iam.googleapis.com",
    "compute.googleapis.com",
    "cloudkms.googleapis.com",
    "secretmanager.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
)
"""APIs of every stack."""
_LAUNCHED = ("workflows.googleapis.com", "workflowexecutions.googleapis.com", "cloudscheduler.googleapis.com")
"""What launches a template, by hand or by schedule."""
_DEPLOYED = (
    "aiplatform.googleapis.com",
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    *_LAUNCHED,
)
"""What models behind Vertex endpoints need."""
APIS: Mapping[str, tuple[str, ...]] = {
    "minio": ("storage.googleapis.com",),
    "mysql": ("servicenetworking.googleapis.com", "sqladmin.googleapis.com"),
    "kafka": ("managedkafka.googleapis.com",),
    "docker": ("artifactregistry.googleapis.com", "containerscanning.googleapis.com"),
    "github-actions": ("sts.googleapis.com", "iamcredentials.googleapis.com"),
    "mlflow": ("run.googleapis.com", "artifactregistry.googleapis.com", "iap.googleapis.com"),
    "grafana": ("run.googleapis.com", "artifactregistry.googleapis.com", "iap.googleapis.com"),
    OWN_CLUSTER: ("container.googleapis.com",),
    "jupyterhub": ("notebooks.googleapis.com", "aiplatform.googleapis.com"),
    "seaweedfs": ("storage.googleapis.com",),
    "postgres": ("servicenetworking.googleapis.com", "sqladmin.googleapis.com"),
    "dvc": (),
    "flume": ("pubsub.googleapis.com", "managedkafka.googleapis.com"),
    "spark": ("dataproc.googleapis.com", *_LAUNCHED),
    "flink": ("dataproc.googleapis.com", "storage.googleapis.com", *_LAUNCHED),
    "hadoop": ("dataproc.googleapis.com", "storage.googleapis.com"),
    "airflow": ("composer.googleapis.com", "artifactregistry.googleapis.com", "pubsub.googleapis.com"),
    "sqoop": ("sqladmin.googleapis.com", *_LAUNCHED),
    "tfdv": (
        "dataplex.googleapis.com",
        "bigquery.googleapis.com",
        "bigqueryconnection.googleapis.com",
        "dataflow.googleapis.com",
        *_LAUNCHED,
    ),
    "feast": ("aiplatform.googleapis.com", "bigquery.googleapis.com"),
    "amundsen": ("dataplex.googleapis.com", "bigquery.googleapis.com", "bigqueryconnection.googleapis.com"),
    "kubeflow": ("aiplatform.googleapis.com", "artifactregistry.googleapis.com", *_LAUNCHED),
    "katib": ("aiplatform.googleapis.com", *_LAUNCHED),
    "optuna": ("aiplatform.googleapis.com", "run.googleapis.com", "artifactregistry.googleapis.com", *_LAUNCHED),
    "training": ("aiplatform.googleapis.com", *_LAUNCHED),
    "automl": ("aiplatform.googleapis.com", *_LAUNCHED),
    "experiments": ("aiplatform.googleapis.com",),
    "modelRegistry": ("aiplatform.googleapis.com", *_LAUNCHED),
    "modelMonitoring": ("aiplatform.googleapis.com", "bigquery.googleapis.com", "dataplex.googleapis.com", *_LAUNCHED),
    "ray": ("aiplatform.googleapis.com",),
    "git": ("securesourcemanager.googleapis.com",),
    "fastapi": ("run.googleapis.com", "artifactregistry.googleapis.com"),
    "flask": ("run.googleapis.com", "artifactregistry.googleapis.com"),
    "bentoml": ("run.googleapis.com", "artifactregistry.googleapis.com"),
    "tfserving": _DEPLOYED,
    "kserve": _DEPLOYED,
}
"""APIs by system (each product's "Before you begin")."""
AGENTS: Mapping[str, str] = {
    "storage.googleapis.com": "service-{0}@gs-project-accounts",
    "compute.googleapis.com": "service-{0}@compute-system",
    "run.googleapis.com": "service-{0}@serverless-robot-prod",
    "container.googleapis.com": "service-{0}@container-engine-robot",
    "bigquery.googleapis.com": "bq-{0}@bigquery-encryption",
}
"""API -> a service agent that is there as soon as the API is enabled, by the project's number and without its ending (IAM,
"Service agents"; BigQuery, "Customer-managed Cloud KMS keys")."""
IDENTITIES = (
    "secretmanager.googleapis.com",
    "sqladmin.googleapis.com",
    "managedkafka.googleapis.com",
    "artifactregistry.googleapis.com",
    "pubsub.googleapis.com",
    "dataproc.googleapis.com",
    "composer.googleapis.com",
    "dataflow.googleapis.com",
    "aiplatform.googleapis.com",
    "securesourcemanager.googleapis.com",
    "workflows.googleapis.com",
)
"""APIs whose service agent comes to be when it is asked for (projects.ServiceIdentity) and encrypts with the stack's key."""


def needed(systems: Iterable[str]) -> list[str]:
    """Every API that these systems need, each once, in a fixed order."""
    return list(dict.fromkeys([*BASE, *(api for system in systems for api in APIS.get(system, ()))]))
