"""Names, labels, tags and length limits."""

import hashlib
from dataclasses import dataclass

LIMITS = {
    "k8s-label": 63,
    "s3-bucket": 63,
    "iam-role": 64,
    "rds-instance": 63,
    "msk-cluster": 64,
    "mysql-user": 32,
    "mysql-database": 64,
    "postgres-name": 63,
}
"""Longest names in characters (Kubernetes: RFC 1123; AWS: the services' API references; MySQL 8.4 manual, 11.2.1; PostgreSQL 18
manual, 4.1.1)."""


def fit(name: str, limit: int) -> str:
    """The name itself, or cut and ended with 6 hex digits of its hash where it is longer than `limit` characters."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 7].rstrip('-_')}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def bucket_secret(consumer: str, bucket: str) -> str:
    """Name of the Secret, in the consumer's namespace, with its key to a bucket of our own object stores.

    Fixed, for Prometheus' sidecar names it before the store stands.
    """
    return fit(f"{consumer}-bucket-{bucket}", LIMITS["k8s-label"])


@dataclass(frozen=True)
class Naming:
    """Names of one stack's things."""

    stack: str
    team: str | None
    environment: str
    owner: str

    def cloud(self, noun: str, kind: str = "iam-role") -> str:
        """A cloud resource's name: `<stack>-<noun>` within the limit of its kind (a key of LIMITS)."""
        return fit(f"{self.stack}-{noun}", LIMITS[kind])

    def labels(self, system: str) -> dict[str, str]:
        """Labels of every Kubernetes object of a system."""
        return {
            "app.kubernetes.io/name": system,
            "app.kubernetes.io/part-of": "mlops",
            "app.kubernetes.io/managed-by": "pulumi",
            **self.ownership(),
        }

    def ownership(self) -> dict[str, str]:
        """Who answers for a Kubernetes object; the policy pack asks for these three."""
        return {
            "mlops.dev/stack": self.stack,
            "mlops.dev/owner": self.owner,
            "mlops.dev/team": self.team or "platform",
            "mlops.dev/environment": self.environment,
        }

    def tags(self, system: str) -> dict[str, str]:
        """Tags of every cloud resource of a system."""
        return {
            "mlops:system": system,
            "mlops:stack": self.stack,
            "owner": self.owner,
            "team": self.team or "platform",
            "environment": self.environment,
        }
