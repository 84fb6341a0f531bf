"""Alert rules of training and serving, by system: queues, GPUs and jobs of teams; latency and errors of models.

A team's workloads run in its namespace and its ClusterQueue is called `team-<team>`, so rules over queues carry label `team` and
the others `namespace`. Where a scraped service says `namespace` itself, Prometheus keeps that as `exported_namespace` (Kueue,
dcgm-exporter, KubeRay: their monitors do not honour labels; kube-state-metrics' does).

Where the names come from: Kueue 0.19.2 pkg/metrics/metrics.go, NVIDIA dcgm-exporter etc/default-counters.csv (labels:
internal/pkg/transformation/const.go), kube-state-metrics 2.20.0 docs/metrics/workload, KubeRay 1.7.0
ray-operator/controllers/ray/metrics/ray_job_metrics.go, TensorFlow Serving servables/tensorflow/util.cc and
util/prometheus_exporter.cc, KServe 0.20.0 python/kserve/kserve/metrics.py, Envoy Gateway 1.9.0
charts/gateway-addons-helm/dashboards/envoy-clusters.json, and our own model_scripts.py and model_drift.py.
"""

from collections.abc import Sequence

Rule = tuple[str, str, str, str, str]
"""Name, PromQL, how long it must hold, severity, summary."""

TEAM = '"team", "$1", "cluster_queue", "team-(.+)"'
ROUTE = 'envoy_cluster_name=~"httproute/[^/]+/mlops-{system}-[^/]+/rule/.+"'
"""Envoy's cluster of a model's route (exposure.py names routes `mlops-<system>-<model>`)."""
SLOW = "1"
"""Seconds within which 95 % of the predictions are to be answered."""

DRIFT = "1"
"""Standard deviations that the mean of a feature may move."""


def team(expression: str) -> str:
    """A vector by cluster_queue, with label `team` where the queue is a team's."""
    return f"label_replace({expression}, {TEAM})"


def routed(system: str) -> Sequence[Rule]:
    """A model's 5xx as the gateway saw them: all there is where a server counts no errors of its own."""
    route = ROUTE.format(system=system)
    failed = f'envoy_cluster_upstream_rq_xx{{envoy_response_code_class="5", {route}}}'
    total = f"envoy_cluster_upstream_rq_xx{{{route}}}"
    return (
        (
            f"{system.capitalize()}ModelErrors",
            f"sum by (envoy_cluster_name) (rate({failed}[5m])) / sum by (envoy_cluster_name) (rate({total}[5m])) > 0.05",
            "10m", "warning", "{{ $value | humanizePercentage }} of the requests of {{ $labels.envoy_cluster_name }} fail",
        ),
    )  # fmt: skip


def measured(system: str) -> Sequence[Rule]:
    """Models that our own server code serves."""
    mine = f'job=~"{system}-.+"'
    return (
        (
            f"{system.capitalize()}ModelDown",
            f"sum by (namespace, job) (up{{{mine}}}) == 0",
            "5m", "critical", "No server of model {{ $labels.job }} answers",
        ),
        (
            f"{system.capitalize()}ModelSlow",
            f"histogram_quantile(0.95, sum by (namespace, model, le) (rate(model_prediction_seconds_bucket{{{mine}}}[5m])))"
            f" > {SLOW}",
            "15m", "warning", "95 % of the predictions of {{ $labels.model }} take up to {{ $value | humanizeDuration }}",
        ),
        (
            f"{system.capitalize()}ModelDrifts",
            f"max by (namespace, model, feature) (model_drift{{{mine}}}) > {DRIFT}",
            "30m", "warning",
            "{{ $labels.feature }} of {{ $labels.model }} is {{ $value | humanize }} standard deviations from what it knows",
        ),
        *routed(system),
    )  # fmt: skip


RULES: dict[str, Sequence[Rule]] = {
    "cluster": (
        (
            "QueueWaitLong",
            team(
                "histogram_quantile(0.9, sum by (cluster_queue, le) (rate(kueue_admission_wait_time_seconds_bucket[1h])))"
            ) + " > 3600",
            "15m", "warning", "Workloads of queue {{ $labels.cluster_queue }} wait {{ $value | humanizeDuration }} for admission",
        ),
        (
            "QueueStuck",
            team(
                '(sum by (cluster_queue) (kueue_pending_workloads{status="active"}) > 0)'
                " unless on (cluster_queue) (sum by (cluster_queue) (increase(kueue_admitted_workloads_total[1h])) > 0)"
            ),
            "60m", "warning", "{{ $value }} workloads wait in queue {{ $labels.cluster_queue }}, none was admitted for an hour",
        ),
        (
            "QueueOverQuota",
            team(
                'sum by (cluster_queue) (kueue_cluster_queue_resource_usage{resource="nvidia.com/gpu"})'
                ' - sum by (cluster_queue) (kueue_cluster_queue_nominal_quota{resource="nvidia.com/gpu"})'
            ) + " > 0",
            "360m", "warning", "Queue {{ $labels.cluster_queue }} has borrowed {{ $value }} GPUs for six hours",
        ),
        (
            "GpuIdle",
            "max by (exported_namespace, exported_pod)"
            ' (avg_over_time(DCGM_FI_DEV_GPU_UTIL{exported_pod!=""}[1h])) < 5',
            "60m", "warning",
            "The GPUs of {{ $labels.exported_namespace }}/{{ $labels.exported_pod }} were idle for two hours",
        ),
        (
            "JobsOfAQueueFail",
            "count by (namespace) (max by (namespace, job_name) (kube_job_status_failed) > 0"
            " and on (namespace, job_name) (time() - kube_job_created < 86400))"
            " and on (namespace) label_replace("
            'max by (exported_namespace) (kueue_local_queue_status{active="True"} == 1), '
            '"namespace", "$1", "exported_namespace", "(.+)")',
            "5m", "warning", "{{ $value }} jobs of {{ $labels.namespace }} that began within a day have failed pods",
        ),
    ),
    "fastapi": measured("fastapi"),
    "flask": measured("flask"),
    "bentoml": routed("bentoml"),
    "tfserving": (
        (
            "TfservingModelSlow",
            "histogram_quantile(0.95, sum by (namespace, model_name, le) (rate(:tensorflow:serving:request_latency_bucket[5m])))"
            f" > {SLOW}e6",
            "15m", "warning", "95 % of the requests of {{ $labels.model_name }} take up to {{ $value }} microseconds",
        ),
        (
            "TfservingModelErrors",
            'sum by (namespace, model_name) (rate(:tensorflow:serving:request_count{status!="OK"}[5m]))'
            " / sum by (namespace, model_name) (rate(:tensorflow:serving:request_count[5m])) > 0.05",
            "10m", "warning", "{{ $value | humanizePercentage }} of the requests of {{ $labels.model_name }} fail",
        ),
    ),
    "kserve": (
        (
            "KserveModelSlow",
            "histogram_quantile(0.95, sum by (namespace, model_name, le) (rate(request_predict_seconds_bucket[5m])))"
            f" > {SLOW}",
            "15m", "warning", "95 % of the predictions of {{ $labels.model_name }} take up to {{ $value | humanizeDuration }}",
        ),
        *routed("kserve"),
    ),
}  # fmt: skip

RAY: Sequence[Rule] = (
    (
        "RayJobFailed",
        'max by (exported_namespace, name) (kuberay_job_deployment_status{deployment_status="Failed"}) > 0',
        "1m", "warning", "RayJob {{ $labels.exported_namespace }}/{{ $labels.name }} failed",
    ),
)  # fmt: skip
