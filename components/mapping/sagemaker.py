"""What each system becomes on AWS, around SageMaker; one row a system."""

from collections.abc import Mapping

from components.mapping import kubernetes
from components.mapping.fact import EVERY_TIER, FOUNDATION, OWN_CLUSTER, SystemFact, fallback

_S = "components.sagemaker."

ROWS: Mapping[str, SystemFact] = {
    FOUNDATION: SystemFact(
        _S + "foundation:AwsFoundation", "aws:ec2/vpc:Vpc", provides=("network",), managed=True
    ),
    OWN_CLUSTER: SystemFact(
        _S + "eks:EksCluster", "aws:eks/cluster:Cluster", needs=("network",), provides=("kubernetesCluster",),
        managed=True,
    ),
    "minio": SystemFact(
        _S + "s3:S3Buckets", "aws:s3/bucket:Bucket", needs=("network",), provides=("objectStore",), managed=True,
        holds="every bucket and its objects",
    ),
    "mysql": SystemFact(
        _S + "rds:RdsMysql", "aws:rds/instance:Instance", needs=("network",), provides=("database",), managed=True,
        engine="mysql", holds="every database",
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
        _S + "amg:ManagedGrafana", "aws:grafana/workspace:Workspace", needs=("network", "metrics"),
        optional=("logs", "longTermMetrics"), provides=("dashboards",), managed=True,
    ),
    "thanos": SystemFact(
        _S + "thanos:LongTermPrometheus", "aws:amp/workspaceConfiguration:WorkspaceConfiguration", needs=("metrics",),
        provides=("longTermMetrics",), managed=True,
    ),
    "loki": SystemFact(
        _S + "loki:CloudWatchLogs", "aws:cloudwatch/logGroup:LogGroup", needs=("network",), provides=("logs",), managed=True,
        holds="the logs of its retention",
    ),
    "docker": SystemFact(
        _S + "docker:EcrRegistry", "aws:ecr/repository:Repository", needs=("network", "objectStore"),
        provides=("imageRegistry",), managed=True, holds="every image",
    ),
    "git": SystemFact(
        _S + "git:CodeConnection", "aws:codeconnections/connection:Connection", needs=("network",), provides=("git",),
        managed=True,
    ),
    "flink": SystemFact(
        _S + "flink:ManagedFlink", "aws:kinesisanalyticsv2/application:Application", needs=("network", "objectStore"),
        optional=("broker",), provides=("streamProcessor",), managed=True, holds="the snapshots of its applications",
    ),
    "spark": SystemFact(
        _S + "spark:EmrServerlessSpark", "aws:emrserverless/application:Application", needs=("network", "objectStore"),
        optional=("broker",), provides=("batchCompute",), managed=True,
    ),
    "airflow": SystemFact(
        _S + "airflow:MwaaAirflow", "aws:mwaa/environment:Environment", needs=("network", "objectStore"),
        optional=("batchCompute",), provides=("workflows",), managed=True, holds="the records of runs",
    ),
    "flume": SystemFact(
        _S + "flume:FirehoseIngestion", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        needs=("network", "objectStore"), optional=("broker",), managed=True,
    ),
    "sqoop": SystemFact(
        _S + "sqoop:DmsTransfers", "aws:dms/replicationConfig:ReplicationConfig", needs=("network", "database", "objectStore"),
        managed=True,
    ),
    "hadoop": SystemFact(
        _S + "hadoop:EmrHdfs", "aws:emr/cluster:Cluster", needs=("network", "objectStore"), provides=("fileSystem",),
        managed=True, holds="every file of HDFS",
    ),
    "dvc": SystemFact(
        _S + "dvc:S3DvcRemote", "aws:ssm/parameter:Parameter", needs=("objectStore",), managed=True,
    ),
    "tfdv": SystemFact(
        _S + "tfdv:DataQualityJobs", "aws:ssm/parameter:Parameter", needs=("network", "objectStore"), managed=True,
    ),
    "feast": SystemFact(
        _S + "feast:SagemakerFeatureStore", "aws:glue/catalogDatabase:CatalogDatabase", needs=("network", "objectStore"),
        provides=("featureStore",), managed=True, holds="the online records of its feature groups",
    ),
    "amundsen": SystemFact(
        _S + "amundsen:GlueCatalog", "aws:glue/crawler:Crawler", needs=("network", "objectStore"), provides=("catalog",),
        managed=True, holds="the domain's business metadata",
    ),
    "github-actions": SystemFact(
        _S + "github_actions:GithubRoles", "aws:iam/openIdConnectProvider:OpenIdConnectProvider", needs=("network",),
        optional=("imageRegistry", "pipelines", "training"), managed=True,
    ),
    "kubeflow": SystemFact(
        _S + "kubeflow:SagemakerPipelines", "aws:sagemaker/pipeline:Pipeline", needs=("network", "objectStore"),
        optional=("tracking",), provides=("pipelines", "training"), managed=True,
    ),
    "katib": SystemFact(
        _S + "katib:SagemakerTuning", "aws:sfn/stateMachine:StateMachine", needs=("network", "objectStore"),
        provides=("tuning",), managed=True,
    ),
    "optuna": SystemFact(
        _S + "optuna:SagemakerOptuna", "aws:sfn/stateMachine:StateMachine", needs=("network", "objectStore", "database"),
        provides=("tuning",), managed=True,
    ),
    "training": SystemFact(
        _S + "training:SagemakerTraining", "aws:sfn/stateMachine:StateMachine", needs=("network", "objectStore"),
        optional=("tracking",), provides=("training",), managed=True, what="Training jobs that are launched from a template.",
    ),
    "automl": SystemFact(
        _S + "automl:SagemakerAutopilot", "aws:sfn/stateMachine:StateMachine", needs=("network", "objectStore"), managed=True,
        what="Automatic machine learning over tables, launched from a template.",
    ),
    "experiments": SystemFact(
        _S + "experiments:SagemakerExperiments", "aws:sagemaker/mlflowApp:MlflowApp", needs=("network", "objectStore"),
        provides=("tracking",), managed=True, holds="the experiments' records",
        what="Experiment tracking without a server to size.",
    ),
    "modelRegistry": SystemFact(
        _S + "model_registry:SagemakerModelRegistry", "aws:sagemaker/modelPackageGroup:ModelPackageGroup", needs=("network",),
        managed=True, holds="the records of every model version",
    ),
    "modelMonitoring": SystemFact(
        _S + "model_monitoring:SagemakerModelMonitor", "aws:sfn/stateMachine:StateMachine", needs=("network", "objectStore"),
        optional=("serving",), managed=True,
    ),
    **{
        system: SystemFact(
            f"{_S}{system}:{noun}", "aws:ecr/repository:Repository", needs=("network", "objectStore"), provides=("serving",),
            managed=True,
        )
        for system, noun in (
            ("fastapi", "SagemakerFastapi"), ("flask", "SagemakerFlask"), ("bentoml", "SagemakerBentoml"),
            ("tfserving", "SagemakerTfserving"), ("kserve", "SagemakerKserve"),
        )
    },
    "seaweedfs": SystemFact(
        _S + "s3_second:S3Store", "aws:s3/bucket:Bucket", needs=("network",), provides=("objectStore",), managed=True,
        holds="every bucket and its objects",
    ),
    "postgres": SystemFact(
        _S + "rds_postgres:RdsPostgres", "aws:rds/instance:Instance", needs=("network",), provides=("database",), managed=True,
        engine="postgres", holds="every database",
    ),
    # without a managed form here: the component of Kubernetes on the stack's own cluster
    **{
        system: fallback(kubernetes.ROWS[system])
        for system in ("argo", "jenkins", "seldon", "openmetadata", "ray", "cluster")
    },
}  # fmt: skip
