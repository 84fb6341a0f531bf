"""`mlops doctor` on recorded answers of API servers."""

from typing import Any

import pytest

from cli import doctor
from cli.errors import UserError
from cli.live import Cluster


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **more.pop("metadata", {})}, **more}


DEFAULT = {"annotations": {doctor.DEFAULT_CLASS: "true"}}
GPUS = {"allocatable": {"nvidia.com/gpu": "4"}}
PRODUCT = {"labels": {"nvidia.com/gpu.product": "NVIDIA-A10G"}}
TAINT = {"taints": [{"key": "nvidia.com/gpu"}]}
SERVED = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}
LB = {"type": "LoadBalancer"}


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        (doctor.version({"major": "1", "minor": "37", "gitVersion": "v1.37.2"}), "ok", "v1.37.2"),
        (doctor.version({"major": "1", "minor": "33+", "gitVersion": "v1.33.4-eks"}), "ok", "v1.33.4-eks"),
        (doctor.version({"major": "1", "minor": "31", "gitVersion": "v1.31.0"}), "mend", "older than 1.32"),
        (doctor.storage([named("gp2"), named("gp3", metadata=DEFAULT)]), "ok", "gp3"),
        (doctor.storage([named("gp2")]), "mend", "there are: gp2"),
        (doctor.storage([]), "mend", "there are: none"),
        (doctor.gpus([named("a", status={})]), "hint", "no node offers"),
        (doctor.gpus([named("a", status=GPUS, spec=TAINT, metadata=PRODUCT)]), "ok", "4 on 1 nodes (NVIDIA-A10G)"),
        (doctor.gpus([named("a", status=GPUS)]), "hint", "not tainted: a"),
        (doctor.load_balancer([named("s", spec={"type": "ClusterIP"})]), "hint", "cannot be told"),
        (doctor.load_balancer([named("s", spec=LB, status=SERVED)]), "ok", "1 of 1"),
        (doctor.load_balancer([named("s", spec=LB)]), "mend", "no load balancer controller"),
    ],
)
def test_findings(line: doctor.Line, level: str, text: str) -> None:
    assert line.level == level and text in line.text


def test_operators_that_are_there_are_named_with_versions_and_owner() -> None:
    served = {"versions": [{"name": "v1", "served": True}, {"name": "v1beta2", "served": False}]}
    ours = named("certificates.cert-manager.io", spec=served, metadata={"labels": {"mlops.dev/stack": "dev"}})
    lines = doctor.operators([ours, named("kafkas.kafka.strimzi.io", spec=served), named("other.example", spec=served)])
    assert [line.text for line in lines] == [
        "cert-manager is there (certificates.cert-manager.io v1), of stack dev",
        "Strimzi is there (kafkas.kafka.strimzi.io v1), not ours: say operators.strimzi: existing in mlops:spec",
    ]
    assert [line.level for line in doctor.operators([])] == ["ok"]


class Answers:
    def __init__(self, **items: Any):
        self.items = items

    def version(self) -> dict[str, Any]:
        return {"major": "1", "minor": "37", "gitVersion": "v1.37.2"}

    def list(self, version: str, kind: str) -> list[dict[str, Any]]:
        if kind not in self.items:
            raise UserError(f"the cluster refuses to list {kind}: 403 Forbidden", code=1)
        found: list[dict[str, Any]] = self.items[kind]
        return found


def run(monkeypatch: pytest.MonkeyPatch, answers: Answers) -> None:
    monkeypatch.setattr(Cluster, "connect", lambda environment: answers)
    doctor.doctor()


def test_a_good_cluster_ends_well_and_what_may_not_be_read_is_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, Answers(StorageClass=[named("gp3", metadata=DEFAULT)], Service=[], CustomResourceDefinition=[]))
    shown = capsys.readouterr().out
    assert "storage: default StorageClass gp3" in shown
    assert "gpus: the cluster refuses to list Node: 403 Forbidden" in shown


def test_what_must_be_mended_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, Answers(StorageClass=[], Service=[], Node=[], CustomResourceDefinition=[]))
    assert ended.value.code == 1
