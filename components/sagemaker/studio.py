"""Notebooks on AWS: a SageMaker Studio domain inside the stack's network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import fit
from components.sagemaker.identity import LOG_RUNS, allow, attach
from components.spec.base import duration_seconds, quantity_value
from components.spec.model import Jupyterhub
from components.system import Site

BUCKET = "notebooks"
DEFAULT_INSTANCE = "ml.t3.medium"


@dataclass
class StudioDomainArgs:
    """One Studio domain with a profile a user."""

    domain_name: str
    """At most 63 characters."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Execution role of the notebooks."""
    network_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for the home file system."""
    idle_minutes: int
    """Apps idle for this long are stopped, 60 to 525600."""
    storage_gib: int
    """Volume of a private space in GiB."""
    owns_role: bool
    """Attach rights to the role; in a team's stack the platform has done so."""
    instance_type: str = DEFAULT_INSTANCE
    """Default instance type of JupyterLab."""
    keep_homes: bool = False
    """Keep the home file system when the domain goes."""
    tracking_server: Optional[pulumi.Input[str]] = None
    """ARN of the MLflow tracking server that notebooks may use."""
    users: list[str] = field(default_factory=list)
    """User profiles to make."""


class StudioDomain(pulumi.ComponentResource):
    """sagemaker.Domain with VpcOnly network access, our key, idle shutdown, and a UserProfile a user.

    Notebooks have no way to the internet; they reach AWS services by the network's endpoints. Source: Amazon SageMaker
    AI developer guide, "Connect Studio notebooks in a VPC to external resources" and "Idle shutdown".
    """

    domain_id: pulumi.Output[str]
    url: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = (contracts.Tracking, contracts.ObjectStore)
    provides = ()
    tiers = ("all", "platform", "team")
    essential_type = "aws:sagemaker/domain:Domain"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: StudioDomainArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:StudioDomain", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        if args.owns_role and args.tracking_server is not None:
            attach(f"{name}-tracking", args.role_name, [allow(LOG_RUNS, [args.tracking_server])], mine)
        idle = aws.sagemaker.DomainDefaultUserSettingsJupyterLabAppSettingsAppLifecycleManagementArgs(
            idle_settings=aws.sagemaker.DomainDefaultUserSettingsJupyterLabAppSettingsAppLifecycleManagementIdleSettingsArgs(
                lifecycle_management="ENABLED", idle_timeout_in_minutes=args.idle_minutes
            )
        )
        spec = aws.sagemaker.DomainDefaultUserSettingsJupyterLabAppSettingsDefaultResourceSpecArgs(
            instance_type=args.instance_type
        )
        storage = aws.sagemaker.DomainDefaultUserSettingsSpaceStorageSettingsArgs(
            default_ebs_storage_settings=aws.sagemaker.DomainDefaultUserSettingsSpaceStorageSettingsDefaultEbsStorageSettingsArgs(
                default_ebs_volume_size_in_gb=args.storage_gib, maximum_ebs_volume_size_in_gb=args.storage_gib * 4
            )
        )
        domain = aws.sagemaker.Domain(
            f"{name}-domain",
            domain_name=args.domain_name,
            auth_mode="IAM",
            vpc_id=args.network_id,
            subnet_ids=args.subnet_ids,
            app_network_access_type="VpcOnly",
            kms_key_id=args.kms_key,
            default_user_settings=aws.sagemaker.DomainDefaultUserSettingsArgs(
                execution_role=args.role_arn,
                security_groups=[args.security_group_id],
                default_landing_uri="studio::",
                studio_web_portal="ENABLED",
                jupyter_lab_app_settings=aws.sagemaker.DomainDefaultUserSettingsJupyterLabAppSettingsArgs(
                    app_lifecycle_management=idle, default_resource_spec=spec
                ),
                space_storage_settings=storage,
            ),
            domain_settings=aws.sagemaker.DomainDomainSettingsArgs(execution_role_identity_config="USER_PROFILE_NAME"),
            retention_policy=aws.sagemaker.DomainRetentionPolicyArgs(
                home_efs_file_system="Retain" if args.keep_homes else "Delete"
            ),
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(protect=args.keep_homes or None)),
        )
        for user in args.users:
            aws.sagemaker.UserProfile(f"{name}-user-{user}", domain_id=domain.id, user_profile_name=user, opts=mine)
        self.domain_id = domain.id
        self.url = domain.url
        self.register_outputs({"domainId": self.domain_id, "url": self.url})

    @staticmethod
    def wants(config: Jupyterhub) -> contracts.Wants:
        """A bucket for the notebooks' data."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> StudioDomainArgs:
        """From `systems.jupyterhub` of the spec; the first profile with an instanceType names the default one."""
        config: Jupyterhub = site.config
        network = site.contract(contracts.Network)
        tracking = site.maybe(contracts.Tracking)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("jupyterhub: the landing gave no role")
        instances = [p.instance_type for p in config.profiles.values() if p.instance_type]
        return StudioDomainArgs(
            domain_name=fit(f"{site.stack.name}-studio", 63),
            role_name=site.role,
            role_arn=site.role_arn,
            network_id=network.network_id,
            subnet_ids=network.subnet_ids.apply(list),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            # the service's lower bound is an hour
            idle_minutes=max(60, duration_seconds(config.idle_timeout) // 60),
            storage_gib=max(5, math.ceil(quantity_value(config.storage) / 2**30)),
            owns_role=site.spec.tier != "team",
            instance_type=instances[0] if instances else DEFAULT_INSTANCE,
            keep_homes=site.spec.environment == "prod",
            tracking_server=tracking.server if tracking else None,
            users=sorted({*config.users, *config.admins}),
        )

    def contracts(self) -> Sequence[contracts.Tracking]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"domainId": self.domain_id, "url": self.url}
