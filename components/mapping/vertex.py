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
    # without a managed form here: the component of Kubernetes on the stack's own cluster
    **{
        system: fallback(kubernetes.ROWS[system])
        for system in ("argo", "jenkins", "seldon", "openmetadata", "cluster")
    },
}  # fmt: skip
