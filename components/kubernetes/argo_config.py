"""What Argo's controller and server read at start: one document, made of what is known only during the run."""

from typing import Any

import pulumi

from components.contracts import BucketAccess, DatabaseAccess
from components.kubernetes.place import Compute

INSTANCE = "mlops"
"""Instance ID: this controller takes only what carries it, and leaves alone what another controller in the cluster owns."""
LABEL = "workflows.argoproj.io/controller-instanceid"
ACCOUNT = "argo-workflow"
"""ServiceAccount that workflow pods run as."""
METRICS_PORT = 9090
EXECUTOR = Compute("50m", "128Mi", "500m")
"""Of the init and wait container in each workflow pod; Argo sets none by itself."""
STEP = Compute("100m", "256Mi", "1")
"""Of a step that says nothing of its own."""
CONFINED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
EXECUTOR_USER = 8737
"""User of the executor's image (docs/workflow-pod-security-context.md)."""


def artifacts(store: BucketAccess, ca_secret: pulumi.Input[str] | None) -> dict[str, Any]:
    """`artifactRepository`: logs and artifacts in the bucket; the address without its scheme."""
    found: dict[str, Any] = {"bucket": store.bucket, "region": store.region}
    if store.endpoint is not None:
        address = pulumi.Output.from_input(store.endpoint)
        found["endpoint"] = address.apply(lambda url: url.partition("://")[2] or url)
        found["insecure"] = address.apply(lambda url: url.startswith("http://"))
    else:
        found["endpoint"] = "s3.amazonaws.com"
    if store.secret is not None:
        found["accessKeySecret"] = {"name": store.secret, "key": "AWS_ACCESS_KEY_ID"}
        found["secretKeySecret"] = {"name": store.secret, "key": "AWS_SECRET_ACCESS_KEY"}
    else:
        found["useSDKCreds"] = True
    if ca_secret is not None:
        found["caSecret"] = {"name": ca_secret, "key": "ca.crt"}
    found["keyFormat"] = "{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}"
    return {"archiveLogs": True, "s3": found}


def persistence(engine: str, access: DatabaseAccess, keep_seconds: int) -> dict[str, Any]:
    """`persistence`: finished workflows are archived, and the state of large ones is kept out of etcd.

    The server's name and certificate chain are verified on both engines (tls of go-sql-driver/mysql, sslmode of pgx).
    """
    where: dict[str, Any] = {
        "host": access.host,
        "port": access.port,
        "database": access.database,
        "tableName": "argo_workflows",
        "userNameSecret": {"name": access.secret, "key": "username"},
        "passwordSecret": {"name": access.secret, "key": "password"},
    }
    mysql = engine == "mysql"
    return {
        "archive": True,
        "archiveTTL": f"{keep_seconds}s",
        "nodeStatusOffLoad": True,
        "clusterName": INSTANCE,
        # the server is shared
        "connectionPool": {"maxIdleConns": 3, "maxOpenConns": 10, "connMaxLifetime": "300s"},
        **({"mysql": {**where, "options": {"tls": "true"}}} if mysql else {}),
        **({} if mysql else {"postgresql": {**where, "ssl": True, "sslMode": "verify-full"}}),
    }


def defaults(keep_seconds: int) -> dict[str, Any]:
    """`workflowDefaults`: every workflow's account, its confinement, and when its object goes."""
    return {
        "spec": {
            "serviceAccountName": ACCOUNT,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": EXECUTOR_USER,
                "fsGroup": EXECUTOR_USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "ttlStrategy": {"secondsAfterCompletion": keep_seconds},
            "podGC": {"strategy": "OnPodSuccess"},
        }
    }


def document(
    engine: str,
    database: DatabaseAccess,
    store: BucketAccess,
    *,
    ca_secret: pulumi.Input[str] | None,
    archive_seconds: int,
    keep_seconds: int,
    parallelism: int | None,
) -> dict[str, Any]:
    """The whole configuration, as config.Config of Argo Workflows reads it (unknown keys are refused there)."""
    return {
        "instanceID": INSTANCE,
        **({"parallelism": parallelism} if parallelism else {}),
        "artifactRepository": artifacts(store, ca_secret),
        "persistence": persistence(engine, database, archive_seconds),
        "workflowDefaults": defaults(keep_seconds),
        "executor": {"resources": EXECUTOR.spec(), "securityContext": CONFINED},
        "mainContainer": {"resources": STEP.spec(), "securityContext": CONFINED},
        # without TLS of its own: nothing secret is read there
        "metricsConfig": {"enabled": True, "path": "/metrics", "port": METRICS_PORT, "secure": False},
        "nodeEvents": {"enabled": True},
        "workflowEvents": {"enabled": True},
    }
