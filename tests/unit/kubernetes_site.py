"""What the composer hands to a system, made by hand: for tests of `plan` and of components alone."""

from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import contracts
from components.naming import Naming
from components.spec.base import System
from components.spec.stack import Stack, StackSpec, Target, Tier
from components.system import Site
from components.targets import find

DATABASE = contracts.DatabaseAccess("mysql-haproxy.mysql.svc", 3306, "runs", "app", secret="app-mysql", ca_config_map="mlops-ca")
BUCKET = contracts.BucketAccess(
    "models", "us-east-1", endpoint="https://minio.minio.svc:9000", secret="app-bucket", ca_config_map="mlops-ca"
)
CERTIFICATES = contracts.Certificates(issuer="mlops-ca", bundle="mlops-ca")
METRICS = contracts.Metrics(query_url="http://prometheus.monitoring.svc:9090")


@dataclass
class Granted:
    """A tracking server that notes who asked for a user."""

    consumers: list[contracts.Consumer] = field(default_factory=list)

    def contract(self) -> contracts.Tracking:
        """Its contract; the granted Secret is named after the consumer."""

        def grant(consumer: contracts.Consumer) -> pulumi.Input[str]:
            self.consumers.append(consumer)
            return f"{consumer.name}-mlflow"

        return contracts.Tracking("https://mlflow.mlflow.svc:5000", "mlflow", secret="mlflow-admin", grant=grant)


def site(key: str, config: System, *given: Any, tier: Tier = Tier.ALL, **spec: Any) -> Site:
    """A Site of system `key`: `given` contracts are met, every database and bucket that it wants is granted."""
    chosen = {"systems": {key: config.model_dump(by_alias=True)}}
    whole = StackSpec.model_validate({"tier": tier, **chosen, **spec})
    wanted = find("kubernetes", key).wants(config)
    met = {type(contract): contract for contract in given}
    return Site(
        key=key,
        stack=Stack(name="test", target=Target.KUBERNETES, spec=whole),
        config=config,
        naming=Naming("test", whole.team, whole.environment.value, whole.owner),
        opts=pulumi.ResourceOptions(),
        namespace="fraud" if tier is Tier.TEAM else key,
        met=met,
        databases=dict.fromkeys(wanted.databases, DATABASE) if contracts.Database in met else {},
        buckets=dict.fromkeys(wanted.buckets, BUCKET) if contracts.ObjectStore in met else {},
    )


def no_grant(*args: Any) -> Any:
    """The grant of a contract that stands for "the stack has one"."""
    raise AssertionError("a system does not grant for itself")


STORE = contracts.ObjectStore("https://minio.minio.svc:9000", "us-east-1", no_grant)
SERVER = contracts.Database("mysql", "mysql-haproxy.mysql.svc", 3306, no_grant)


def cluster_scoped(kind: str) -> bool:
    """Whether objects of a kind belong to no namespace."""
    return kind in {
        "ClusterRole", "ClusterRoleBinding", "ClusterIssuer", "CustomResourceDefinition", "Namespace", "PersistentVolume",
        "PriorityClass", "StorageClass", "Bundle", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
    }  # fmt: skip
