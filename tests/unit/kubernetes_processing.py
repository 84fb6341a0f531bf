"""What the tests of the processing systems share: grants made by hand, and small looks into pods."""

from typing import Any

from components import contracts
from components.kubernetes.place import Compute
from tests.unit.recording import Recording

LABELS = {"app.kubernetes.io/part-of": "mlops", "mlops.dev/team": "platform"}
COMPUTE = Compute("500m", "1Gi")
STATE = contracts.BucketAccess(
    "state", "us-east-1", endpoint="https://minio.minio.svc:9000", secret="app-bucket", ca_config_map="mlops-ca"
)
CLOUD = contracts.BucketAccess("state", "eu-central-1")
KAFKA = contracts.BrokerAccess(
    "kafka-kafka-bootstrap.kafka.svc:9093",
    "SCRAM-SHA-512",
    ["events", "clicks"],
    username="app",
    secret="app-kafka",
    ca_config_map="mlops-ca",
)


def env(container: dict[str, Any]) -> dict[str, Any]:
    """Variables of a container: plain values, and (Secret, key) of references."""
    return {
        e["name"]: e["value"] if "value" in e else tuple(e["valueFrom"]["secretKeyRef"][k] for k in ("name", "key"))
        for e in container.get("env", ())
    }


def hardened(pod: dict[str, Any]) -> bool:
    """Whether every container of a pod is non-root, without privilege, and bounded."""
    checks = []
    for c in [*pod.get("initContainers", ()), *pod["containers"]]:
        security = {**pod.get("securityContext", {}), **c.get("securityContext", {})}
        checks += [
            security.get("runAsNonRoot") is True,
            security.get("allowPrivilegeEscalation") is False,
            security.get("capabilities") == {"drop": ["ALL"]},
            security.get("seccompProfile") == {"type": "RuntimeDefault"},
        ]
    return all(checks)


def bounded(pod: dict[str, Any]) -> bool:
    """Whether every container says what it needs and may use."""
    return all(
        {"cpu", "memory"} <= set(c["resources"][kind])
        for c in [*pod.get("initContainers", ()), *pod["containers"]]
        for kind in ("requests", "limits")
    )


def foreign(made: Recording[Any], mirror: str) -> list[str]:
    """Images of our own workloads that do not come from the mirror."""
    return [
        c["image"]
        for _, pod in made.pods()
        for c in [*pod.get("initContainers", ()), *pod["containers"]]
        if not c["image"].startswith(f"{mirror}/")
    ]
