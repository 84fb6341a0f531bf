"""Users of an MLflow server: one for each consumer of its Tracking contract, made through MLflow's own API."""

import pulumi
from pulumi_kubernetes import core

from components.contracts import Consumer
from components.kubernetes import objects, workload
from components.kubernetes.mlflow_scripts import GRANT_USER
from components.kubernetes.place import Compute, Place

MIGRATION = Compute("100m", "512Mi", "1")
"""Of Jobs on the MLflow image: importing it alone takes about 300 MiB."""


def grant(
    name: str,
    place: Place,
    image: str,
    uri: pulumi.Input[str],
    admin: core.v1.Secret,
    bundle: str | None,
    server: pulumi.Resource,
    consumer: Consumer,
) -> pulumi.Output[str]:
    """A user named after the consumer; returns the Secret (username, password) in the consumer's namespace.

    `place` is the server's, `admin` its administrator's Secret, `bundle` the ConfigMap that trusts its certificate. The Job runs
    after `server`, and again when image, script or consumer change; it appends to the consumer's `ready`.
    """
    label = f"{name}-user-{consumer.name}"
    password = objects.password(f"{label}-password", place.opts)
    credentials: dict[str, pulumi.Input[str]] = {"username": consumer.name, "password": password.result}
    own = objects.secret(label, place, credentials, object_name=f"mlflow-user-{consumer.name}")
    there = Place("mlflow", consumer.namespace or place.namespace, place.labels, consumer.opts or place.opts)
    given = objects.secret(f"{label}-given", there, credentials, object_name=f"{consumer.name}-mlflow")
    secret = admin.metadata.name
    container = workload.container(
        "grant",
        image,
        MIGRATION,
        command=["python", "/opt/mlops/grant_user.py"],
        env={
            "HOME": "/tmp",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_TRACKING_URI": uri,
            **({"MLFLOW_TRACKING_SERVER_CERT_PATH": "/etc/mlops/bundle/ca.crt"} if bundle else {}),
        },
        secrets={
            "MLFLOW_TRACKING_USERNAME": (secret, "username"),
            "MLFLOW_TRACKING_PASSWORD": (secret, "password"),
            "USER_NAME": (own.metadata.name, "username"),
            "USER_PASSWORD": (own.metadata.name, "password"),
        },
        mounts={"/opt/mlops": "scripts", **({"/etc/mlops/bundle": "bundle"} if bundle else {})},
    )
    volumes = [workload.config_volume("scripts", "mlflow-scripts")]
    if bundle:
        volumes.append(workload.config_volume("bundle", bundle))
    changed = {"mlops.dev/key": objects.digest(password.result)}
    job = workload.job(
        f"{label}-job",
        place,
        "grant",
        workload.pod(place, "grant", [container], once=True, account="mlflow", volumes=volumes, notes=changed),
        content=(image, GRANT_USER, consumer.name),
        object_name=f"mlflow-user-{consumer.name}",
        opts=place.after(server, own),
    )
    consumer.ready += [given, job]
    return given.metadata.name
