"""Each blueprint, end to end: up, every system Ready, nothing to change, GPU pods on GPU nodes, nothing left.

`starter` is what the stack `sandbox` stands on (test_platform_kubernetes.py). The figures are printed for whoever asks (-s).
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox.platform_env import Project, project
from tests.sandbox.test_platform_kubernetes import inventory
from tests.sandbox.wiring_env import dangling

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(2700)]

BLUEPRINTS = ("streaming-features", "serving", "gpu-training", "production")
EVIDENCE = "mlops.dev/evidence"
GPU = "nvidia.com/gpu"


def write(made: Project, blueprint: str) -> str:
    """A stack of that blueprint which leaves nothing behind."""
    text = f"config:\n  mlops:target: kubernetes\n  mlops:blueprint: {blueprint}\n"
    text += "  mlops:spec: {owner: platform-team, operators: {keepCrds: false}}\n"
    made.stack_file(blueprint).write_text(text)
    made.init(blueprint)
    return blueprint


def evidence(made: Project) -> Counter[str]:
    """How many objects of charts stand on which evidence."""
    kinds = "deployments,daemonsets,statefulsets,services,configmaps,serviceaccounts,clusterroles,customresourcedefinitions"
    found: Counter[str] = Counter()
    for item in made.get(kinds, "-A", "-l", EVIDENCE)["items"]:
        found[item["metadata"]["labels"][EVIDENCE]] += 1
    return found


def misplaced(made: Project) -> list[str]:
    """Pods that ask for a GPU and run on a node without one."""
    nodes = {item["metadata"]["name"] for item in made.get("nodes", "-l", f"{GPU}.present=true")["items"]}
    asking = [
        pod
        for pod in made.get("pods", "-A")["items"]
        if any(GPU in ((c.get("resources") or {}).get("limits") or {}) for c in pod["spec"]["containers"])
    ]
    return [pod["metadata"]["name"] for pod in asking if pod["spec"].get("nodeName") not in nodes]


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_a_blueprint_comes_up_settles_and_goes(blueprint: str, tmp_path: Path) -> None:
    prove(blueprint, tmp_path, seconds=1800.0)


def prove(blueprint: str, folder: Path, seconds: float) -> None:
    """The whole life of a stack of that blueprint; no command of it may take longer than `seconds`."""
    with project(folder) as made:
        made.seconds = seconds
        before = inventory(made)
        stack = write(made, blueprint)
        took: dict[str, float] = {}
        begun = time.monotonic()

        def stamp(phase: str) -> None:
            took[phase] = round(time.monotonic() - begun - sum(took.values()), 1)
            print(f"{blueprint}: {phase} {took[phase]} s", flush=True)

        made.up(stack)
        stamp("up")
        status = made.mlops("status", stack, "--format", "json")
        assert status.code == 0, status.text
        slow = [row["system"] for row in json.loads(status.text)["systems"] if not row["isReady"]]
        assert slow == []
        assert misplaced(made) == []
        assert dangling(made) == []
        stamp("checks")
        known = evidence(made)
        assert set(known) == {"locked"}, f"the lock is stale for {blueprint}: {known}"
        made.settled(stack, "--policy-pack", "policies")
        stamp("second preview with the pack")
        size = len(made.resources(stack))
        if blueprint == "production":
            made.good("state unprotect", stack, "--all", "--yes")
            made.good("destroy", stack, "--yes", "--skip-preview")
            # what holds data is retained, and nothing else of ours
            left = {item["metadata"]["name"] for item in made.get("namespaces", "-l", f"mlops.dev/stack={stack}")["items"]}
            assert "mysql" in left and "mlflow" not in left
        else:
            made.destroy(stack)
            assert inventory(made) - before == set()
        stamp("destroy")
        print(f"{blueprint}: {size} resources, chart objects {dict(known)}")
