"""Dashboards of single systems ask only for metrics whose names were read in the system's own code or documentation."""

import re

import pytest

from components.kubernetes import dashboards
from tests.unit import test_model_metrics
from tests.unit.test_kubernetes_prometheus import balanced, expressions
from tests.unit.test_model_metrics import metrics

READ: dict[str, list[tuple[str, str, str]]] = {
    "airflow": [
        (
            "airflow chart/files/statsd-mappings.yml",
            "airflow_",
            "dagrun_duration dagrun_failed dagrun_schedule_delay executor_open_slots executor_queued_tasks "
            "executor_running_tasks operator_failures pool_open_slots pool_starving_tasks scheduler_heartbeat",
        ),
    ],
    "argo": [
        (
            "argo-workflows docs/metrics.md",
            "argo_workflows_",
            "error_count gauge operation_duration_seconds pods_gauge queue_depth_gauge total_count",
        ),
    ],
    "certificates": [
        (
            "cert-manager pkg/metrics/metrics.go, internal/collectors/certificate_collector.go",
            "certmanager_",
            "certificate_expiration_timestamp_seconds certificate_ready_status certificate_renewal_timestamp_seconds "
            "controller_sync_call_count controller_sync_error_count",
        ),
    ],
    "docker": [
        (
            "zot pkg/extensions/monitoring/extension.go",
            "zot_",
            "http_method_latency_seconds http_requests_total repo_downloads_total repo_storage_bytes repo_uploads_total",
        ),
        (
            "Prometheus itself",
            "",
            "up",
        ),
    ],
    "external-secrets": [
        (
            "external-secrets pkg/controllers/externalsecret/esmetrics/esmetrics.go",
            "externalsecret_",
            "status_condition sync_calls_error sync_calls_total",
        ),
    ],
    "feast": [
        (
            "feast v0.66.0 sdk/python/feast/metrics.py",
            "feast_",
            "feature_freshness_seconds feature_server_memory_usage feature_server_online_store_read_duration_seconds "
            "feature_server_request_latency_seconds feature_server_request_total online_features_status_total "
            "push_request_total",
        ),
    ],
    "flink": [
        (
            "flink docs/content/docs/ops/metrics.md",
            "flink_",
            "jobmanager_job_lastCheckpointDuration jobmanager_job_lastCheckpointSize jobmanager_job_numRestarts "
            "jobmanager_job_numberOfFailedCheckpoints jobmanager_numRegisteredTaskManagers jobmanager_numRunningJobs "
            "jobmanager_taskSlotsAvailable taskmanager_Status_JVM_CPU_Load taskmanager_Status_JVM_Memory_Heap_Used "
            "taskmanager_job_task_backPressuredTimeMsPerSecond taskmanager_job_task_busyTimeMsPerSecond "
            "taskmanager_job_task_numRecordsInPerSecond taskmanager_job_task_numRecordsOutPerSecond",
        ),
    ],
    "gateway": [
        (
            "envoyproxy/gateway charts/gateway-addons-helm/dashboards/envoy-proxy-global.json",
            "envoy_",
            "cluster_membership_healthy cluster_membership_total cluster_upstream_rq_time cluster_upstream_rq_xx "
            "http_downstream_rq_time http_downstream_rq_total listener_downstream_cx_active server_live "
            "server_memory_allocated",
        ),
        (
            "envoyproxy/gateway charts/gateway-addons-helm/dashboards/envoy-gateway-global.json",
            "",
            "status_update_total xds_snapshot_create_total xds_snapshot_update_total",
        ),
    ],
    "git": [
        (
            "gitea modules/metrics/collector.go",
            "gitea_",
            "hooktasks issues_closed issues_open mirrors organizations releases repositories teams users webhooks",
        ),
        (
            "Prometheus itself",
            "",
            "up",
        ),
    ],
    "github-actions": [
        (
            "actions-runner-controller cmd/ghalistener/metrics/metrics.go",
            "gha_",
            "assigned_jobs busy_runners completed_jobs_total desired_runners idle_runners "
            "job_startup_duration_seconds max_runners registered_runners running_jobs",
        ),
    ],
    "hadoop": [
        (
            "hadoop Metrics.md, table FSNamesystem",
            "fs_namesystem_",
            "blocks_total capacity_remaining capacity_total capacity_used capacity_used_non_dfs corrupt_blocks "
            "files_total missing_blocks num_dead_data_nodes num_live_data_nodes pending_replication_blocks "
            "stale_data_nodes under_replicated_blocks",
        ),
    ],
    "jenkins": [
        (
            "prometheus-plugin docs/metrics/index.md",
            "default_jenkins_",
            "builds_duration_milliseconds_summary builds_health_score executors_busy executors_connecting "
            "executors_idle executors_queue_length up uptime",
        ),
    ],
    "katib": [
        (
            "katib pkg/controller.v1beta1/{experiment,trial}/util/prometheus_metrics.go",
            "katib_",
            "experiment_failed_total experiments_current trial_created_total trial_failed_total "
            "trial_metrics_unavailable_total trial_succeeded_total trials_current",
        ),
    ],
    "kubeflow": [
        (
            "kubeflow/pipelines backend/src/apiserver/server, resource/resource_manager.go",
            "",
            "job_server_job_count pipeline_server_pipeline_count resource_manager_workflow_runs_failed "
            "resource_manager_workflow_runs_success run_server_create_requests run_server_retry_requests "
            "run_server_run_count run_server_terminate_requests",
        ),
        (
            "kubeflow/notebooks v1.11.0 components/notebook-controller/pkg/metrics/metrics.go",
            "notebook_",
            "create_failed_total create_total running",
        ),
    ],
    "login": [
        (
            "oauth2-proxy pkg/middleware/metrics.go",
            "oauth2_proxy_",
            "requests_in_flight requests_total response_duration_seconds",
        ),
        (
            "dex server/server.go",
            "",
            "http_requests_total request_duration_seconds",
        ),
    ],
    "loki": [
        (
            "loki docs/sources/operations/meta-monitoring/metrics.md",
            "loki_",
            "boltdb_shipper_compact_tables_operation_last_successful_run_timestamp_seconds "
            "compactor_apply_retention_last_successful_run_timestamp_seconds discarded_samples_total "
            "distributor_bytes_received_total distributor_lines_received_total ingester_flush_queue_length "
            "ingester_memory_chunks ingester_memory_streams objstore_bucket_operation_duration_seconds "
            "objstore_bucket_operation_failures_total panic_total request_duration_seconds",
        ),
    ],
    "openmetadata": [
        (
            "OpenMetadata documentation, deployment/metrics",
            "",
            "http_server_requests_seconds jdbi_requests_seconds jvm_memory_committed_bytes "
            "jvm_memory_usage_after_gc_percent jvm_memory_used_bytes jvm_threads_live_threads process_cpu_usage "
            "process_uptime_seconds",
        ),
        (
            "Prometheus itself",
            "",
            "up",
        ),
    ],
    "postgres": [
        (
            "cloudnative-pg docs/src/monitoring.md and samples/monitoring",
            "cnpg_",
            "collector_fencing_on collector_pg_wal_archive_status collector_up collector_wal_bytes pg_replication_lag "
            "pg_replication_streaming_replicas pg_stat_archiver_last_archived_time",
        ),
    ],
    "seaweedfs": [
        (
            "seaweedfs weed/stats/metrics.go",
            "SeaweedFS_",
            "filer_request_total master_is_leader master_leader_changes master_under_replicated_volumes "
            "s3_request_total volumeServer_request_total volumeServer_resource",
        ),
    ],
    "seldon": [
        (
            "seldon-core scheduler/pkg/metrics/agent.go, gateway.go",
            "seldon_",
            "cache_evict_count cache_miss_count load_model_counter loaded_model_gauge loaded_model_memory_bytes_gauge "
            "model_infer_api_seconds model_infer_seconds_total model_infer_total pipeline_infer_seconds_total "
            "pipeline_infer_total server_replica_memory_capacity_bytes_gauge unload_model_counter",
        ),
    ],
    "spark": [
        (
            "spark-operator pkg/common/metrics.go",
            "spark_",
            "application_failed_submission_count application_failure_count application_running_count "
            "application_start_latency_seconds_histogram application_submit_count "
            "application_submit_latency_seconds_histogram application_success_count executor_failure_count "
            "executor_running_count",
        ),
    ],
    "thanos": [
        (
            "thanos mixin/dashboards, mixin/alerts",
            "thanos_",
            "alert_queue_alerts_dropped_total bucket_store_block_load_failures_total bucket_store_block_loads_total "
            "compact_blocks_cleaned_total compact_downsample_total compact_group_compactions_failures_total "
            "compact_group_compactions_total compact_halted objstore_bucket_operation_duration_seconds "
            "objstore_bucket_operation_failures_total objstore_bucket_operations_total "
            "query_concurrent_gate_queries_in_flight query_concurrent_gate_queries_max rule_loaded_rules",
        ),
    ],
    "velero": [
        (
            "velero pkg/metrics/metrics.go",
            "velero_",
            "backup_duration_seconds backup_failure_total backup_last_successful_timestamp "
            "backup_partial_failure_total backup_success_total backup_tarball_size_bytes backup_total "
            "restore_failed_total restore_success_total",
        ),
    ],
}
"""Board -> where its metrics were read (2026-11-23 and -24), the beginning that their names share, and the rest of each."""
OF_NO_NAMESPACE = {"certmanager_controller_sync_call_count", "certmanager_controller_sync_error_count"}
"""What is asked of the operator as a whole, on a board whose variable is a certificate's namespace."""


def known(board: str) -> set[str]:
    return {prefix + name for _, prefix, names in READ[board] for name in names.split()}


def asked(expr: str) -> set[str]:
    """Metrics of an expression by the name that the source gives: of a summary or histogram, its own."""
    own = {re.sub(r"(?<=_seconds)_(count|sum)$|(?<=_summary)_(count|sum)$", "", name) for name in metrics(expr)}
    # a timer of StatsD is a summary under any name
    return {re.sub(r"^(airflow_dagrun_\w+)_count$", r"\1", name) for name in own} - {"min", "topk"}


@pytest.mark.parametrize("board", READ)
def test_every_metric_was_read(board: str) -> None:
    assert {name for _, expr in expressions(board) for name in asked(expr)} == known(board)
    assert all(balanced(expr) for _, expr in expressions(board))


@pytest.mark.parametrize("board", READ)
def test_each_is_whole(board: str) -> None:
    test_model_metrics.test_a_dashboard_is_whole(board)
    model = dashboards.load(board)
    (variable,) = [v["query"] for v in model["templating"]["list"] if v["name"] == "namespace"]
    label = "exported_namespace" if board == "certificates" else "namespace"
    found = re.fullmatch(rf"label_values\((\w+), {label}\)", variable)
    # a metric that no other system has: of the board itself, or one with its beginning
    assert found and (asked(found[1]) <= known(board) or any(p and found[1].startswith(p) for _, p, _ in READ[board]))
    for _, expr in expressions(board):
        assert 'namespace=~"$namespace"' in expr or asked(expr) <= OF_NO_NAMESPACE, expr


@pytest.mark.parametrize("board", READ)
def test_a_name_that_others_have_too_is_asked_of_its_own_job(board: str) -> None:
    general = re.compile(r"\b(up|process_\w+|jvm_\w+|http_\w+|request_duration_seconds\w*)(?=[{[])([^}]*)")
    for title, expr in expressions(board):
        for name, selector in general.findall(expr):
            assert 'job="' in selector, (title, name)


def test_boards_are_read_or_older_than_this_rule() -> None:
    general = {"platform", "gpu", "training", "serving", "kafka", "mysql", "minio", "mlflow", "jupyterhub"}
    assert set(dashboards.every()) == READ.keys() | general


def test_a_system_and_a_part_of_the_foundation_bring_their_own() -> None:
    found = dashboards.names(["velero", "external-secrets", "login", "postgres", "optuna"])
    assert found == ["platform", "gpu", "certificates", "velero", "external-secrets", "login", "postgres"]
