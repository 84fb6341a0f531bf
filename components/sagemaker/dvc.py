"""DVC on AWS: not a server, but a remote in the object store, an identity that reaches it, and its configuration to fetch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import contracts
from components.sagemaker.identity import allow, attach, own_role
from components.spec.data import Dvc
from components.system import Site

BUCKET = "dvc"
REMOTE = "store"


@dataclass
class S3DvcRemoteArgs:
    """One remote."""

    parameter: str
    """Name of the SSM parameter with `.dvc/config`."""
    bucket: contracts.BucketAccess
    prefix: str
    """Below which all objects lie."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role that jobs and notebooks version data with; its right to the bucket is granted beforehand."""


class S3DvcRemote(pulumi.ComponentResource):
    """A DVC remote in a bucket of its own: `.dvc/config` as an SSM parameter, and a role for jobs that push and pull.

    Who versions data copies the parameter's value to `.dvc/config` and needs no key: DVC takes the identity it runs under,
    and the role is passed to a SageMaker job or notebook. Source: DVC's own configuration schema (dvc/config_schema.py).
    Limits: nothing tries the remote at deployment, for nothing of ours runs there; objects that no commit names stay until
    `dvc gc --cloud`.
    """

    parameter: pulumi.Output[str]
    url: pulumi.Output[str]

    needs = (contracts.ObjectStore,)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "aws:ssm/parameter:Parameter"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: S3DvcRemoteArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:S3DvcRemote", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        self.url = pulumi.Output.concat("s3://", args.bucket.bucket, f"/{args.prefix}")
        parameter = aws.ssm.Parameter(
            f"{name}-config",
            name=args.parameter,
            type="String",
            description="The remote's .dvc/config: addresses, no key",
            value=pulumi.Output.concat(
                f"[core]\n    remote = {REMOTE}\n    analytics = false\n    check_update = false\n"
                f"['remote \"{REMOTE}\"']\n    url = ",
                self.url,
                "\n    region = ",
                args.bucket.region,
                "\n",
            ),
            opts=mine,
        )
        attach(f"{name}-config", args.role_name, [allow(["ssm:GetParameter"], [parameter.arn])], mine)
        self.parameter = parameter.name
        self._role = args.role_arn
        self.register_outputs({"parameter": self.parameter, "url": self.url})

    @staticmethod
    def wants(config: Dvc) -> contracts.Wants:
        """A bucket for the versions."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> S3DvcRemoteArgs:
        """From `systems.dvc` of the spec."""
        config: Dvc = site.config
        role_name, role_arn = own_role(site)
        return S3DvcRemoteArgs(
            parameter=f"/mlops/{site.stack.name}/dvc/config",
            bucket=site.buckets[BUCKET],
            prefix=config.prefix,
            role_name=role_name,
            role_arn=role_arn,
        )

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where the remote, its configuration and its identity are."""
        return {"url": self.url, "config": self.parameter, "role": self._role}
