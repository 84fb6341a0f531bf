"""The containers of the lineage job: a step each, told nothing but the fields of the contract that it tries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Optional

import pulumi
from pulumi_kubernetes import core

from components.accesses import BrokerAccess, BucketAccess, DatabaseAccess
from components.kubernetes import mlflow, optuna
from components.kubernetes.dvc import CONFIG_PATH
from components.kubernetes.extend import SYSTEM_CA
from components.kubernetes.kafka import OPERATOR
from components.kubernetes.lineage_scripts import SHELL
from components.kubernetes.place import Compute, Image, image
from components.kubernetes.workload import config_volume, container
from components.mapping.lineage import STEPS

KAFKA = Image("quay.io/strimzi/kafka", f"{OPERATOR.version}-kafka-4.3.1", OPERATOR.checked)
"""Kafka's own clients; the image that the operator's chart names for its brokers (STRIMZI_DEFAULT_KAFKA_EXPORTER_IMAGE)."""
KAFKA_BIN = "/opt/kafka/bin"
CA_PATH = "/etc/mlops/ca"
TOKEN_PATH = "/etc/mlops/token"
BATCH_PATH = "/etc/mlops/batch"
SCRIPTS_PATH = "/opt/mlops"
WORK = "/work"
PORT = 8000
"""Of the metric that the last step shows."""
BATCH_API = "sparkoperator.k8s.io/v1beta2/namespaces/{}/sparkapplications"
TOPIC = "lineage"
"""Also the name of the bucket."""


@dataclass
class BatchArgs:
    """The batch job that one step submits."""

    namespace: str
    image: pulumi.Input[str]
    bucket: BucketAccess
    """As the job's own user, whose Secret stands in that namespace."""
    broker: BrokerAccess


@dataclass
class LineageJobArgs:
    """What the job may try: accesses are grants made ahead, and what is unset has no step."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    records: int
    compute: Compute
    """Of each step."""
    broker: Optional[BrokerAccess] = None
    batch: Optional[BatchArgs] = None
    bucket: Optional[BucketAccess] = None
    dvc_image: Optional[pulumi.Input[str]] = None
    features_url: Optional[pulumi.Input[str]] = None
    studies: Optional[DatabaseAccess] = None
    studies_engine: str = "mysql"
    """mysql or postgres."""
    tracking_uri: Optional[pulumi.Input[str]] = None
    tracking_secret: Optional[pulumi.Input[str]] = None
    """Keys `username` and `password`."""
    serving_url: Optional[pulumi.Input[str]] = None
    prediction_path: Optional[str] = None
    prediction_body: Optional[str] = None
    """JSON."""
    metrics_url: Optional[pulumi.Input[str]] = None
    bundle: Optional[str] = None
    """ConfigMap that trusts the platform's certificates."""
    schedule: Optional[str] = None
    """Cron expression, UTC; never by itself if unset."""
    registry_mirror: Optional[str] = None


@dataclass
class Part:
    """One step's container, before it is made."""

    image: pulumi.Input[str]
    env: dict[str, pulumi.Input[str]]
    secrets: dict[str, tuple[pulumi.Input[str], str]] = field(default_factory=dict)
    ca: Optional[pulumi.Input[str]] = None
    """ConfigMap, at CA_PATH."""
    mounts: dict[str, str] = field(default_factory=dict)
    """Volumes of the pod by path."""
    ports: dict[str, int] = field(default_factory=dict)


def _python(args: LineageJobArgs) -> str:
    return image(mlflow.IMAGE, args.registry_mirror)


def _kafka(args: LineageJobArgs) -> Part | None:
    access = args.broker
    if access is None:
        return None
    env: dict[str, pulumi.Input[str]] = {
        "KAFKA_BOOTSTRAP_SERVERS": access.bootstrap,
        "KAFKA_SASL_MECHANISM": access.mechanism,
        "KAFKA_TOPIC": access.topics[0],
        "KAFKA_BIN": KAFKA_BIN,
        "KAFKA_HEAP_OPTS": "-Xmx256m",
        "LOG_DIR": "/tmp/logs",
    }
    if access.ca_config_map is not None:
        env["KAFKA_CA"] = f"{CA_PATH}/ca.crt"
    keys = {"KAFKA_USERNAME": "username", "KAFKA_SASL_JAAS_CONFIG": "sasl.jaas.config"}
    secrets = {name: (access.secret, key) for name, key in keys.items()} if access.secret is not None else {}
    return Part(image(KAFKA, args.registry_mirror), env, secrets, access.ca_config_map)


def _process(args: LineageJobArgs) -> Part | None:
    if args.batch is None:
        return None
    env: dict[str, pulumi.Input[str]] = {
        "BATCH_API": BATCH_API.format(args.batch.namespace),
        "BATCH_JOB": f"{BATCH_PATH}/job.json",
        "TOKEN_PATH": TOKEN_PATH,
    }
    return Part(_python(args), env, mounts={BATCH_PATH: "batch", TOKEN_PATH: "token"})


def _keys(bucket: BucketAccess) -> dict[str, tuple[pulumi.Input[str], str]]:
    return {key: (bucket.secret, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")} if bucket.secret else {}


def _store(args: LineageJobArgs) -> Part | None:
    bucket = args.bucket
    if bucket is None:
        return None
    env: dict[str, pulumi.Input[str]] = {"STORE_BUCKET": bucket.bucket, "STORE_REGION": bucket.region}
    if bucket.endpoint is not None:
        env["STORE_ENDPOINT"] = bucket.endpoint
    if args.batch is not None:
        env["STORE_PROCESSED"] = "1"
    env["AWS_CA_BUNDLE"] = f"{CA_PATH}/ca.crt" if bucket.ca_config_map is not None else SYSTEM_CA
    return Part(_python(args), env, _keys(bucket), bucket.ca_config_map)


def _version(args: LineageJobArgs) -> Part | None:
    bucket = args.bucket
    if bucket is None or args.dvc_image is None:
        return None
    env: dict[str, pulumi.Input[str]] = {"DVC_SYSTEM_CONFIG_DIR": CONFIG_PATH, "DVC_SITE_CACHE_DIR": "/tmp/site"}
    return Part(args.dvc_image, env, _keys(bucket), bucket.ca_config_map, {CONFIG_PATH: "dvc"})


def _materialise(args: LineageJobArgs) -> Part | None:
    if args.features_url is None:
        return None
    env: dict[str, pulumi.Input[str]] = {"FEATURES_URL": args.features_url, "TOKEN_PATH": TOKEN_PATH}
    return _trusting(args, Part(_python(args), env, mounts={TOKEN_PATH: "token"}), "FEATURES_CA")


def _train(args: LineageJobArgs) -> Part | None:
    access = args.studies
    if access is None:
        return None
    env: dict[str, pulumi.Input[str]] = {
        "OPTUNA_DB_ENGINE": args.studies_engine,
        "OPTUNA_DB_HOST": access.host,
        "OPTUNA_DB_PORT": pulumi.Output.from_input(access.port).apply(str),
        "OPTUNA_DB_NAME": access.database,
        "OPTUNA_DB_CA": f"{CA_PATH}/ca.crt" if access.ca_config_map is not None else SYSTEM_CA,
    }
    keys = ("username", "password")
    secrets = {f"OPTUNA_DB_{key.upper()}": (access.secret, key) for key in keys} if access.secret is not None else {}
    return Part(image(optuna.IMAGE, args.registry_mirror), env, secrets, access.ca_config_map)


def _track(args: LineageJobArgs) -> Part | None:
    if args.tracking_uri is None:
        return None
    env: dict[str, pulumi.Input[str]] = {"MLFLOW_TRACKING_URI": args.tracking_uri, "MLFLOW_DISABLE_TELEMETRY": "true"}
    secret = args.tracking_secret
    secrets = {f"MLFLOW_TRACKING_{key.upper()}": (secret, key) for key in ("username", "password")} if secret is not None else {}
    return _trusting(args, Part(_python(args), env, secrets), "MLFLOW_TRACKING_SERVER_CERT_PATH")


def _serve(args: LineageJobArgs) -> Part | None:
    if args.serving_url is None:
        return None
    env: dict[str, pulumi.Input[str]] = {"SERVING_URL": args.serving_url}
    if args.prediction_path is not None:
        env |= {"SERVING_PATH": args.prediction_path, "SERVING_BODY": args.prediction_body or "{}"}
    return _trusting(args, Part(_python(args), env), "SERVING_CA")


def _observe(args: LineageJobArgs) -> Part | None:
    if args.metrics_url is None:
        return None
    env: dict[str, pulumi.Input[str]] = {"METRICS_URL": args.metrics_url, "PORT": str(PORT)}
    return _trusting(args, Part(_python(args), env, ports={"metrics": PORT}), "METRICS_CA")


def _trusting(args: LineageJobArgs, part: Part, variable: str) -> Part:
    """The part, told of the platform's authority where there is one."""
    if args.bundle is not None:
        part.ca = args.bundle
        part.env[variable] = f"{CA_PATH}/ca.crt"
    return part


MAKERS: Mapping[str, Callable[[LineageJobArgs], Part | None]] = {
    "produce": _kafka,
    "consume": _kafka,
    "process": _process,
    "store": _store,
    "version": _version,
    "materialise": _materialise,
    "train": _train,
    "track": _track,
    "serve": _serve,
    "observe": _observe,
}


def parts(args: LineageJobArgs) -> dict[str, Part]:
    """The steps of the job, in their order."""
    made = {step.key: MAKERS[step.key](args) for step in STEPS}
    return {key: part for key, part in made.items() if part is not None}


def containers(args: LineageJobArgs) -> tuple[list[core.v1.ContainerArgs], list[core.v1.VolumeArgs]]:
    """A container a step, and the volumes with the authorities that each trusts."""
    found, volumes, all_parts = [], [], parts(args)
    for key, part in all_parts.items():
        mounts = {WORK: "work", SCRIPTS_PATH: "scripts", **part.mounts}
        if part.ca is not None:
            mounts[CA_PATH] = f"ca-{key}"
            volumes.append(config_volume(f"ca-{key}", part.ca))
        command = ["sh", f"{SCRIPTS_PATH}/{key}.sh"] if key in SHELL else ["python", f"{SCRIPTS_PATH}/{key}.py"]
        made = container(
            key,
            part.image,
            args.compute,
            command=command,
            env={
                "HOME": "/tmp",
                "LINEAGE_WORK": WORK,
                "RECORDS": str(args.records),
                "STEPS": str(len(all_parts)),
                **part.env,
            },
            secrets=part.secrets,
            ports=part.ports,
            mounts=mounts,
        )
        run = core.v1.ObjectFieldSelectorArgs(field_path="metadata.labels['batch.kubernetes.io/job-name']")
        variables = made.env if isinstance(made.env, list) else []
        made.env = [*variables, core.v1.EnvVarArgs(name="RUN_ID", value_from=core.v1.EnvVarSourceArgs(field_ref=run))]
        found.append(made)
    return found, volumes
