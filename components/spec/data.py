"""Typed configuration of the data systems."""

from pydantic import Field

from components.spec.base import Cron, Duration, Model, Name, Odd, Quantity, Resources, Servers, System, TopicName


class Bucket(Model):
    """A bucket that stands although no system asks for it."""

    versioning: bool = Field(default=True, description="Keep earlier versions of each object.")
    expire_after: Duration | None = Field(default=None, description="Delete objects this long after their creation.")


class Minio(System):
    """Object storage: MinIO on Kubernetes (retired upstream), an S3 bucket set on AWS."""

    replicas: Servers = Field(default=4, ge=1, le=32, description="MinIO servers; 1, or 4 and more (erasure coding).")
    storage: Quantity = Field(default="100Gi", description="Volume of each server in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    buckets: dict[Name, Bucket] = Field(default_factory=dict, description="Buckets beside those that systems ask for.")
    resources: Resources = Field(default=Resources(cpu="500m", memory="1Gi"), description="Requests and limits of each server.")


class MysqlBackup(Model):
    """Scheduled backups into the stack's object store (Kubernetes) or of the service (cloud)."""

    schedule: Cron = Field(default="0 2 * * *", description="Cron expression, UTC.")
    keep: int = Field(default=7, ge=1, le=35, description="Backups kept; days on a managed service.")


class Mysql(System):
    """Relational database: Percona Server for MySQL on Kubernetes, RDS for MySQL on AWS."""

    replicas: Odd = Field(default=3, ge=1, le=9, description="Servers: 1, or an odd number from 3 (group replication).")
    storage: Quantity = Field(default="50Gi", description="Volume of each server in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    instance_class: str = Field(default="db.m7g.large", pattern=r"^db\.", description="RDS instance class (cloud targets only).")
    backup: MysqlBackup | None = Field(default_factory=MysqlBackup, description="null turns scheduled backups off.")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each server.")


class Topic(Model):
    """One Kafka topic."""

    partitions: int = Field(default=3, ge=1, le=10000, description="Partitions.")
    replicas: int | None = Field(default=None, ge=1, le=9, description="Copies of each partition; min(3, brokers) if unset.")
    retention: Duration = Field(default="7d", description="How long records are kept.")


class Kafka(System):
    """Event broker: Strimzi (KRaft) on Kubernetes, MSK on AWS."""

    brokers: int = Field(default=3, ge=1, le=100, description="Broker nodes.")
    controllers: Odd = Field(default=3, ge=1, le=9, description="KRaft controllers, odd (Kubernetes only).")
    storage: Quantity = Field(default="100Gi", description="Volume of each broker in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    instance_type: str = Field(
        default="kafka.m7g.large", pattern=r"^(kafka|express)\.", description="MSK broker instance type (cloud targets only)."
    )
    topics: dict[TopicName, Topic] = Field(default_factory=dict, description="Topics by name.")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each server.")
