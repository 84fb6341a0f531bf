"""What each system becomes on self-managed Kubernetes; one row a system."""

from collections.abc import Mapping

from components.mapping.fact import EVERY_TIER, FOUNDATION, SystemFact
from components.mapping.lineage import CONTRACTS

_K = "components.kubernetes."

ROWS: Mapping[str, SystemFact] = {
    FOUNDATION: SystemFact(
        _K + "foundation:KubernetesFoundation", "helm.sh/v4:Chart", provides=("certificates",)
    ),
    "gateway": SystemFact(
        _K + "gateway:EnvoyGateway", "gateway.networking.k8s.io/v1:Gateway", needs=("certificates",), optional=("metrics",),
        provides=("gateway",),
    ),
    "login": SystemFact(
        _K + "login:SingleSignOn", "helm.sh/v4:Chart", needs=("certificates", "gateway"), optional=("metrics",),
        provides=("login",),
    ),
    "external-secrets": SystemFact(
        _K + "external_secrets:ExternalSecretsOperator", "helm.sh/v4:Chart", needs=("certificates",), optional=("metrics",),
    ),
    "velero": SystemFact(
        _K + "velero:VeleroBackups", "velero.io/v1:Schedule", needs=("objectStore",), optional=("metrics", "certificates"),
    ),
    "lineage": SystemFact(_K + "lineage:LineageJob", "batch/v1:CronJob", optional=CONTRACTS),
    "minio": SystemFact(
        _K + "minio:MinioStore", "apps/v1:StatefulSet", needs=("certificates",), optional=("metrics",),
        provides=("objectStore",), holds="every bucket and its objects", upstream="retired", successor="seaweedfs",
    ),
    "seaweedfs": SystemFact(
        _K + "seaweedfs:SeaweedfsStore", "helm.sh/v4:Chart", needs=("certificates",), optional=("metrics",),
        provides=("objectStore",), holds="every bucket and its objects",
    ),
    "mysql": SystemFact(
        _K + "mysql:PerconaMysql", "ps.percona.com/v1:PerconaServerMySQL", needs=("certificates", "objectStore"),
        optional=("metrics",), provides=("database",), engine="mysql", holds="every database",
    ),
    "postgres": SystemFact(
        _K + "postgres:CloudNativePostgres", "postgresql.cnpg.io/v1:Cluster", needs=("certificates",),
        optional=("objectStore", "metrics"), provides=("database",), engine="postgres", holds="every database",
    ),
    "kafka": SystemFact(
        _K + "kafka:StrimziKafka", "kafka.strimzi.io/v1:Kafka", needs=("certificates",), optional=("metrics",),
        provides=("broker",), holds="every topic's records",
    ),
    "docker": SystemFact(
        _K + "docker:ZotRegistry", "helm.sh/v4:Chart", needs=("certificates", "objectStore"), optional=("metrics",),
        provides=("imageRegistry",),
        variants={
            "harbor": SystemFact(
                _K + "harbor:HarborRegistry", "helm.sh/v4:Chart", needs=("certificates", "database", "objectStore"),
                optional=("metrics",), provides=("imageRegistry",), engines=("postgres",),
            ),
        },
    ),
    "dvc": SystemFact(
        _K + "dvc:DvcRemote", "core/v1:ConfigMap", needs=("objectStore",), optional=("imageRegistry",), tiers=EVERY_TIER,
        images=("dvc",),
    ),
    "tfdv": SystemFact(
        _K + "tfdv:DataValidation", "batch/v1:CronJob", needs=("objectStore",), optional=("imageRegistry", "workflows"),
        tiers=EVERY_TIER, images=("tfdv",),
    ),
    "mlflow": SystemFact(
        _K + "mlflow:MlflowServer", "apps/v1:Deployment", needs=("database", "objectStore"),
        optional=("metrics", "certificates"), provides=("tracking",), tiers=EVERY_TIER, engines=("mysql",),
    ),
    "jupyterhub": SystemFact(
        _K + "jupyterhub:JupyterHub", "helm.sh/v4:Chart",
        optional=("tracking", "objectStore", "database", "metrics", "certificates", "tuning", "computeCluster"), tiers=EVERY_TIER,
        engines=("mysql",), holds="the users' home volumes",
    ),
    "prometheus": SystemFact(
        _K + "prometheus:PrometheusStack", "helm.sh/v4:Chart", needs=("certificates",), provides=("metrics",),
        holds="the samples of its retention",
    ),
    "grafana": SystemFact(
        _K + "grafana:Grafana", "helm.sh/v4:Chart", needs=("metrics",),
        optional=("database", "longTermMetrics", "logs"), provides=("dashboards",), engines=("mysql",),
    ),
    "thanos": SystemFact(
        _K + "thanos:ThanosStore", "helm.sh/v4:Chart", needs=("objectStore", "metrics"), optional=("certificates",),
        provides=("longTermMetrics",),
    ),
    "loki": SystemFact(
        _K + "loki:LokiStore", "helm.sh/v4:Chart", needs=("objectStore",), optional=("metrics", "certificates"),
        provides=("logs",), holds="the logs that are not in the object store yet",
    ),
    "jenkins": SystemFact(
        _K + "jenkins:JenkinsController", "helm.sh/v4:Chart",
        optional=("imageRegistry", "git", "metrics", "certificates"), images=("jenkins", "jenkins-agent"),
        holds="the records and logs of builds",
    ),
    "flink": SystemFact(
        _K + "flink:FlinkCluster", "flink.apache.org/v1beta1:FlinkDeployment", needs=("objectStore", "certificates"),
        optional=("broker", "metrics"), provides=("streamProcessor",),
    ),
    "spark": SystemFact(
        _K + "spark:SparkOperator", "helm.sh/v4:Chart", needs=("objectStore",),
        optional=("broker", "metrics", "certificates", "imageRegistry"), provides=("batchCompute",), images=("spark",),
    ),
    "argo": SystemFact(
        _K + "argo:ArgoWorkflows", "helm.sh/v4:Chart", needs=("database", "objectStore"), optional=("metrics", "certificates"),
        provides=("workflows",),
    ),
    "optuna": SystemFact(
        _K + "optuna:OptunaDashboard", "apps/v1:Deployment", needs=("database",), provides=("tuning",), tiers=EVERY_TIER,
    ),
    "ray": SystemFact(
        _K + "ray:RayPlatform", "ray.io/v1:RayCluster", optional=("objectStore", "metrics", "computeCluster", "certificates"),
        provides=("compute",), holds="the state of running jobs and actors",
    ),
    "git": SystemFact(
        _K + "gitea:GiteaServer", "apps/v1:StatefulSet", needs=("database", "objectStore"), optional=("metrics", "certificates"),
        provides=("git",), holds="every repository",
    ),
    "flume": SystemFact(
        _K + "flume:FlumeAgents", "apps/v1:StatefulSet",
        optional=("broker", "objectStore", "certificates", "imageRegistry"), images=("flume",),
        holds="the events that wait in its channels", upstream="retired", successor="Kafka Connect (kafka)",
    ),
    "sqoop": SystemFact(
        _K + "sqoop:SqoopTransfers", "core/v1:ConfigMap", needs=("database",),
        optional=("objectStore", "fileSystem", "certificates", "imageRegistry"), images=("sqoop",), upstream="retired",
        successor="Spark's JDBC source (spark)",
    ),
    "airflow": SystemFact(
        _K + "airflow:ApacheAirflow", "helm.sh/v4:Chart", needs=("database", "objectStore"), optional=("metrics",),
        provides=("workflows",),
    ),
    "katib": SystemFact(
        _K + "katib:KatibSearch", "apps/v1:Deployment", needs=("database", "certificates"), optional=("metrics",),
        provides=("tuning",),
    ),
    "kubeflow": SystemFact(
        _K + "kubeflow:KubeflowPlatform", "apps/v1:Deployment", needs=("database", "objectStore"),
        optional=("metrics", "certificates", "workflows"), provides=("pipelines", "training"), engines=("mysql",),
    ),
    "feast": SystemFact(
        _K + "feast:FeastStore", "feast.dev/v1:FeatureStore", needs=("database", "objectStore", "certificates"),
        optional=("metrics",), provides=("featureStore",),
    ),
    "amundsen": SystemFact(
        _K + "amundsen:AmundsenCatalog", "apps/v1:Deployment", needs=("certificates",), provides=("catalog",),
        holds="the graph of all metadata, and its index", upstream="retired", successor="openmetadata",
    ),
    "openmetadata": SystemFact(
        _K + "openmetadata:OpenMetadata", "helm.sh/v4:Chart", needs=("database", "certificates"), optional=("metrics",),
        provides=("catalog",), holds="the search index, which a reindex makes again",
    ),
    "fastapi": SystemFact(
        _K + "fastapi:FastapiServing", "apps/v1:Deployment", optional=("objectStore", "metrics"), provides=("serving",),
        tiers=EVERY_TIER,
    ),
    "flask": SystemFact(
        _K + "flask:FlaskServing", "apps/v1:Deployment", optional=("objectStore", "metrics"), provides=("serving",),
        tiers=EVERY_TIER,
    ),
    "bentoml": SystemFact(
        _K + "bentoml:BentomlServing", "apps/v1:Deployment", optional=("objectStore", "metrics"), provides=("serving",),
        tiers=EVERY_TIER,
    ),
    "tfserving": SystemFact(
        _K + "tfserving:TensorflowServing", "apps/v1:Deployment", optional=("objectStore", "metrics"), provides=("serving",),
        tiers=EVERY_TIER,
    ),
    "github-actions": SystemFact(
        _K + "github_actions:ActionsRunners", "helm.sh/v4:Chart", optional=("imageRegistry", "metrics"),
    ),
    "cluster": SystemFact(
        _K + "cluster:GpuComputeCluster", "kueue.x-k8s.io/v1beta2:ClusterQueue", needs=("certificates",), optional=("metrics",),
        provides=("computeCluster",),
    ),
    "kserve": SystemFact(
        _K + "kserve:KserveServing", "helm.sh/v4:Chart", needs=("gateway", "certificates"), optional=("objectStore", "metrics"),
        provides=("serving",),
    ),
    "seldon": SystemFact(
        _K + "seldon:SeldonServing", "mlops.seldon.io/v1alpha1:SeldonRuntime", needs=("broker", "objectStore"),
        optional=("metrics",), provides=("serving",),
    ),
    "hadoop": SystemFact(
        _K + "hadoop:StackableHdfs", "hdfs.stackable.tech/v1alpha1:HdfsCluster", needs=("certificates",), optional=("metrics",),
        provides=("fileSystem",), holds="every file of HDFS",
    ),
}  # fmt: skip
