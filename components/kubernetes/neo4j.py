"""One Neo4j server with a generated password: the graph behind Amundsen."""

import pulumi
from pulumi_kubernetes import core

from components.kubernetes import objects, workload
from components.kubernetes.place import Compute, Image, Place, image
from components.spec.base import quantity_value

IMAGE = Image("docker.io/library/neo4j", "3.5.26", "2026-11-23")
"""As docker-amundsen.yml of amundsen-io/amundsen names it; digest unverified."""
BOLT = 7687
USER = 101
"""User and group `neo4j` of that image."""
WRITABLE = core.v1.SecurityContextArgs(
    allow_privilege_escalation=False,
    run_as_non_root=True,
    capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
    seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
)
"""Its entrypoint writes the configuration below /var/lib/neo4j, so the root filesystem is not read-only."""


def neo4j(
    name: str,
    place: Place,
    *,
    object_name: str,
    account: core.v1.ServiceAccount,
    secret: core.v1.Secret,
    changed: pulumi.Input[str],
    compute: Compute,
    storage: str,
    storage_class: str | None,
    protect: bool,
) -> pulumi.Resource:
    """One server at `bolt://<object_name>:7687`, its data on a volume; `secret` has key `auth` ("neo4j/<password>").

    Half of its memory is the heap, a quarter the page cache. `changed` is a digest of the password. Limits: Neo4j takes its first
    password at the first start only; a password that changes later must be set by hand.
    """
    objects.service(f"{name}-service", place, "graph", {"bolt": BOLT}, object_name=object_name)
    size = int(quantity_value(compute.memory) / 2**20)
    probe = core.v1.ProbeArgs(
        tcp_socket=core.v1.TCPSocketActionArgs(port="bolt"), period_seconds=10, failure_threshold=30, timeout_seconds=5
    )
    container = workload.container(
        "neo4j",
        image(IMAGE, place.mirror),
        compute,
        env={
            "NEO4J_dbms_memory_heap_initial__size": f"{size // 2}m",
            "NEO4J_dbms_memory_heap_max__size": f"{size // 2}m",
            "NEO4J_dbms_memory_pagecache_size": f"{size // 4}m",
            "NEO4J_dbms_connector_http_enabled": "false",
            "NEO4J_dbms_connector_https_enabled": "false",
        },
        secrets={"NEO4J_AUTH": (secret.metadata.name, "auth")},
        ports={"bolt": BOLT},
        mounts={"/data": "data", "/logs": "logs"},
        ready=probe,
        live=probe,
    )
    container.security_context = WRITABLE
    template = workload.pod(
        place,
        "graph",
        [container],
        uid=USER,
        account=account.metadata.name,
        volumes=[workload.scratch_volume("logs")],
        notes={"mlops.dev/password": changed},
    )
    return workload.stateful_set(
        f"{name}-server",
        place,
        "graph",
        template,
        service=object_name,
        replicas=1,
        volumes=[workload.Volume("data", storage, storage_class)],
        object_name=object_name,
        opts=place.after(secret, account, protect=protect, retain_on_delete=protect),
    )
