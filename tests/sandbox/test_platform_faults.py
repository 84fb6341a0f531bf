"""The engine killed and the API server restarted in the middle of `up`: the next one converges, nothing twice, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from sandbox.providers.cloud import store
from tests.sandbox.cloud_inventory import inventory, sizes
from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

KILLED = -signal.SIGKILL
CLOUD = "sandbox-sagemaker"
SMALL = """\
config:
  mlops:target: kubernetes
  mlops:spec:
    tier: all
    environment: dev
    owner: platform-team
    operators: {keepCrds: false}
    systems:
      minio: {replicas: 1, storage: 10Gi}
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("faults")) as made:
        made.stack_file("small").write_text(SMALL)
        made.init("small")
        yield made


def killed(made: Project, stack: str, *rules: dict[str, object]) -> None:
    """An `up` whose engine is killed where the rules say, after a create and before it is recorded; then what a user does."""
    made.faults(*({"provider": "aws", "op": "create", **rule} for rule in rules))
    result = made.pulumi("up", stack, "--yes", "--skip-preview")
    made.faults()
    assert result.code == KILLED, f"{rules}: not killed\n{result.text}"
    made.ok("pulumi", "cancel", "--yes", "--stack", stack)


def pending(made: Project, stack: str) -> list[str]:
    """URNs whose create had begun when the engine died."""
    recorded = json.loads(made.good("stack export", stack))["deployment"].get("pending_operations") or []
    return [item["resource"]["urn"] for item in recorded]


def test_ten_kills_of_the_engine_and_the_cloud_has_everything_once(clone: Project) -> None:
    clone.up(CLOUD)
    whole = sizes(inventory(clone.environment))
    urns = sorted(resource["urn"] for resource in clone.resources(CLOUD))
    clone.destroy(CLOUD)
    # a key and a network get their ids from the cloud: nothing but the provider's record says whose they are
    killed(
        clone,
        CLOUD,
        {"type": "*kms/key:Key", "action": "kill-engine"},
        {"type": "*ec2/vpc:Vpc", "action": "delay", "seconds": 30},
    )
    killed(clone, CLOUD, {"type": "*ec2/vpc:Vpc", "action": "kill-engine"})
    for nth in (1, 2, 3, 4, 6, 6, 6, 6):
        killed(clone, CLOUD, {"nth": nth, "action": "kill-engine"})
    clone.up(CLOUD)
    clone.settled(CLOUD)
    assert sorted(resource["urn"] for resource in clone.resources(CLOUD)) == urns
    assert sizes(inventory(clone.environment)) == whole
    # the engine keeps saying what was interrupted until it is told that somebody looked
    assert pending(clone, CLOUD)
    clone.good("refresh", CLOUD, "--yes", "--skip-preview", "--clear-pending-creates")
    assert pending(clone, CLOUD) == []
    clone.settled(CLOUD)
    clone.destroy(CLOUD)
    assert store.counts(clone.home / "aws" / "state.db").get(CLOUD, {}) == {}


def objects(made: Project) -> Counter[str]:
    """How many objects of each kind the small stack's namespaces hold."""
    kinds = "namespaces,deployments,statefulsets,services,configmaps,secrets,persistentvolumeclaims,jobs,networkpolicies"
    items = made.get(kinds, "-A")["items"]
    return Counter(item["kind"] for item in items if item["metadata"].get("namespace") not in ("kube-system", "default"))


def test_kills_of_the_engine_on_a_cluster(clone: Project) -> None:
    clone.up("small")
    whole = objects(clone)
    urns = sorted(resource["urn"] for resource in clone.resources("small"))
    clone.destroy("small")
    for provider, type_ in (
        ("kubernetes", "*:Namespace"),
        ("kubernetes", "*:Deployment"),
        ("random", "*RandomPassword"),
        ("kubernetes", "*:StatefulSet"),
    ):
        killed(clone, "small", {"provider": provider, "type": type_, "action": "kill-engine"})
    clone.up("small")
    clone.settled("small")
    assert sorted(resource["urn"] for resource in clone.resources("small")) == urns
    assert objects(clone) == whole
    clone.destroy("small")


def test_the_api_server_restarts_during_up(clone: Project) -> None:
    process = clone.start("pulumi", "up", "--yes", "--skip-preview", "--stack", "small", "--non-interactive", "--color", "never")
    deadline = time.monotonic() + 120
    while clone.run("kubectl", "get", "namespace", "minio").code != 0:
        assert time.monotonic() < deadline and process.poll() is None, "the run made no namespace"
        time.sleep(0.5)
    recorded = json.loads((clone.home / "run.json").read_text())
    pid = next(item["pid"] for item in recorded["processes"] if item["name"] == "kube-apiserver")
    os.kill(pid, signal.SIGTERM)
    again = clone.mlops("sandbox", "up")
    assert again.code == 0, again.text
    text, _ = process.communicate(timeout=600)
    # it waits through, or it fails and says at which resource
    assert "Traceback" not in text, text
    if process.returncode:
        assert "error:" in text, text
    clone.up("small")
    clone.settled("small")
    status = clone.mlops("status", "small")
    assert status.code == 0, status.text
    clone.destroy("small")
