"""Loki: where logs are kept and for how long, whose they are, and what the collector may do on a node."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.contracts import BucketAccess, Logs
from components.kubernetes import extend, loki_collector
from components.kubernetes.loki import LokiArgs, LokiStore, chart_values, told
from components.kubernetes.place import Compute
from components.platform import Platform
from tests.unit.recording import Recording, record, settled
from tests.unit.stackfiles import checked, only, stack

ACCESS = BucketAccess(
    "loki", "us-east-1", endpoint="https://minio.minio.svc:9000", secret="loki-bucket-loki", ca_config_map="mlops-ca"
)
ARGS = LokiArgs(
    namespace="loki",
    labels={"mlops.dev/team": "platform"},
    bucket=ACCESS,
    replicas=1,
    retention="30d",
    storage="10Gi",
    compute=Compute("250m", "1Gi"),
    collector=Compute("50m", "256Mi"),
    team_retention={"fraud": "90d"},
    monitored=True,
)
PUSH = "http://loki:3100/loki/api/v1/push"
SPEC = """
systems: {minio: {replicas: 1}, prometheus: {}, loki: {teamRetention: {fraud: 1y}}, grafana: {}}
tier: platform
teams: {fraud: {}, churn: {}}
"""


def build(args: LokiArgs = ARGS) -> Recording[LokiStore]:
    return record(lambda: LokiStore("loki", args))


def container(access: BucketAccess = ACCESS) -> dict[str, Any]:
    """Loki's container as the transform leaves it, by variable."""
    found: dict[str, Any] = {}
    spec = {"template": {"spec": {"containers": [{"name": "loki", "env": [{"name": "GOGC", "value": "80"}]}], "volumes": []}}}

    def made() -> pulumi.Output[Any]:
        transform = extend.stateful_set("loki", told(access))
        args: Any = type("Args", (), {"type_": "kubernetes:apps/v1:StatefulSet", "props": {"spec": spec}, "opts": None})()
        result = transform(args)
        assert result is not None
        args.type_ = "kubernetes:apps/v1:Deployment"
        assert transform(args) is None
        return pulumi.Output.from_input(result.props["spec"])

    found = settled(made)
    return dict(found["template"]["spec"])


def test_loki_is_told_of_its_bucket_and_its_key_stays_in_a_secret() -> None:
    pod = container()
    env = {e["name"]: e for e in pod["containers"][0]["env"]}
    assert env["S3_ENDPOINT"]["value"] == "https://minio.minio.svc:9000" and env["S3_BUCKET"]["value"] == "loki"
    assert env["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"] == {
        "name": "loki-bucket-loki",
        "key": "AWS_SECRET_ACCESS_KEY",
    }
    assert env["S3_CA"]["value"] == "/etc/mlops/objstore/ca.crt" and env["GOGC"]["value"] == "80"
    assert pod["volumes"] == [{"name": "objstore-ca", "configMap": {"name": "mlops-ca"}}]
    # every variable that the configuration names is given
    used = set(re.findall(r"\$\{(\w+)\}", json.dumps(chart_values(ARGS))))
    assert used == {"S3_BUCKET", "S3_ENDPOINT", "S3_REGION", "S3_CA"} and used <= set(env)


def test_a_clouds_own_store_has_its_address_and_public_cas() -> None:
    env = {e["name"]: e.get("value") for e in container(BucketAccess("b", "eu-west-1"))["containers"][0]["env"]}
    assert env["S3_ENDPOINT"] == "https://s3.eu-west-1.amazonaws.com" and env["S3_CA"] == ""
    assert "AWS_ACCESS_KEY_ID" not in env


def test_retention_is_enforced_and_a_team_may_have_its_own() -> None:
    loki = chart_values(ARGS)["loki"]
    assert loki["compactor"] == {"retention_enabled": True, "delete_request_store": "s3"}
    assert loki["limits_config"] == {"retention_period": "30d"}
    assert loki["runtimeConfig"] == {"overrides": {"fraud": {"retention_period": "90d"}}}
    assert loki["auth_enabled"] is True


@pytest.mark.parametrize(("replicas", "copies"), [(1, 1), (3, 3), (5, 3)])
def test_several_pods_keep_each_line_three_times(replicas: int, copies: int) -> None:
    values = chart_values(replace(ARGS, replicas=replicas))
    assert values["loki"]["commonConfig"]["replication_factor"] == copies
    assert values["singleBinary"]["podDisruptionBudget"]["enabled"] is (replicas > 1)


def test_nothing_bundled_stays_on() -> None:
    values = chart_values(ARGS)
    for part in ("ruler", "gateway", "chunksCache", "resultsCache", "lokiCanary", "test"):
        assert values[part]["enabled"] is False
    assert {values[part]["replicas"] for part in ("write", "read", "backend")} == {0}


def test_lines_go_to_the_tenant_of_their_namespaces_team() -> None:
    text = loki_collector.configuration(PUSH)
    assert text.count("{") == text.count("}") and f'url = "{PUSH}"' in text
    assert 'replacement  = "platform"' in text and 'source_labels = ["__meta_kubernetes_namespace_label_mlops_dev_team"]' in text
    # the default first, or it would win over the team
    assert text.index('"platform"') < text.index("label_mlops_dev_team")
    assert 'stage.tenant {\n    label = "team"' in text
    for label in ("inferenceservice", "job", "raycluster"):
        assert f'target_label  = "{label}"' in text


def test_the_collector_reads_pods_and_namespaces_and_runs_on_tainted_nodes() -> None:
    values = loki_collector.chart_values(PUSH, Compute("50m", "256Mi"), True, "mirror.example/hub")
    rules = [*values["rbac"]["rules"], *values["rbac"]["clusterRules"]]
    assert {r for rule in rules for r in rule["resources"]} == {"pods", "namespaces"}
    assert {v for rule in rules for v in rule["verbs"]} == {"get", "list", "watch"}
    assert values["controller"]["tolerations"] == [{"operator": "Exists"}]
    assert values["alloy"]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert values["global"]["image"] == {"registry": "mirror.example/hub"} and values["crds"] == {"create": False}


def test_the_collector_waits_for_the_store_and_the_mirror_holds() -> None:
    made = build(replace(ARGS, registry_mirror="mirror.example", values={"loki": {"limits_config": {"retention_period": "7d"}}}))
    collector = made.one("Chart", "loki-collector")
    assert "loki-chart" in collector.depends_on
    values = made.one("Chart", "loki-chart").inputs["values"]
    assert values["global"] == {"imageRegistry": "mirror.example"}
    assert values["loki"]["limits_config"] == {"retention_period": "7d"} and values["loki"]["auth_enabled"] is True
    env = made.one("Chart", "loki-chart").pod("loki", "StatefulSet")["spec"]["containers"][0]["env"]
    assert all("secretKeyRef" in entry["valueFrom"] for entry in env if "KEY" in entry["name"].upper()) and env


def test_the_contract_is_where_logs_are_asked_and_pushed() -> None:
    def urls() -> pulumi.Output[Any]:
        (contract,) = LokiStore("loki", ARGS).contracts()
        assert isinstance(contract, Logs)
        return pulumi.Output.all(contract.url, contract.push_url)

    assert settled(urls) == ["http://loki.loki.svc:3100", "http://loki.loki.svc:3100/loki/api/v1/push"]


def test_in_a_platform_every_team_has_a_source_and_grafana_may_reach_loki(tmp_path: Path) -> None:
    made = record(lambda: Platform("platform", stack(checked(tmp_path, SPEC))))
    values = made.one("Chart", "loki-chart").inputs["values"]
    assert values["loki"]["runtimeConfig"]["overrides"] == {"fraud": {"retention_period": "1y"}}
    sources = json.loads(made.one("ConfigMap", "grafana-datasources").inputs["data"]["mlops.yaml"])["datasources"]
    tenants = {s["name"]: s["secureJsonData"]["httpHeaderValue1"] for s in sources if s["type"] == "loki"}
    assert tenants == {
        "Loki": "platform|churn|fraud", "Loki platform": "platform", "Loki churn": "churn", "Loki fraud": "fraud",
    }  # fmt: skip
    policy = made.one("NetworkPolicy", "network-loki").inputs["spec"]["ingress"][0]["from"]
    names = [p["namespaceSelector"]["matchLabels"].get("kubernetes.io/metadata.name") for p in policy if "namespaceSelector" in p]
    assert "monitoring" in names
    assert made.one("Namespace", "loki").inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    # a team's lines are told by the label of its namespace
    assert made.one("Namespace", "fraud").inputs["metadata"]["labels"]["mlops.dev/team"] == "fraud"
    assert made.leaks() == []


def test_logs_are_kept_for_whole_days(tmp_path: Path) -> None:
    assert 'expected at least "1d"' in only(checked(tmp_path, "systems: {minio: {}, loki: {retention: 12h}}"))
