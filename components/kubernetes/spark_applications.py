"""Spark's custom resources and settings: pure data from a few decisions (operator 2.5.2, API sparkoperator.k8s.io/v1beta2)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.contracts import BrokerAccess, BucketAccess
from components.kubernetes import truststore
from components.kubernetes.hadoop_client import s3a
from components.kubernetes.place import Compute
from components.spec.base import quantity_value

VERSION = "4.0.4"
"""Spark's own: what the operator 2.5.2 submits with (its Dockerfile, SPARK_IMAGE); images/spark builds on the same."""
APPLICATION = ("sparkoperator.k8s.io/v1beta2", "SparkApplication")
SCHEDULED = ("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication")
ACCOUNT = "spark-operator-spark"
"""ServiceAccount of drivers, made by the operator's chart."""
UID = 185
SCRIPTS = "spark-scripts"
SCRIPTS_PATH = "/opt/mlops/scripts"
SECURITY: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
POD_SECURITY: dict[str, Any] = {
    "runAsUser": UID,
    "runAsGroup": UID,
    "fsGroup": UID,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
STREAM = '''\
"""A Kafka topic as Parquet files, by day; run again, it goes on from its checkpoint."""

import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, to_date

topic, target, checkpoint, trigger = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
options = {
    "kafka.bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
    "kafka.security.protocol": os.environ["KAFKA_SECURITY_PROTOCOL"],
    "kafka.sasl.mechanism": os.environ["KAFKA_SASL_MECHANISM"],
    "subscribe": topic,
    "startingOffsets": "earliest",
}
if "KAFKA_SASL_JAAS_CONFIG" in os.environ:
    options["kafka.sasl.jaas.config"] = os.environ["KAFKA_SASL_JAAS_CONFIG"]
    # the broker lets a user read in groups that begin with its own name
    options["groupIdPrefix"] = os.environ["KAFKA_USERNAME"]
if "KAFKA_CA" in os.environ:
    options["kafka.ssl.truststore.type"] = "PEM"
    options["kafka.ssl.truststore.location"] = os.environ["KAFKA_CA"]
records = spark.readStream.format("kafka").options(**options).load()
query = (
    records.select("key", "value", "topic", "partition", "offset", "timestamp", to_date(col("timestamp")).alias("day"))
    .writeStream.format("parquet")
    .option("path", target)
    .option("checkpointLocation", checkpoint)
    .partitionBy("day")
    .trigger(processingTime=trigger)
    .start()
)
query.awaitTermination()
'''


def events(store: BucketAccess) -> pulumi.Output[str]:
    """Where event logs stand."""
    return pulumi.Output.concat("s3a://", store.bucket, "/events")


def settings(store: BucketAccess, monitored: bool) -> dict[str, pulumi.Input[str]]:
    """sparkConf of every application: event log, S3A, and what the log must not show."""
    found: dict[str, pulumi.Input[str]] = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.rolling.enabled": "true",
        "spark.eventLog.dir": events(store),
        # the default, and Kafka's login
        "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|jaas",
        **{f"spark.hadoop.{key}": value for key, value in s3a(store).items()},
    }
    if monitored:
        found["spark.ui.prometheus.enabled"] = "true"
    return found


def credentials(store: BucketAccess, broker: BrokerAccess | None) -> list[dict[str, Any]]:
    """Variables by which driver and executors reach the bucket and Kafka."""
    found: list[dict[str, Any]] = []
    if store.secret is not None:
        found += [_of(key, store.secret, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    if broker is not None:
        found += [
            {"name": "KAFKA_BOOTSTRAP_SERVERS", "value": broker.bootstrap},
            {"name": "KAFKA_SECURITY_PROTOCOL", "value": "SASL_SSL"},
            {"name": "KAFKA_SASL_MECHANISM", "value": broker.mechanism},
        ]
        if broker.ca_config_map is not None:
            found.append({"name": "KAFKA_CA", "value": "/etc/mlops/kafka-ca/ca.crt"})
        if broker.secret is not None:
            found.append(_of("KAFKA_USERNAME", broker.secret, "username"))
            found.append(_of("KAFKA_SASL_JAAS_CONFIG", broker.secret, "sasl.jaas.config"))
    return found


def _of(name: str, secret: pulumi.Input[str], key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def size(compute: Compute) -> dict[str, Any]:
    """Cores and memory of a driver or executor: six tenths of the container's memory are the heap."""
    mebibytes = int(quantity_value(compute.memory) // 2**20)
    heap = mebibytes * 6 // 10
    return {
        "cores": max(1, math.ceil(quantity_value(compute.cpu))),
        "coreRequest": compute.cpu,
        "coreLimit": compute.limit(),
        "memory": f"{heap}m",
        "memoryOverhead": f"{mebibytes - heap}m",
    }


def application(
    ref: pulumi.Input[str],
    main: pulumi.Input[str],
    args: Sequence[pulumi.Input[str]],
    store: BucketAccess,
    broker: BrokerAccess | None,
    driver: Compute,
    executor: Compute,
    executors: int,
    *,
    python: bool,
    main_class: str | None = None,
    forever: bool = False,
    monitored: bool = False,
    scripts: pulumi.Input[str] = SCRIPTS,
) -> dict[str, Any]:
    """The spec of a SparkApplication; `forever` starts it again whatever it ended with; ConfigMap `scripts` is mounted."""
    mounts: list[dict[str, Any]] = [{"name": "scripts", "mountPath": SCRIPTS_PATH, "readOnly": True}]
    volumes: list[dict[str, Any]] = [{"name": "scripts", "configMap": {"name": scripts}}]
    shared: dict[str, Any] = {
        "env": credentials(store, broker),
        "podSecurityContext": POD_SECURITY,
        "securityContext": SECURITY,
        "labels": {"app.kubernetes.io/part-of": "mlops"},
    }
    if broker is not None and broker.ca_config_map is not None:
        mounts.append({"name": "kafka-ca", "mountPath": "/etc/mlops/kafka-ca", "readOnly": True})
        volumes.append({"name": "kafka-ca", "configMap": {"name": broker.ca_config_map}})
    if store.ca_config_map is not None:
        shared["javaOptions"] = truststore.JAVA_OPTION
        shared["initContainers"] = [truststore.init_container(ref, {**SECURITY, "readOnlyRootFilesystem": True})]
        mounts += [
            {"name": "trust", "mountPath": truststore.STORE_PATH, "readOnly": True},
            # the operator adds a volume only where the main container mounts it (sparkpod_defaulter.go, addVolumes)
            {"name": "ca", "mountPath": truststore.CA_PATH, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ]
        volumes += [
            {"name": "ca", "configMap": {"name": store.ca_config_map}},
            {"name": "trust", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
        ]
    found: dict[str, Any] = {
        "type": "Python" if python else "Scala",
        "mode": "cluster",
        "image": ref,
        "sparkVersion": VERSION,
        "mainApplicationFile": main,
        "arguments": list(args),
        "sparkConf": settings(store, monitored),
        "restartPolicy": _restart(forever),
        "volumes": volumes,
        "driver": {**shared, **size(driver), "serviceAccount": ACCOUNT, "volumeMounts": mounts},
        "executor": {**shared, **size(executor), "instances": executors, "volumeMounts": mounts},
    }
    if main_class:
        found["mainClass"] = main_class
    return found


def _restart(forever: bool) -> Mapping[str, Any]:
    if forever:
        return {"type": "Always", "onFailureRetryInterval": 30, "onSubmissionFailureRetryInterval": 30}
    return {
        "type": "OnFailure",
        "onFailureRetries": 3,
        "onFailureRetryInterval": 30,
        "onSubmissionFailureRetries": 3,
        "onSubmissionFailureRetryInterval": 30,
    }


def scheduled(spec: Mapping[str, Any], schedule: str) -> dict[str, Any]:
    """The spec of a ScheduledSparkApplication: never two runs at once, a few kept to look at."""
    return {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "successfulRunHistoryLimit": 3,
        "failedRunHistoryLimit": 3,
        "template": dict(spec),
    }
