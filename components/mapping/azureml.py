"""What each system becomes on Azure, around Azure Machine Learning; one row a system."""

from collections.abc import Mapping

from components.mapping import kubernetes
from components.mapping.fact import EVERY_TIER, FOUNDATION, OWN_CLUSTER, SystemFact, fallback

_A = "components.azureml."

ROWS: Mapping[str, SystemFact] = {
    FOUNDATION: SystemFact(
        _A + "foundation:AzureFoundation", "azure-native:network:VirtualNetwork", provides=("network",), managed=True
    ),
    OWN_CLUSTER: SystemFact(
        _A + "aks:AksCluster", "azure-native:containerservice:ManagedCluster", needs=("network",),
        provides=("kubernetesCluster",), managed=True,
    ),
    "minio": SystemFact(
        _A + "storage:DataLake", "azure-native:storage:StorageAccount", needs=("network",), provides=("objectStore",),
        managed=True, holds="every container and its objects",
    ),
    "mysql": SystemFact(
        _A + "mysql:FlexibleMysql", "azure-native:dbformysql:Server", needs=("network",), provides=("database",), managed=True,
        engine="mysql", holds="every database",
    ),
    "kafka": SystemFact(
        _A + "eventhubs:EventHubs", "azure-native:eventhub:Namespace", needs=("network",), optional=("objectStore",),
        provides=("broker",), managed=True, holds="every event hub's records",
    ),
    "mlflow": SystemFact(
        _A + "mlflow:AzuremlTracking", "azure-native:machinelearningservices:Workspace", needs=("network",),
        optional=("objectStore", "imageRegistry"), provides=("tracking",), tiers=EVERY_TIER, managed=True,
        holds="the experiments' records",
    ),
    "jupyterhub": SystemFact(
        _A + "notebooks:AzuremlNotebooks", "azure-native:machinelearningservices:Compute", needs=("network",),
        optional=("tracking", "objectStore"), tiers=EVERY_TIER, managed=True, holds="the users' compute instances",
    ),
    "prometheus": SystemFact(
        _A + "prometheus:AzureMonitorMetrics", "azure-native:monitor:AzureMonitorWorkspace", needs=("network",),
        provides=("metrics",), managed=True, holds="the samples of its retention",
    ),
    "grafana": SystemFact(
        _A + "grafana:AzureGrafana", "azure-native:dashboard:Grafana", needs=("network", "metrics"),
        provides=("dashboards",), managed=True,
    ),
    "docker": SystemFact(
        _A + "registry:AzureRegistry", "azure-native:containerregistry:Registry", needs=("network",),
        provides=("imageRegistry",), managed=True, holds="every image",
    ),
    "github-actions": SystemFact(
        _A + "github_actions:GithubIdentity", "azure-native:managedidentity:FederatedIdentityCredential", needs=("network",),
        optional=("tracking",), managed=True,
    ),
    "seaweedfs": SystemFact(
        _A + "storage_second:LakeStore", "azure-native:storage:StorageAccount", needs=("network",), provides=("objectStore",),
        managed=True, holds="every container and its objects",
    ),
    "postgres": SystemFact(
        _A + "postgres:FlexiblePostgres", "azure-native:dbforpostgresql:Server", needs=("network",), provides=("database",),
        managed=True, engine="postgres", holds="every database",
    ),
    "thanos": SystemFact(
        _A + "thanos:LongTermMonitor", "azure-native:alertsmanagement:PrometheusRuleGroup", needs=("network", "metrics"),
        provides=("longTermMetrics",), managed=True,
    ),
    "loki": SystemFact(
        _A + "loki:LogTables", "azure-native:operationalinsights:Table", needs=("network",), provides=("logs",), managed=True,
        holds="the logs of its retention",
    ),
    "spark": SystemFact(
        _A + "spark:SynapseSpark", "azure-native:synapse:BigDataPool", needs=("network", "objectStore"), optional=("broker",),
        provides=("batchCompute",), managed=True,
    ),
    "flume": SystemFact(
        _A + "flume:EventHubsCapture", "azure-native:eventhub:EventHub", needs=("network", "objectStore"), optional=("broker",),
        managed=True,
    ),
    "sqoop": SystemFact(
        _A + "sqoop:DataFactoryTransfers", "azure-native:datafactory:Pipeline", needs=("network", "database", "objectStore"),
        managed=True, engines=("postgres",),
    ),
    "hadoop": SystemFact(
        _A + "hadoop:HdinsightHdfs", "azure-native:hdinsight:Cluster", needs=("network", "objectStore"),
        provides=("fileSystem",), managed=True, holds="what stands on the cluster's own disks",
    ),
    **{
        system: SystemFact(
            f"{_A}{system}:{noun}", "azure-native:app:ManagedEnvironment", needs=("network", "objectStore"),
            optional=("imageRegistry",), provides=("serving",), managed=True,
        )
        for system, noun in (("fastapi", "AzureFastapi"), ("flask", "AzureFlask"), ("bentoml", "AzureBentoml"))
    },
    **{
        system: SystemFact(
            f"{_A}{system}:{noun}", "azure-native:machinelearningservices:Datastore", needs=("network", "objectStore"),
            optional=("tracking", "imageRegistry"), provides=("serving",), managed=True,
        )
        for system, noun in (("tfserving", "AzuremlTfserving"), ("kserve", "AzuremlKserve"))
    },
    "dvc": SystemFact(
        _A + "dvc:AzureDvcRemote", "azure-native:keyvault:Secret", needs=("network", "objectStore"), managed=True,
    ),
    "tfdv": SystemFact(
        _A + "tfdv:AzuremlDataQuality", "azure-native:machinelearningservices:Schedule", needs=("network", "objectStore"),
        optional=("tracking",), managed=True,
    ),
    "feast": SystemFact(
        _A + "feast:AzuremlFeatureStore", "azure-native:machinelearningservices:Workspace", needs=("network", "objectStore"),
        provides=("featureStore",), managed=True, holds="the records of its feature sets",
    ),
    "amundsen": SystemFact(
        _A + "amundsen:PurviewCatalog", "azure-native:purview:Account", needs=("network", "objectStore"), provides=("catalog",),
        managed=True, holds="the account's catalogue",
    ),
    "kubeflow": SystemFact(
        _A + "kubeflow:AzuremlPipelines", "azure-native:machinelearningservices:ComponentVersion",
        needs=("network", "objectStore"), optional=("tracking",), provides=("pipelines", "training"), managed=True,
    ),
    "katib": SystemFact(
        _A + "katib:AzuremlSweeps", "azure-native:machinelearningservices:Schedule", needs=("network", "objectStore"),
        optional=("tracking",), provides=("tuning",), managed=True,
    ),
    "training": SystemFact(
        _A + "training:AzuremlTraining", "azure-native:machinelearningservices:Schedule", needs=("network", "objectStore"),
        optional=("tracking",), provides=("training",), managed=True, what="Training jobs that are launched from a template.",
    ),
    "automl": SystemFact(
        _A + "automl:AzuremlAutoml", "azure-native:machinelearningservices:Schedule", needs=("network", "objectStore"),
        optional=("tracking",), managed=True, what="Automatic machine learning over tables, launched from a template.",
    ),
    "experiments": SystemFact(
        _A + "experiments:AzuremlExperiments", "azure-native:machinelearningservices:Workspace", needs=("network",),
        optional=("objectStore", "imageRegistry"), provides=("tracking",), managed=True, holds="the experiments' records",
        what="Experiment tracking without a server to size.",
    ),
    "modelRegistry": SystemFact(
        _A + "model_registry:AzuremlModelRegistry", "azure-native:machinelearningservices:Registry", needs=("network",),
        managed=True, holds="the records of every model version",
    ),
    "modelMonitoring": SystemFact(
        _A + "model_monitoring:AzuremlModelMonitor", "azure-native:machinelearningservices:Schedule",
        needs=("network", "objectStore"), optional=("tracking", "serving"), managed=True,
    ),
    # without a managed form here: the component of Kubernetes on the stack's own cluster
    **{
        system: fallback(kubernetes.ROWS[system])
        for system in ("airflow", "flink", "git", "ray", "optuna", "jenkins", "argo", "seldon", "openmetadata", "cluster")
    },
}  # fmt: skip
