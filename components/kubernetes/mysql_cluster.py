"""The PerconaServerMySQL custom resource: pure data from a few decisions (operator 1.1.0, its deploy/cr.yaml)."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.contracts import BucketAccess
from components.kubernetes.place import Compute, Image, image

CR_VERSION = "1.1.0"
"""Release of the operator whose behaviour the resource asks for; the images below are those that it was tested with."""
SERVER = Image("docker.io/percona/percona-server", "8.4.8-8.1", checked="2026-11-23")
HAPROXY = Image("docker.io/percona/haproxy", "2.8.18-1", checked="2026-11-23")
XTRABACKUP = Image("docker.io/percona/percona-xtrabackup", "8.4.0-5.1", checked="2026-11-23")
TOOLKIT = Image("docker.io/percona/percona-toolkit", "3.7.1-3", checked="2026-11-23")
EXPORTER = Image("docker.io/prom/mysqld-exporter", "v0.18.0", checked="2026-11-23")

CLUSTER = ("ps.percona.com/v1", "PerconaServerMySQL")
NAME = "mysql"
SYSTEM_USERS = ("root", "xtrabackup", "monitor", "operator", "replication", "orchestrator", "heartbeat")
"""Keys that the operator expects in `secretsName` (deploy/secrets.yaml); one that is missing it would draw itself."""
METRICS_PORT = 9104
CONFIGURATION = """\
[mysqld]
sql_generate_invisible_primary_key=ON
"""
"""Group replication refuses rows of a table without a primary key, and some consumers make such tables (ML Metadata's EventPath):
the server gives them an invisible one (MySQL 8.4 manual, "Generated Invisible Primary Keys")."""

_SECURITY = {
    "runAsUser": 1001,
    "runAsGroup": 1001,
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def cluster_spec(
    *,
    replicas: int,
    compute: Compute,
    storage: str,
    storage_class: str | None,
    users_secret: str,
    tls_secret: str,
    backups: BucketAccess | None,
    schedule: str,
    keep: int,
    monitored: bool,
    mirror: str | None,
) -> dict[str, Any]:
    """The resource's spec: group replication behind HAProxy, TLS with our certificate, scheduled backups if `backups`."""
    single = replicas == 1
    claim: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    if storage_class:
        claim["storageClassName"] = storage_class
    return {
        "crVersion": CR_VERSION,
        "secretsName": users_secret,
        "sslSecretName": tls_secret,
        "updateStrategy": "SmartUpdate",
        # no calls to check.percona.com: versions are this repository's decision
        "upgradeOptions": {"apply": "disabled", "versionServiceEndpoint": "https://check.percona.com"},
        # the operator refuses one server, an even number, or nine without these
        "unsafeFlags": {"mysqlSize": replicas < 3 or replicas % 2 == 0 or replicas >= 9, "proxySize": single},
        "mysql": {
            "clusterType": "group-replication",
            "autoRecovery": True,
            "size": replicas,
            "configuration": CONFIGURATION,
            "image": image(SERVER, mirror),
            "imagePullPolicy": "IfNotPresent",
            "gracePeriod": 600,
            "podDisruptionBudget": {"maxUnavailable": 1},
            "resources": compute.spec(),
            "containerSecurityContext": _SECURITY,
            "initContainer": {"containerSecurityContext": _SECURITY},
            "affinity": {"antiAffinityTopologyKey": "kubernetes.io/hostname"},
            "volumeSpec": {"persistentVolumeClaim": claim},
            **({"sidecars": [_exporter(users_secret, mirror)]} if monitored else {}),
        },
        "proxy": {
            "haproxy": {
                "enabled": True,
                "size": 1 if single else 2,
                "image": image(HAPROXY, mirror),
                "imagePullPolicy": "IfNotPresent",
                "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
                "containerSecurityContext": _SECURITY,
                "initContainer": {"containerSecurityContext": _SECURITY},
                "podDisruptionBudget": {"maxUnavailable": 1},
                "affinity": {"antiAffinityTopologyKey": "kubernetes.io/hostname"},
            },
            "router": {"enabled": False},
        },
        "orchestrator": {"enabled": False},
        "pmm": {"enabled": False, "image": ""},
        "toolkit": {"image": image(TOOLKIT, mirror)},
        "backup": _backup(backups, schedule, keep, mirror) if backups else {"enabled": False},
    }


def _backup(store: BucketAccess, schedule: str, keep: int, mirror: str | None) -> dict[str, Any]:
    s3: dict[str, pulumi.Input[str]] = {
        "bucket": store.bucket,
        "region": store.region,
        "credentialsSecret": store.secret or "",
    }
    if store.endpoint is not None:
        s3["endpointUrl"] = store.endpoint
    return {
        "enabled": True,
        "image": image(XTRABACKUP, mirror),
        "imagePullPolicy": "IfNotPresent",
        "containerSecurityContext": _SECURITY,
        "storages": {
            "objectstore": {
                "type": "s3",
                # operator 1.1.0 takes no CA of the store's: with a private one it could not connect at all. The traffic is
                # encrypted, and the namespace's NetworkPolicy lets it reach the store alone.
                "verifyTLS": store.ca_config_map is None,
                "s3": s3,
                "containerSecurityContext": _SECURITY,
                "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            }
        },
        "schedule": [{"name": "daily", "schedule": schedule, "keep": keep, "storageName": "objectstore", "type": "full"}],
    }


def _exporter(users_secret: str, mirror: str | None) -> Mapping[str, Any]:
    """mysqld_exporter beside each server, as the operator's own `monitor` user over the administrative port."""
    return {
        "name": "mysqld-exporter",
        "image": image(EXPORTER, mirror),
        "args": ["--mysqld.username=monitor", "--mysqld.address=127.0.0.1:33062", "--tls.insecure-skip-verify"],
        "env": [
            {
                "name": "MYSQLD_EXPORTER_PASSWORD",
                "valueFrom": {"secretKeyRef": {"name": users_secret, "key": "monitor"}},
            }
        ],
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT}],
        "resources": {"requests": {"cpu": "25m", "memory": "64Mi"}, "limits": {"cpu": "250m", "memory": "128Mi"}},
        "securityContext": {**_SECURITY, "readOnlyRootFilesystem": True},
    }
