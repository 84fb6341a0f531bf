"""With operators held back, what is theirs waits, what needs that waits behind it, and the rest of the platform stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(900)]

STACK = "held"
SPEC = """config:
  mlops:target: kubernetes
  mlops:spec:
    owner: platform-team
    operators: {keepCrds: false}
    systems:
      minio: {}
      kafka: {topics: {events: {partitions: 3}}}
      flink: {topics: [events]}
      ray: {}
      postgres: {}
"""
HELD = {"Kafka": "kafkas.kafka.strimzi.io", "RayCluster": "rayclusters.ray.io", "Cluster": "clusters.postgresql.cnpg.io"}
"""Kinds whose operators are held back -> what the API server calls them."""
PATIENCE = 300.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("held")) as found:
        found.stack_file(STACK).write_text(SPEC)
        found.init(STACK)
        yield found


def named(made: Project, kind: str) -> list[dict[str, Any]]:
    """Objects of a kind in all namespaces; none where the kind is not there yet."""
    if made.run("kubectl", "get", kind, "-A").code != 0:
        return []
    found: list[dict[str, Any]] = made.get(kind, "-A")["items"]
    return found


def ready(item: dict[str, Any]) -> bool:
    """Whether an object says so itself."""
    status = item.get("status") or {}
    said = {c["type"]: c["status"] for c in status.get("conditions") or []}
    return said.get("Ready") == "True" or status.get("state") == "ready"


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(2)


def test_what_an_operator_has_not_made_ready_is_waited_for_and_nothing_else(made: Project) -> None:
    rule = {"provider": "operators", "action": "not-ready", "seconds": 2.0, "times": 0}
    made.faults(*({**rule, "type": kind} for kind in HELD))
    running = made.start("pulumi", "up", "--stack", STACK, "--yes", "--skip-preview", "--non-interactive", "--color", "never")
    try:
        until(lambda: all(named(made, kind) for kind in HELD.values()), "the held kinds are sent to the API server")
        # another operator's cluster, and a store without an operator, come up beside them
        until(lambda: any(map(ready, named(made, "issuers.cert-manager.io,clusterissuers.cert-manager.io"))), "an issuer")
        stores = "statefulsets.apps"
        until(
            lambda: any(
                item["metadata"]["namespace"] == "minio" and (item.get("status") or {}).get("readyReplicas", 0) > 0
                for item in named(made, stores)
            ),
            "the object store",
        )
        assert running.poll() is None, "the run waits"
        assert not any(ready(item) for kind in HELD.values() for item in named(made, kind))
        assert named(made, "kafkatopics.kafka.strimzi.io") == [], "topics wait for their cluster"
        assert named(made, "kafkausers.kafka.strimzi.io") == [], "and users"
    finally:
        made.faults()
    said, _ = running.communicate(timeout=PATIENCE * 2)
    assert running.returncode == 0, said
    assert "errored" not in said
    assert all(ready(item) for item in named(made, HELD["Kafka"]))
    assert [item["metadata"]["name"] for item in named(made, "kafkatopics.kafka.strimzi.io")] == ["events"]
    made.settled(STACK)


def test_a_topic_that_is_refused_fails_by_name_and_the_next_run_goes_on(made: Project) -> None:
    made.faults({"provider": "kubernetes", "op": "create", "type": "kubernetes:kafka.strimzi.io/v1:KafkaTopic", "action": "fail"})
    text = SPEC.replace("events: {partitions: 3}}", "events: {partitions: 3}, clicks: {partitions: 1}}")
    made.stack_file(STACK).write_text(text + _kept(made))
    try:
        said = made.refused("up", STACK, "--yes", "--skip-preview")
    finally:
        made.faults()
    assert "KafkaTopic" in said and "clicks" in said
    made.up(STACK)
    names = sorted(item["metadata"]["name"] for item in named(made, "kafkatopics.kafka.strimzi.io"))
    assert names == ["clicks", "events"]
    made.destroy(STACK)


def _kept(made: Project) -> str:
    """The salt line that the engine wrote into the stack's file."""
    lines = made.stack_file(STACK).read_text().splitlines(True)
    return "".join(line for line in lines if line.startswith("encryptionsalt"))
