"""DVC on Kubernetes: not a server, but a remote in the object store, its configuration to mount, and the proof that it works."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes.images import own_image, repository
from components.kubernetes.objects import config_map
from components.kubernetes.place import Compute, Place
from components.kubernetes.workload import config_volume, container, job, pod
from components.spec.data import Dvc
from components.system import Site

BUCKET = "dvc"
REMOTE = "store"
CONFIG = "dvc-config"
"""ConfigMap with the configuration; its key is `config`, as the file is called in .dvc/ and in the system's directory."""
CA_PATH = "/etc/mlops/ca"
CONFIG_PATH = "/etc/mlops/dvc"

CHECK = """\
set -eu
rm -rf /tmp/check
mkdir /tmp/check
cd /tmp/check
dvc init --quiet --no-scm
printf 'the remote of this platform works\\n' > probe
dvc add --quiet probe
dvc push --quiet
rm -rf .dvc/cache probe
dvc pull --quiet
test "$(cat probe)" = 'the remote of this platform works'
"""
"""Pushes one small file, forgets it, and pulls it again; the same content each time, so that nothing piles up."""


def config(bucket: contracts.BucketAccess, prefix: str) -> pulumi.Output[str]:
    """`.dvc/config` with the remote as default (dvc/config_schema.py); keys come from the environment, none stands in it."""
    lines: list[Any] = [
        "[core]\n",
        f"    remote = {REMOTE}\n",
        "    analytics = false\n",
        "    check_update = false\n",
        f"['remote \"{REMOTE}\"']\n",
        *("    url = s3://", bucket.bucket, f"/{prefix}\n"),
        *("    region = ", bucket.region, "\n"),
    ]
    if bucket.endpoint is not None:
        lines += ["    endpointurl = ", bucket.endpoint, "\n"]
    if bucket.ca_config_map is not None:
        lines.append(f"    ssl_verify = {CA_PATH}/ca.crt\n")
    return pulumi.Output.concat(*lines)


@dataclass
class DvcRemoteArgs:
    """Arguments of DvcRemote."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    bucket: contracts.BucketAccess
    prefix: str
    """Below which all objects lie."""
    compute: Compute
    """Of the check."""
    image: Optional[pulumi.Input[str]] = None
    """Image with dvc and its S3 remote, for the check; none is made if unset."""
    registry_mirror: Optional[str] = None


class DvcRemote(pulumi.ComponentResource):
    """A DVC remote in a bucket of its own: ConfigMap `dvc-config`, the bucket's key as a Secret, and a Job that tries both.

    A notebook, job or CI run mounts the ConfigMap at a directory that DVC_SYSTEM_CONFIG_DIR names (or copies it to
    `.dvc/config`), takes AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from the Secret that `exports` names, and mounts the CA
    bundle at /etc/mlops/ca. Both stand in the namespace of notebooks, or in the team's own. Limits: other namespaces have to be
    given a key of their own (a team's stack is); the remote keeps objects that no commit names until `dvc gc --cloud`.
    """

    needs = (contracts.ObjectStore,)
    optional = (contracts.ImageRegistry,)
    provides = ()
    tiers = ("all", "platform", "team")
    # who versions data sits in a notebook: the configuration stands where they can mount it
    namespace = "jupyterhub"
    essential_type = "core/v1:ConfigMap"

    def __init__(self, name: str, args: DvcRemoteArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DvcRemote", name, None, opts)
        self._args = args
        self._url = pulumi.Output.concat("s3://", args.bucket.bucket, f"/{args.prefix}")
        place = Place("dvc", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._config = config_map(f"{name}-config", place, {"config": config(args.bucket, args.prefix)}, object_name=CONFIG)
        if args.image is not None:
            self._check(name, place, args.image)
        self.register_outputs({})

    def _check(self, name: str, place: Place, ref: pulumi.Input[str]) -> None:
        args, bucket = self._args, self._args.bucket
        mounts, volumes = {CONFIG_PATH: "config"}, [config_volume("config", CONFIG)]
        if bucket.ca_config_map is not None:
            mounts[CA_PATH] = "ca"
            volumes.append(config_volume("ca", bucket.ca_config_map))
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        client = container(
            "dvc",
            ref,
            args.compute,
            command=["/bin/sh", "-c", CHECK],
            env={"DVC_SYSTEM_CONFIG_DIR": CONFIG_PATH, "DVC_SITE_CACHE_DIR": "/tmp/site", "HOME": "/tmp"},
            secrets={key: (bucket.secret, key) for key in keys} if bucket.secret is not None else None,
            mounts=mounts,
        )
        job(
            f"{name}-check",
            place,
            "check",
            pod(place, "check", [client], once=True, volumes=volumes),
            content=[CHECK, args.prefix, ref if isinstance(ref, str) else repository("dvc")],
            object_name="dvc-check",
            opts=place.after(self._config),
        )

    @staticmethod
    def wants(config: Dvc) -> contracts.Wants:
        """A bucket for the versions."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> DvcRemoteArgs:
        """The spec as constructor arguments."""
        chosen: Dvc = site.config
        return DvcRemoteArgs(
            namespace=site.namespace or DvcRemote.namespace,
            labels=site.naming.labels("dvc"),
            bucket=site.buckets[BUCKET],
            prefix=chosen.prefix,
            compute=Compute.of(chosen.resources),
            image=own_image(site, "dvc") if chosen.check else None,
            registry_mirror=site.spec.registry_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing: who uses it mounts it."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The remote's address, and what to mount."""
        secret = {"secret": self._args.bucket.secret} if self._args.bucket.secret is not None else {}
        return {"url": self._url, "namespace": self._args.namespace, "configMap": CONFIG, **secret}
