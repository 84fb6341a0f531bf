"""Loopback ports of the sandbox: chosen once, kept as long as nobody else takes them."""

from __future__ import annotations

import json
import socket
import zlib

from sandbox.controlplane.pki import write_private
from sandbox.paths import home

NAMES = ("apiserver", "etcd", "etcd-peer")
# Below the range from which the system hands out ports to outgoing connections: such a connection would take a port
# of ours while the sandbox is down.
RANGE = range(18000, 30000)


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # as the servers do: a port whose last connections are in TIME_WAIT is free for us
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def allocate() -> tuple[dict[str, int], bool]:
    """Ports by name, and whether the API server's differs from the one recorded before.

    Kubeconfigs that were handed out stay valid because recorded ports are taken again while they are free. A sandbox'
    first choice depends on where it lives, so that two sandboxes started at once seldom reach for the same.
    """
    path = home() / "ports.json"
    try:
        before: dict[str, int] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        before = {}
    start = zlib.crc32(str(home()).encode()) % len(RANGE)
    candidates = (RANGE[(start + offset) % len(RANGE)] for offset in range(len(RANGE)))
    ports: dict[str, int] = {}
    for name in NAMES:
        recorded = before.get(name)
        if recorded and _free(recorded):
            ports[name] = recorded
            continue
        ports[name] = next(port for port in candidates if port not in before.values() and _free(port))
    write_private(path, json.dumps(ports))
    return ports, bool(before) and before.get("apiserver") != ports["apiserver"]
