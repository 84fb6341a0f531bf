"""The Kubernetes systems of the spine as one small program, for tests: components alone, without the composer."""

from dataclasses import dataclass, field, replace
from typing import Any

import pulumi

from components import contracts
from components.kubernetes.foundation import FoundationArgs, KubernetesFoundation
from components.kubernetes.kafka import StrimziKafka, StrimziKafkaArgs, TopicArgs
from components.kubernetes.minio import BucketArgs, MinioStore, MinioStoreArgs
from components.kubernetes.mysql import PerconaMysql, PerconaMysqlArgs
from components.kubernetes.place import Compute
from tests.unit.recording import Recording, record

LABELS = {"app.kubernetes.io/part-of": "mlops", "mlops.dev/team": "platform"}
COMPUTE = Compute("500m", "1Gi")

FOUNDATION = FoundationArgs(namespace="cert-manager", labels=LABELS)
MINIO = MinioStoreArgs(
    namespace="minio",
    labels=LABELS,
    issuer="mlops-ca",
    bundle="mlops-ca",
    compute=COMPUTE,
    replicas=4,
    storage="10Gi",
    buckets={"datasets": BucketArgs(versioning=False, expire_seconds=86400 * 3 + 1)},
    monitored=True,
)
MYSQL = PerconaMysqlArgs(
    namespace="mysql",
    labels=LABELS,
    issuer="mlops-ca",
    bundle="mlops-ca",
    compute=COMPUTE,
    replicas=3,
    storage="10Gi",
    schedule="0 2 * * *",
    monitored=True,
)
KAFKA = StrimziKafkaArgs(
    namespace="kafka",
    labels=LABELS,
    issuer="mlops-ca",
    bundle="mlops-ca",
    compute=COMPUTE,
    brokers=3,
    controllers=3,
    storage="10Gi",
    topics={"events": TopicArgs(6, 3, 86400)},
    monitored=True,
)


@dataclass
class Made:
    """What the program returns."""

    access: dict[str, Any] = field(default_factory=dict)
    ready: list[pulumi.Resource] = field(default_factory=list)
    foundation: KubernetesFoundation | None = None


def consumer(name: str = "mlflow", namespace: str = "mlflow") -> contracts.Consumer:
    """A consumer with a namespace of its own."""
    return contracts.Consumer(name=name, namespace=namespace)


def stack(
    foundation: FoundationArgs = FOUNDATION,
    minio: MinioStoreArgs = MINIO,
    mysql: PerconaMysqlArgs = MYSQL,
    kafka: StrimziKafkaArgs = KAFKA,
) -> Recording[Made]:
    """Everything, wired as the composer does, with one grant of each kind to consumer `mlflow`."""

    def build() -> Made:
        made = Made(foundation=KubernetesFoundation("foundation", foundation))
        assert made.foundation is not None
        after = pulumi.ResourceOptions(depends_on=list(made.foundation.contracts()[0].ready))
        store = MinioStore("minio", minio, after)
        backups = contracts.Consumer(name="mysql", namespace="mysql")
        bucket = store.contracts()[0].grant("mysql-backup", backups)
        database = PerconaMysql("mysql", replace(mysql, backups=bucket), pulumi.ResourceOptions(depends_on=backups.ready))
        broker = StrimziKafka("kafka", kafka, after)
        who = consumer()
        made.access = {
            "bucket": store.contracts()[0].grant("mlflow", who),
            "database": database.contracts()[0].grant("mlflow_runs", who),
            "broker": broker.contracts()[0].grant(["events", "Model_Events"], who),
        }
        made.ready = who.ready
        return made

    return record(build)
