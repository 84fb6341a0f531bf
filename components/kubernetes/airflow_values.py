"""Values of Airflow's chart: plain, with the names of our Secrets and ConfigMaps in place of what they hold."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.kubernetes.place import Compute, Image, image

AIRFLOW = Image("docker.io/apache/airflow", "3.2.2", "2026-11-23")
"""The chart's own default image; digests of all three unverified."""
STATSD = Image("quay.io/prometheus/statsd-exporter", "v0.30.0", "2026-11-23")
GIT_SYNC = Image("registry.k8s.io/git-sync/git-sync", "v4.4.2", "2026-11-23")

UID = 50000
SETTINGS = "airflow-settings"
FILES = "airflow-files"
KEYS = "airflow-keys"
ADMIN = "airflow-admin"
SCRIPTS = "/opt/mlops/scripts"
DATABASE_CA = "/etc/mlops/database"
STORE_CA = "/etc/mlops/store"
SMALL = Compute("20m", "64Mi", "200m")
TRIGGERER = Compute("200m", "1Gi")
POD = {
    "runAsNonRoot": True,
    "runAsUser": UID,
    "fsGroup": 0,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def volumes(claims: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The scripts, and the ConfigMaps with CA bundles (by mount path), in every container of Airflow's."""
    named = {SCRIPTS: FILES, **claims}
    names = {path: f"mlops-{path.rpartition('/')[2]}" for path in named}
    return {
        "volumes": [{"name": names[path], "configMap": {"name": found}} for path, found in named.items()],
        "volumeMounts": [{"name": names[path], "mountPath": path, "readOnly": True} for path in named],
    }


def secrets(database: str, store: str | None) -> list[dict[str, str]]:
    """Variables from the keys of the grants' Secrets."""
    found = [("DB_USERNAME", database, "username"), ("DB_PASSWORD", database, "password")]
    if store:
        found += [(key, store, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    return [{"envName": name, "secretName": secret, "secretKey": key} for name, secret, key in found]


def images(mirror: str | None) -> dict[str, Any]:
    """Where the images come from."""

    def part(pin: Image) -> dict[str, str]:
        repository, _, tag = image(pin, mirror).rpartition(":")
        return {"repository": repository, "tag": tag}

    main = part(AIRFLOW)
    return {
        "defaultAirflowRepository": main["repository"],
        "defaultAirflowTag": main["tag"],
        "airflowVersion": AIRFLOW.tag,
        "images": {"statsd": part(STATSD), "gitSync": part(GIT_SYNC)},
    }


def git_sync(repository: str, branch: str, path: str, every: int, credentials: str | None) -> dict[str, Any]:
    """The section `dags`: the branch beside each container that reads DAGs."""
    return {
        "gitSync": {
            "enabled": True,
            "repo": repository,
            "branch": branch,
            "ref": branch,
            "subPath": path,
            "period": f"{every}s",
            "resources": SMALL.spec(),
            "securityContexts": {"container": CONTAINER},
            **({"credentialsSecret": credentials} if credentials else {}),
        }
    }


def component(compute: Compute, replicas: int = 1) -> dict[str, Any]:
    """What each of Airflow's own Deployments is told."""
    return {
        "replicas": replicas,
        "resources": compute.spec(),
        "podDisruptionBudget": {"enabled": replicas > 1},
        "waitForMigrations": {"enabled": False},
    }


def chart_values(
    *,
    servers: int,
    schedulers: int,
    server: Compute,
    scheduler: Compute,
    task: Compute,
    url: str,
    days: int,
    monitored: bool,
    environment: Sequence[Mapping[str, str]],
    mounts: Mapping[str, str],
    dags: Mapping[str, Any] | None,
    mirror: str | None,
) -> dict[str, Any]:
    """All of them; the metadata connection, migrations, users and every key are ours, no sub-chart is on."""
    groomer = {"logGroomerSidecar": {"enabled": False}}
    return {
        **images(mirror),
        **volumes(mounts),
        "fullnameOverride": "airflow",
        "executor": "KubernetesExecutor",
        "uid": UID,
        "securityContexts": {"pod": POD, "containers": CONTAINER},
        "enableServiceLinks": False,
        # the connection is made by a script from the grant's Secret
        "data": {"metadataSecretName": KEYS, "brokerUrlSecretName": KEYS},
        "enableBuiltInSecretEnvVars": {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": False, "AIRFLOW_CONN_AIRFLOW_DB": False},
        "fernetKeySecretName": KEYS,
        "apiSecretKeySecretName": KEYS,
        "jwtSecretName": KEYS,
        "webserverSecretKeySecretName": KEYS,
        "secret": list(environment),
        "extraEnvFrom": f"- configMapRef:\n    name: {SETTINGS}\n",
        "postgresql": {"enabled": False},
        "redis": {"enabled": False},
        # hooks; and the second makes admin/admin
        "migrateDatabaseJob": {"enabled": False, "serviceAccount": {"create": False}},
        "createUserJob": {"enabled": False, "serviceAccount": {"create": False}},
        "apiServer": component(server, servers),
        "scheduler": {**component(scheduler, schedulers), **groomer},
        "dagProcessor": {
            **component(scheduler),
            **groomer,
            "enabled": True,
            "serviceAccount": {"automountServiceAccountToken": False},
        },
        # without a claim it is a Deployment: what it would keep are logs
        "triggerer": {**component(TRIGGERER), **groomer, "persistence": {"enabled": False}},
        "workers": {"kubernetes": {"resources": task.spec()}},
        "statsd": {
            "enabled": monitored,
            "resources": SMALL.spec(),
            "serviceAccount": {"automountServiceAccountToken": False},
            "securityContexts": {"pod": {**POD, "runAsUser": 65534, "fsGroup": 65534}, "container": CONTAINER},
        },
        "databaseCleanup": {
            "enabled": True,
            "schedule": "30 3 * * *",
            "retentionDays": days,
            "skipArchive": True,
            "resources": server.spec(),
            "serviceAccount": {"automountServiceAccountToken": False},
        },
        "config": {
            "api": {"base_url": url},
            "database": {
                # the server is shared
                "sql_alchemy_pool_size": "5",
                "sql_alchemy_max_overflow": "10",
            },
            "logging": {"remote_logging": "True", "delete_local_logs": "True"},
            "usage_data_collection": {"enabled": "False"},
        },
        **({"dags": dict(dags)} if dags else {}),
    }
