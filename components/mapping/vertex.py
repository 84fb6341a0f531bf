"""What each system becomes on Google Cloud, around Vertex AI; one row a system."""

from collections.abc import Mapping

from components.mapping import kubernetes
from components.mapping.fact import EVERY_TIER, FOUNDATION, OWN_CLUSTER, SystemFact, fallback

_V = "components.vertex."

ROWS: Mapping[str, SystemFact] = {
    FOUNDATION: SystemFact(
        _V + "foundation:GoogleFoundation", "gcp:compute/network:Network", provides=("network",), managed=True
    ),
    OWN_CLUSTER: SystemFact(
        _V + "gke:GkeCluster", "gcp:container/cluster:Cluster", needs=("network",), provides=("kubernetesCluster",),
        managed=True,
    ),
    "minio": SystemFact(
        _V + "gcs:GcsBuckets", "gcp:storage/bucket:Bucket", needs=("network",), provides=("objectStore",), managed=True,
        holds="every bucket and its objects",
    ),
    "mysql": SystemFact(
        _V + "cloudsql:CloudSqlMysql", "gcp:sql/databaseInstance:DatabaseInstance", needs=("network",), provides=("database",),
        managed=True, engine="mysql", holds="every database",
    ),
    "kafka": SystemFact(
        _V + "kafka:GoogleManagedKafka", "gcp:managedkafka/cluster:Cluster", needs=("network",), provides=("broker",),
        managed=True, holds="every topic's records",
    ),
    "docker": SystemFact(
        _V + "registry:ArtifactRegistryDocker", "gcp:artifactregistry/repository:Repository", needs=("network",),
        provides=("imageRegistry",), managed=True, holds="every image",
    ),
    "github-actions": SystemFact(
        _V + "github_actions:GithubFederation", "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        needs=("network",), optional=("imageRegistry",), managed=True,
    ),
    "mlflow": SystemFact(
        _V + "mlflow:CloudRunMlflow", "gcp:cloudrunv2/service:Service", needs=("network", "database", "objectStore"),
        provides=("tracking",), tiers=EVERY_TIER,
    ),
    "jupyterhub": SystemFact(
        _V + "workbench:WorkbenchInstances", "gcp:workbench/instance:Instance", needs=("network",),
        optional=("tracking", "objectStore"), tiers=EVERY_TIER, managed=True, holds="the users' data disks",
    ),
    "prometheus": SystemFact(
        _V + "gmp:GoogleManagedPrometheus", "gcp:monitoring/alertPolicy:AlertPolicy", needs=("network",), provides=("metrics",),
        managed=True,
    ),
    "grafana": SystemFact(
        _V + "grafana:CloudRunGrafana", "gcp:cloudrunv2/service:Service", needs=("network", "metrics", "database"),
        provides=("dashboards",),
    ),
    "seaweedfs": SystemFact(
        _V + "gcs_second:GcsStore", "gcp:storage/bucket:Bucket", needs=("network",), provides=("objectStore",), managed=True,
        holds="every bucket and its objects",
    ),
    "postgres": SystemFact(
        _V + "cloudsql_postgres:CloudSqlPostgres", "gcp:sql/databaseInstance:DatabaseInstance", needs=("network",),
        provides=("database",), managed=True, engine="postgres", holds="every database",
    ),
    "flink": SystemFact(
        _V + "flink:DataprocFlink", "gcp:dataproc/cluster:Cluster", needs=("network", "objectStore"), optional=("broker",),
        provides=("streamProcessor",), managed=True,
    ),
    "spark": SystemFact(
        _V + "spark:ServerlessSpark", "gcp:dataproc/sessionTemplate:SessionTemplate", needs=("network", "objectStore"),
        optional=("broker",), provides=("batchCompute",), managed=True,
    ),
    "airflow": SystemFact(
        _V + "airflow:ComposerAirflow", "gcp:composer/environment:Environment", needs=("network", "objectStore"),
        optional=("batchCompute",), provides=("workflows",), managed=True, holds="the records of runs",
    ),
    "flume": SystemFact(
        _V + "flume:PubsubIngestion", "gcp:pubsub/topic:Topic", needs=("network", "objectStore"), optional=("broker",),
        managed=True, holds="messages that no file has yet",
    ),
    "sqoop": SystemFact(
        _V + "sqoop:SqlTransfers", "gcp:workflows/workflow:Workflow", needs=("network", "database", "objectStore"), managed=True,
    ),
    "hadoop": SystemFact(
        _V + "hadoop:DataprocHdfs", "gcp:dataproc/cluster:Cluster", needs=("network", "objectStore"), provides=("fileSystem",),
        managed=True, holds="every file of HDFS",
    ),
    "dvc": SystemFact(
        _V + "dvc:GcsDvcRemote", "gcp:storage/bucketObject:BucketObject", needs=("network", "objectStore"), managed=True,
    ),
    "tfdv": SystemFact(
        _V + "tfdv:DataScans", "gcp:dataplex/datascan:Datascan", needs=("network", "objectStore"), managed=True,
    ),
    "feast": SystemFact(
        _V + "feast:VertexFeatureStore", "gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore", needs=("network",),
        provides=("featureStore",), managed=True, holds="the records of its feature groups",
    ),
    "amundsen": SystemFact(
        _V + "amundsen:DataplexCatalog", "gcp:dataplex/entryGroup:EntryGroup", needs=("network", "objectStore"),
        provides=("catalog",), managed=True, holds="entries of its group",
    ),
    "kubeflow": SystemFact(
        _V + "kubeflow:VertexPipelines", "gcp:colab/schedule:Schedule", needs=("network", "objectStore"), optional=("tracking",),
        provides=("pipelines", "training"), managed=True, holds="the templates of pipelines",
    ),
    "katib": SystemFact(
        _V + "katib:VertexTuning", "gcp:workflows/workflow:Workflow", needs=("network", "objectStore"), provides=("tuning",),
        managed=True,
    ),
    "optuna": SystemFact(
        _V + "optuna:CloudRunOptuna", "gcp:cloudrunv2/service:Service", needs=("network", "database", "objectStore"),
        provides=("tuning",),
    ),
    "ray": SystemFact(
        _V + "ray:VertexRay", "gcp:vertex/aiPersistentResource:AiPersistentResource", needs=("network",), managed=True,
    ),
    "git": SystemFact(
        _V + "git:SourceManager", "gcp:securesourcemanager/instance:Instance", needs=("network",), provides=("git",),
        managed=True, holds="every repository",
    ),
    "thanos": SystemFact(
        _V + "thanos:LongTermMonitoring", "gcp:monitoring/dashboard:Dashboard", needs=("network", "metrics"),
        provides=("longTermMetrics",), managed=True,
    ),
    "loki": SystemFact(
        _V + "loki:CloudLogging", "gcp:logging/projectBucketConfig:ProjectBucketConfig", needs=("network",), provides=("logs",),
        managed=True, holds="the logs of its retention",
    ),
    **{
        system: SystemFact(
            f"{_V}{system}:{noun}", "gcp:artifactregistry/repository:Repository", needs=("network", "objectStore"),
            provides=("serving",), managed=True, holds="the images that it serves",
        )
        for system, noun in (
            ("fastapi", "RunFastapi"), ("flask", "RunFlask"), ("bentoml", "RunBentoml"),
            ("tfserving", "VertexTfserving"), ("kserve", "VertexKserve"),
        )
    },
    "training": SystemFact(
        _V + "training:VertexTraining", "gcp:workflows/workflow:Workflow", needs=("network", "objectStore"),
        optional=("tracking",), provides=("training",), managed=True, what="Training jobs that are launched from a template.",
    ),
    "automl": SystemFact(
        _V + "automl:VertexAutoml", "gcp:workflows/workflow:Workflow", needs=("network", "objectStore"), managed=True,
        what="Automatic machine learning over tables, launched from a template.",
    ),
    "experiments": SystemFact(
        _V + "experiments:VertexExperiments", "gcp:vertex/aiTensorboard:AiTensorboard", needs=("network", "objectStore"),
        managed=True, holds="the experiments' records", what="Experiment tracking without a server to size.",
    ),
    "modelRegistry": SystemFact(
        _V + "model_registry:VertexModelRegistry", "gcp:workflows/workflow:Workflow", needs=("network", "objectStore"),
        managed=True,
    ),
    "modelMonitoring": SystemFact(
        _V + "model_monitoring:VertexMonitoring", "gcp:workflows/workflow:Workflow", needs=("network", "objectStore"),
        optional=("serving",), managed=True,
    ),
    # without a managed form here: the component of Kubernetes on the stack's own cluster
    **{
        system: fallback(kubernetes.ROWS[system])
        for system in ("argo", "jenkins", "seldon", "openmetadata", "cluster")
    },
}  # fmt: skip
