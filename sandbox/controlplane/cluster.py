"""Brings the control plane up and down, and says how it is."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from sandbox import services
from sandbox.build import MODULES, tool, version
from sandbox.controlplane import commands, kubeconfig, nodes, pki, ports
from sandbox.controlplane.api import Api, ApiError
from sandbox.controlplane.processes import (
    ProcessError,
    alive,
    note,
    processes,
    read_run,
    require_alive,
    run_file,
    spawn,
    stop,
    wait_until,
)
from sandbox.engine.home import prepare
from sandbox.paths import home

READY_SECONDS = 60.0
# in the order they come up; they go down the other way round
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
NEEDED = ("etcd", "kubernetes", "kwok")
MODULE_OF = {"etcd": "etcd", "kwok": "kwok"}
# everything a sandbox makes in its home; reset removes these and nothing else
CONTENTS = (
    *("aws", "azure", "backend", "etcd", "logs", "passphrase", "pki", "pulumi", "status", "teams", "run.json", ".run.lock"),
    *("engine", "faults.json", "kubeconfig", "kwok.yaml", "nodes.yaml", "ports.json", "scheduler.yaml", ".lock"),
)
STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "sandbox", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "sandbox.mlops.dev",
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "Immediate",
}


@contextmanager
def _exclusive() -> Iterator[None]:
    """One `up`, `down` or `reset` of this sandbox at a time; a second waits for the first."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def api() -> Api:
    """Client of the running API server; ProcessError when the sandbox is down."""
    port = read_run().get("ports", {}).get("apiserver")
    if not port or not alive("kube-apiserver"):
        raise ProcessError("the sandbox is not running: `mlops sandbox up` starts it")
    return Api(port)


def running() -> bool:
    """Whether all of the control plane's processes run."""
    return all(alive(name) for name in CONTROL_PLANE)


def up(node_spec: Path | None = None, say: Callable[[str], None] = lambda _: None) -> None:
    """Starts whatever does not run, waits until every node is Ready, then starts the services.

    State of an earlier run is taken up again. `node_spec` replaces the nodes and is remembered. Raises ProcessError,
    BuildError or NodeSpecError.
    """
    spec = nodes.load(node_spec or nodes.spec_path())
    for module in NEEDED:
        for _, binary in MODULES[module].binaries:
            tool(binary)
    with _exclusive():
        if node_spec and node_spec.resolve() != (home() / "nodes.yaml").resolve():
            shutil.copyfile(node_spec, home() / "nodes.yaml")
        try:
            _furnish(spec, say)
        except httpx.TransportError:
            # it said that it was ready and ended then: what follows waits for its end and starts the next
            _furnish(spec, say)
        prepare(home())
        services.start_all()


def _furnish(spec: nodes.NodeSpec, say: Callable[[str], None]) -> None:
    """A running control plane with Ready nodes and the StorageClass, all of it safe to repeat."""
    _start_control_plane(say)
    with api() as client:
        nodes.apply(client, spec, commands.kubernetes_version())
        client.apply("/apis/storage.k8s.io/v1/storageclasses/sandbox", STORAGE_CLASS)
        _wait_for_nodes(client, say)


def _start_control_plane(say: Callable[[str], None]) -> None:
    if (home() / "etcd").is_dir() and not pki.complete():
        raise ProcessError(f"{pki.folder()} lacks the keys of {home() / 'etcd'}: `mlops sandbox reset` starts afresh")
    pki.ensure()
    found = alive("kube-apiserver") and alive("etcd")
    if found:
        allocated = read_run()["ports"]
    else:
        # a half-dead sandbox (a machine out of memory, a kill) is started afresh on its data
        _stop(CONTROL_PLANE)
        allocated, moved = ports.allocate()
        if moved:
            say(f"the API server's port was taken meanwhile; it is {allocated['apiserver']} now")
    server = f"https://127.0.0.1:{allocated['apiserver']}"
    path = kubeconfig.write_admin(server)
    kubeconfig.move_teams(server)
    for name, _, _ in pki.CLIENTS:
        kubeconfig.write_component(name, server)
    note(
        kubeconfig=str(path),
        ports=allocated,
        versions={module.name: version(module) for module in MODULES.values()},
    )
    _launch("etcd", commands.etcd(allocated["etcd"], allocated["etcd-peer"]), allocated["etcd"])
    _launch("kube-apiserver", commands.apiserver(allocated["apiserver"], allocated["etcd"]), allocated["apiserver"])
    with Api(allocated["apiserver"]) as client:
        say(f"waiting for the API server at {server}")
        try:
            wait_until(client.ready, "the API server is not ready", "kube-apiserver", READY_SECONDS)
        except ProcessError:
            # found alive on its way out (somebody has just ended it): the next one is ours
            if not found or alive("kube-apiserver"):
                raise
            say("the API server ended meanwhile; starting it again")
            return _start_control_plane(say)
    _launch("kube-controller-manager", commands.controller_manager())
    _launch("kube-scheduler", commands.scheduler())
    _launch("kwok", commands.kwok())


def _launch(name: str, argv: Sequence[str], port: int | None = None) -> None:
    if alive(name):
        return
    module = MODULES[MODULE_OF.get(name, "kubernetes")]
    log = home() / "logs" / f"{name}.log"
    spawn(name, argv, commands.environment(name), log, port=port, version=version(module))


def _wait_for_nodes(client: Api, say: Callable[[str], None]) -> None:
    """Until pods can be made and placed: nodes Ready and untainted, the default namespace's ServiceAccount there."""
    say("waiting for the nodes")
    deadline = time.monotonic() + READY_SECONDS
    while True:
        found = client.items("/api/v1/nodes")
        waiting = [node["metadata"]["name"] for node in found if not nodes.ready(node)]
        account = client.get("/api/v1/namespaces/default/serviceaccounts/default")
        if not waiting and account:
            return
        for name in CONTROL_PLANE:
            require_alive(name)
        if time.monotonic() > deadline:
            what = f"nodes {', '.join(waiting)} are" if waiting else "the ServiceAccount `default` is"
            raise ProcessError(f"{what} not ready after {READY_SECONDS:.0f} s; logs in {home() / 'logs'}")
        time.sleep(0.2)


def _stop(names: Sequence[str]) -> None:
    for name in reversed(names):
        stop(name)


def down() -> None:
    """Stops every process that was recorded, clients before servers; the data stays."""
    with _exclusive():
        _down()


def _down() -> None:
    recorded = [name for name in processes() if name not in CONTROL_PLANE]
    clients = [*recorded, "kwok", "kube-scheduler", "kube-controller-manager"]
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(stop, clients))
    _stop(("etcd", "kube-apiserver"))
    # ports and the kubeconfig outlive it elsewhere; this file says that a sandbox is up
    run_file().unlink(missing_ok=True)
    shutil.rmtree(home() / "status", ignore_errors=True)


def reset() -> None:
    """Stops everything and removes all that the sandbox made in its home, and only that."""
    with _exclusive():
        _down()
        for name in CONTENTS:
            path = home() / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    if home().is_dir() and not any(home().iterdir()):
        home().rmdir()


def node_summary() -> list[tuple[str, str, str, int]]:
    """(name, Ready or not, machine type, GPUs) of each node; empty when the API server does not answer."""
    try:
        with api() as client:
            found = client.items("/api/v1/nodes")
    except (ProcessError, ApiError, httpx.HTTPError):
        return []
    return [
        (
            node["metadata"]["name"],
            "Ready" if nodes.ready(node) else "not ready",
            node["metadata"]["labels"].get("node.kubernetes.io/instance-type", ""),
            int(node["status"].get("allocatable", {}).get(nodes.GPU, 0)),
        )
        for node in found
    ]
