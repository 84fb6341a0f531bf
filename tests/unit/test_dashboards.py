"""Dashboards of single systems ask only for metrics whose names were read in the system's own code or documentation."""

import re

import pytest

from components.kubernetes import dashboards
from tests.unit import test_model_metrics
from tests.unit.test_kubernetes_prometheus import balanced, expressions
from tests.unit.test_model_metrics import metrics

READ: dict[str, tuple[str, set[str]]] = {
    "argo": (
        "argo-workflows docs/metrics.md, read 2026-11-23; prefix argo_workflows_",
        {"gauge", "total_count", "error_count", "pods_gauge", "queue_depth_gauge", "operation_duration_seconds"},
    ),
    "docker": (
        "zot pkg/extensions/monitoring/extension.go, read 2026-11-23; prefix zot_",
        {
            "http_requests_total",
            "http_method_latency_seconds",
            "repo_storage_bytes",
            "repo_downloads_total",
            "repo_uploads_total",
            "up",
        },
    ),
    "external-secrets": (
        "external-secrets pkg/controllers/externalsecret/esmetrics/esmetrics.go, read 2026-11-23; prefix externalsecret_",
        {"sync_calls_total", "sync_calls_error", "status_condition"},
    ),
    "github-actions": (
        "actions-runner-controller cmd/ghalistener/metrics/metrics.go, read 2026-11-23; prefix gha_",
        {
            "running_jobs",
            "assigned_jobs",
            "idle_runners",
            "registered_runners",
            "max_runners",
            "busy_runners",
            "desired_runners",
            "completed_jobs_total",
            "job_startup_duration_seconds",
        },
    ),
    "katib": (
        "katib pkg/controller.v1beta1/{experiment,trial}/util/prometheus_metrics.go, read 2026-11-23; prefix katib_",
        {
            "experiments_current",
            "experiment_failed_total",
            "trials_current",
            "trial_created_total",
            "trial_succeeded_total",
            "trial_failed_total",
            "trial_metrics_unavailable_total",
        },
    ),
    "postgres": (
        "cloudnative-pg docs/src/monitoring.md and samples/monitoring, read 2026-11-23; prefix cnpg_",
        {
            "collector_up",
            "collector_wal_bytes",
            "collector_pg_wal_archive_status",
            "collector_fencing_on",
            "pg_replication_lag",
            "pg_replication_streaming_replicas",
            "pg_stat_archiver_last_archived_time",
        },
    ),
    "seaweedfs": (
        "seaweedfs weed/stats/metrics.go, read 2026-11-23; prefix SeaweedFS_",
        {
            "master_is_leader",
            "master_leader_changes",
            "master_under_replicated_volumes",
            "volumeServer_resource",
            "volumeServer_request_total",
            "filer_request_total",
            "s3_request_total",
        },
    ),
    "spark": (
        "spark-operator pkg/common/metrics.go, read 2026-11-23; prefix spark_",
        {
            "application_running_count",
            "application_submit_count",
            "application_success_count",
            "application_failure_count",
            "application_failed_submission_count",
            "application_start_latency_seconds_histogram",
            "application_submit_latency_seconds_histogram",
            "executor_running_count",
            "executor_failure_count",
        },
    ),
    "velero": (
        "velero pkg/metrics/metrics.go, read 2026-11-23; prefix velero_",
        {
            "backup_total",
            "backup_success_total",
            "backup_failure_total",
            "backup_partial_failure_total",
            "backup_last_successful_timestamp",
            "backup_tarball_size_bytes",
            "backup_duration_seconds",
            "restore_success_total",
            "restore_failed_total",
        },
    ),
}
"""Board -> where its metrics were read, and their names without the prefix."""


@pytest.mark.parametrize("board", READ)
def test_every_metric_was_read(board: str) -> None:
    source, names = READ[board]
    prefix = source.rpartition(" ")[2]
    known = {name if name == "up" else prefix + name for name in names}
    asked = {name for _, expr in expressions(board) for name in metrics(expr) - {"min", "topk"}}
    assert asked == known
    assert all(balanced(expr) for _, expr in expressions(board))


@pytest.mark.parametrize("board", READ)
def test_each_is_whole(board: str) -> None:
    test_model_metrics.test_a_dashboard_is_whole(board)
    model = dashboards.load(board)
    (variable,) = [v["query"] for v in model["templating"]["list"] if v["name"] == "namespace"]
    prefix = READ[board][0].rpartition(" ")[2]
    assert re.fullmatch(rf"label_values\({prefix}\w+, namespace\)", variable)
    assert all('namespace=~"$namespace"' in expr for _, expr in expressions(board))


def test_a_system_and_a_part_of_the_foundation_bring_their_own() -> None:
    found = dashboards.names(["velero", "external-secrets", "postgres", "optuna"])
    assert found == ["platform", "gpu", "velero", "external-secrets", "postgres"]
