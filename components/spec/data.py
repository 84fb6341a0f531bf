"""Typed configuration of the data systems."""

from typing import Literal, Self

from pydantic import Field, model_validator

from components.spec.base import Cron, Duration, Image, Model, Name, Odd, Quantity, Resources, Servers, System, TopicName


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


class Seaweedfs(System):
    """Object storage: SeaweedFS, the maintained choice on Kubernetes."""

    replicas: int = Field(default=3, ge=1, le=100, description="Volume servers.")
    copies: int = Field(default=2, ge=1, le=3, description="Copies of each object, on different servers; at most `replicas`.")
    masters: Odd = Field(default=3, ge=1, le=5, description="Masters: 1, or an odd number from 3 (Raft).")
    gateways: int = Field(default=2, ge=1, le=32, description="S3 gateways.")
    storage: Quantity = Field(default="100Gi", description="Volume of each volume server in bytes.")
    metadata_storage: Quantity = Field(default="20Gi", description="Volume of the filer (names and places of objects) in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    buckets: dict[Name, Bucket] = Field(default_factory=dict, description="Buckets beside those that systems ask for.")
    resources: Resources = Field(
        default=Resources(cpu="500m", memory="1Gi"), description="Requests and limits of each volume server and of the filer."
    )


class MysqlBackup(Model):
    """Scheduled backups into the stack's object store (Kubernetes) or of the service (cloud)."""

    schedule: Cron = Field(default="0 2 * * *", description="Cron expression, UTC.")
    keep: int = Field(default=7, ge=1, le=35, description="Backups kept; days on a managed service.")


class Mysql(System):
    """Relational database: Percona Server for MySQL on Kubernetes, RDS for MySQL on AWS."""

    replicas: Odd = Field(default=3, ge=1, le=9, description="Servers: 1, or an odd number from 3 (group replication).")
    storage: Quantity = Field(default="50Gi", description="Volume of each server in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    instance_class: str = Field(default="db.m7g.large", pattern=r"^db\.", description="RDS instance class (sagemaker only).")
    machine_type: str = Field(
        default="db-custom-2-8192", pattern=r"^db-", description="Cloud SQL machine type of the Enterprise edition (vertex only)."
    )
    sku: str = Field(
        default="Standard_D2ds_v4", pattern=r"^Standard_[A-Z]", description="Size of the flexible server (Azure ML only)."
    )
    backup: MysqlBackup | None = Field(default_factory=MysqlBackup, description="null turns scheduled backups off.")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each server.")


class PostgresBackup(Model):
    """Base backups and the write-ahead log into the stack's object store."""

    schedule: Cron = Field(default="0 3 * * *", description="Cron expression of the base backups, UTC.")
    keep: int = Field(default=7, ge=1, le=365, description="Days to which the database can be restored.")


class Postgres(System):
    """Relational database for systems that cannot use MySQL: CloudNativePG on Kubernetes, RDS for PostgreSQL on AWS."""

    replicas: int = Field(default=3, ge=1, le=9, description="Servers; from 3 a write waits for one standby.")
    storage: Quantity = Field(default="20Gi", description="Volume of each server in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    instance_class: str = Field(
        default="db.m7g.large", pattern=r"^db\.", description="RDS instance class (target sagemaker only)."
    )
    sku: str = Field(
        default="Standard_D2ds_v4", pattern=r"^Standard_[A-Z]", description="Size of the flexible server (target azureml only)."
    )
    backup: PostgresBackup | None = Field(
        default_factory=PostgresBackup, description="null turns backups off; none are made where the stack has no object store."
    )
    resources: Resources = Field(default=Resources(cpu="500m", memory="1Gi"), description="Requests and limits of each server.")


class ImageBuild(Model):
    """Rootless BuildKit, which builds the images of our own (images/<name>)."""

    cache: Quantity = Field(default="20Gi", description="Layers kept until it restarts, in bytes.")
    resources: Resources = Field(
        default=Resources(cpu="1", memory="4Gi"),
        description="Requests and limits of the daemon; every step of a build runs in it.",
    )


class Docker(System):
    """Registry of container images: zot or Harbor on Kubernetes, its images in the stack's object store."""

    kind: Literal["zot", "harbor"] = Field(
        default="zot",
        description="zot: one small server; harbor: projects and a user interface, on PostgreSQL (Kubernetes only).",
    )
    host: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$",
        description="Host (and port) by which nodes and people reach it; registry.<domain> if unset.",
    )
    users: list[Name] = Field(
        default_factory=list, description="People who may log in: they pull everything and push to the project of their name."
    )
    builder: ImageBuild | None = Field(
        default_factory=ImageBuild, description="null: no BuildKit; images of our own are named under images."
    )
    resources: Resources = Field(default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of the registry.")


class Dvc(System):
    """Versions of data: a DVC remote in the stack's object store."""

    prefix: str = Field(
        default="versions",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]$",
        description="Below which all objects of the remote lie.",
    )
    check: bool = Field(default=True, description="Push and pull one small file when the remote is made (an image of our own).")
    resources: Resources = Field(default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of the check.")

    def brings(self, name: str) -> bool:
        """Without its check it runs nothing."""
        return not self.check


class TfdvDataset(Model):
    """A dataset that is validated on a schedule."""

    data: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._=/-]*$", description="Prefix of its CSV files (.csv or .csv.gz) in the bucket."
    )
    schedule: Cron = Field(default="0 4 * * *", description="Cron expression, UTC.")


class Tfdv(System):
    """Validation of data: TensorFlow Data Validation over CSV files of the stack's object store."""

    bucket: Name = Field(default="tfdv", description="Bucket with the data; schemas and reports go there too, below tfdv/.")
    datasets: dict[Name, TfdvDataset] = Field(default_factory=dict, description="Datasets by name.")
    scratch: Quantity = Field(default="20Gi", description="Disk of one validation in bytes: its files are fetched.")
    resources: Resources = Field(default=Resources(cpu="1", memory="4Gi"), description="Requests and limits of one validation.")


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
        default="kafka.m7g.large", pattern=r"^(kafka|express)\.", description="MSK broker instance type (sagemaker only)."
    )
    processing_units: Literal[1, 2, 4, 8, 16] = Field(default=1, description="Size of the Event Hubs namespace (Azure ML only).")
    topics: dict[TopicName, Topic] = Field(default_factory=dict, description="Topics by name.")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each server.")


class FeatureSet(Model):
    """Features of one entity, as a feature group of the cloud's own store."""

    key: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]{0,63}$", description="Column that identifies a record.")
    event_time: str = Field(
        default="event_time", pattern=r"^[A-Za-z0-9][A-Za-z0-9_]{0,63}$", description="Column with the time of a record."
    )
    columns: dict[str, Literal["string", "integral", "fractional"]] = Field(
        min_length=1, description="Types of the columns beside the event time, the key among them."
    )
    online: bool = Field(default=True, description="Serve the latest record of each key with low latency.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.key not in self.columns:
            raise ValueError(f'key: "{self.key}" is none of columns ({", ".join(self.columns)})')
        return self


class Feast(System):
    """Feature store: Feast's operator and one project on our database and object store."""

    project: str = Field(
        default="features", pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$", description="Feast's project: the name space of the features."
    )
    repository: str | None = Field(
        default=None,
        pattern=r"^https://",
        description="URL of the git repository that defines the features; Feast's own sample if unset.",
    )
    ref: str | None = Field(default=None, description="Branch, tag or commit of that repository; its default branch if unset.")
    path: str | None = Field(
        default=None,
        pattern=r"^[^/]+$",
        description="Directory of the definitions at the repository's top; feature_repo if unset.",
    )
    features: dict[Name, FeatureSet] = Field(
        default_factory=dict, description="Feature groups by name (clouds only: on Kubernetes the repository says them)."
    )
    schedule: Cron = Field(
        default="0 * * * *", description="When features are applied and materialized to the online store, UTC."
    )
    resources: Resources = Field(
        default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of the online feature server."
    )


class Ingestion(Model):
    """A job of yours that fills the catalogue."""

    image: Image = Field(description="Image with amundsen-databuilder and the job.")
    command: list[str] = Field(min_length=1, description="What it runs.")
    schedule: Cron = Field(default="0 3 * * *", description="When it runs, UTC.")
    resources: Resources = Field(default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of the job.")


class Amundsen(System):
    """Data catalogue: Amundsen (retired upstream) on Neo4j and OpenSearch of its own."""

    replicas: int = Field(default=1, ge=1, le=10, description="Pods of each of its three services.")
    storage: Quantity = Field(default="20Gi", description="Volume of the graph, and of the index, in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    ingestion: dict[Name, Ingestion] = Field(default_factory=dict, description="Databuilder jobs by name.")
    resources: Resources = Field(default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of a service.")
    graph: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of Neo4j.")
    search: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of OpenSearch.")


class Openmetadata(System):
    """Data catalogue: OpenMetadata on our database, with an OpenSearch of its own."""

    replicas: int = Field(default=1, ge=1, le=10, description="Server pods.")
    storage: Quantity = Field(default="30Gi", description="Volume of the search index in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of that volume; the cluster's default if unset.")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each server.")
    search: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of OpenSearch.")
