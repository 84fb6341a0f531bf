"""Harbor's chart: its bundled database, Redis and scanner off, every secret by a Secret of ours, TLS between all its parts.

Source: goharbor/harbor-helm v1.19.1 (values.yaml, templates). The values are plain and the same in every stack; what a grant says
only during the run comes as variables (components.kubernetes.extend), which Harbor and its registry read over their files.
"""

from typing import Any

from components.contracts import BucketAccess, DatabaseAccess
from components.kubernetes import chart
from components.kubernetes.extend import Extension
from components.kubernetes.place import Compute

CHART = chart.Pin("harbor", "1.19.1", "https://helm.goharbor.io", checked="2026-11-23")
SERVICE, PORT = "harbor", 443
CORE = "harbor-core"
"""Service of the core, which also answers docker clients; a client that names it thus is sent to its own token service."""
KEYS, TOKEN, TLS, CACHE = "registry-keys", "registry-token", "registry-tls", "registry-cache"
PARTS = ("core", "jobservice", "registry", "portal")
"""Whose certificates the chart wants one by one."""
REGISTRY_USER = "harbor_registry_user"
SMALL = Compute("100m", "256Mi", "1")
"""Of the user interface, nginx and the exporter."""
_CA, _DATABASE_CA = "/etc/mlops/store-ca", "/etc/mlops/database"


def certificate_secret(part: str) -> str:
    """The Secret with the certificate of one part."""
    return f"registry-tls-{part}"


def values(compute: Compute, host: str, monitored: bool, mirror: str | None) -> dict[str, Any]:
    """Values of the chart; `host` is that by which people and nodes reach it."""
    own, small = compute.spec(), SMALL.spec()

    def image(name: str) -> dict[str, Any]:
        return {"image": {"repository": f"{mirror.rstrip('/')}/goharbor/{name}"}} if mirror else {}

    return {
        "expose": {
            "type": "clusterIP",
            "clusterIP": {"name": SERVICE, "ports": {"httpsPort": PORT}},
            "tls": {"certSource": "secret", "secret": {"secretName": TLS}},
        },
        "externalURL": f"https://{host}",
        "caSecretName": TLS,
        "internalTLS": {
            "enabled": True,
            "strong_ssl_ciphers": True,
            "certSource": "secret",
            **{part: {"secretName": certificate_secret(part)} for part in PARTS},
        },
        "persistence": {
            "enabled": False,
            # clients never see the store: layers pass through the registry
            "imageChartStorage": {
                "type": "s3",
                "disableredirect": True,
                "s3": {"region": "us-east-1", "bucket": "registry"},
            },
        },
        "existingSecretAdminPassword": KEYS,
        "existingSecretSecretKey": KEYS,
        "updateStrategy": {"type": "Recreate"},
        "metrics": {"enabled": monitored, "serviceMonitor": {"enabled": monitored, "interval": "30s"}},
        "trivy": {"enabled": False},
        "database": {
            "type": "external",
            "maxOpenConns": 100,
            "maxIdleConns": 10,
            "external": {"host": "database", "username": "harbor", "existingSecret": KEYS, "sslmode": "verify-full"},
        },
        # an existingSecret here would be looked up and its password written into ConfigMaps: the addresses come as variables
        "redis": {"type": "external", "external": {"addr": f"{CACHE}:6379"}},
        "nginx": {**image("nginx-photon"), "resources": small},
        "portal": {**image("harbor-portal"), "resources": small},
        "exporter": {**image("harbor-exporter"), "resources": small},
        "core": {
            **image("harbor-core"),
            "resources": own,
            "existingSecret": KEYS,
            "secretName": TOKEN,
            "existingXsrfSecret": KEYS,
        },
        "jobservice": {
            **image("harbor-jobservice"),
            "resources": own,
            "existingSecret": KEYS,
            # no volume for logs: they are rows of the database
            "jobLoggers": ["database"],
        },
        "registry": {
            "existingSecret": KEYS,
            "credentials": {"username": REGISTRY_USER, "existingSecret": KEYS},
            "registry": {**image("registry-photon"), "resources": own},
            "controller": {**image("harbor-registryctl"), "resources": own},
        },
    }


def told(database: DatabaseAccess, bucket: BucketAccess, notes: dict[str, Any]) -> dict[str, Extension]:
    """What each container is told of database, store and Redis, by its name; `notes` restart the pods."""
    made = {part: Extension(notes=notes) for part in ("core", "jobservice", "exporter", "registry", "registryctl")}
    for part, prefix, name in (("core", "POSTGRESQL", "DATABASE"), ("exporter", "HARBOR_DATABASE", "DBNAME")):
        made[part].value(
            **{
                f"{prefix}_HOST": database.host,
                f"{prefix}_PORT": _text(database.port),
                f"{prefix}_USERNAME": database.username,
                f"{prefix}_{name}": database.database,
            }
        )
        if database.secret is not None:
            made[part].secret(database.secret, **{f"{prefix}_PASSWORD": "password"})
    for part in ("core", "jobservice", "exporter"):
        made[part].value(PGSSLROOTCERT=made[part].trust(database))
        made[part].secret(CACHE, REDIS_PASSWORD="password")
    made["core"].value(_REDIS_URL_CORE=_redis(0, idle=True), _REDIS_URL_REG=_redis(2, idle=True))
    made["jobservice"].value(JOB_SERVICE_POOL_REDIS_URL=_redis(1))
    made["exporter"].value(HARBOR_REDIS_URL=_redis(1))
    for part in ("registry", "registryctl"):
        _store(made[part], bucket)
        made[part].secret(CACHE, REGISTRY_REDIS_PASSWORD="password")
    # both containers stand in one pod: its volumes are named once
    made["registryctl"].volumes.clear()
    return made


def _redis(index: int, *, idle: bool = False) -> str:
    """An address whose password the kubelet puts in, from the variable before it."""
    return f"redis://:$(REDIS_PASSWORD)@{CACHE}:6379/{index}" + ("?idle_timeout_seconds=30" if idle else "")


def _store(extension: Extension, bucket: BucketAccess) -> None:
    """The variables that docker/distribution reads over storage.s3 of its file."""
    extension.value(REGISTRY_STORAGE_S3_BUCKET=bucket.bucket, REGISTRY_STORAGE_S3_REGION=bucket.region)
    if bucket.endpoint is not None:
        extension.value(REGISTRY_STORAGE_S3_REGIONENDPOINT=bucket.endpoint)
    if bucket.secret is not None:
        keys = {"REGISTRY_STORAGE_S3_ACCESSKEY": "AWS_ACCESS_KEY_ID", "REGISTRY_STORAGE_S3_SECRETKEY": "AWS_SECRET_ACCESS_KEY"}
        extension.secret(bucket.secret, **keys)
    if bucket.ca_config_map is not None:
        extension.mounts.append({"name": "store-ca", "mountPath": _CA, "readOnly": True})
        extension.volumes.append({"name": "store-ca", "configMap": {"name": bucket.ca_config_map}})
        # Go reads every file of this directory beside the image's own bundle
        extension.value(SSL_CERT_DIR=_CA)


def _text(port: Any) -> Any:
    return str(port) if isinstance(port, int) else port
