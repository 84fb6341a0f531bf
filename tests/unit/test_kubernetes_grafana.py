"""Grafana: its login, its sources, its dashboards, and where it keeps its records."""

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.contracts import Database, Logs, LongTermMetrics, Metrics
from components.kubernetes import extend
from components.kubernetes.grafana import Grafana, GrafanaArgs, chart_values, told
from components.kubernetes.place import Compute
from components.spec.serving import Grafana as GrafanaSpec
from tests.unit.kubernetes_site import DATABASE, METRICS, SERVER, site
from tests.unit.recording import Recording, record

ARGS = GrafanaArgs(
    namespace="monitoring",
    labels={"mlops.dev/team": "platform"},
    replicas=1,
    compute=Compute("100m", "512Mi"),
    prometheus="http://prometheus.monitoring.svc:9090",
    systems=["kafka", "mlflow", "grafana"],
    domain="example.org",
    alertmanager="http://alertmanager.monitoring.svc:9093",
)


def build(args: GrafanaArgs = ARGS) -> Recording[Grafana]:
    return record(lambda: Grafana("grafana", args))


def test_the_administrator_has_a_generated_password_that_stands_in_one_secret() -> None:
    made = build()
    assert made.one("Secret").inputs["stringData"]["password"] == made.passwords["grafana-admin-password"]
    assert chart_values(ARGS)["admin"] == {"existingSecret": "grafana-admin", "userKey": "username", "passwordKey": "password"}
    assert made.leaks() == []


def test_sources_are_provisioned_read_only() -> None:
    file = json.loads(build().one("ConfigMap", "grafana-datasources").inputs["data"]["mlops.yaml"])
    assert [(s["type"], s["url"], s["editable"]) for s in file["datasources"]] == [
        ("prometheus", "http://prometheus.monitoring.svc:9090", False),
        ("alertmanager", "http://alertmanager.monitoring.svc:9093", False),
    ]
    alone = json.loads(
        build(replace(ARGS, alertmanager=None)).one("ConfigMap", "grafana-datasources").inputs["data"]["mlops.yaml"]
    )
    assert [s["type"] for s in alone["datasources"]] == ["prometheus"]


def test_each_tenants_logs_have_a_source_of_their_own_beside_everybodys() -> None:
    args = replace(ARGS, long_term="http://thanos:9090", logs="http://loki:3100", tenants=["platform", "fraud"])
    found = {
        s["name"]: s
        for s in json.loads(build(args).one("ConfigMap", "grafana-datasources").inputs["data"]["mlops.yaml"])["datasources"]
    }
    assert found["Thanos"]["url"] == "http://thanos:9090" and found["Thanos"]["type"] == "prometheus"
    headers = {n: s["secureJsonData"]["httpHeaderValue1"] for n, s in found.items() if s["type"] == "loki"}
    assert headers == {"Loki": "platform|fraud", "Loki platform": "platform", "Loki fraud": "fraud"}
    assert len({s["uid"] for s in found.values()}) == len(found)


def test_dashboards_of_the_chosen_systems_carry_the_label_that_the_sidecar_reads() -> None:
    made = build()
    boards = [r for r in made.all("ConfigMap") if r.object_name.startswith("mlops-dashboard-")]
    assert [r.object_name.removeprefix("mlops-dashboard-") for r in boards] == [
        "platform",
        "gpu",
        "certificates",
        "kafka",
        "mlflow",
    ]
    sidecar = chart_values(ARGS)["sidecar"]["dashboards"]
    for board in boards:
        assert board.inputs["metadata"]["labels"][sidecar["label"]] == sidecar["labelValue"]
        assert sidecar["folderAnnotation"] in board.inputs["metadata"]["annotations"]
        (content,) = board.inputs["data"].values()
        assert json.loads(content)["panels"]


def test_it_reads_its_own_namespace_only_and_runs_no_root_container() -> None:
    values = chart_values(ARGS)
    assert values["rbac"]["namespaced"] is True and values["sidecar"]["dashboards"]["resource"] == "configmap"
    assert values["initChownData"]["enabled"] is False and values["testFramework"]["enabled"] is False


def test_without_a_database_it_keeps_one_volume_and_refuses_a_second_replica() -> None:
    values = chart_values(replace(ARGS, storage_class="fast"))
    assert values["persistence"]["storageClassName"] == "fast" and values["deploymentStrategy"] == {"type": "Recreate"}
    with pytest.raises(pulumi.RunError, match=r"replicas is 2; more than 1 needs a database \(add mysql"):
        build(replace(ARGS, replicas=2))


def test_on_a_database_it_needs_no_volume_and_may_have_replicas() -> None:
    args = replace(ARGS, replicas=2, database=DATABASE)
    values = chart_values(args)
    assert values["persistence"] == {"enabled": False} and values["podDisruptionBudget"] == {"maxUnavailable": 1}
    env = {entry["name"] for entry in build(args).one("Chart").pod("grafana")["spec"]["containers"][0]["env"]}
    assert {"GF_DATABASE_HOST", "GF_DATABASE_PASSWORD"} <= env


def deployment(*containers: dict[str, Any]) -> pulumi.ResourceTransformArgs:
    props = {"metadata": {"name": "grafana"}, "spec": {"replicas": 1, "template": {"spec": {"containers": list(containers)}}}}
    return pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:Deployment", "grafana", props, pulumi.ResourceOptions())


def test_the_database_is_told_to_the_container_with_tls_and_by_the_name_of_a_secret() -> None:
    def changed() -> Any:
        transform = extend.deployment("grafana", told(replace(ARGS, database=DATABASE)))
        other = {"name": "grafana-sc-dashboard", "env": [{"name": "A", "value": "1"}]}
        made = transform(deployment({"name": "grafana", "env": [{"name": "POD_IP"}]}, other))
        assert made is not None
        return made.props, other

    props, other = record(changed).result
    pod = props["spec"]["template"]["spec"]
    env = {e["name"]: e for e in pod["containers"][0]["env"]}
    assert env["GF_DATABASE_PASSWORD"]["valueFrom"] == {"secretKeyRef": {"name": "app-mysql", "key": "password"}}
    assert env["GF_DATABASE_SSL_MODE"]["value"] == "true" and env["GF_SERVER_ROOT_URL"]["value"] == "https://grafana.example.org"
    assert "POD_IP" in env and pod["containers"][1] == other
    assert pod["volumes"] == [{"name": "database-ca", "configMap": {"name": "mlops-ca"}}]
    assert pod["containers"][0]["volumeMounts"][0]["mountPath"] == "/etc/mlops/database"


def test_the_transform_leaves_everything_else_alone() -> None:
    transform = extend.deployment("grafana", extend.Extension(env=[{"name": "A", "value": "1"}]))
    service = pulumi.ResourceTransformArgs(True, "kubernetes:core/v1:Service", "x", {"spec": {}}, pulumi.ResourceOptions())
    assert transform(service) is None
    assert transform(deployment({"name": "another"})) is None


def test_an_added_variable_replaces_one_of_its_name() -> None:
    transform = extend.deployment("grafana", extend.Extension(env=[{"name": "A", "value": "2"}], notes={"k": "v"}))
    made = transform(deployment({"name": "grafana", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]}))
    assert made is not None
    props: Any = made.props
    template = props["spec"]["template"]
    assert template["spec"]["containers"][0]["env"] == [{"name": "B", "value": "3"}, {"name": "A", "value": "2"}]
    assert template["metadata"]["annotations"] == {"k": "v"}


def test_the_plan_finds_the_alertmanager_only_beside_our_own_prometheus() -> None:
    def plan(**spec: Any) -> GrafanaArgs:
        return record(lambda: Grafana.plan(site("grafana", GrafanaSpec(), METRICS, SERVER, **spec))).result

    args = plan()
    assert args.database is not None and args.prometheus == METRICS.query_url and args.alertmanager is None
    both = plan(systems={"grafana": {}, "prometheus": {}})
    assert both.alertmanager is not None and both.systems == ["prometheus", "grafana"]
    assert (Grafana.needs, Grafana.optional) == ((Metrics,), (Database, LongTermMetrics, Logs))
    assert Grafana.wants(GrafanaSpec()).databases == ("grafana",)
