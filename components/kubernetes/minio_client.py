"""An idempotent Job of MinIO's client: makes buckets, and for a grant the key and policy of one consumer."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import batch

from components.kubernetes.minio_scripts import PREPARE
from components.kubernetes.objects import config_map
from components.kubernetes.place import SMALL, Image, Place, content_hash, image
from components.kubernetes.workload import config_volume, container, job, pod
from components.naming import fit

CLIENT = Image("quay.io/minio/mc", "RELEASE.2025-08-13T08-35-41Z", checked="2026-11-23")
"""The last that was published; digest never read at its registry: unverified."""


@dataclass(frozen=True)
class Grant:
    """What makes a Job one of a grant."""

    policy: str
    """IAM policy document (JSON)."""
    secret: str
    """Secret in MinIO's namespace with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the key that it makes."""
    changed: pulumi.Input[str]
    """Digest of the key: a new one runs the Job again."""


def client_job(
    name: str,
    place: Place,
    script: str,
    *,
    server: pulumi.Input[str],
    root_secret: str,
    bundle: str,
    opts: pulumi.ResourceOptions,
    grant: Grant | None = None,
) -> batch.v1.Job:
    """The Job and its ConfigMap; `script` runs after PREPARE, with the administrator's rights, in MinIO's namespace."""
    files = {"run.sh": PREPARE + script, **({"policy.json": grant.policy} if grant else {})}
    ref = image(CLIENT, place.mirror)
    object_name = fit(name, 50)
    stored = config_map(f"{name}-script", place, files, object_name=f"{object_name}-{content_hash(files)}", opts=opts)
    secrets: dict[str, tuple[pulumi.Input[str], str]] = {
        "ROOT_USER": (root_secret, "user"),
        "ROOT_PASSWORD": (root_secret, "password"),
    }
    if grant:
        secrets["ACCESS_KEY"] = (grant.secret, "AWS_ACCESS_KEY_ID")
        secrets["SECRET_KEY"] = (grant.secret, "AWS_SECRET_ACCESS_KEY")
    client = container(
        "mc",
        ref,
        SMALL,
        command=["/bin/sh", "/etc/mlops/minio/run.sh"],
        env={"SERVER": server, "SSL_CERT_FILE": "/etc/mlops/ca/ca.crt", "HOME": "/tmp"},
        secrets=secrets,
        mounts={"/etc/mlops/minio": "files", "/etc/mlops/ca": "ca"},
    )
    volumes = [config_volume("files", stored.metadata.name), config_volume("ca", bundle)]
    notes = {"mlops.dev/key": grant.changed} if grant else None
    return job(
        f"{name}-job",
        place,
        "client",
        pod(place, "client", [client], once=True, volumes=volumes, notes=notes),
        content=[files, ref],
        object_name=object_name,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[stored])),
    )
