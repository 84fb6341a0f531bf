"""`mlops status` over a recorded deployment: rows, what they wait for, exit codes, and advice where there is nothing yet."""

import json
from typing import Any

import pytest

from cli import status
from cli.errors import UserError
from cli.live import Cluster

ROOT = "urn:pulumi:sandbox::mlops::mlops:index:Platform::sandbox"
MINIO = "urn:pulumi:sandbox::mlops::mlops:index:Platform$mlops:index:MinioStore::minio"
KAFKA = "urn:pulumi:sandbox::mlops::mlops:index:Platform$mlops:index:StrimziKafka::kafka"
STRIMZI = "kafka.strimzi.io/v1"
CHART = f"{KAFKA}-operator"


def resource(urn: str, type: str, parent: str, custom: bool = True, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": type, "parent": parent, "custom": custom, **more}


def manifest(version: str, kind: str, name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "n", "labels": labels}}


DEPLOYED = [
    resource(ROOT, status.ROOT_TYPE, "", False, inputs={"target": "kubernetes"}),
    resource(f"{ROOT}-provider", "pulumi:providers:kubernetes", ROOT, inputs={"context": "mine"}),
    resource(MINIO, "mlops:index:MinioStore", ROOT, False),
    resource(f"{MINIO}-a", "kubernetes:apps/v1:StatefulSet", MINIO, outputs=manifest("apps/v1", "StatefulSet", "minio")),
    resource(f"{MINIO}-b", "random:index/randomPassword:RandomPassword", MINIO),
    resource(KAFKA, "mlops:index:StrimziKafka", ROOT, False),
    resource(CHART, status.CHART, KAFKA, False),
    resource(
        f"{CHART}-a",
        "kubernetes:apps/v1:Deployment",
        CHART,
        inputs=manifest("apps/v1", "Deployment", "operator", **{"mlops.dev/evidence": "locked"}),
    ),
    resource(f"{KAFKA}-k", f"kubernetes:{STRIMZI}:Kafka", KAFKA, inputs=manifest(STRIMZI, "Kafka", "kafka")),
    resource(f"{KAFKA}-old", "kubernetes:core/v1:Secret", KAFKA, delete=True, inputs=manifest("v1", "Secret", "old")),
]  # fmt: skip
EXPORTS = {
    "minio.endpoint": "https://minio.n.svc",
    "minio.region": "r",
    "kafka.bootstrap": "kafka:9093",
    "minio.adminSecret": "n/a",
}


def workload(kind: str, name: str, ready: int) -> dict[str, Any]:
    return {**manifest("apps/v1", kind, name), "spec": {"replicas": 1}, "status": {"readyReplicas": ready}}


class Lists:
    """A cluster that answers lists."""

    def __init__(self, *live: dict[str, Any], refused: str = ""):
        self.live, self.refused = live, refused

    def list(self, version: str, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        if kind == self.refused:
            raise UserError(f"the cluster refuses to list {kind}: 403 Forbidden", code=1)
        return [item for item in self.live if item["kind"] == kind and namespace in (None, "n")]


KAFKA_READY = {
    **manifest("kafka.strimzi.io/v1", "Kafka", "kafka"),
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(status, "exported", lambda stack: {"resources": DEPLOYED})
    monkeypatch.setattr(status, "outputs", lambda stack: EXPORTS)
    monkeypatch.setattr(status, "sandbox_running", lambda: False)
    return monkeypatch


def connect(monkeypatch: pytest.MonkeyPatch, cluster: Lists) -> list[str | None]:
    contexts: list[str | None] = []

    def connected(environment: Any, context: str | None = None) -> Lists:
        contexts.append(context)
        return cluster

    monkeypatch.setattr(Cluster, "connect", connected)
    return contexts


def test_everything_ready_is_said_and_ends_well(deployed: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    contexts = connect(deployed, Lists(workload("StatefulSet", "minio", 1), workload("Deployment", "operator", 1), KAFKA_READY))
    status.status("sandbox", "json")
    data = json.loads(capsys.readouterr().out)
    minio, kafka = data["systems"]
    assert minio == {
        "system": "minio", "isReady": True, "podsReady": 0, "component": "MinioStore", "ready": 2, "total": 2, "pods": 0,
        "endpoint": "https://minio.n.svc", "login": "n/a", "upstream": "retired", "waiting": [],
    }  # fmt: skip
    assert (kafka["ready"], kafka["total"], kafka["endpoint"]) == (2, 2, "kafka:9093")
    assert data["plugins"] == {"kubernetes": "official", "random": "official"}
    assert data["evidence"] == {"locked": 1}
    assert contexts == ["mine"]


def test_what_is_not_ready_says_why_and_fails(deployed: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    connect(deployed, Lists(workload("StatefulSet", "minio", 0), workload("Deployment", "operator", 1)))
    deployed.setattr(status, "outputs", lambda stack: {**EXPORTS, "minio.adminSecret": "arn:x:secret:y"})
    with pytest.raises(SystemExit) as ended:
        status.status("sandbox", "table")
    assert ended.value.code == 1
    shown = capsys.readouterr().out
    assert "minio waits for StatefulSet minio: 0 of 1 pods ready" in shown
    assert "kafka waits for Kafka kafka: not in the cluster" in shown
    assert "logins are kept in: arn:x:secret:y (minio)" in shown  # no emoji, no markup
    assert "minio (retired)" in shown and "https://minio.n.svc" in shown and "Secret old" not in shown


def test_a_system_with_a_pod_that_is_not_ready_is_not_ready(deployed: pytest.MonkeyPatch) -> None:
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Running"}}
    pod["metadata"]["ownerReferences"] = [{"kind": "Kafka", "name": "kafka"}]  # type: ignore[index]
    connect(deployed, Lists(workload("StatefulSet", "minio", 1), workload("Deployment", "operator", 1), KAFKA_READY, pod))
    found, _ = status.rows("sandbox")
    assert [(row.system, row.is_ready, row.pods) for row in found] == [("minio", True, 0), ("kafka", False, 1)]


def test_what_may_not_be_read_is_told(deployed: pytest.MonkeyPatch) -> None:
    live = (workload("StatefulSet", "minio", 1), workload("Deployment", "operator", 1))
    connect(deployed, Lists(*live, refused="Kafka"))
    found, _ = status.rows("sandbox")
    assert found[1].waiting == ["Kafka kafka: the cluster refuses to list Kafka: 403 Forbidden"]


def test_a_cloud_stack_needs_no_cluster(deployed: pytest.MonkeyPatch) -> None:
    bucket = "urn:pulumi:s::mlops::mlops:index:Platform$mlops:index:S3Buckets::minio"
    resources = [
        resource(ROOT, status.ROOT_TYPE, "", False, inputs={"target": "sagemaker"}),
        resource(bucket, "mlops:index:S3Buckets", ROOT, False),
        resource(f"{bucket}-a", "aws:s3/bucket:Bucket", bucket, outputs={}),
        resource(f"{bucket}-b", "aws:s3/bucket:Bucket", bucket, initErrors=["not there yet"]),
    ]
    deployed.setattr(status, "exported", lambda stack: {"resources": resources})
    deployed.setattr(Cluster, "connect", lambda *a: pytest.fail("asked a cluster"))
    (row,), _ = status.rows("sandbox")
    assert (row.ready, row.total, row.waiting) == (1, 2, [f"{bucket}-b".rpartition("::")[2] + ": not there yet"])


@pytest.mark.parametrize("resources", [[], [resource("urn:pulumi:s::mlops::pulumi:pulumi:Stack::s", "pulumi:pulumi:Stack", "")]])
def test_a_stack_that_is_not_deployed_gets_advice(resources: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "exported", lambda stack: {"resources": resources})
    monkeypatch.setattr(status, "outputs", lambda stack: {})
    with pytest.raises(UserError, match="stack sandbox is not deployed: `pulumi up --stack sandbox` first") as caught:
        status.status("sandbox", "table")
    assert caught.value.code == 1


def test_a_stack_without_state_gets_the_same_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(stack: str) -> Any:
        raise UserError("pulumi stack export: no stack named 'sandbox' found", code=1)

    monkeypatch.setattr(status, "exported", none)
    with pytest.raises(UserError, match="is not deployed"):
        status.status("sandbox", "table")


def test_bad_input_is_told_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "exported", lambda stack: pytest.fail("asked the engine"))
    with pytest.raises(UserError, match='did you mean "sandbox"'):
        status.status("sandbx", "table")
    with pytest.raises(UserError, match="expected table or json"):
        status.status("sandbox", "yaml")
