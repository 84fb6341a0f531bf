"""Dashboards and alert rules of training and serving ask only for metrics whose source was read."""

import re
from collections.abc import Iterator

import pytest

from components.kubernetes import alerts, alerts_models, dashboards, model_drift, model_scripts
from components.kubernetes.kueue import team_queue
from tests.unit.test_kubernetes_prometheus import balanced, expressions

KUEUE = "kubernetes-sigs/kueue v0.19.2 pkg/metrics/metrics.go"
DCGM = "NVIDIA/dcgm-exporter d5e5f510 etc/default-counters.csv"
STATE = "kubernetes/kube-state-metrics v2.20.0 docs/metrics/workload"
RAY = "ray-project/kuberay v1.7.0 ray-operator/controllers/ray/metrics/ray_job_metrics.go"
TENSORFLOW = "tensorflow/serving 9d981c5c servables/tensorflow/util.cc, names as in util/prometheus_exporter.cc"
KSERVE = "kserve/kserve v0.20.0 python/kserve/kserve/metrics.py"
ENVOY = "envoyproxy/gateway charts/gateway-addons-helm/dashboards/envoy-clusters.json"
OURS = "components/kubernetes/model_scripts.py"
SOURCES = {
    "kueue_pending_workloads": KUEUE,
    "kueue_admitted_active_workloads": KUEUE,
    "kueue_admitted_workloads_total": KUEUE,
    "kueue_evicted_workloads_total": KUEUE,
    "kueue_admission_wait_time_seconds": KUEUE,
    "kueue_local_queue_admission_wait_time_seconds": KUEUE,
    "kueue_cluster_queue_resource_usage": KUEUE,
    "kueue_cluster_queue_nominal_quota": KUEUE,
    "kueue_cluster_queue_status": KUEUE,
    "kueue_local_queue_status": KUEUE,
    "DCGM_FI_DEV_GPU_UTIL": DCGM,
    "DCGM_FI_DEV_FB_USED": DCGM,
    "kube_job_status_active": STATE,
    "kube_job_status_succeeded": STATE,
    "kube_job_status_failed": STATE,
    "kube_job_created": STATE,
    "kube_deployment_status_replicas_available": STATE,
    "kuberay_job_deployment_status": RAY,
    "ray_tasks": "docs.ray.io ray-observability/reference/system-metrics",
    "model_prediction_seconds": OURS,
    "model_drift": "components/kubernetes/model_drift.py",
    ":tensorflow:serving:request_latency": TENSORFLOW,
    ":tensorflow:serving:request_count": TENSORFLOW,
    "request_preprocess_seconds": KSERVE,
    "request_predict_seconds": KSERVE,
    "request_postprocess_seconds": KSERVE,
    "envoy_cluster_upstream_rq_xx": ENVOY,
    "envoy_cluster_upstream_rq_time": ENVOY,
    "up": "Prometheus itself",
}
"""Metric -> where its name and labels were read."""
WORDS = {
    "sum", "max", "avg", "count", "by", "on", "and", "or", "unless", "rate", "increase", "histogram_quantile", "vector", "time",
    "label_replace", "avg_over_time", "e6", "label_values",
}  # fmt: skip
"""Functions and operators of PromQL (and Grafana's label_values) that the expressions use."""
BOARDS = ("training", "serving")


def metrics(expr: str) -> set[str]:
    """Names of metrics in an expression: without strings, selectors, label lists, durations and functions."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left)\s*\([^)]*\)", "", bare)
    found = {name for name in re.findall(r"(?<![\w.$:])[a-zA-Z_:][\w:]*", bare) if name not in WORDS}
    return {re.sub(r"_bucket$|(?<=_seconds)_count$", "", name) for name in found}


def rules() -> Iterator[tuple[str, str]]:
    for system, found in {**alerts_models.RULES, "ray": alerts_models.RAY}.items():
        yield from ((f"{system} {name}", expr) for name, expr, *_ in found)


def asked() -> list[tuple[str, str]]:
    """Every expression of the two dashboards and of the rules, with where it stands; queries of variables too."""
    found = [(f"{board}: {title}", expr) for board in BOARDS for title, expr in expressions(board)]
    for board in BOARDS:
        variables = [v for v in dashboards.load(board)["templating"]["list"] if v["type"] == "query"]
        found += [(f"{board}: ${v['name']}", v["query"].replace("label_values(", "").partition(",")[0]) for v in variables]
    return [*found, *rules()]


@pytest.mark.parametrize(("where", "expr"), asked())
def test_every_metric_has_a_source_that_was_read(where: str, expr: str) -> None:
    assert metrics(expr), where
    assert metrics(expr) <= SOURCES.keys(), where
    assert balanced(expr), where


def test_no_source_is_named_for_nothing() -> None:
    assert {name for _, expr in asked() for name in metrics(expr)} == SOURCES.keys()


def test_an_invented_metric_is_found() -> None:
    assert metrics('sum by (x) (rate(model_drift_score{a="up"}[5m])) > 1') == {"model_drift_score"}
    assert metrics("histogram_quantile(0.9, sum by (le) (rate(:tensorflow:serving:request_latency_bucket[5m])))") == {
        ":tensorflow:serving:request_latency"
    }


def test_our_own_metric_is_what_our_servers_export() -> None:
    for script in (model_scripts.FASTAPI, model_scripts.FLASK):
        assert 'Histogram("model_prediction_seconds", "Seconds that a prediction took", ["model"])' in script
        assert "watch.see(data, found)" in script
    assert 'Gauge("model_drift", ' in model_drift.SCRIPT and '["model", "feature"])' in model_drift.SCRIPT


@pytest.mark.parametrize("board", BOARDS)
def test_a_dashboard_is_whole(board: str) -> None:
    model = dashboards.load(board)
    assert model["uid"] == f"mlops-{board}" and "Names: " in model["description"]
    variables = {v["name"] for v in model["templating"]["list"]} | {"__rate_interval", "1"}
    boxes: list[tuple[int, int, int, int]] = []
    for panel in model["panels"]:
        box = panel["gridPos"]
        x, y, w, h = box["x"], box["y"], box["w"], box["h"]
        assert x + w <= 24
        assert not any(x < a + c and a < x + w and y < b + d and b < y + h for a, b, c, d in boxes), panel["title"]
        boxes.append((x, y, w, h))
        for target in panel["targets"]:
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= variables, panel["title"]
    assert len({panel["id"] for panel in model["panels"]}) == len(boxes)


def test_they_stand_where_one_system_of_the_kind_does() -> None:
    assert dashboards.names(["cluster", "mlflow"]) == ["platform", "gpu", "certificates", "training", "mlflow"]
    assert dashboards.names(["tfserving"]) == ["platform", "gpu", "certificates", "serving"]
    assert dashboards.names(["mysql"]) == ["platform", "gpu", "certificates", "mysql"]


def test_the_team_of_a_queue_is_in_its_name() -> None:
    (pattern,) = re.findall(r'"(team-[^"]+)"$', alerts_models.TEAM)
    found = re.fullmatch(pattern, team_queue("fraud"))
    assert found is not None and found[1] == "fraud"


def test_the_gateways_clusters_are_those_of_our_routes() -> None:
    pattern = alerts_models.ROUTE.format(system="fastapi").partition('"')[2].rstrip('"')
    assert re.fullmatch(pattern, "httproute/serving/mlops-fastapi-fraud/rule/0")
    assert not re.fullmatch(pattern, "httproute/mlflow/mlops-mlflow/rule/0")


def test_the_rules_of_training_and_serving_are_among_all_rules() -> None:
    names = {
        rule["alert"]
        for system in alerts.known(["cluster", "fastapi", "tfserving", "kserve", "ray"])
        for rule in alerts.groups(system)[0]["rules"]
    }
    assert {"QueueWaitLong", "GpuIdle", "FastapiModelSlow", "TfservingModelErrors", "KserveModelErrors", "RayJobFailed"} <= names
