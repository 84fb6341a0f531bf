"""Gitea's configuration: what the server stands on, as variables that its image writes into app.ini."""

from dataclasses import dataclass
from typing import Optional

import pulumi

from components.accesses import BucketAccess, DatabaseAccess
from components.kubernetes.place import Compute

PORT = 3000
NAME = "git"


@dataclass
class GiteaServerArgs:
    """What the server stands on; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    """Of every object."""
    database: DatabaseAccess
    engine: str
    """mysql or postgres."""
    objects: BucketAccess
    compute: Compute
    domain: str
    """Of the platform: the server is public at git.<domain>."""
    storage: str
    """Volume of the repositories in bytes."""
    storage_class: Optional[str] = None
    actions: bool = True
    issuer: Optional[str] = None
    """ClusterIssuer of the server's certificate; plain HTTP if unset."""
    bundle: Optional[str] = None
    """ConfigMap with the bundle (key ca.crt) that trusts that issuer; unset without issuer."""
    monitored: bool = False
    """Exposes /metrics and makes a ServiceMonitor."""
    protect: bool = False
    """Refuse to delete the server, and leave it when the stack goes."""
    registry_mirror: Optional[str] = None
    environment: Optional[dict[str, str]] = None
    """Further variables (GITEA__section__KEY): the stack file's `values:`."""


KEYS = {
    "admin": 32,
    "secret-key": 64,
    "internal-token": 64,
    # 32 bytes in base64url
    "jwt-secret": 43,
    "lfs-secret": 43,
    "metrics": 48,
    "runners": 40,
}
"""Length of each generated secret."""


def settings(
    args: GiteaServerArgs, host: pulumi.Output[str], keys: pulumi.Input[str]
) -> tuple[dict[str, pulumi.Input[str]], dict[str, tuple[pulumi.Input[str], str]]]:
    """app.ini as variables (GITEA__section__KEY), plain ones and those from Secrets."""
    database, store = args.database, args.objects
    scheme = "https" if args.issuer else "http"
    endpoint = (
        store.endpoint if store.endpoint is not None else pulumi.Output.concat("https://s3.", store.region, ".amazonaws.com")
    )
    address = pulumi.Output.from_input(endpoint)
    plain: dict[str, pulumi.Input[str]] = {
        "server__PROTOCOL": scheme,
        "server__DOMAIN": f"git.{args.domain}",
        "server__ROOT_URL": f"https://git.{args.domain}/",
        "server__LOCAL_ROOT_URL": pulumi.Output.concat(scheme, "://", host, f":{PORT}/"),
        "server__DISABLE_SSH": "true",
        "server__START_SSH_SERVER": "false",
        "server__LFS_START_SERVER": "true",
        "server__OFFLINE_MODE": "true",
        "database__DB_TYPE": args.engine,
        "database__HOST": pulumi.Output.concat(database.host, ":", pulumi.Output.from_input(database.port).apply(str)),
        "database__NAME": database.database,
        # both verify the server's name
        "database__SSL_MODE": "true" if args.engine == "mysql" else "verify-full",
        "storage__STORAGE_TYPE": "minio",
        "storage__MINIO_ENDPOINT": address.apply(lambda url: url.partition("://")[2].rstrip("/")),
        "storage__MINIO_USE_SSL": address.apply(lambda url: str(url.startswith("https")).lower()),
        "storage__MINIO_BUCKET": store.bucket,
        "storage__MINIO_LOCATION": store.region,
        "storage__MINIO_BUCKET_LOOKUP_TYPE": "path" if store.endpoint is not None else "auto",
        # one pod: memory and files do, sessions outlive it
        "session__PROVIDER": "db",
        "cache__ADAPTER": "memory",
        "queue__TYPE": "level",
        "indexer__ISSUE_INDEXER_TYPE": "db",
        "service__DISABLE_REGISTRATION": "true",
        "service__REQUIRE_SIGNIN_VIEW": "true",
        "repository__DEFAULT_PRIVATE": "private",
        "actions__ENABLED": str(args.actions).lower(),
        "metrics__ENABLED": str(args.monitored).lower(),
        "security__INSTALL_LOCK": "true",
        "log__LEVEL": "Info",
    }
    if args.issuer:
        plain |= {"server__CERT_FILE": "/etc/mlops/tls/tls.crt", "server__KEY_FILE": "/etc/mlops/tls/tls.key"}
    secret: dict[str, tuple[pulumi.Input[str], str]] = {
        "security__SECRET_KEY": (keys, "secret-key"),
        "security__INTERNAL_TOKEN": (keys, "internal-token"),
        "oauth2__JWT_SECRET": (keys, "jwt-secret"),
        "server__LFS_JWT_SECRET": (keys, "lfs-secret"),
        "metrics__TOKEN": (keys, "metrics"),
    }
    if database.secret is not None:
        secret |= {"database__USER": (database.secret, "username"), "database__PASSWD": (database.secret, "password")}
    if store.secret is not None:
        secret["storage__MINIO_ACCESS_KEY_ID"] = (store.secret, "AWS_ACCESS_KEY_ID")
        secret["storage__MINIO_SECRET_ACCESS_KEY"] = (store.secret, "AWS_SECRET_ACCESS_KEY")
    return {f"GITEA__{k}": v for k, v in plain.items()}, {f"GITEA__{k}": v for k, v in secret.items()}
