"""Experiments on AWS: SageMaker's serverless MLflow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Wants
from components.naming import fit
from components.system import Site

BUCKET = "experiments"


@dataclass
class SagemakerExperimentsArgs:
    """One serverless MLflow app."""

    app_name: str
    """Name in the account and region."""
    bucket: pulumi.Input[str]
    """Bucket for artifacts; the app writes under the prefix `artifacts/`."""
    role_arn: pulumi.Input[str]
    """Role that the app assumes; its right to the bucket is granted beforehand, and it has no other."""
    production: bool
    """Protects the app, which keeps the experiments' records."""


class SagemakerExperiments(pulumi.ComponentResource):
    """sagemaker.MlflowApp: tracking without a server to size; `mlflow` is the sized server, with the model registry.

    Its role reaches its own artifacts and nothing else; models are not registered by themselves. AWS signs each request with the
    caller's IAM identity, so there is no password. Source: Amazon SageMaker AI API reference, CreateMlflowApp.
    """

    arn: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.Tracking,)
    tiers = ("all", "platform")
    essential_type = "aws:sagemaker/mlflowApp:MlflowApp"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerExperimentsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerExperiments", name, {}, opts)
        app = aws.sagemaker.MlflowApp(
            f"{name}-app",
            name=args.app_name,
            artifact_store_uri=pulumi.Output.concat("s3://", args.bucket, "/artifacts"),
            role_arn=args.role_arn,
            model_registration_mode="AutoModelRegistrationDisabled",
            account_default_status="DISABLED",
            weekly_maintenance_window_start="Sun:03:00",
            opts=pulumi.ResourceOptions(parent=self, protect=args.production or None),
        )
        self.arn = app.arn
        self.register_outputs({"arn": self.arn})

    @staticmethod
    def wants(config: Any) -> Wants:
        """A bucket for artifacts."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SagemakerExperimentsArgs:
        """From the stack's role and bucket."""
        if site.role_arn is None:
            raise pulumi.RunError("experiments: the landing gave no role")
        return SagemakerExperimentsArgs(
            app_name=fit(f"{site.stack.name}-experiments", 256),
            bucket=site.buckets[BUCKET].bucket,
            role_arn=site.role_arn,
            production=site.spec.environment == "prod",
        )

    def contracts(self) -> Sequence[contracts.Tracking]:
        """The app; MLflow clients take its ARN as tracking URI (sagemaker-mlflow plugin)."""
        return [contracts.Tracking(uri=self.arn, server=self.arn)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address."""
        return {"arn": self.arn}
