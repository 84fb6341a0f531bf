"""Experiment tracking on AWS: SageMaker's managed MLflow tracking server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import fit
from components.sagemaker.identity import allow, attach
from components.spec.model import Mlflow
from components.system import Site

BUCKET = "mlflow"


@dataclass
class SagemakerMlflowArgs:
    """One managed tracking server."""

    server_name: str
    """Name in the account and region."""
    size: str
    """Small, Medium or Large."""
    artifact_bucket: pulumi.Input[str]
    """Bucket for artifacts; the server writes under the prefix `artifacts/`."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role that the server assumes; its right to the bucket is granted beforehand."""
    region: str
    account_id: pulumi.Input[str]
    owns_role: bool
    """Attach the model registry's rights to the role; in a team's stack the platform has done so."""
    production: bool
    """Protects the server, which keeps the experiments' records."""


class SagemakerMlflow(pulumi.ComponentResource):
    """sagemaker.MlflowTrackingServer whose role reaches its own artifacts and the model registry, nothing else.

    AWS signs each request with the caller's IAM identity, so there is no password. Source: Amazon SageMaker AI developer
    guide, "Set up IAM permissions for MLflow"; the guide's AmazonS3FullAccess is narrowed to the bucket.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.Tracking,)
    tiers = ("all", "platform", "team")
    essential_type = "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerMlflowArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerMlflow", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        after: list[pulumi.Resource] = []
        if args.owns_role:
            groups = pulumi.Output.format("arn:aws:sagemaker:{0}:{1}:model-package*", args.region, args.account_id)
            actions = [
                "sagemaker:CreateModelPackageGroup",
                "sagemaker:CreateModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:UpdateModelPackage",
                "sagemaker:AddTags",
            ]
            after.append(attach(f"{name}-registry", args.role_name, [allow(actions, [groups])], mine))
        server = aws.sagemaker.MlflowTrackingServer(
            f"{name}-server",
            tracking_server_name=args.server_name,
            artifact_store_uri=pulumi.Output.concat("s3://", args.artifact_bucket, "/artifacts"),
            role_arn=args.role_arn,
            tracking_server_size=args.size,
            automatic_model_registration=True,
            weekly_maintenance_window_start="Sun:03:00",
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=after, protect=args.production or None)),
        )
        self.arn = server.arn
        self.url = server.tracking_server_url
        self.register_outputs({"arn": self.arn, "url": self.url})

    @staticmethod
    def wants(config: Mlflow) -> contracts.Wants:
        """A bucket for artifacts; the service keeps its own database."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SagemakerMlflowArgs:
        """From `systems.mlflow` of the spec."""
        config: Mlflow = site.config
        network = site.contract(contracts.Network)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("mlflow: the landing gave no role")
        return SagemakerMlflowArgs(
            server_name=fit(f"{site.stack.name}-mlflow", 64),
            size=config.size,
            artifact_bucket=site.buckets[BUCKET].bucket,
            role_name=site.role,
            role_arn=site.role_arn,
            region=network.region,
            account_id=network.account_id,
            owns_role=site.spec.tier != "team",
            production=site.spec.environment == "prod",
        )

    def contracts(self) -> Sequence[contracts.Tracking]:
        """The tracking server; MLflow clients take its ARN as tracking URI (sagemaker-mlflow plugin)."""
        return [contracts.Tracking(uri=self.arn, server=self.arn)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"arn": self.arn, "url": self.url}
