"""What Katib is told: its own configuration, its rights, its webhooks, and an experiment to begin with."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.contracts import DatabaseAccess
from components.kubernetes import extend
from components.kubernetes.place import Compute, image

VERSION = "v0.19.0"
"""Images ghcr.io/kubeflow/katib/<part> of one tag; digests unverified."""
CONTROLLER = "katib-controller"
WEBHOOK = 8443
SERVICE_LABEL = {"app.kubernetes.io/name": "katib"}
ALGORITHMS = {
    "random": "suggestion-hyperopt",
    "tpe": "suggestion-hyperopt",
    "grid": "suggestion-optuna",
    "multivariate-tpe": "suggestion-optuna",
    "hyperband": "suggestion-hyperband",
    "bayesianoptimization": "suggestion-skopt",
    "cmaes": "suggestion-goptuna",
    "sobol": "suggestion-goptuna",
}
"""Search algorithm -> image. Those of neural architecture search and population-based training, which wants a volume that many
nodes write, are left out."""
TRIALS = ("Job.v1.batch", "TrainJob.v1alpha1.trainer.kubeflow.org")
CONFINED = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
COLLECTOR = Compute("50m", "128Mi", "500m")
ALL = ("create", "get", "list", "watch", "update", "patch", "delete")
READ = ("get", "list", "watch")

Rules = Sequence[tuple[str, Sequence[str], Sequence[str]]]
"""(API group, resources, verbs) each."""
OWN = ("experiments", "trials", "suggestions")
RULES: Mapping[str, Rules] = {
    CONTROLLER: (
        ("", ("services",), ("get", "list", "watch", "create", "delete")),
        ("", ("events",), ("create", "patch", "update")),
        ("", ("serviceaccounts", "persistentvolumes", "persistentvolumeclaims"), ("get", "list", "watch", "create")),
        ("", ("namespaces", "configmaps"), READ),
        ("", ("pods", "pods/status"), ("get",)),
        ("apps", ("deployments",), ("get", "list", "watch", "create", "delete")),
        ("rbac.authorization.k8s.io", ("roles", "rolebindings"), ("get", "create", "list", "watch")),
        ("batch", ("jobs",), ("get", "list", "watch", "create", "delete")),
        ("jobset.x-k8s.io", ("jobsets",), READ),
        ("trainer.kubeflow.org", ("trainjobs",), ("create", "get", "list", "watch", "delete")),
        ("kubeflow.org", tuple(f"{kind}{part}" for kind in OWN for part in ("", "/status", "/finalizers")), ALL),
    ),
    "katib-ui": (
        ("", ("configmaps", "namespaces"), READ),
        ("", ("pods",), ("list",)),
        ("", ("pods/log",), ("get",)),
        ("kubeflow.org", OWN, ALL),
    ),
}
"""After manifests/v1beta1/components of kubeflow/katib 0.19.0, less the Secrets of the whole cluster and the webhook
configurations (only its own certificate generator needs them), kinds of the first training operator, and the UI's writing of
ConfigMaps."""


def configuration(search: Compute, mirror: str | None) -> dict[str, Any]:
    """`katib-config.yaml` (config.kubeflow.org/v1beta1 KatibConfig)."""

    def pull(part: str) -> str:
        return image(f"ghcr.io/kubeflow/katib/{part}:{VERSION}", mirror)

    collectors = {
        "StdOut": "file-metrics-collector",
        "File": "file-metrics-collector",
        "TensorFlowEvent": "tfevent-metrics-collector",
    }
    return {
        "apiVersion": "config.kubeflow.org/v1beta1",
        "kind": "KatibConfig",
        "init": {
            # the collector beside a trial is confined as the trial itself is
            "controller": {"webhookPort": WEBHOOK, "trialResources": list(TRIALS), "injectSecurityContext": True}
        },
        "runtime": {
            "metricsCollectors": [
                {"kind": kind, "image": pull(part), "imagePullPolicy": "IfNotPresent", "resources": COLLECTOR.spec()}
                for kind, part in collectors.items()
            ],
            "suggestions": [
                {
                    "algorithmName": name,
                    "image": pull(part),
                    "imagePullPolicy": "IfNotPresent",
                    "resources": search.spec(),
                    "securityContext": CONFINED,
                }
                for name, part in ALGORITHMS.items()
            ],
            "earlyStoppings": [
                {
                    "algorithmName": "medianstop",
                    "image": pull("earlystopping-medianstop"),
                    "imagePullPolicy": "IfNotPresent",
                    "resources": COLLECTOR.spec(),
                }
            ],
        },
    }


def database(engine: str, access: DatabaseAccess) -> dict[str, pulumi.Input[str]]:
    """Variables of the database manager, beside DB_USER and DB_PASSWORD; the server's name and certificate are verified.

    Katib knows no TLS on MySQL and builds `<name>?timeout=5s` of the driver's address, so TLS stands behind the name; what it
    adds falls to the last parameter, a list of character sets of which the first that works is taken (go-sql-driver/mysql 1.5.0,
    connection.go and dsn.go).
    """
    port = pulumi.Output.from_input(access.port).apply(str)
    trusted = {"SSL_CERT_DIR": extend.CA_PATH} if access.ca_config_map is not None else {}
    if engine == "mysql":
        name = pulumi.Output.concat(access.database, "?tls=true&charset=utf8mb4,unused")
        own = {"KATIB_MYSQL_DB_HOST": access.host, "KATIB_MYSQL_DB_PORT": port, "KATIB_MYSQL_DB_DATABASE": name}
        return {"DB_NAME": "mysql", **own, **trusted}
    other = {"KATIB_POSTGRESQL_DB_HOST": access.host, "KATIB_POSTGRESQL_DB_PORT": port}
    other |= {"KATIB_POSTGRESQL_DB_DATABASE": access.database, "KATIB_POSTGRESQL_SSL_MODE": "verify-full"}
    return {"DB_NAME": "postgres", **other, **trusted}


def webhook(
    name: str, namespace: pulumi.Input[str], path: str, group: str, version: str, kind: str, verbs: Sequence[str]
) -> dict[str, Any]:
    """One webhook as both configurations write it."""
    return {
        "name": f"{name}.katib.kubeflow.org",
        "side_effects": "None",
        "admission_review_versions": ["v1"],
        "client_config": {"service": {"name": CONTROLLER, "namespace": namespace, "path": path, "port": 443}},
        "rules": [{"api_groups": [group], "api_versions": [version], "operations": list(verbs), "resources": [kind]}],
    }


def trial(mirror: str | None) -> dict[str, Any]:
    """A Job that computes a loss from a rate, in an image of Katib's own that has Python."""
    script = "rate = float('${trialParameters.rate}'); print(f'loss={(rate - 0.03) ** 2}')"
    container = {
        "name": "training-container",
        "image": image(f"ghcr.io/kubeflow/katib/pytorch-mnist-cpu:{VERSION}", mirror),
        "command": ["python3", "-c", script],
        "resources": Compute("100m", "128Mi", "500m").spec(),
        "securityContext": CONFINED,
    }
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"backoffLimit": 0, "template": {"spec": pod}}}


def experiment(namespace: str, mirror: str | None) -> dict[str, Any]:
    """A small search for the minimum of a curve: six trials, two at once."""
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": "example", "namespace": namespace},
        "spec": {
            "objective": {"type": "minimize", "goal": 0.00001, "objectiveMetricName": "loss"},
            "algorithm": {"algorithmName": "tpe"},
            "parallelTrialCount": 2,
            "maxTrialCount": 6,
            "maxFailedTrialCount": 2,
            "parameters": [{"name": "rate", "parameterType": "double", "feasibleSpace": {"min": "0.001", "max": "0.1"}}],
            "trialTemplate": {
                "primaryContainerName": "training-container",
                "trialParameters": [{"name": "rate", "description": "Learning rate", "reference": "rate"}],
                "trialSpec": trial(mirror),
            },
        },
    }
