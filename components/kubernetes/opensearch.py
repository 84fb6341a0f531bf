"""One OpenSearch node with a generated password, for catalogues that keep their index in one."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core

from components.kubernetes import objects, workload
from components.kubernetes.place import Compute, Image, Place, content_hash, image
from components.spec.base import quantity_value

IMAGE = Image("docker.io/opensearchproject/opensearch", "2.19.4", "2026-11-23")
"""Tag as pinned in public repositories; digest unverified. Its own user is 1000."""
PORT = 9200
USER = "admin"
HOME = "/usr/share/opensearch"

USERS = """\
_meta: {type: internalusers, config_version: 2}
admin: {hash: "${envbc.OPENSEARCH_PASSWORD}", reserved: true, backend_roles: [admin]}
"""
"""The one user; the security plugin hashes the variable itself (opensearch-project/security, SecurityUtils.replaceEnvVars)."""

PREPARE = f"""\
set -eu
cp -r {HOME}/config/. /config/
cp /etc/mlops/opensearch/opensearch.yml /config/opensearch.yml
cp /etc/mlops/opensearch/internal_users.yml /config/opensearch-security/internal_users.yml
cp /etc/mlops/tls/tls.crt /config/node.crt
cp /etc/mlops/tls/tls.key /config/node.key
cp /etc/mlops/tls/ca.crt /config/ca.crt
chmod 0600 /config/node.key
"""
"""The image's configuration with ours over it: the node reads certificates from below its configuration only."""

ANSWERS = """\
printf 'user = "admin:%s"\\n' "$OPENSEARCH_PASSWORD" | curl --silent --fail --config - http://localhost:9200/_cluster/health
"""
CURRENT = f"test ! /etc/mlops/tls/tls.crt -nt {HOME}/config/node.crt"
"""Fails once the mounted certificate is newer than the one in use."""


def settings(name: pulumi.Input[str]) -> pulumi.Output[str]:
    """opensearch.yml of a node whose certificate's common name is `name`.

    Nodes speak TLS to each other, since the security plugin asks for it; clients speak plain HTTP with a password inside the
    namespace.
    """
    return pulumi.Output.concat(
        "cluster.name: catalogue\nnetwork.host: 0.0.0.0\ndiscovery.type: single-node\n"
        # mmap would want a kernel setting of the node
        "node.store.allow_mmap: false\n"
        "plugins.security.ssl.transport.pemcert_filepath: node.crt\n"
        "plugins.security.ssl.transport.pemkey_filepath: node.key\n"
        "plugins.security.ssl.transport.pemtrustedcas_filepath: ca.crt\n"
        "plugins.security.ssl.transport.enforce_hostname_verification: false\n"
        "plugins.security.ssl.http.enabled: false\n"
        "plugins.security.allow_default_init_securityindex: true\n"
        "plugins.security.restapi.roles_enabled: [all_access]\n"
        'plugins.security.nodes_dn: ["CN=',
        name,
        '"]\n',
    )


@dataclass(frozen=True)
class Search:
    """A node that stands: what clients need."""

    host: pulumi.Output[str]
    secret: core.v1.Secret
    """Keys `username` and `password`."""
    server: pulumi.Resource
    changed: pulumi.Output[str]
    """Digest of the password, for pods that read it at start."""


def opensearch(
    name: str,
    place: Place,
    *,
    object_name: str,
    issuer: str,
    compute: Compute,
    storage: str,
    storage_class: str | None,
    protect: bool = False,
) -> Search:
    """One node at `http://<object_name>.<namespace>.svc:9200` with its index on a volume.

    Half of its memory is the heap. Limits: one node; a password that changes later does not reach the security index, which is
    filled at the first start only.
    """
    host = pulumi.Output.concat(f"{object_name}.", place.namespace, ".svc")
    password = objects.password(f"{name}-password", place.opts)
    secret = objects.secret(
        f"{name}-secret", place, {"username": USER, "password": password.result}, object_name=f"{object_name}-admin"
    )
    account = objects.service_account(f"{name}-account", place, object_name=object_name)
    files: Mapping[str, pulumi.Input[str]] = {"opensearch.yml": settings(host), "internal_users.yml": USERS}
    config = objects.config_map(f"{name}-config", place, files, object_name=object_name)
    tls = objects.certificate(
        f"{name}-certificate",
        place,
        issuer=issuer,
        names=[host, pulumi.Output.concat(host, ".cluster.local")],
        secret_name=f"{object_name}-tls",
        object_name=object_name,
        java=True,
    )
    objects.service(f"{name}-service", place, "search", {"http": PORT}, object_name=object_name)
    ref = image(IMAGE, place.mirror)
    given = {"/etc/mlops/opensearch": "settings", "/etc/mlops/tls": "tls"}
    prepare = workload.container("prepare", ref, compute, command=["bash", "-c", PREPARE], mounts={"/config": "config", **given})
    heap = int(quantity_value(compute.memory) / 2 / 2**20)
    server = workload.container(
        "opensearch",
        ref,
        compute,
        env={
            "OPENSEARCH_JAVA_OPTS": f"-Xms{heap}m -Xmx{heap}m",
            "DISABLE_INSTALL_DEMO_CONFIG": "true",
            "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI": "true",
        },
        secrets={"OPENSEARCH_PASSWORD": (secret.metadata.name, "password")},
        ports={"http": PORT},
        mounts={f"{HOME}/config": "config", f"{HOME}/data": "data", f"{HOME}/logs": "logs", "/etc/mlops/tls": "tls"},
        ready=_exec(ANSWERS, 10, 6),
        live=_exec(CURRENT, 60, 1),
        start=_exec(ANSWERS, 10, 60),
    )
    volumes = [
        workload.scratch_volume("config"),
        workload.scratch_volume("logs"),
        workload.config_volume("settings", config.metadata.name),
        workload.secret_volume("tls", f"{object_name}-tls"),
    ]
    template = workload.pod(
        place,
        "search",
        [server],
        init=[prepare],
        account=object_name,
        volumes=volumes,
        notes={"mlops.dev/settings": content_hash(USERS, PREPARE)},
    )
    made = workload.stateful_set(
        f"{name}-server",
        place,
        "search",
        template,
        service=object_name,
        replicas=1,
        volumes=[workload.Volume("data", storage, storage_class)],
        object_name=object_name,
        opts=place.after(secret, account, config, tls, protect=protect, retain_on_delete=protect),
    )
    return Search(host, secret, made, objects.digest(password.result))


def _exec(script: str, period: int, failures: int) -> core.v1.ProbeArgs:
    action = core.v1.ExecActionArgs(command=["sh", "-c", script])
    return core.v1.ProbeArgs(exec_=action, period_seconds=period, failure_threshold=failures, timeout_seconds=10)
