"""Every object of a stack says who answers for it, and the engine asks back once an object at most."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from pulumi_kubernetes.helm import v4

from components.kubernetes import ownership
from components.kubernetes.chart import drop_crds
from tests.unit.recording import Recording, record

OURS = {"mlops.dev/owner": "ml", "tier": "ours"}
CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"


def program() -> Any:
    parent = pulumi.ComponentResource(
        "mlops:index:Test", "test", None, pulumi.ResourceOptions(transformations=[ownership.told(OURS, False, ["mysql"])])
    )
    below = pulumi.ResourceOptions(parent=parent)
    meta = kubernetes.meta.v1.ObjectMetaArgs(name="typed", labels={"tier": "its own"})
    kubernetes.core.v1.ConfigMap("typed", metadata=meta, opts=below)
    later = pulumi.Output.from_input({"tier": "later"})
    kubernetes.core.v1.ConfigMap("output", metadata={"name": "output", "labels": later}, opts=below)
    kubernetes.core.v1.Namespace("mysql", metadata={"name": "mysql"}, opts=below)
    kubernetes.core.v1.Namespace("other", metadata={"name": "other"}, opts=below)
    inherited = pulumi.ComponentResource("mlops:index:Test", "inner", None, below)
    again = pulumi.ResourceOptions(
        parent=inherited, transforms=[drop_crds], transformations=[ownership.told(OURS, False, ["mysql"])]
    )
    v4.Chart("chart", chart="x", opts=again)
    return parent


@pytest.fixture(scope="module")
def made() -> Recording[Any]:
    return record(program)


def test_objects_of_the_program_are_labelled_and_their_own_labels_win(made: Recording[Any]) -> None:
    labels = {each.name: each.inputs["metadata"]["labels"] for each in made.resources if "metadata" in each.inputs}
    assert labels["typed"] == {"mlops.dev/owner": "ml", "tier": "its own"}
    assert labels["output"] == {"mlops.dev/owner": "ml", "tier": "later"}
    assert labels["mysql"] == OURS


def test_only_namespaces_that_hold_data_are_kept(made: Recording[Any]) -> None:
    kept = {each.name: (each.protect, each.retain) for each in made.resources if each.kind == "Namespace"}
    assert kept == {"mysql": (True, True), "other": (False, False)}


def test_a_chart_asks_back_once_for_its_own_transforms_and_ours(made: Recording[Any]) -> None:
    chart = next(each for each in made.resources if each.kind == "Chart")
    assert len(chart.transforms) == 1
    props, opts = chart.told(CRD, {"metadata": {"name": "x"}, "spec": {"versions": []}})
    assert props["metadata"]["labels"] == OURS
    assert opts.retain_on_delete is False


def test_what_is_not_of_kubernetes_is_left_alone() -> None:
    args = pulumi.ResourceTransformArgs(True, "aws:s3/bucket:Bucket", "x", {"metadata": {}}, pulumi.ResourceOptions())
    assert ownership.Together((ownership.own_labels(OURS, False),))(args) is None
