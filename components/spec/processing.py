"""Typed configuration of the systems that move and process data: streams, batches, imports and HDFS."""

from typing import Literal, Self

from pydantic import Field, model_validator

from components.spec.base import Cron, Duration, Image, Model, Name, Odd, Quantity, Resources, System, TopicName

JAR = r"^https://[^\s]+\.jar$"


class FlinkJob(Model):
    """One job of the session cluster."""

    jar: str = Field(pattern=JAR, description="https address of the job's jar; the operator fetches it.")
    entry_class: str | None = Field(default=None, description="Main class; the jar's manifest says it if unset.")
    args: list[str] = Field(default_factory=list, description="Arguments of the main class; never a secret.")
    parallelism: int = Field(default=1, ge=1, le=1000, description="Task slots that the job takes.")
    upgrade_mode: Literal["savepoint", "last-state", "stateless"] = Field(
        default="savepoint", description="From what a changed job starts: a savepoint, the last checkpoint, or nothing."
    )


class Flink(System):
    """Stream processing: Flink's Kubernetes operator and one session cluster with its state in the object store."""

    job_managers: int = Field(default=2, ge=1, le=3, description="JobManagers; more than one stands by for a failure.")
    slots: int = Field(default=2, ge=1, le=64, description="Task slots of each TaskManager.")
    checkpoint_interval: Duration = Field(default="1m", description="Time between the checkpoints of each job.")
    savepoint_interval: Duration | None = Field(
        default="1d", description="Time between the savepoints of each job; null for none."
    )
    topics: list[TopicName] = Field(default_factory=list, description="Kafka topics that jobs may read and write.")
    jobs: dict[Name, FlinkJob] = Field(default_factory=dict, description="Jobs that run from the start, by name.")
    resources: Resources = Field(
        default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each JobManager."
    )
    task_manager: Resources = Field(
        default=Resources(cpu="1", memory="4Gi"), description="Requests and limits of each TaskManager."
    )


class SparkSize(Model):
    """What each application's driver and executors get."""

    driver: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of the driver.")
    executor: Resources = Field(default=Resources(cpu="1", memory="4Gi"), description="Requests and limits of each executor.")
    executors: int = Field(default=2, ge=1, le=1000, description="Executors.")


class SparkJob(SparkSize):
    """One application of the user's own code."""

    main: str = Field(
        pattern=r"^(s3a|local)://[^\s]+$",
        description="Python file or jar: s3a://<bucket>/… in the granted bucket, local:///… in the image.",
    )
    main_class: str | None = Field(default=None, description="Main class of a jar; a Python file has none.")
    args: list[str] = Field(default_factory=list, description="Arguments; never a secret.")
    schedule: Cron | None = Field(default=None, description="Cron expression, UTC; runs once if unset.")


class SparkStream(SparkSize):
    """One Structured Streaming query of ours: a Kafka topic as Parquet files in the bucket."""

    topic: TopicName = Field(description="Kafka topic that is read from its beginning.")
    trigger: Duration = Field(default="1m", description="Time between two micro-batches.")


class Spark(System):
    """Batch processing: Kubeflow's Spark operator, a history server, applications on the object store and Kafka."""

    image: Image | None = Field(
        default=None,
        description="Image of drivers, executors and history server, built from images/spark; the stack's if unset.",
    )
    topics: list[TopicName] = Field(default_factory=list, description="Kafka topics of jobs, beside those of streams.")
    jobs: dict[Name, SparkJob] = Field(default_factory=dict, description="Applications of your own, by name.")
    streams: dict[Name, SparkStream] = Field(default_factory=dict, description="Topics that are kept as files, by name.")
    keep_logs: Duration = Field(default="30d", description="How long event logs are kept.")
    resources: Resources = Field(
        default=Resources(cpu="250m", memory="2Gi"), description="Requests and limits of the history server."
    )

    def brings(self, name: str) -> bool:
        """Its own section may name the image."""
        return self.image is not None


class FlumeAgent(Model):
    """One agent: a source, a durable channel on its own volume, a sink."""

    source: Literal["http", "syslog", "avro", "kafka"] = Field(
        default="http", description="http (JSON events, port 8080), syslog (TCP, 5140), avro (other agents, 4141) or kafka."
    )
    source_topic: TopicName | None = Field(default=None, description="Source kafka: the topic that is read.")
    sink: Literal["kafka", "store"] = Field(default="store", description="kafka, or store: files in the object store.")
    topic: TopicName | None = Field(default=None, description="Sink kafka: the topic that is written.")
    replicas: int = Field(default=1, ge=1, le=20, description="Pods, each with a channel of its own.")
    capacity: int = Field(default=1_000_000, ge=1000, description="Events that a channel holds at most.")

    @model_validator(mode="after")
    def _topics(self) -> Self:
        if (self.source == "kafka") is (self.source_topic is None):
            raise ValueError("sourceTopic belongs to source kafka, which needs it")
        if (self.sink == "kafka") is (self.topic is None):
            raise ValueError("topic belongs to sink kafka, which needs it")
        return self

    def topics(self) -> list[str]:
        """The topics that it touches."""
        return [topic for topic in (self.source_topic, self.topic) if topic is not None]


class Flume(System):
    """Ingestion: Flume agents (retired upstream; Kafka Connect takes their place)."""

    image: Image | None = Field(default=None, description="Image of the agents, built from images/flume; the stack's if unset.")
    agents: dict[Name, FlumeAgent] = Field(min_length=1, description="Agents by name.")
    storage: Quantity = Field(default="10Gi", description="Volume of each pod's channel in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    resources: Resources = Field(default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of each pod.")

    def brings(self, name: str) -> bool:
        """Its own section may name the image."""
        return self.image is not None


class SqoopJob(Model):
    """One table that is imported into the store or exported from it."""

    direction: Literal["import", "export"] = Field(description="import: table to files; export: files to table.")
    table: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$", description="Table of the database.")
    place: Literal["store", "hdfs"] = Field(
        default="store", description="store: the object store; hdfs: the stack's file system."
    )
    path: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/=-]*$", description="Folder of the files; the table's name if unset."
    )
    columns: list[str] = Field(default_factory=list, description="Columns; all if empty.")
    where: str | None = Field(default=None, description="Condition of the rows that are imported.")
    mode: Literal["replace", "append"] = Field(default="replace", description="What an import does with files that are there.")
    update_key: str | None = Field(default=None, description="Column by which an export updates rows; it only adds if unset.")
    connect: str | None = Field(
        default=None, pattern=r"^jdbc:(mysql|postgresql)://[^\s@]+$", description="Another database in place of the granted one."
    )
    secret: Name | None = Field(
        default=None, description="Secret with username and password of that other database, beside the jobs."
    )
    schedule: Cron | None = Field(default=None, description="Cron expression, UTC; runs once if unset.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.connect is None) is not (self.secret is None):
            raise ValueError("connect and secret belong together: another database and its credentials")
        if self.direction == "export" and (self.where is not None or self.mode == "append"):
            raise ValueError("where and mode are an import's")
        if self.direction == "import" and self.update_key is not None:
            raise ValueError("updateKey is an export's")
        return self


class Sqoop(System):
    """Bulk transfer between databases and files: Sqoop jobs (retired upstream; Spark's JDBC source takes their place)."""

    image: Image | None = Field(default=None, description="Image of the jobs, built from images/sqoop; the stack's if unset.")
    jobs: dict[Name, SqoopJob] = Field(min_length=1, description="Jobs by name.")
    certificate: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:dms:",
        description="DMS certificate with RDS's CA bundle, by which the server is verified (target sagemaker only).",
    )
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each job.")

    def brings(self, name: str) -> bool:
        """Its own section may name the image."""
        return self.image is not None


class Hadoop(System):
    """Distributed file system: HDFS by Stackable's operator, for what an object store cannot serve."""

    name_nodes: int = Field(default=2, ge=2, le=5, description="Name nodes: one serves, the others stand by.")
    journal_nodes: Odd = Field(default=3, ge=1, le=9, description="Journal nodes, odd: a majority keeps the name nodes' log.")
    data_nodes: int = Field(default=3, ge=1, le=100, description="Data nodes; a block has up to three copies.")
    zookeepers: Odd = Field(default=3, ge=1, le=9, description="ZooKeeper servers, odd.")
    storage: Quantity = Field(default="100Gi", description="Volume of each data node in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    instance_type: str = Field(
        default="m7g.xlarge",
        pattern=r"^[a-z0-9-]+\.[a-z0-9]+$",
        description="EC2 instance type of each node (target sagemaker only).",
    )
    vm_size: str = Field(
        default="Standard_E4_v3", pattern=r"^Standard_[A-Z]", description="Size of each node (target azureml only)."
    )
    kerberos_secret_class: Name | None = Field(
        default=None, description="SecretClass of your Kerberos realm: turns on authentication, and with it TLS."
    )
    name_node: Resources = Field(
        default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each name node."
    )
    resources: Resources = Field(
        default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each data node."
    )
