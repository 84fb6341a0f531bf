"""Flink's custom resources: pure data from a few decisions (operator 1.15.0, API flink.apache.org/v1beta1, Flink 2.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.contracts import BrokerAccess, BucketAccess
from components.kubernetes import truststore
from components.kubernetes.place import Compute, Image
from components.spec.base import quantity_value

IMAGE = Image("docker.io/library/flink", "2.2.1-scala_2.12-java17", "2026-11-23")
"""Tag as docker-library/official-images lists it (library/flink, 37079fb336); digest unverified."""
VERSION = "v2_2"
PLUGIN = "flink-s3-fs-hadoop-2.2.1.jar"
"""Lies in /opt/flink/opt of that image; S3A reads the credentials from the environment."""
DEPLOYMENT = ("flink.apache.org/v1beta1", "FlinkDeployment")
SESSION_JOB = ("flink.apache.org/v1beta1", "FlinkSessionJob")
NAME = "flink"
PORT = 8081
METRICS_PORT = 9249
KAFKA_PATH = "/etc/mlops/kafka"
SECURITY: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The root filesystem stays writable: the image's entry point links plug-ins and writes its configuration below /opt/flink."""
POD_SECURITY: dict[str, Any] = {
    "runAsUser": 9999,
    "runAsGroup": 9999,
    "fsGroup": 9999,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
REPORTER = "org.apache.flink.metrics.prometheus.PrometheusReporterFactory"


def memory(compute: Compute) -> str:
    """Flink's own way to write a size: `m` is a mebibyte."""
    return f"{int(quantity_value(compute.memory) // 2**20)}m"


def _factor(compute: Compute) -> str:
    """The CPU limit over the request."""
    return f"{quantity_value(compute.limit()) / quantity_value(compute.cpu):g}"


def configuration(
    state: BucketAccess,
    slots: int,
    checkpoint_seconds: int,
    job_manager: Compute,
    task_manager: Compute,
    *,
    trusted: bool,
    monitored: bool,
) -> dict[str, pulumi.Input[str]]:
    """flinkConfiguration: state, savepoints and leader metadata in the bucket, Kubernetes HA, limits, reporter."""

    def below(folder: str) -> pulumi.Output[str]:
        return pulumi.Output.concat("s3://", state.bucket, f"/{folder}")

    found: dict[str, pulumi.Input[str]] = {
        "taskmanager.numberOfTaskSlots": str(slots),
        "state.backend.type": "rocksdb",
        "execution.checkpointing.interval": f"{checkpoint_seconds} s",
        "execution.checkpointing.incremental": "true",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "state.checkpoints.dir": below("checkpoints"),
        "state.savepoints.dir": below("savepoints"),
        "high-availability.type": "kubernetes",
        "high-availability.storageDir": below("ha"),
        "s3.endpoint.region": state.region,
        "kubernetes.rest-service.exposed.type": "ClusterIP",
        "kubernetes.jobmanager.cpu.limit-factor": _factor(job_manager),
        "kubernetes.taskmanager.cpu.limit-factor": _factor(task_manager),
    }
    if state.endpoint is not None:
        found |= {"s3.endpoint": state.endpoint, "s3.path.style.access": "true"}
    if trusted:
        found["env.java.opts.all"] = truststore.JAVA_OPTION
    if monitored:
        found |= {"metrics.reporter.prom.factory.class": REPORTER, "metrics.reporter.prom.port": str(METRICS_PORT)}
    return found


def _broker(access: BrokerAccess) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Variables, mounts and volumes by which a job reaches Kafka; its credentials are files."""
    protocol = "SASL_SSL"
    env: list[dict[str, Any]] = [
        {"name": "KAFKA_BOOTSTRAP_SERVERS", "value": access.bootstrap},
        {"name": "KAFKA_SECURITY_PROTOCOL", "value": protocol},
        {"name": "KAFKA_SASL_MECHANISM", "value": access.mechanism},
        {"name": "KAFKA_TOPICS", "value": ",".join(access.topics)},
    ]
    if access.secret is None:
        return env, [], []
    # jobs read sasl.jaas.config from this folder; consumer groups begin with the user's name
    env.append({"name": "KAFKA_CLIENT_FOLDER", "value": KAFKA_PATH})
    mounts = [{"name": "kafka", "mountPath": KAFKA_PATH, "readOnly": True}]
    return env, mounts, [{"name": "kafka", "secret": {"secretName": access.secret, "defaultMode": 0o440}}]


def pod_template(ref: str, compute: Compute, state: BucketAccess, broker: BrokerAccess | None, monitored: bool) -> dict[str, Any]:
    """The pods of Job- or TaskManagers: S3 plug-in, credentials, trust store, non-root. Flink writes the same size itself."""
    env: list[dict[str, Any]] = [{"name": "ENABLE_BUILT_IN_PLUGINS", "value": PLUGIN}]
    mounts: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    init: list[dict[str, Any]] = []
    if state.secret is not None:
        env += [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": state.secret, "key": key}}}
            for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        ]
    if broker is not None:
        more = _broker(broker)
        env, mounts, volumes = env + more[0], mounts + more[1], volumes + more[2]
    if state.ca_config_map is not None:
        init.append(truststore.init_container(ref, {**SECURITY, "readOnlyRootFilesystem": True}))
        mounts.append({"name": "trust", "mountPath": truststore.STORE_PATH, "readOnly": True})
        volumes += [
            {"name": "ca", "configMap": {"name": state.ca_config_map}},
            {"name": "trust", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
        ]
    main: dict[str, Any] = {
        "name": "flink-main-container",
        "env": env,
        "volumeMounts": mounts,
        "resources": compute.spec(),
        "securityContext": SECURITY,
    }
    if monitored:
        main["ports"] = [{"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"}]
    return {
        "metadata": {"labels": {"app.kubernetes.io/name": NAME}},
        "spec": {
            "securityContext": POD_SECURITY,
            "enableServiceLinks": False,
            "initContainers": init,
            "containers": [main],
            "volumes": volumes,
        },
    }


def deployment_spec(
    ref: str,
    config: Mapping[str, pulumi.Input[str]],
    managers: int,
    job_manager: tuple[Compute, Mapping[str, Any]],
    task_manager: tuple[Compute, Mapping[str, Any]],
) -> dict[str, Any]:
    """A FlinkDeployment without a job: a session cluster whose TaskManagers come and go with the jobs."""

    def role(size: Compute, template: Mapping[str, Any]) -> dict[str, Any]:
        resource = {"cpu": quantity_value(size.cpu), "memory": memory(size)}
        return {"resource": resource, "podTemplate": dict(template)}

    return {
        "image": ref,
        "flinkVersion": VERSION,
        "mode": "native",
        "serviceAccount": "flink",
        "flinkConfiguration": dict(config),
        "jobManager": {"replicas": managers, **role(*job_manager)},
        "taskManager": role(*task_manager),
    }


def job_spec(
    jar: str, entry_class: str | None, args: Sequence[str], parallelism: int, upgrade_mode: str, savepoint_seconds: int | None
) -> dict[str, Any]:
    """A FlinkSessionJob on the session cluster."""
    job: dict[str, Any] = {
        "jarURI": jar, "args": list(args), "parallelism": parallelism, "upgradeMode": upgrade_mode, "state": "running",
    }  # fmt: skip
    if entry_class:
        job["entryClass"] = entry_class
    spec: dict[str, Any] = {"deploymentName": NAME, "job": job}
    if savepoint_seconds:
        spec["flinkConfiguration"] = {"kubernetes.operator.periodic.savepoint.interval": f"{savepoint_seconds} s"}
    return spec
