"""The sandbox can be stopped, broken, changed and wiped; nothing of it is left running, nothing else is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox import salt
from sandbox.controlplane import cluster, nodes
from sandbox.controlplane.processes import processes, stop
from sandbox.environment import NOWHERE, environment
from sandbox.paths import ROOT
from tests.sandbox.conftest import Sandbox, eventually
from tests.sandbox.test_controlplane import condition, pod

pytestmark = pytest.mark.sandbox


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    home = tmp_path / "home"
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(home))
    try:
        yield Sandbox(home)
    finally:
        # as `mlops sandbox reset` does: no salt of a home that is gone stays in this checkout's stack files
        salt.withdraw()
        cluster.reset()
        salt.settle()


def left_of(home: Path) -> list[str]:
    """Processes that name the sandbox's home."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        inside = (process.info["environ"] or {}).get("MLOPS_SANDBOX_HOME") == str(home)
        if (
            (inside or str(home) in line)
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and process.pid != psutil.Process().pid
        ):
            found.append(line)
    return found


def mlops(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", "sandbox", *arguments], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_state_survives_stop_and_start_and_reset_wipes(own: Sandbox) -> None:
    cluster.up()
    secret = "correct-horse-battery-staple"
    own.kubectl("create", "secret", "generic", "kept", f"--from-literal=key={secret}")
    own.apply(pod("kept", "default"))
    own.kubectl("wait", "--for=condition=Ready", "pod/kept", "--timeout=30s")
    kubeconfig = (own.home / "kubeconfig").read_text()
    before = own.get("pod", "kept")["metadata"]["uid"]

    cluster.down()
    assert left_of(own.home) == []
    assert not (own.home / "run.json").exists()
    assert environment()["AWS_ENDPOINT_URL"] == NOWHERE
    stored = b"".join(path.read_bytes() for path in (own.home / "etcd").rglob("*") if path.is_file())
    assert b"registry.example/main" in stored
    assert secret.encode() not in stored

    cluster.up()
    assert (own.home / "kubeconfig").read_text() == kubeconfig
    assert own.get("pod", "kept")["metadata"]["uid"] == before
    assert condition(own.get("pod", "kept"), "Ready")["status"] == "True"
    own.apply(pod("new", "default"))
    own.kubectl("wait", "--for=condition=Ready", "pod/new", "--timeout=30s")

    (own.home / "mine.txt").write_text("not the sandbox's")
    cluster.reset()
    assert left_of(own.home) == []
    assert [path.name for path in own.home.iterdir()] == ["mine.txt"]
    cluster.up()
    assert own.try_kubectl("get", "secret", "kept").returncode == 1


def test_up_restarts_what_died_and_changes_nodes(own: Sandbox, tmp_path: Path) -> None:
    assert mlops("up").returncode == 0
    # a reader gets JSON, and an exit code that scripts can use
    facts = json.loads(mlops("status", "--format", "json").stdout)
    assert facts["running"]
    assert {row["process"] for row in facts["processes"]} >= set(cluster.CONTROL_PLANE)
    own.kubectl("create", "configmap", "kept")

    psutil.Process(processes()["kwok"].pid).kill()
    eventually(lambda: mlops("status").returncode == 1, "status notices")
    cluster.up()
    assert cluster.running()
    # asked to end politely it is still there when `up` looks
    psutil.Process(processes()["kube-apiserver"].pid).terminate()
    cluster.up()
    assert cluster.running()
    own.kubectl("get", "configmap", "kept")
    psutil.Process(processes()["kube-apiserver"].pid).kill()
    spec = tmp_path / "nodes.yaml"
    spec.write_text(
        "pools: [{name: general, count: 2, cpu: 32, memory: 128Gi}, {name: big, count: 1, cpu: 8, memory: 8Gi, gpus: 8}]"
    )
    assert mlops("up", "--nodes", str(spec)).returncode == 0
    assert [node[0] for node in cluster.node_summary()] == ["big-0", "general-0", "general-1"]
    assert own.get("node", "big-0")["status"]["allocatable"]["nvidia.com/gpu"] == "8"
    own.kubectl("get", "configmap", "kept")


def test_stop_leaves_a_stranger_with_a_recorded_pid_alone(own: Sandbox) -> None:
    own.home.mkdir()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        entry = {"name": "etcd", "pid": stranger.pid, "created": 1.0, "argv": ["etcd"], "log": "x", "port": None, "version": None}
        (own.home / "run.json").write_text(json.dumps({"processes": [entry]}))
        stop("etcd")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pools: [{name: a, count: 1, cpu: 4, memory: 8G}]", "pools.0.memory"),
        ("pools: [{name: a, count: -1, cpu: 4, memory: 8Gi}]", "pools.0.count"),
        ("pools: [{name: a, count: 1, cpu: 4, memory: 8Gi, gpu: 2}]", "pools.0.gpu"),
        ("pools: [{name: a, count: 1, cpu: 4, memory: 8Gi}, {name: a, count: 1, cpu: 4, memory: 8Gi}]", "pools"),
        ("", "file"),
        ("pools: [", "not YAML"),
    ],
)
def test_a_bad_node_spec_is_refused_with_its_path(tmp_path: Path, text: str, said: str) -> None:
    spec = tmp_path / "nodes.yaml"
    spec.write_text(text)
    with pytest.raises(nodes.NodeSpecError) as refused:
        nodes.load(spec)
    assert str(refused.value).startswith(f"{spec}: {said}:")


def test_up_with_a_bad_node_spec_starts_nothing(own: Sandbox, tmp_path: Path) -> None:
    spec = tmp_path / "nodes.yaml"
    spec.write_text("pools: [{name: a, count: 1, cpu: 4, memory: 8G}]")
    done = mlops("up", "--nodes", str(spec))
    assert done.returncode == 2
    assert done.stderr.startswith(f"mlops: {spec}: pools.0.memory: ")
    assert "'8G'" in done.stderr
    assert left_of(own.home) == []


def test_commands_say_so_when_the_sandbox_is_down(own: Sandbox) -> None:
    assert "not running" in mlops("status").stdout
    assert mlops("status").returncode == 1
    refused = mlops("env", "--team", "fraud")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == "mlops: the sandbox is not running: `mlops sandbox up` starts it\n"
    assert mlops("down").returncode == 0
