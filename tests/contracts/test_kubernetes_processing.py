"""Charts and custom resources of the processing systems against what upstream has."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import flink, hadoop, hadoop_operators, spark, spark_applications
from components.kubernetes.chart import Pin
from policies.exceptions import Exceptions
from policies.model import Facts, Level, Resource
from policies.pack import all_rules
from tests.contracts import reference, rendering
from tests.unit import test_kubernetes_flink as of_flink
from tests.unit import test_kubernetes_hadoop as of_hadoop
from tests.unit import test_kubernetes_spark as of_spark
from tests.unit.kubernetes_processing import CLOUD
from tests.unit.kubernetes_site import cluster_scoped
from tests.unit.recording import Recording
from tests.unit.registered import Registered

MIRROR = "mirror.example/hub"
CASES: dict[str, tuple[Pin, dict[str, Any], str]] = {
    "flink-kubernetes-operator": (flink.OPERATOR, flink.operator_values(True, MIRROR), "flink"),
    "spark-operator": (spark.OPERATOR, spark.operator_values(True, MIRROR), "spark"),
    **{name: (pin, hadoop_operators.values(name, MIRROR), "hadoop") for name, pin in hadoop_operators.PINS.items()},
}
OPEN = ("podSecurityContext.", "image.repository")
"""Values that a chart hands on to the pod as they are; what Stackable's charts are given when they are published."""
DRIVERS = ("secret-operator", "listener-operator")
"""Charts with a volume driver, which has a node's rights (policies/exceptions.yaml)."""
GROUPS = (
    "flink.apache.org",
    "sparkoperator.k8s.io",
    "hdfs.stackable.tech",
    "zookeeper.stackable.tech",
    "secrets.stackable.tech",
    "listeners.stackable.tech",
    "cert-manager.io",
    "monitoring.coreos.com",
)


@pytest.mark.parametrize("chart", CASES)
def test_every_value_we_set_exists_in_the_chart(chart: str) -> None:
    _, values, _ = CASES[chart]
    unknown = [path for path in reference.unknown_values(chart, values) if not path.startswith(OPEN)]
    assert unknown == []
    assert reference.schema_errors(chart, values) == []


@pytest.mark.parametrize("chart", CASES)
def test_the_pin_is_the_version_whose_values_we_checked(chart: str) -> None:
    pin, known = CASES[chart][0], reference.index(chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])


@pytest.mark.parametrize("chart", CASES)
def test_the_real_chart_renders_bounded_and_hardened_with_our_values(chart: str, tmp_path: Path) -> None:
    pin, values, namespace = CASES[chart]
    made = rendering.render(pin, values, namespace, tmp_path)
    assert rendering.hooks(made) == []
    assert rendering.unbounded(made) == []
    for name, container in rendering.containers(made).items():
        assert container["image"].startswith(f"{MIRROR}/"), name
        assert chart in DRIVERS or container["securityContext"]["allowPrivilegeEscalation"] is False, name


@pytest.mark.parametrize("chart", CASES)
def test_no_policy_has_anything_against_what_the_chart_renders(chart: str, tmp_path: Path) -> None:
    facts, exceptions = Facts(level=Level.STANDARD, environment="prod", registry_mirror=MIRROR), Exceptions.load()
    said = []
    for found in rendering.render(*CASES[chart], tmp_path):
        group = found["apiVersion"] if "/" in found["apiVersion"] else f"core/{found['apiVersion']}"
        # as v4.Chart names its children
        place = "" if cluster_scoped(found["kind"]) else f"{CASES[chart][2]}/"
        name = f"{chart}:{place}{found['metadata']['name']}"
        resource = Resource(f"kubernetes:{group}:{found['kind']}", name, found)
        said += [
            f"{rule.name}: {resource.type} {resource.name}: {finding}"
            for rule in all_rules()
            if rule.mandatory(facts) and rule.name not in ("ownership", "protected-in-prod")
            for finding in rule.check(resource, facts)
            if not exceptions.covers(rule.name, resource, finding.path)
        ]
    assert said == []


def errors(made: Recording[Any]) -> dict[str, list[str]]:
    found: list[Registered] = [r for r in made.resources if str(r.inputs.get("apiVersion", "")).split("/")[0] in GROUPS]
    assert found
    said = {f"{r.kind}/{r.object_name}": _said(r.inputs) for r in found}
    return {name: problems for name, problems in said.items() if problems}


def _said(inputs: dict[str, Any]) -> list[str]:
    """What the CRD says; some of them leave out apiVersion and kind, which every object has."""
    problems = reference.resource_errors(inputs)
    return [text for text in problems if text != ": Additional properties are not allowed ('apiVersion', 'kind' were unexpected)"]


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(of_flink.ARGS, id="everything"),
        pytest.param(replace(of_flink.ARGS, state=CLOUD, broker=None, monitored=False, jobs={}), id="least"),
    ],
)
def test_flinks_resources_are_valid_for_the_real_crds(args: flink.FlinkClusterArgs) -> None:
    reference.root()
    assert errors(of_flink.build(args)) == {}


def test_the_flink_operators_webhook_is_where_we_wait_for_it(tmp_path: Path) -> None:
    objects = reference.inventory("flink-kubernetes-operator")["objects"]
    service = next(o for o in objects if o["kind"] == "Service")
    assert (service["name"], service["ports"][0]) == ("flink-operator-webhook-service", {"port": 443, "targetPort": 9443})
    assert flink.FlinkCluster.webhooks == (9443,)
    made = rendering.render(*CASES["flink-kubernetes-operator"], tmp_path)
    operator = next(o for o in made if o["kind"] == "Deployment")["spec"]["template"]
    assert operator["metadata"]["labels"]["app.kubernetes.io/name"] == flink.OPERATOR.chart
    assert {"containerPort": 9999, "name": "metrics", "protocol": "TCP"} in operator["spec"]["containers"][0]["ports"]
    assert not [o for o in made if o["kind"].startswith("ClusterRole")], "it watches its own namespace alone"
    # the secret's default password is not rendered
    assert not [o for o in made if o["kind"] == "Secret"]
    assert {o["metadata"]["name"] for o in made if o["kind"] == "ServiceAccount"} == {"flink", "flink-operator"}


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(of_spark.ARGS, id="everything"),
        pytest.param(replace(of_spark.ARGS, store=CLOUD, broker=None, applications={"once": of_spark.ONCE}), id="least"),
    ],
)
def test_sparks_resources_are_valid_for_the_real_crds(args: spark.SparkOperatorArgs) -> None:
    reference.root()
    assert errors(of_spark.build(args)) == {}


def test_the_spark_operator_has_the_account_the_port_and_the_version_that_we_count_on(tmp_path: Path) -> None:
    made = rendering.render(*CASES["spark-operator"], tmp_path)
    accounts = {o["metadata"]["name"] for o in made if o["kind"] == "ServiceAccount"}
    assert spark_applications.ACCOUNT in accounts
    service = next(o for o in made if o["kind"] == "Service")
    assert [p["port"] for p in service["spec"]["ports"]] == list(spark.SparkOperator.webhooks)
    assert all(o["metadata"].get("namespace") in (None, "spark") for o in made), "something of it stands elsewhere"
    ports = {p["name"] for c in rendering.containers(made).values() for p in c.get("ports", [])}
    assert "metrics" in ports
    # cert-manager's kinds may not be in the cluster when the chart is rendered
    assert {o["apiVersion"].split("/")[0] for o in made if "." in o["apiVersion"]} == {
        "admissionregistration.k8s.io", "rbac.authorization.k8s.io",
    }  # fmt: skip
    assert not rendering.hooks(made)


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(of_hadoop.ARGS, id="everything"),
        pytest.param(replace(of_hadoop.ARGS, kerberos=None, monitored=False, storage_class=None, data_nodes=1), id="least"),
    ],
)
def test_hdfs_resources_are_valid_for_the_real_crds(args: hadoop.StackableHdfsArgs) -> None:
    reference.root()
    assert errors(of_hadoop.build(args)) == {}


@pytest.mark.parametrize("chart", sorted(hadoop_operators.PINS))
def test_the_definitions_come_from_the_commit_of_the_chart(chart: str) -> None:
    known = reference.index(chart)["provenance"]
    source = hadoop_operators.SOURCES[chart]
    assert (f"https://github.com/{source.repo}", source.commit) == (known["repo"], known["commit"])


def test_no_operator_of_stackable_writes_definitions_itself(tmp_path: Path) -> None:
    for chart in hadoop_operators.PINS:
        for name, container in rendering.containers(rendering.render(*CASES[chart], tmp_path)).items():
            if "/csi-" in container["image"]:
                continue
            env = {e["name"]: e.get("value") for e in container.get("env", ())}
            assert env.get("DISABLE_CRD_MAINTENANCE") == "true" or "node-driver" in name, name
            assert env.get("LISTENER_CLASS_PRESET", "none") == "none", name
