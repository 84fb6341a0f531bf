"""Ray starts with the rayStartParams of our RayCluster, as KubeRay turns them into options, and runs a task on a worker."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.blueprints.recorded import blueprint
from tests.truth.machine import Machine
from tests.truth.programs import need

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(1200)]

TASK = """\
import ray
ray.init(address="127.0.0.1:6379")
ask = ray.remote(num_cpus=1)(lambda: "ran on a worker")
print(ray.get(ask.remote(), timeout=90), ray.cluster_resources().get("CPU"))
"""


def options(group: Mapping[str, Any]) -> list[str]:
    """--key=value for each, as KubeRay writes the command of `ray start`."""
    return [f"--{key}={value}" for key, value in (group.get("rayStartParams") or {}).items()]


def test_a_task_runs_on_a_worker_and_not_on_the_head(machine: Machine) -> None:
    program = need("ray")
    spec = next(made for made in blueprint("full").objects if made.kind == "RayCluster").props["spec"]
    workers = next(group for group in spec["workerGroupSpecs"] if "gpu" not in group["groupName"])
    few = ["--object-store-memory=100000000", "--block"]
    binds = {"/tmp": machine.folder / "ray"}
    binds["/tmp"].mkdir()
    head = ["ray", "start", "--head", "--port=6379", "--include-dashboard=false", "--node-ip-address=127.0.0.1"]
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "HOME": "/tmp"}
    server = machine.start([*head, *options(spec["headGroupSpec"]), *few], program, environment=quiet, binds=binds)
    server.until(lambda: "Ray runtime started" in server.said)
    joined = ["ray", "start", "--address=127.0.0.1:6379", "--node-ip-address=127.0.0.1", *options(workers), *few]
    if not any(part.startswith("--num-cpus") for part in joined):
        joined.append("--num-cpus=1")
    worker = machine.start(joined, program, environment=quiet, binds=binds)
    worker.until(lambda: "Ray runtime started" in worker.said)
    said = machine.run(["python", "-c", TASK], program, environment=quiet, binds=binds)
    assert "ran on a worker" in said
