"""What each system becomes on AWS, around SageMaker; one row a system."""

from collections.abc import Mapping

from components.mapping.fact import EVERY_TIER, FOUNDATION, SystemFact

_S = "components.sagemaker."

ROWS: Mapping[str, SystemFact] = {
    FOUNDATION: SystemFact(
        _S + "foundation:AwsFoundation", "aws:ec2/vpc:Vpc", provides=("network",), managed=True
    ),
    "minio": SystemFact(
        _S + "s3:S3Buckets", "aws:s3/bucket:Bucket", needs=("network",), provides=("objectStore",), managed=True,
        holds="every bucket and its objects",
    ),
    "mysql": SystemFact(
        _S + "rds:RdsMysql", "aws:rds/instance:Instance", needs=("network",), provides=("database",), managed=True,
        holds="every database",
    ),
    "kafka": SystemFact(
        _S + "msk:MskKafka", "aws:msk/cluster:Cluster", needs=("network",), provides=("broker",), managed=True,
        holds="every topic's records",
    ),
    "mlflow": SystemFact(
        _S + "mlflow:SagemakerMlflow", "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
        needs=("network", "objectStore"), provides=("tracking",), tiers=EVERY_TIER, managed=True,
        holds="the experiments' records",
    ),
    "jupyterhub": SystemFact(
        _S + "studio:StudioDomain", "aws:sagemaker/domain:Domain", needs=("network",), optional=("tracking", "objectStore"),
        tiers=EVERY_TIER, managed=True, holds="the users' home file system",
    ),
    "prometheus": SystemFact(
        _S + "amp:ManagedPrometheus", "aws:amp/workspace:Workspace", needs=("network",), provides=("metrics",), managed=True,
        holds="the samples of its retention",
    ),
    "grafana": SystemFact(
        _S + "amg:ManagedGrafana", "aws:grafana/workspace:Workspace", needs=("network", "metrics"), provides=("dashboards",),
        managed=True,
    ),
}  # fmt: skip
