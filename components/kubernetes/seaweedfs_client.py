"""An idempotent Job of SeaweedFS' own shell: makes buckets, and for a grant the key and policy of one consumer."""

from typing import Any

import pulumi
from pulumi_kubernetes import batch, core

from components.kubernetes.minio_client import Grant
from components.kubernetes.minio_scripts import DAY
from components.kubernetes.objects import config_map
from components.kubernetes.place import SMALL, Place, content_hash
from components.kubernetes.seaweedfs_values import INTERNAL, environment
from components.kubernetes.workload import config_volume, container, job, pod, secret_volume
from components.naming import fit

PREPARE = """\
set -eu
umask 077
# the shell ends well whatever it was told: what it says on its second output is the verdict, and may not name a key
shell() {
  timeout 300 weed shell -master="$MASTERS" -filer="$FILER" >/tmp/said 2>/tmp/problems
  if grep -E '^(error: |unknown command|flag provided|Usage of )' /tmp/problems >&2; then exit 1; fi
}
bucket() {
  echo 's3.bucket.list' | shell
  if ! grep -q "^  $1[[:space:]]" /tmp/said; then echo "s3.bucket.create -name $1" | shell; fi
  echo "s3.bucket.versioning -name $1 $2" | shell
  echo 'fs.configure' | shell
  if [ "$3" != 0 ]; then
    echo "fs.configure -locationPrefix=/buckets/$1/ -ttl=$3 -apply" | shell
  elif grep -q "/buckets/$1/" /tmp/said; then
    echo "fs.configure -locationPrefix=/buckets/$1/ -delete -apply" | shell
  fi
}
"""
"""The shell's commands go through its standard input. `bucket` makes one as it should be whatever it was: name, `-enable` or
`-suspend` versioning, time to live of new objects (0: for ever)."""

GRANT = """\
printf 's3.policy -put -name=%s -file=/etc/mlops/seaweedfs/policy.json\\n' "$ACCESS_KEY" | shell
printf 's3.configure -user=%s -access_key=%s -secret_key=%s -policies=%s -apply\\n' \\
  "$ACCESS_KEY" "$ACCESS_KEY" "$SECRET_KEY" "$ACCESS_KEY" | shell
"""
"""A user whose only policy is the one of its name (the same document as MinIO's); what the shell answers names the key and is
kept from the log."""


def lifetime(seconds: int) -> str:
    """Seconds as SeaweedFS' time to live: one byte and a unit, so days up to 255, then weeks, then years, rounded up."""
    if seconds <= 0:
        return "0"
    days = -(-seconds // DAY)
    for unit, length in (("d", 1), ("w", 7)):
        if -(-days // length) <= 255:
            return f"{-(-days // length)}{unit}"
    return f"{min(255, -(-days // 365))}y"


def bucket_line(bucket: str, versioning: bool, expire_seconds: int) -> str:
    """One call of `bucket`."""
    return f"bucket {bucket} -{'enable' if versioning else 'suspend'} {lifetime(expire_seconds)}\n"


def client_job(
    name: str,
    place: Place,
    script: str,
    *,
    ref: str,
    masters: pulumi.Input[str],
    filer: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    grant: Grant | None = None,
) -> batch.v1.Job:
    """The Job and its ConfigMap; `script` runs after PREPARE with the servers' own certificate, in SeaweedFS' namespace."""
    files = {"run.sh": PREPARE + script, **({"policy.json": grant.policy} if grant else {})}
    object_name = fit(name, 50)
    stored = config_map(f"{name}-script", place, files, object_name=f"{object_name}-{content_hash(files)}", opts=opts)
    secrets: dict[str, tuple[pulumi.Input[str], str]] = {}
    plain: dict[str, pulumi.Input[str]] = {"MASTERS": masters, "FILER": filer, "HOME": "/tmp"}
    for key, value in environment().items():
        if isinstance(value, str):
            plain[key] = value
        else:
            source: Any = value["secretKeyRef"]
            secrets[key] = (source["name"], source["key"])
    if grant:
        secrets["ACCESS_KEY"] = (grant.secret, "AWS_ACCESS_KEY_ID")
        secrets["SECRET_KEY"] = (grant.secret, "AWS_SECRET_ACCESS_KEY")
    client = container(
        "weed",
        ref,
        SMALL,
        command=["/bin/sh", "/etc/mlops/seaweedfs/run.sh"],
        env=plain,
        secrets=secrets,
        mounts={"/etc/mlops/seaweedfs": "files", "/etc/mlops/internal": "tls"},
    )
    volumes: list[core.v1.VolumeArgs] = [config_volume("files", stored.metadata.name), secret_volume("tls", INTERNAL)]
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
