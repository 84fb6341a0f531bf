"""Processes that come up after the control plane: the moto server and the simulated operators.

Each is `python -m <module>` with MLOPS_SANDBOX_HOME and KUBECONFIG set. It says that it is ready with one JSON line on its
output or with home()/status/<name>.json: {"ready": true, "port": …}. One that is not part of the checkout is left out.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.controlplane import kubeconfig
from sandbox.controlplane.pki import write_private
from sandbox.controlplane.processes import alive, note_port, spawn, wait_until
from sandbox.paths import home

READY_SECONDS = 30.0


@dataclass(frozen=True)
class Service:
    """A module to run, under the name that status and logs show."""

    name: str
    module: str


SERVICES = (
    Service("cloud", "sandbox.providers.aws.server"),
    Service("operators", "sandbox.operators.gate"),
)


def present(service: Service) -> bool:
    """Whether the checkout has the module."""
    try:
        return importlib.util.find_spec(service.module) is not None
    except ModuleNotFoundError:
        return False


def status_path(name: str) -> Path:
    """Where a service leaves its port and readiness."""
    return home() / "status" / f"{name}.json"


def status(name: str) -> dict[str, Any]:
    """What a service said of itself; {} before it did."""
    try:
        data = json.loads(status_path(name).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return data if isinstance(data, dict) else {}


def _printed(log: Path) -> dict[str, Any]:
    """The first JSON line of a log that carries `ready`."""
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{") and '"ready"' in line:
            try:
                data = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(data, dict):
                return data
    return {}


def start_all() -> None:
    """Starts what is present and not running, all at once, and waits until each says that it is ready."""
    started = []
    for service in SERVICES:
        if not present(service) or alive(service.name):
            continue
        status_path(service.name).unlink(missing_ok=True)
        log = home() / "logs" / f"{service.name}.log"
        environment = {
            "MLOPS_SANDBOX_HOME": str(home()),
            "KUBECONFIG": str(kubeconfig.admin_path()),
            "PYTHONUNBUFFERED": "1",
        }
        spawn(service.name, [sys.executable, "-m", service.module], environment, log)
        started.append((service, log))
    for service, log in started:

        def ready(service: Service = service, log: Path = log) -> bool:
            if not status(service.name) and (printed := _printed(log)):
                write_private(status_path(service.name), json.dumps(printed))
            return bool(status(service.name).get("ready"))

        wait_until(ready, f"{service.name} is not ready", service.name, READY_SECONDS)
        note_port(service.name, status(service.name).get("port"))
