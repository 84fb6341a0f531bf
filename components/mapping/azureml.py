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
        _A + "eventhubs:EventHubs", "azure-native:eventhub:Namespace", needs=("network",), provides=("broker",), managed=True,
        holds="every event hub's records",
    ),
    "mlflow": SystemFact(
        _A + "mlflow:AzuremlTracking", "azure-native:machinelearningservices:Workspace", needs=("network",),
        optional=("objectStore",), provides=("tracking",), tiers=EVERY_TIER, managed=True, holds="the experiments' records",
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
    # without a managed form here: the component of Kubernetes on the stack's own cluster
    **{
        system: fallback(kubernetes.ROWS[system])
        for system in ("airflow", "flink", "git", "ray", "optuna", "jenkins", "argo", "seldon", "openmetadata", "cluster")
    },
}  # fmt: skip
