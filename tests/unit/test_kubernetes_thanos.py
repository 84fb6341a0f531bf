"""Thanos: who is told what of the bucket, how long samples are kept, and that Prometheus learns of it by names alone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.contracts import BucketAccess, LongTermMetrics
from components.kubernetes import thanos_objstore as objstore
from components.kubernetes.place import Compute
from components.kubernetes.prometheus import PrometheusStack
from components.kubernetes.prometheus import chart_values as prometheus_values
from components.kubernetes.thanos import ThanosArgs, ThanosStore, chart_values
from components.kubernetes.thanos_rules import RECORDS, for_chart, rules
from components.platform import Platform
from components.spec.monitoring import Thanos
from components.spec.serving import Prometheus
from tests.unit.kubernetes_site import CERTIFICATES, METRICS, STORE, site
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.recording import Recording, record, settled
from tests.unit.stackfiles import checked, only, stack
from tests.unit.test_kubernetes_prometheus import ARGS as PROMETHEUS

ACCESS = BucketAccess(
    "thanos", "us-east-1", endpoint="https://minio.minio.svc:9000", secret="thanos-bucket-thanos", ca_config_map="mlops-ca"
)
ARGS = ThanosArgs(
    namespace="monitoring",
    labels={"mlops.dev/team": "platform"},
    bucket=ACCESS,
    credentials="thanos-bucket-thanos",
    replicas=2,
    retention="30d",
    retention_5m="180d",
    retention_1h="2y",
    downsampling=True,
    storage="10Gi",
    compactor_storage="50Gi",
    compute=Compute("100m", "512Mi"),
    compactor=Compute("250m", "1Gi"),
    ca_config_map="mlops-ca",
)
SPEC = "systems: {minio: {replicas: 1}, prometheus: {}, thanos: {}, grafana: {}}"


def build(args: ThanosArgs = ARGS) -> Recording[ThanosStore]:
    return record(lambda: ThanosStore("thanos", args))


def test_the_secret_holds_addresses_and_no_key() -> None:
    secret = build().one("Secret", "thanos-objstore").inputs["stringData"]
    assert json.loads(secret["objstore.yml"]) == {
        "type": "S3",
        "config": {
            "bucket": "thanos",
            "endpoint": "minio.minio.svc:9000",
            "region": "us-east-1",
            "insecure": False,
            "bucket_lookup_type": "path",
            "http_config": {"tls_config": {"ca_file": "/etc/mlops/objstore/ca.crt"}},
        },
    }


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (replace(ACCESS, endpoint="http://store:80/"), {"endpoint": "store:80", "insecure": True}),
        (BucketAccess("b", "eu-west-1"), {"endpoint": "s3.eu-west-1.amazonaws.com"}),
    ],
)
def test_a_store_without_tls_or_of_the_cloud_is_addressed_as_such(access: BucketAccess, expected: dict[str, Any]) -> None:
    config = json.loads(settled(lambda: objstore.configuration(access)))["config"]
    assert expected.items() <= config.items()


def test_only_what_reads_the_bucket_is_given_its_key() -> None:
    values = chart_values(ARGS)
    for part in ("storegateway", "compactor", "ruler"):
        assert {e["valueFrom"]["secretKeyRef"]["name"] for e in values[part]["extraEnv"]} == {"thanos-bucket-thanos"}
    assert "extraEnv" not in values["query"] and "extraEnv" not in values["global"]
    assert not any("mlops-ca" in json.dumps(chart_values(replace(ARGS, ca_config_map=None))[part]) for part in values)


def test_retention_and_downsampling_are_the_compactors() -> None:
    compactor = chart_values(ARGS)["compactor"]
    assert compactor["retention"] == {"resolutionRaw": "30d", "resolution5m": "180d", "resolution1h": "2y"}
    assert "--downsampling.disable" not in compactor["extraArgs"]
    assert "--downsampling.disable" in chart_values(replace(ARGS, downsampling=False))["compactor"]["extraArgs"]


def test_everything_that_moves_by_itself_or_is_not_ours_is_off() -> None:
    values = chart_values(ARGS)
    assert not values["receive"]["enabled"] and not values["compactor"]["vpa"]["enabled"]
    assert values["ruler"]["autoImportPrometheusRules"] == {"enabled": False}
    assert values["global"]["objstore"] == {"createSecret": False, "secretName": "thanos-objstore", "secretKey": "objstore.yml"}


def test_the_mirror_and_passed_values_are_honoured() -> None:
    made = build(replace(ARGS, registry_mirror="mirror.example/hub", values={"query": {"replicaCount": 5}}))
    values = made.one("Chart").inputs["values"]
    assert values["global"]["image"]["registry"] == "mirror.example/hub" and values["query"]["replicaCount"] == 5


def test_rulers_look_back_further_than_prometheus_and_templates_stay_prometheus_own() -> None:
    groups = json.loads(rules())["groups"]
    assert [r["record"] for r in groups[0]["rules"]] == [name for name, _ in RECORDS]
    assert all(any(f"[{n}" in r["expr"] for n in ("1d", "7d", "14d")) for g in groups for r in g["rules"])
    assert for_chart("a {{ $value }} b") == "a {{`{{ $value }}`}} b"


def test_prometheus_is_told_names_and_needs_no_store() -> None:
    args = PrometheusStack.plan(site("prometheus", Prometheus(), CERTIFICATES, systems={"thanos": {}, "prometheus": {}}))
    assert args.sidecar == objstore.ObjstoreArgs("thanos-bucket-thanos", "mlops-ca")
    spec = prometheus_values(args)["prometheus"]["prometheusSpec"]
    assert spec["thanos"]["objectStorageConfig"] == {"existingSecret": {"name": "thanos-objstore", "key": "objstore.yml"}}
    assert spec["containers"][0]["name"] == "thanos-sidecar"
    without = PrometheusStack.plan(site("prometheus", Prometheus(), CERTIFICATES))
    assert without.sidecar is None and "thanos" not in prometheus_values(without)["prometheus"]["prometheusSpec"]
    assert "thanos" not in prometheus_values(PROMETHEUS)["prometheus"]["prometheusSpec"]


def test_a_store_from_outside_is_named_to_the_sidecar_too(tmp_path: Path) -> None:
    text = """
systems: {prometheus: {}, thanos: {}}
bringYourOwn:
  objectStore: {address: "https://s3.example.com", credentials: {thanos: outside}, caConfigMap: company}
"""
    spec = stack(checked(tmp_path, text)).spec
    assert objstore.names(spec, "mlops-ca") == objstore.ObjstoreArgs("outside", "company")


def test_the_whole_stack_wires_one_bucket_to_both_without_a_cycle(tmp_path: Path) -> None:
    made = record(lambda: Platform("platform", stack(checked(tmp_path, SPEC))))
    granted = made.one("Secret", "thanos-bucket-thanos")
    assert granted.namespace == "monitoring"
    charts = {c.name: c.inputs["values"] for c in made.all("Chart")}
    env = charts["prometheus-stack"]["prometheus"]["prometheusSpec"]["containers"][0]["env"]
    assert {e["valueFrom"]["secretKeyRef"]["name"] for e in env} == {granted.object_name}
    assert granted.name not in made.waits_for("prometheus-stack") and "prometheus-stack" in made.waits_for(granted.name)
    # the store keeps its monitor although Prometheus ships to it
    assert made.one("ServiceMonitor", "minio")
    sources = json.loads(made.one("ConfigMap", "grafana-datasources").inputs["data"]["mlops.yaml"])["datasources"]
    assert {"Thanos": "http://thanos-query.monitoring.svc:9090"}.items() <= {s["name"]: s["url"] for s in sources}.items()
    assert made.leaks() == []


def test_a_key_granted_under_another_name_is_refused() -> None:
    there = site("thanos", Thanos(), METRICS, STORE, CERTIFICATES, systems={"thanos": {}, "prometheus": {}})
    there = replace(there, buckets={"thanos": replace(ACCESS, secret="elsewhere")})
    with pytest.raises(pulumi.RunError, match="granted its key as 'elsewhere'"):
        ThanosStore.plan(there)
    alone = replace(site("thanos", Thanos(), METRICS, STORE), buckets={"thanos": ACCESS})
    with pytest.raises(pulumi.RunError, match="add prometheus"):
        ThanosStore.plan(alone)


def test_samples_must_outlive_the_age_at_which_they_are_downsampled(tmp_path: Path) -> None:
    said = only(checked(tmp_path, "systems: {minio: {}, prometheus: {}, thanos: {retention: 1d}}"))
    assert "systems.thanos.retention" in said and 'expected at least "3d"' in said


def test_the_contract_and_the_page() -> None:
    def urls() -> pulumi.Output[Any]:
        made = ThanosStore("thanos", ARGS)
        (contract,) = made.contracts()
        assert isinstance(contract, LongTermMetrics)
        (page,) = made.endpoints()
        assert (page.host, page.service, page.port, page.login) == ("thanos", "thanos-query", 9090, True)
        return pulumi.Output.from_input(contract.url)

    assert settled(urls) == "http://thanos-query.monitoring.svc:9090"


def test_the_simulated_operator_adds_the_sidecar() -> None:
    cluster = Cluster()
    cluster.put(deployment("prometheus-operator"))
    cluster.up("Deployment", "system", "prometheus-operator")
    values = objstore.sidecar_values(objstore.ObjstoreArgs("key", "mlops-ca"))["prometheus"]["prometheusSpec"]
    thanos = {**values["thanos"], "objectStorageConfig": {"name": "thanos-objstore", "key": "objstore.yml"}}
    cluster.put(custom("Prometheus", "it", {**values, "thanos": thanos}))
    cluster.put(custom("Prometheus", "plain", {}, "other"))
    cluster.settle()
    pod = cluster.get("StatefulSet", "team", "prometheus-it")["spec"]["template"]["spec"]
    (sidecar,) = [c for c in pod["containers"] if c["name"] == "thanos-sidecar"]
    assert {e["name"] for e in sidecar["env"]} == {"OBJSTORE_CONFIG", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert sidecar["resources"] == objstore.SIDECAR.spec() and sidecar["image"] == "registry.example/thanos:1"
    plain = cluster.get("StatefulSet", "other", "prometheus-plain")["spec"]["template"]["spec"]["containers"]
    assert [c["name"] for c in plain] == ["prometheus", "config-reloader"]
