"""Operators that the cluster has already: each that we could install is looked at and left, and a too old one is named."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest

from cli import doctor
from components.kubernetes import crds
from components.kubernetes.installed import OPERATORS, Operator, problems, told, untold, version
from components.platform import Platform
from components.spec.team import Operators, Ownership
from sandbox.paths import contracts
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

EVERYTHING = """
operators: {certManager: %s, trustManager: %s, strimzi: %s, percona: %s, cloudnativePg: %s, prometheusOperator: %s, gatewayApi: %s,
  gpuOperator: %s, kueue: %s}
domain: mlops.test
gateway: {}
cluster: {gpuPools: {a10g: {accelerator: NVIDIA-A10G, count: 4}}}
systems: {prometheus: {}, kafka: {}, minio: {replicas: 1}, mysql: {replicas: 1}, postgres: {replicas: 1}, cluster: {}}
"""
CHARTS = {
    "cert_manager": "cert-manager",
    "trust_manager": "trust-manager",
    "strimzi": "strimzi-kafka-operator",
    "percona": "ps-operator",
    "cloudnative_pg": "cloudnative-pg",
    "gpu_operator": "gpu-operator",
    "kueue": "kueue",
}
"""Operators whose chart is left out where the cluster has its own; of the other two a value says so."""
OLD = {
    "cert_manager": "v1.14.7",
    "trust_manager": "v0.3.0",
    "percona": "v1.0.0",
    "prometheus_operator": "0.78.2",
    "gateway_api": "v1.5.1",
}


def definition(key: str, crd: str = "", said: str = "") -> dict[str, Any]:
    """A definition of an operator, in the newest release (or in `said`)."""
    operator = OPERATORS[key]
    schema: dict[str, Any] = {"properties": {"spec": {"properties": {}}}}
    below = schema["properties"]["spec"]["properties"]
    for name in operator.field:
        below[name] = {"properties": {}}
        below = below[name]["properties"]
    served = {"name": operator.definitions[crd or operator.crd], "served": True, "schema": {"openAPIV3Schema": schema}}
    metadata = {operator.said[0]: {operator.said[1]: said or "v99.0.0"}} if operator.said else {}
    return {"metadata": {"name": crd or operator.crd, **metadata}, "spec": {"versions": [served]}}


def reads(**said: str) -> dict[str, Any]:
    """What the cluster has: every operator, those of `said` in that release."""
    return {crd: definition(key, crd, said.get(key, "")) for key, known in OPERATORS.items() for crd in known.definitions}


def composed(folder: Path, ownership: str, there: Mapping[str, Any]) -> Recording[Platform]:
    made = stack(checked(folder, EVERYTHING % ((ownership,) * 9)))
    return record(lambda: Platform("platform", made), reads=dict(there), preview=True)


def test_every_operator_that_we_install_may_be_the_clusters_own() -> None:
    fields = {name for name, field in Operators.model_fields.items() if "managed" in get_args(field.annotation or Ownership)}
    assert fields == set(OPERATORS) == {*CHARTS, "prometheus_operator", "gateway_api"}


def test_an_operator_of_the_cluster_is_read_and_nothing_of_it_is_made(tmp_path: Path) -> None:
    there = composed(tmp_path, "existing", reads())
    ours = composed(tmp_path, "managed", {})
    for made, left in ((there, set()), (ours, set(CHARTS.values()))):
        charts = {str(chart.inputs["chart"]).rpartition("/")[2]: chart.inputs for chart in made.all("Chart")}
        assert set(CHARTS.values()) & set(charts) == left
        values = charts["kube-prometheus-stack"]["values"]
        theirs = made is there
        assert values["prometheusOperator"]["enabled"] is values["crds"]["enabled"] is not theirs
        assert charts["kube-prometheus-stack"]["skipCrds"] is theirs
        given = charts["gateway-crds-helm"]["values"]["crds"]
        assert given["gatewayAPI"]["enabled"] is not theirs and given["envoyGateway"]["enabled"] is True
    read = {item.name for item in there.resources if item.read and item.kind == "CustomResourceDefinition"}
    assert len(read) == sum(len(operator.definitions) for operator in OPERATORS.values())
    assert not [item for item in ours.resources if item.read and item.kind == "CustomResourceDefinition"]
    # their monitors: of an operator of somebody else's in our namespaces there is none
    assert not {item.object_name for item in there.all("PodMonitor")} & {"kafka-operator", "postgres-operator"}
    assert "cert-manager" not in {item.object_name for item in there.all("Namespace")}


@pytest.mark.parametrize("key", OLD)
def test_a_too_old_one_is_named_with_what_is_accepted(key: str, tmp_path: Path) -> None:
    operator = OPERATORS[key]
    assert operator.oldest is not None and operator.said is not None
    accepted = ".".join(map(str, operator.oldest))
    with pytest.raises(pulumi.RunError) as raised:
        composed(tmp_path, "existing", reads(**{key: OLD[key]}))
    assert f"{operator.title} in the cluster is {OLD[key]}, as {operator.crd} says ({operator.said[1]})" in str(raised.value)
    assert f"accepted is {accepted} or newer. Upgrade that operator, or let the platform manage it" in str(raised.value)
    assert not list(problems(operator, operator.crd, definition(key, said=f"v{accepted}")))


def test_the_gpu_operator_is_told_by_a_field_that_came_with_the_oldest_accepted(tmp_path: Path) -> None:
    there = reads()
    old = copy.deepcopy(there["clusterpolicies.nvidia.com"])
    del old["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["driver"]["properties"][
        "kernelModuleType"
    ]
    with pytest.raises(pulumi.RunError, match=r"older than 25\.3\.0: clusterpolicies\.nvidia\.com has no spec\.driver\.kernel"):
        composed(tmp_path, "existing", {**there, "clusterpolicies.nvidia.com": old})
    anything = {"versions": [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}
    assert list(problems(OPERATORS["gpu_operator"], "clusterpolicies.nvidia.com", {"spec": anything})) == []


def test_a_definition_beside_the_first_must_serve_what_we_write(tmp_path: Path) -> None:
    there = reads()
    there["referencegrants.gateway.networking.k8s.io"]["spec"]["versions"][0]["name"] = "v1beta1"
    with pytest.raises(pulumi.RunError, match=r"referencegrants\S+ in the cluster serves v1beta1; this platform writes v1"):
        composed(tmp_path, "existing", there)


def test_a_version_that_nothing_tells_is_said_and_not_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    bare = {"spec": {"versions": [{"name": "v1", "served": True}]}}
    operator = OPERATORS["cert_manager"]
    assert list(problems(operator, operator.crd, bare)) == [] and told(operator, bare) == ""
    assert untold(operator, bare).endswith("so it is not checked; this platform accepts 1.15.0 or newer")
    assert untold(operator, definition("cert_manager")) == untold(OPERATORS["strimzi"], bare) == ""
    made = record(lambda: crds.existing("theirs", "cert_manager", pulumi.ResourceOptions()), reads={operator.crd: bare})
    assert [item.read for item in made.resources] == [True]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("v1.21.1", (1, 21, 1)),
        ("0.93.1", (0, 93, 1)),
        ("v1.6", (1, 6, 0)),
        ("v1.6.0-rc.1", (1, 6, 0)),
        ("main", None),
        ("", None),
    ],
)
def test_versions_are_read(text: str, number: tuple[int, int, int] | None) -> None:
    assert version(text) == number


@pytest.mark.parametrize("key", OPERATORS)
@pytest.mark.skipif(contracts() is None, reason="no reference data")
def test_the_release_that_we_install_is_accepted_by_its_own_definitions(key: str) -> None:
    from sandbox.providers.kubernetes.crds import real

    operator = OPERATORS[key]
    for crd in operator.definitions:
        plural, _, group = crd.partition(".")
        found = real(group, plural)
        assert found is not None, crd
        assert list(problems(operator, crd, found)) == []


def test_doctor_says_the_version_and_what_is_to_be_mended() -> None:
    (fine,) = doctor.operators([definition("prometheus_operator", said="0.93.1")])
    assert fine.level == "hint"
    assert fine.text == (
        "prometheus-operator 0.93.1 is there (prometheusrules.monitoring.coreos.com v1), "
        "not ours: say operators.prometheusOperator: existing in mlops:spec"
    )
    (old,) = doctor.operators([definition("cert_manager", said="v1.11.0")])
    assert old.level == "mend" and "accepted is 1.15.0 or newer" in old.text
    ours = definition("cert_manager", said="v1.11.0")
    ours["metadata"]["labels"]["mlops.dev/stack"] = "dev"
    (own,) = doctor.operators([ours])
    assert own.level == "hint" and own.text.endswith("of stack dev")


def test_where_a_number_comes_from_is_said() -> None:
    for operator in OPERATORS.values():
        assert isinstance(operator, Operator) and len(operator.source) > 20
        assert operator.oldest is None or operator.said or operator.field
