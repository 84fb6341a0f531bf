"""Registry of model versions on AWS: SageMaker model package groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Wants
from components.naming import fit
from components.spec.managed import ModelRegistry
from components.system import Site

READ = (
    "sagemaker:DescribeModelPackage",
    "sagemaker:ListModelPackages",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:CreateModel",
)
WRITE = ("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage")
LIMIT = 63
"""Longest name of a group in characters (API reference, CreateModelPackageGroup)."""


@dataclass
class SagemakerModelRegistryArgs:
    """Groups of model versions."""

    stack: str
    region: str
    account_id: pulumi.Input[str]
    production: bool
    """Protect the groups, which hold the versions' records."""
    groups: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)
    """Numbers of other accounts that may read and deploy."""


class SagemakerModelRegistry(pulumi.ComponentResource):
    """sagemaker.ModelPackageGroup `<stack>-<group>` and a ModelPackageGroupPolicy each.

    The policy lets this account's identities register versions where their own policies allow it too, and the accounts of
    `readers` read and deploy them: nobody else. Versions, their approval and their files are the business of who registers
    them. Source: Amazon SageMaker AI developer guide, "Model Registry", "Deploy a model version from a different account".
    """

    needs = (contracts.Network,)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"

    def __init__(self, name: str, args: SagemakerModelRegistryArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerModelRegistry", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(protect=args.production or None))
        self._groups: dict[str, pulumi.Output[str]] = {}
        for group in args.groups:
            full = fit(f"{args.stack}-{group}", LIMIT)
            made = aws.sagemaker.ModelPackageGroup(
                f"{name}-{group}",
                model_package_group_name=full,
                model_package_group_description=f"Versions of {group}",
                opts=kept,
            )
            self._groups[group] = made.model_package_group_name
            aws.sagemaker.ModelPackageGroupPolicy(
                f"{name}-{group}",
                model_package_group_name=made.model_package_group_name,
                resource_policy=pulumi.Output.json_dumps(_policy(args, full)),
                opts=mine,
            )
        self.register_outputs({})

    @staticmethod
    def wants(config: ModelRegistry) -> Wants:
        """Nothing: versions point to files of who registers them."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> SagemakerModelRegistryArgs:
        """From `systems.modelRegistry` of the spec."""
        config: ModelRegistry = site.config
        network = site.contract(contracts.Network)
        return SagemakerModelRegistryArgs(
            stack=site.stack.name,
            region=network.region,
            account_id=network.account_id,
            production=site.spec.environment == "prod",
            groups=list(config.groups),
            readers=list(config.readers),
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Names of the groups."""
        return {f"group.{group}": found for group, found in self._groups.items()}


def _policy(args: SagemakerModelRegistryArgs, group: str) -> dict[str, Any]:
    """Who may do what with a group and its versions."""

    def statement(sid: str, accounts: Sequence[pulumi.Input[str]], actions: Sequence[str]) -> dict[str, Any]:
        resources = [
            pulumi.Output.format(f"arn:aws:sagemaker:{{0}}:{{1}}:{kind}", args.region, args.account_id)
            for kind in (f"model-package-group/{group}", f"model-package/{group}/*")
        ]
        principals = [pulumi.Output.format("arn:aws:iam::{0}:root", account) for account in accounts]
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"AWS": principals},
            "Action": list(actions),
            "Resource": resources,
        }

    own = statement("Own", [args.account_id], [*READ, *WRITE])
    others = [statement("Readers", list(args.readers), READ)] if args.readers else []
    return {"Version": "2012-10-17", "Statement": [own, *others]}
