"""Spark's history server as a workload of our own: it reads the event logs that applications leave in the bucket."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core

from components.contracts import BucketAccess
from components.kubernetes import objects, truststore, workload
from components.kubernetes.hadoop_client import s3a
from components.kubernetes.place import Compute, Place
from components.kubernetes.spark_applications import UID, events
from components.spec.base import quantity_value

PORT = 18080
CONFIG_PATH = "/etc/mlops/spark"


def properties(store: BucketAccess, keep_seconds: int) -> pulumi.Output[str]:
    """The server's properties file."""
    lines: dict[str, pulumi.Input[str]] = {
        "spark.history.fs.logDirectory": events(store),
        "spark.history.fs.cleaner.enabled": "true",
        "spark.history.fs.cleaner.maxAge": f"{keep_seconds}s",
        "spark.history.ui.port": str(PORT),
        **{f"spark.hadoop.{key}": value for key, value in s3a(store).items()},
    }
    return pulumi.Output.concat(*(part for key, value in lines.items() for part in (key, " ", value, "\n")))


def history_server(
    name: str, place: Place, ref: pulumi.Input[str], store: BucketAccess, compute: Compute, keep_seconds: int
) -> pulumi.Resource:
    """ConfigMap, ServiceAccount, Service and Deployment `spark-history`; an init container makes the log folder, for S3A has
    no empty one and neither server nor applications start without it."""
    conf = objects.config_map(f"{name}-properties", place, {"history.conf": properties(store, keep_seconds)}, object_name=name)
    account = objects.service_account(f"{name}-account", place, object_name=name)
    objects.service(f"{name}-service", place, "history", {"http": PORT}, object_name=name)
    trusted = store.ca_config_map is not None
    secrets: Mapping[str, tuple[pulumi.Input[str], str]] = {}
    if store.secret is not None:
        secrets = {key: (store.secret, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    java = truststore.JAVA_OPTION if trusted else ""
    mounts = {CONFIG_PATH: "properties", **({truststore.STORE_PATH: "trust"} if trusted else {})}
    options = [part for key, value in s3a(store).items() for part in ("-D", pulumi.Output.concat(key, "=", value))]
    folder = workload.container(
        "folder",
        ref,
        Compute("100m", "512Mi", "1"),
        command=["/opt/spark/bin/spark-class", "org.apache.hadoop.fs.FsShell"],
        args=[*options, "-mkdir", "-p", events(store)],
        env={"JAVA_TOOL_OPTIONS": java} if java else None,
        secrets=secrets,
        mounts=mounts,
    )
    heap = int(quantity_value(compute.memory) // 2**20) * 7 // 10
    server = workload.container(
        "history",
        ref,
        compute,
        command=["/opt/spark/bin/spark-class", "org.apache.spark.deploy.history.HistoryServer"],
        args=["--properties-file", f"{CONFIG_PATH}/history.conf"],
        env={"SPARK_DAEMON_MEMORY": f"{heap}m", "SPARK_HISTORY_OPTS": java},
        secrets=secrets,
        ports={"http": PORT},
        mounts=mounts,
        ready=workload.http("/api/v1/version", "http"),
        live=workload.http("/api/v1/version", "http", period=30),
        start=workload.http("/api/v1/version", "http", failures=60),
    )
    init: list[core.v1.ContainerArgs] = []
    volumes = [workload.config_volume("properties", conf.metadata.name)]
    if store.ca_config_map is not None:
        init.append(
            workload.container(
                "trust",
                ref,
                Compute("50m", "128Mi", "500m"),
                command=list(truststore.COMMAND),
                env=truststore.VARIABLES,
                mounts={truststore.STORE_PATH: "trust", truststore.CA_PATH: "ca"},
            )
        )
        volumes += [workload.config_volume("ca", store.ca_config_map), workload.scratch_volume("trust")]
    template = workload.pod(place, "history", [server], uid=UID, account=name, volumes=volumes, init=[*init, folder])
    return workload.deployment(f"{name}-server", place, "history", template, object_name=name, opts=place.after(conf, account))
