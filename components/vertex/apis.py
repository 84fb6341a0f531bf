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
}
"""APIs by system (each product's "Before you begin")."""
AGENTS: Mapping[str, str] = {
    "storage.googleapis.com": "gs-project-accounts",
    "compute.googleapis.com": "compute-system",
    "run.googleapis.com": "serverless-robot-prod",
    "container.googleapis.com": "container-engine-robot",
}
"""API -> domain of a service agent that is there as soon as the API is enabled (IAM, "Service agents")."""
IDENTITIES = (
    "secretmanager.googleapis.com",
    "sqladmin.googleapis.com",
    "managedkafka.googleapis.com",
    "artifactregistry.googleapis.com",
)
"""APIs whose service agent comes to be when it is asked for (projects.ServiceIdentity) and encrypts with the stack's key."""


def needed(systems: Iterable[str]) -> list[str]:
    """Every API that these systems need, each once, in a fixed order."""
    return list(dict.fromkeys([*BASE, *(api for system in systems for api in APIS.get(system, ()))]))
