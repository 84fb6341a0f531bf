"""`mlops systems` and `mlops explain`: the table of targets, told to people and to programs."""

import json

import pytest

from cli import catalogue, explain, systems
from cli.errors import UserError
from components.spec.stack import Target
from components.targets import RESERVED, TABLE


def test_every_pair_is_there_once_with_its_status() -> None:
    rows = catalogue.rows()
    assert [(r["system"], r["target"]) for r in rows] == [(s, t.value) for s in RESERVED for t in Target]
    assert all(tuple(row) == catalogue.COLUMNS for row in rows)
    by_pair = {(r["system"], r["target"]): r for r in rows}
    assert by_pair["kafka", "kubernetes"] == {
        "system": "kafka", "target": "kubernetes", "component": "StrimziKafka", "essential_type": "kafka.strimzi.io/v1:Kafka",
        "provides": ["broker"], "needs": ["certificates"], "status": "available",
    }  # fmt: skip
    assert by_pair["kafka", "sagemaker"]["status"] == "managed"
    assert by_pair["argo", "vertex"]["status"] == "fallback"
    assert by_pair["argo", "vertex"]["component"] == by_pair["argo", "kubernetes"]["component"] == "ArgoWorkflows"


def test_json_is_the_rows_and_formats_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    systems.show("json")
    assert json.loads(capsys.readouterr().out) == catalogue.rows()
    systems.show("table")
    shown = capsys.readouterr().out
    assert "ps.percona.com/v1:PerconaServerMySQL" in shown and "offered by kubeflow" in shown
    with pytest.raises(UserError, match="expected table, json or markdown"):
        systems.show("xml")


@pytest.mark.parametrize("system", sorted({system for _, system in TABLE if system in RESERVED} | {"argo"}))
def test_every_system_can_be_explained(system: str, capsys: pytest.CaptureFixture[str]) -> None:
    explain.explain(system)
    shown = capsys.readouterr().out
    assert shown.startswith(system) and all(target.value in shown for target in Target)
    assert "Undefined" not in shown and "FieldInfo" not in shown
    for target in Target:
        fact = TABLE.get((target.value, system))
        assert (f"{target.value}: {catalogue.absent(target.value, system)}" in shown) == (fact is None)
        if fact:
            assert fact.path.rpartition(":")[2] in shown


def test_a_fallback_is_said_with_the_cluster_and_what_meets_its_needs_there() -> None:
    lines = explain.describe("azureml", TABLE["azureml", "airflow"])
    assert "fallback: no managed form, so it runs on the stack's own aks cluster" in lines
    assert (
        "needs database, met by mysql: {target: kubernetes} or postgres: {target: kubernetes} or bringYourOwn.database" in lines
    )
    assert "| argo | ArgoWorkflows | ArgoWorkflows (fallback: eks) | ArgoWorkflows (fallback: gke) |" in catalogue.matrix()


def test_needs_name_who_meets_them() -> None:
    lines = explain.describe("kubernetes", TABLE["kubernetes", "mlflow"])
    assert "needs database, met by mysql or bringYourOwn.database" in lines
    assert "needs network, met by the target's own foundation, always there" in explain.describe(
        "sagemaker", TABLE["sagemaker", "mlflow"]
    )
    assert "upstream retired; successor: seaweedfs" in explain.describe("kubernetes", TABLE["kubernetes", "minio"])


@pytest.mark.parametrize(("system", "hint"), [("kafak", 'did you mean "kafka"'), ("qqqq", "known: minio seaweedfs")])
def test_an_unknown_system_gets_the_nearest_or_all(system: str, hint: str) -> None:
    with pytest.raises(UserError, match=hint) as caught:
        explain.explain(system)
    assert caught.value.code == 2
