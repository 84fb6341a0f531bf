"""Feast's FeatureStore: pure data from a few decisions (operator 0.66.0, API feast.dev/v1)."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import pulumi

from components.accesses import BucketAccess, DatabaseAccess
from components.kubernetes.place import Compute, Image

STORE = ("feast.dev/v1", "FeatureStore")
NAME = "features"
"""The operator names what it makes feast-<name>."""
SERVER = Image("quay.io/feastdev/feature-server", "0.66.0", "2026-11-23")
CLI = Image("quay.io/openshift/origin-cli", "4.17", "2026-11-23")
"""Runs the materialization inside the server's pod (kubectl exec); both as dist/install.yaml of v0.66.0 names them."""
SERVICES = ("online", "registry", "registry-rest", "offline", "ui")
STORES = "feast-stores"
"""Secret with the stores' settings: addresses, and names of variables where the credentials belong."""
TLS = "feast-tls"
ROLES = ("feast-reader", "feast-writer")
SMALL = Compute("100m", "512Mi", "1")
"""Of the servers beside the online one, and of the materialization's pod."""
SECURITY = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
DATABASE_CA = "/etc/mlops/database"
STORE_CA = "/etc/mlops/store"
_SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"


def stores(access: DatabaseAccess, engine: str) -> dict[str, pulumi.Input[str]]:
    """Data of Secret STORES: key `sql` for the registry, key `mysql` or `postgres` for the online store.

    Feast puts ${FEAST_DB_USER} and ${FEAST_DB_PASSWORD} in when it reads the file, so neither stands in what the operator writes.
    """
    authorities = f"{DATABASE_CA}/ca.crt" if access.ca_config_map is not None else _SYSTEM_CA
    place = pulumi.Output.concat(access.host, ":", pulumi.Output.from_input(access.port).apply(str), "/", access.database)
    user = "${FEAST_DB_USER}:${FEAST_DB_PASSWORD}"
    if engine == "postgres":
        url = pulumi.Output.concat(f"postgresql+psycopg://{user}@", place, f"?sslmode=verify-full&sslrootcert={authorities}")
        more = f"db_schema: public\nsslmode: verify-full\nsslrootcert_path: {authorities}\n"
    else:
        url, more = pulumi.Output.concat(f"mysql+pymysql://{user}@", place, f"?charset=utf8mb4&ssl_ca={authorities}"), ""
    registry = pulumi.Output.concat(
        "path: ", url, "\ncache_ttl_seconds: 60\nsqlalchemy_config_kwargs:\n  echo: false\n  pool_pre_ping: true\n"
    )
    online = pulumi.Output.concat(
        "host: ", access.host, "\nport: ", pulumi.Output.from_input(access.port).apply(str), "\ndatabase: ", access.database,
        "\nuser: ${FEAST_DB_USER}\npassword: ${FEAST_DB_PASSWORD}\n", more,
    )  # fmt: skip
    return {"sql": registry, engine: online}


def surroundings(database: DatabaseAccess, bucket: BucketAccess) -> tuple[list[Any], list[Any], list[Any]]:
    """(variables, mounts, volumes) of every server: credentials of the database and of the bucket, and their CAs."""
    env: list[Any] = [
        {"name": "FEAST_BUCKET", "value": pulumi.Output.concat("s3://", bucket.bucket)},
        {"name": "AWS_DEFAULT_REGION", "value": bucket.region},
    ]
    if bucket.endpoint is not None:
        env += [{"name": name, "value": bucket.endpoint} for name in ("AWS_ENDPOINT_URL_S3", "FEAST_S3_ENDPOINT_URL")]
    if database.secret is not None:
        env += [
            _secret(variable, database.secret, key)
            for variable, key in (("FEAST_DB_USER", "username"), ("FEAST_DB_PASSWORD", "password"))
        ]
    if bucket.secret is not None:
        env += [_secret(key, bucket.secret, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    mounts, volumes = [], []
    for name, path, config_map in (
        ("database-ca", DATABASE_CA, database.ca_config_map),
        ("store-ca", STORE_CA, bucket.ca_config_map),
    ):
        if config_map is not None:
            mounts.append({"name": name, "mountPath": path, "readOnly": True})
            volumes.append({"name": name, "configMap": {"name": config_map}})
    if bucket.ca_config_map is not None:
        env.append({"name": "AWS_CA_BUNDLE", "value": f"{STORE_CA}/ca.crt"})
    return env, mounts, volumes


def _secret(variable: str, name: Any, key: str) -> dict[str, Any]:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def store_spec(
    project: str,
    directory: Mapping[str, Any],
    engine: str,
    schedule: str,
    online: Compute,
    image: str,
    cli: str,
    monitored: bool,
    around: tuple[Sequence[Any], Sequence[Any], Sequence[Any]],
) -> dict[str, Any]:
    """The FeatureStore: four servers in one pod behind TLS, registry and online store in the database, files in the bucket.

    Every request needs a Kubernetes token, which Feast holds against the roles of ROLES.
    """
    env, mounts, volumes = around

    def server(compute: Compute, **more: Any) -> dict[str, Any]:
        return {
            "image": image,
            "env": list(env),
            "volumeMounts": list(mounts),
            "resources": compute.spec(),
            "tls": {"secretRef": {"name": TLS}},
            **more,
        }

    def stored(kind: str) -> dict[str, Any]:
        return {"store": {"type": kind, "secretRef": {"name": STORES}}}

    return {
        "feastProject": project,
        "feastProjectDir": dict(directory),
        "authz": {"kubernetes": {"roles": list(ROLES)}},
        "cronJob": {
            "schedule": schedule,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "containerConfigs": {"image": cli, "resources": SMALL.spec()},
        },
        "services": {
            "initImage": image,
            "runFeastApplyOnInit": True,
            "securityContext": SECURITY,
            "volumes": list(volumes),
            "registry": {"local": {"persistence": stored("sql"), "server": server(SMALL, grpc=True, restAPI=True)}},
            "onlineStore": {"persistence": stored(engine), "server": server(online, metrics=monitored)},
            "offlineStore": {"persistence": {"file": {"type": "duckdb"}}, "server": server(SMALL)},
            "ui": server(SMALL),
        },
    }


def directory(repository: Optional[str], ref: Optional[str], path: Optional[str]) -> dict[str, Any]:
    """Where the definitions come from: a git repository, or Feast's own sample."""
    if repository is None:
        return {"init": {"minimal": True}}
    return {"git": {"url": repository, **({"ref": ref} if ref else {}), **({"featureRepoPath": path} if path else {})}}
