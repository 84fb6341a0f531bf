"""CloudNativePG's custom resources: pure data from a few decisions (operator 1.30.0)."""

from typing import Any

import pulumi

from components.contracts import BucketAccess
from components.kubernetes.place import Compute, Image, image
from components.spec.base import quantity_value

SERVER = Image("ghcr.io/cloudnative-pg/postgresql", "18.4-system-trixie", checked="2026-11-23")
"""The operator's own default (pkg/versions); `system` images carry barman-cloud. Digest never read: unverified."""

CLUSTER = ("postgresql.cnpg.io/v1", "Cluster")
ROLE = ("postgresql.cnpg.io/v1", "DatabaseRole")
DATABASE = ("postgresql.cnpg.io/v1", "Database")
SCHEDULE = ("postgresql.cnpg.io/v1", "ScheduledBackup")
NAME = "postgres"
PORT = 5432
APPLIED = {"pulumi.com/waitFor": "jsonpath={.status.applied}=true"}
"""Annotation for roles and databases, which have no Ready condition."""
HBA = ("hostssl samerole all all scram-sha-256", "host all all all reject")
"""Between the operator's fixed rules and its default one: TLS only, and a database only for members of the role of its name."""


def cluster_spec(
    *,
    replicas: int,
    compute: Compute,
    storage: str,
    storage_class: str | None,
    tls_secret: str,
    app_secret: str,
    backups: BucketAccess | None,
    keep: int,
    mirror: str | None,
) -> dict[str, Any]:
    """The Cluster's spec: streaming replication, one synchronous standby from three servers, TLS with our certificate."""
    volume = {"size": storage, **({"storageClass": storage_class} if storage_class else {})}
    postgresql: dict[str, Any] = {
        "pg_hba": list(HBA),
        "parameters": {"shared_buffers": f"{max(128, int(quantity_value(compute.memory) / 2**20 / 4))}MB"},
    }
    if replicas >= 3:
        postgresql["synchronous"] = {"method": "any", "number": 1, "dataDurability": "required"}
    spec: dict[str, Any] = {
        "description": "Relational database of the platform",
        "imageName": image(SERVER, mirror),
        "imagePullPolicy": "IfNotPresent",
        "instances": replicas,
        "primaryUpdateStrategy": "unsupervised",
        # nobody logs in as postgres over the network: what needs an administrator is a resource of the operator
        "enableSuperuserAccess": False,
        # the operator asks for an application database; ours are resources of their own
        "bootstrap": {"initdb": {"database": "app", "owner": "app", "dataChecksums": True, "secret": {"name": app_secret}}},
        "certificates": {"serverTLSSecret": tls_secret, "serverCASecret": tls_secret},
        "postgresql": postgresql,
        "storage": volume,
        "resources": compute.spec(),
        "affinity": {
            "enablePodAntiAffinity": True,
            "podAntiAffinityType": "preferred",
            "topologyKey": "kubernetes.io/hostname",
        },
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if backups:
        spec["backup"] = _backup(backups, tls_secret, keep)
    return spec


def _backup(store: BucketAccess, tls_secret: str, keep: int) -> dict[str, Any]:
    """Base backups and the write-ahead log in the object store, for restoring to any moment of `keep` days."""
    secret = store.secret or ""
    made: dict[str, Any] = {
        "destinationPath": pulumi.Output.concat("s3://", store.bucket, "/"),
        "s3Credentials": {
            "accessKeyId": {"name": secret, "key": "AWS_ACCESS_KEY_ID"},
            "secretAccessKey": {"name": secret, "key": "AWS_SECRET_ACCESS_KEY"},
        },
        "wal": {"compression": "gzip"},
        "data": {"compression": "gzip"},
    }
    if store.endpoint is not None:
        made["endpointURL"] = store.endpoint
    if store.ca_config_map is not None:
        # the operator reads a CA from a Secret only; the platform's CA signed the database's certificate and the store's
        made["endpointCA"] = {"name": tls_secret, "key": "ca.crt"}
    return {"barmanObjectStore": made, "retentionPolicy": f"{keep}d", "target": "prefer-standby"}


def schedule_spec(schedule: str) -> dict[str, Any]:
    """Base backups at a cron expression of five fields; the operator's has six, seconds first."""
    return {
        "schedule": f"0 {schedule}",
        "cluster": {"name": NAME},
        "method": "barmanObjectStore",
        "backupOwnerReference": "self",
        "immediate": True,
    }


def role_spec(name: str, *, password_secret: pulumi.Input[str] | None, member_of: str | None) -> dict[str, Any]:
    """A role without any right of its own; it logs in with the password of a Secret, or not at all."""
    spec: dict[str, Any] = {
        "cluster": {"name": NAME},
        "name": name,
        "login": password_secret is not None,
        "databaseRoleReclaimPolicy": "retain",
    }
    if password_secret is not None:
        spec["passwordSecret"] = {"name": password_secret}
    if member_of:
        spec["inRoles"] = [member_of]
    return spec


def database_spec(name: str, owner: str) -> dict[str, Any]:
    """A database, kept when its resource goes."""
    return {
        "cluster": {"name": NAME},
        "name": name,
        "owner": owner,
        "encoding": "UTF8",
        "databaseReclaimPolicy": "retain",
    }
