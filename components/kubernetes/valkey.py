"""A small Valkey (the Redis protocol) with a generated password and a volume of its own, for systems that keep state in one."""

import pulumi
from pulumi_kubernetes import core

from components.kubernetes import objects, workload
from components.kubernetes.place import Compute, Image, Place, image

IMAGE = Image("docker.io/valkey/valkey", "8.1.4", "2026-11-23")
"""Tag as pinned in public test code; digest unverified. Its own user is 999."""
PORT = 6379
COMPUTE = Compute("100m", "256Mi", "500m")

START = """\
set -eu
umask 077
printf 'requirepass %s\\n' "$(cat /etc/mlops/valkey/password)" > /tmp/valkey.conf
exec valkey-server /tmp/valkey.conf --dir /data --appendonly yes --maxmemory 192mb --maxmemory-policy noeviction
"""
"""The password goes by a file that only this user reads, not by the process's arguments."""
PING = 'REDISCLI_AUTH="$(cat /etc/mlops/valkey/password)" valkey-cli ping | grep -q PONG'


def valkey(
    name: str, place: Place, *, object_name: str, storage: str, storage_class: str | None, protect: bool = False
) -> tuple[pulumi.Resource, core.v1.Secret]:
    """One server at `<object_name>.<namespace>.svc:6379`; returns it and the Secret with key `password`.

    Every write is in its append-only file on the volume. One pod: it is away for as long as it takes to start elsewhere.
    """
    password = objects.password(f"{name}-password", place.opts)
    secret = objects.secret(f"{name}-secret", place, {"password": password.result}, object_name=object_name)
    account = objects.service_account(f"{name}-account", place, object_name=object_name)
    objects.service(f"{name}-service", place, "valkey", {"valkey": PORT}, object_name=object_name)
    probe = core.v1.ProbeArgs(
        exec_=core.v1.ExecActionArgs(command=["sh", "-c", PING]), period_seconds=10, timeout_seconds=5, failure_threshold=6
    )
    server = workload.container(
        "valkey",
        image(IMAGE, place.mirror),
        COMPUTE,
        command=["sh", "-c", START],
        ports={"valkey": PORT},
        mounts={"/data": "data", "/etc/mlops/valkey": "password"},
        ready=probe,
        live=probe,
    )
    template = workload.pod(
        place,
        "valkey",
        [server],
        uid=999,
        account=object_name,
        volumes=[workload.secret_volume("password", secret.metadata.name)],
        notes={"mlops.dev/password": objects.digest(password.result)},
    )
    made = workload.stateful_set(
        f"{name}-server",
        place,
        "valkey",
        template,
        service=object_name,
        replicas=1,
        volumes=[workload.Volume("data", storage, storage_class)],
        object_name=object_name,
        opts=place.after(secret, account, protect=protect, retain_on_delete=protect),
    )
    return made, secret
