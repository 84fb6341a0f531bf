"""Alert rules of our own, by system: what the chart's general rules do not see.

Where the metric names come from: Strimzi's example rules (JMX exporter and Strimzi Metrics Reporter share them), mysqld_exporter
(prometheus/mysqld_exporter, collector/exporter.go), MinIO's docs/metrics/prometheus/list.md (v2), prometheus_flask_exporter with
MLflow's prefix (mlflow/server/prometheus_exporter.py), jupyterhub/metrics.py, NVIDIA dcgm-exporter's etc/default-counters.csv,
flink-kubernetes-operator 1.15.0 docs/operations/metrics-logging.md, Flink's docs/ops/metrics.md, spark-operator 2.5.2
pkg/common/metrics.go, SeaweedFS' weed/stats/metrics.go (4.44), CloudNativePG's docs/src/monitoring.md and sample rules (1.30.0),
kube-state-metrics. Rules of training and serving stand in alerts_models.py.
"""

from collections.abc import Sequence
from typing import Any

from components.kubernetes import alerts_models
from components.kubernetes.alerts_models import Rule

RULES: dict[str, Sequence[Rule]] = {
    **alerts_models.RULES,
    "kafka": (
        (
            "KafkaOfflinePartitions",
            "sum by (namespace) (kafka_controller_kafkacontroller_offlinepartitionscount) > 0",
            "2m", "critical", "{{ $value }} Kafka partitions have no leader",
        ),
        (
            "KafkaUnderReplicatedPartitions",
            "sum by (namespace) (kafka_server_replicamanager_underreplicatedpartitions) > 0",
            "10m", "warning", "{{ $value }} Kafka partitions lack a copy",
        ),
        (
            "KafkaNoActiveController",
            "sum by (namespace) (kafka_controller_kafkacontroller_activecontrollercount) != 1",
            "5m", "critical", "Kafka has {{ $value }} active controllers in place of one",
        ),
    ),
    "flink": (
        (
            "FlinkClusterFailed",
            "sum by (resourcens) (flink_k8soperator_namespace_Lifecycle_State_FAILED_Count) > 0",
            "5m", "critical", "{{ $value }} Flink resources of {{ $labels.resourcens }} have failed",
        ),
        (
            "FlinkCheckpointsFail",
            "sum by (namespace, job_name) (increase(flink_jobmanager_job_numberOfFailedCheckpoints[30m])) > 3",
            "5m", "warning", "{{ $value }} checkpoints of {{ $labels.job_name }} failed within half an hour",
        ),
    ),
    "spark": (
        (
            "SparkApplicationsFail",
            "sum by (namespace) (increase(spark_application_failure_count[30m])) > 0",
            "5m", "warning", "{{ $value }} Spark applications failed within half an hour",
        ),
        (
            "SparkSubmissionsFail",
            "sum by (namespace) (increase(spark_application_failed_submission_count[30m])) > 0",
            "5m", "warning", "{{ $value }} Spark applications could not be submitted within half an hour",
        ),
    ),
    "mysql": (
        ("MysqlDown", "mysql_up == 0", "2m", "critical", "MySQL on {{ $labels.instance }} does not answer"),
        (
            "MysqlServersNotReady",
            'kube_statefulset_status_replicas_ready{namespace="mysql"} < kube_statefulset_replicas{namespace="mysql"}',
            "15m", "warning", "{{ $labels.statefulset }} runs {{ $value }} servers, fewer than declared",
        ),
        (
            "MysqlConnectionsNearLimit",
            "mysql_global_status_threads_connected / mysql_global_variables_max_connections > 0.8",
            "10m", "warning", "MySQL on {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its connections",
        ),
    ),
    "minio": (
        (
            "MinioDriveOffline",
            "max by (namespace) (minio_cluster_drive_offline_total) > 0",
            "5m", "critical", "{{ $value }} MinIO drives are offline",
        ),
        (
            "MinioNodeOffline",
            "max by (namespace) (minio_cluster_nodes_offline_total) > 0",
            "5m", "critical", "{{ $value }} MinIO servers are offline",
        ),
        (
            "MinioDiskFull",
            "min by (namespace) (minio_cluster_capacity_usable_free_bytes / minio_cluster_capacity_usable_total_bytes) < 0.1",
            "15m", "warning", "MinIO has {{ $value | humanizePercentage }} of its capacity left",
        ),
    ),
    "seaweedfs": (
        (
            "SeaweedfsNoLeader",
            "sum by (namespace) (SeaweedFS_master_is_leader) != 1",
            "5m", "critical", "SeaweedFS has {{ $value }} leading masters in place of one",
        ),
        (
            "SeaweedfsDiskFull",
            'min by (namespace, pod) (SeaweedFS_volumeServer_resource{type="avail"} / ignoring (type)'
            ' SeaweedFS_volumeServer_resource{type="all"}) < 0.1',
            "15m", "warning", "{{ $labels.pod }} has {{ $value | humanizePercentage }} of its disk left",
        ),
        (
            "SeaweedfsErrors",
            'sum by (namespace) (rate(SeaweedFS_s3_request_total{code=~"5.."}[5m]))'
            " / sum by (namespace) (rate(SeaweedFS_s3_request_total[5m])) > 0.05",
            "10m", "warning", "{{ $value | humanizePercentage }} of the S3 gateway's requests fail",
        ),
    ),
    "postgres": (
        ("PostgresDown", "cnpg_collector_up == 0", "2m", "critical", "PostgreSQL on {{ $labels.pod }} does not answer"),
        (
            "PostgresReplicationLag",
            "cnpg_pg_replication_lag > 300",
            "5m", "warning", "{{ $labels.pod }} is {{ $value | humanizeDuration }} behind the primary",
        ),
        (
            "PostgresArchiveFails",
            "(cnpg_pg_stat_archiver_last_failed_time - cnpg_pg_stat_archiver_last_archived_time) > 1",
            "10m", "warning", "{{ $labels.pod }} cannot write its log to the object store",
        ),
    ),
    "docker": (
        ("RegistryDown", 'sum by (namespace) (up{job="zot"}) == 0', "5m", "critical", "The image registry does not answer"),
    ),
    "tfdv": (
        (
            "DataInvalid",
            'max by (namespace, job_name) (kube_job_status_failed{job_name=~"tfdv-.+"}) > 0',
            "1m", "warning", "The validation {{ $labels.job_name }} failed: see its report in the object store",
        ),
    ),
    "mlflow": (
        ("MlflowDown", 'sum by (namespace) (up{job="mlflow"}) == 0', "5m", "critical", "No MLflow server answers"),
        (
            "MlflowErrors",
            'sum by (namespace) (rate(mlflow_http_request_total{status=~"5.."}[5m]))'
            " / sum by (namespace) (rate(mlflow_http_request_total[5m])) > 0.05",
            "10m", "warning", "{{ $value | humanizePercentage }} of MLflow's requests fail",
        ),
    ),
    "jupyterhub": (
        ("JupyterhubDown", 'up{job="jupyterhub-hub"} == 0', "5m", "critical", "JupyterHub in {{ $labels.namespace }} is down"),
        (
            "JupyterhubSpawnsFail",
            'sum by (namespace) (increase(jupyterhub_server_spawn_duration_seconds_count{status!="success"}[30m])) > 3',
            "5m", "warning", "{{ $value }} notebooks failed to start within half an hour",
        ),
    ),
    "ray": (
        ("RayHeadDown", 'up{job="ray/ray-head"} == 0', "5m", "critical", "The head of the Ray cluster does not answer"),
        (
            "RayStoreDown",
            'kube_statefulset_status_replicas_ready{namespace="ray", statefulset="ray-gcs"} == 0',
            "5m", "critical", "The store behind Ray's head is down: the head cannot come back",
        ),
        *alerts_models.RAY,
    ),
    "git": (("GitDown", 'up{job="git"} == 0', "5m", "critical", "The git server does not answer"),),
    "optuna": (
        (
            "OptunaDown",
            'kube_deployment_status_replicas_available{namespace="optuna", deployment="optuna"} == 0',
            "10m", "warning", "No Optuna dashboard is up",
        ),
    ),
    "feast": (
        (
            "FeastDown",
            'kube_deployment_status_replicas_available{namespace="feast", deployment="feast-features"} == 0',
            "5m", "critical", "The feature servers are down",
        ),
        (
            "FeastMaterializationLate",
            'time() - kube_cronjob_status_last_successful_time{namespace="feast", cronjob="feast-features"} > 172800',
            "60m", "warning", "No features were materialized for two days",
        ),
    ),
    "openmetadata": (("OpenmetadataDown", 'up{job="openmetadata"} == 0', "5m", "critical", "OpenMetadata does not answer"),),
    "amundsen": (
        (
            "AmundsenDown",
            'kube_deployment_status_replicas_available{namespace="amundsen"} == 0',
            "10m", "warning", "{{ $labels.deployment }} of Amundsen is down",
        ),
    ),
    "platform": (
        (
            "GpuError",
            # dcgm-exporter calls the label hostname after 4.5.3
            "max by (Hostname, hostname, gpu) (DCGM_FI_DEV_XID_ERRORS) > 0",
            "5m", "warning", "GPU {{ $labels.gpu }} of {{ $labels.Hostname }}{{ $labels.hostname }} reports XID {{ $value }}",
        ),
        (
            "GpuPodsWait",
            'sum by (namespace) (kube_pod_status_phase{phase="Pending"} * on (namespace, pod) group_left () '
            'max by (namespace, pod) (kube_pod_container_resource_requests{resource="nvidia_com_gpu"} > bool 0)) > 0',
            "30m", "warning", "{{ $value }} pods of {{ $labels.namespace }} have waited for GPUs for half an hour",
        ),
    ),
}  # fmt: skip


def known(systems: Sequence[str]) -> list[str]:
    """Those of `systems` that have rules, in the order given."""
    return [system for system in systems if system in RULES]


def groups(system: str) -> list[dict[str, Any]]:
    """Rule groups of a PrometheusRule's spec."""
    rules = [
        {
            "alert": name,
            "expr": expr,
            "for": hold,
            "labels": {"severity": severity, "system": system},
            "annotations": {"summary": text},
        }
        for name, expr, hold, severity, text in RULES[system]
    ]
    return [{"name": f"mlops.{system}", "rules": rules}]
