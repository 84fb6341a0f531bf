"""DVC on Google Cloud: not a server, but a remote in the object store, an identity that reaches it, and its configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.spec.data import Dvc
from components.system import Site
from components.vertex import jobs
from components.vertex.jobs import VertexGround

BUCKET = "dvc"
REMOTE = "store"
CONFIG = "config"


@dataclass
class GcsDvcRemoteArgs:
    """One remote."""

    ground: VertexGround
    """Key, bucket and account of who versions data; the account's right to the bucket is granted beforehand."""
    prefix: str
    """Below which all objects lie."""


class GcsDvcRemote(pulumi.ComponentResource):
    """A DVC remote in a bucket of its own: storage.BucketObject `config`, which is copied to `.dvc/config`.

    Nobody needs a key: DVC takes the identity it runs under (application default credentials), and the account is lent to a
    Vertex AI job or notebook. Source: DVC's own configuration schema (dvc/config_schema.py). Limits: nothing tries the
    remote at deployment, for nothing of ours runs there; objects that no commit names stay until `dvc gc --cloud`.
    """

    config: pulumi.Output[str]
    url: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "gcp:storage/bucketObject:BucketObject"
    role_service = "aiplatform.googleapis.com"

    def __init__(self, name: str, args: GcsDvcRemoteArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GcsDvcRemote", name, {}, opts)
        place = args.ground
        self.url = jobs.uri(place, args.prefix)
        made = gcp.storage.BucketObject(
            f"{name}-config",
            bucket=place.bucket,
            name=CONFIG,
            content_type="text/plain",
            kms_key_name=place.kms_key,
            content=pulumi.Output.concat(
                f"[core]\n    remote = {REMOTE}\n    analytics = false\n    check_update = false\n"
                f"['remote \"{REMOTE}\"']\n    url = ",
                self.url,
                "\n    projectname = ",
                place.project,
                "\n",
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.config = pulumi.Output.concat("gs://", place.bucket, "/", made.name)
        self._account = place.account
        self.register_outputs({"config": self.config, "url": self.url})

    @staticmethod
    def wants(config: Dvc) -> contracts.Wants:
        """A bucket for the versions."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> GcsDvcRemoteArgs:
        """From `systems.dvc` of the spec."""
        config: Dvc = site.config
        return GcsDvcRemoteArgs(jobs.ground(site, BUCKET), config.prefix)

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where the remote, its configuration and its identity are."""
        return {"url": self.url, "config": self.config, "account": self._account}
