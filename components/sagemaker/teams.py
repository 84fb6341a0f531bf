"""A team's fence on AWS: a deployer role capped by a boundary, and the document of what the team was granted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.naming import LIMITS, fit
from components.published import document
from components.sagemaker.identity import LOG_RUNS, allow, attach, policy
from components.spec.stack import Stack
from components.system import TeamGrants


def parameter_name(platform: str, team: str) -> str:
    """Name of the SSM parameter that holds a team's document."""
    return f"/mlops/{platform}/{team}/contract"


@dataclass
class TeamAccessArgs:
    """One team of a platform."""

    team: str
    stem: str
    """Beginning of the names of the team's things."""
    region: str
    account_id: pulumi.Input[str]
    parameter: str
    """Name of the document's SSM parameter."""
    contract: pulumi.Input[str]
    """The document (JSON), names and addresses only."""
    role_names: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """Roles made ahead for the team's workloads, by system."""
    role_arns: list[pulumi.Input[str]] = field(default_factory=list)
    """ARNs of those roles: the only ones that the team may pass."""

    @staticmethod
    def build(
        stack: Stack,
        team: str,
        met: Mapping[type, Any],
        grants: TeamGrants,
        roles: Mapping[str, aws.iam.Role],
        account_id: pulumi.Input[str],
    ) -> "TeamAccessArgs":
        """From what the platform granted."""
        given: dict[str, Mapping[str, Any]] = {
            "databases": grants.databases,
            "buckets": grants.buckets,
            "brokers": grants.brokers,
        }
        names: dict[str, Any] = {"roles": {key: {"name": role.name, "arn": role.arn} for key, role in roles.items()}}
        return TeamAccessArgs(
            team=team,
            stem=f"{stack.name}-{team}",
            region=stack.region,
            account_id=account_id,
            parameter=parameter_name(stack.name, team),
            contract=document(stack.name, team, met, given, names),
            role_names={key: role.name for key, role in roles.items()},
            role_arns=[role.arn for role in roles.values()],
        )


class TeamAccess(pulumi.ComponentResource):
    """Deployer role, permissions boundary and contract parameter of a team.

    The deployer may make SageMaker resources whose names begin with the team's, pass the team's own workload roles to
    SageMaker, and read the team's document; the boundary keeps it from IAM, the network, keys and other teams'
    documents even if somebody widens its policy. Source: IAM user guide, "Permissions boundaries".
    """

    deployer_arn: pulumi.Output[str]
    parameter: pulumi.Output[str]

    def __init__(self, name: str, args: TeamAccessArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:TeamAccess", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        parameter = aws.ssm.Parameter(
            f"{name}-contract",
            name=args.parameter,
            type="String",
            # a document with several systems passes the standard tier's 4 KiB
            tier="Intelligent-Tiering",
            description=f"What team {args.team} was granted: names and addresses, no secret",
            value=args.contract,
            opts=mine,
        )
        statements = self._statements(args, parameter)
        boundary = aws.iam.Policy(
            f"{name}-boundary",
            name=fit(f"{args.stem}-boundary", 128),
            description=f"The most that team {args.team}'s deployer may ever do",
            policy=policy(statements),
            opts=mine,
        )
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": pulumi.Output.format("arn:aws:iam::{0}:root", args.account_id)},
                    "Action": "sts:AssumeRole",
                    # who of the account may be this team's deployer is said by a tag on the principal
                    "Condition": {"StringEquals": {"aws:PrincipalTag/team": args.team}},
                }
            ],
        }
        deployer = aws.iam.Role(
            f"{name}-deployer",
            name=fit(f"{args.stem}-deployer", LIMITS["iam-role"]),
            assume_role_policy=pulumi.Output.json_dumps(trust),
            max_session_duration=3600,
            permissions_boundary=boundary.arn,
            opts=mine,
        )
        attach(f"{name}-deploy", deployer.name, statements, mine)
        self._notebooks(name, args, mine)
        self.deployer_arn = deployer.arn
        self.parameter = parameter.name
        self.register_outputs({"deployerArn": self.deployer_arn, "parameter": self.parameter})

    @staticmethod
    def _notebooks(name: str, args: TeamAccessArgs, mine: pulumi.ResourceOptions) -> None:
        """The team's notebooks may log to the team's tracking servers, which do not exist yet: by name."""
        if {"jupyterhub", "mlflow"} <= set(args.role_names):
            servers = pulumi.Output.format(
                "arn:aws:sagemaker:{0}:{1}:mlflow-tracking-server/{2}-*", args.region, args.account_id, args.team
            )
            attach(f"{name}-tracking", args.role_names["jupyterhub"], [allow(LOG_RUNS, [servers])], mine)

    @staticmethod
    def _statements(args: TeamAccessArgs, parameter: aws.ssm.Parameter) -> list[Any]:
        def owned(kind: str) -> pulumi.Output[str]:
            return pulumi.Output.format("arn:aws:sagemaker:{0}:{1}:{2}/{3}-*", args.region, args.account_id, kind, args.team)

        verbs = ("Create", "Describe", "Update", "Delete")
        server = [f"sagemaker:{verb}MlflowTrackingServer" for verb in verbs]
        # a domain's ARN ends in an id that AWS draws, so a domain is the team's by its tag
        mine = {"StringEquals": {"aws:ResourceTag/team": args.team}}
        domains = pulumi.Output.format("arn:aws:sagemaker:{0}:{1}:domain/*", args.region, args.account_id)
        profiles = pulumi.Output.format("arn:aws:sagemaker:{0}:{1}:user-profile/*", args.region, args.account_id)
        statements = [
            allow(["ssm:GetParameter"], [parameter.arn]),
            allow([*server, "sagemaker:AddTags", "sagemaker:ListTags"], [owned("mlflow-tracking-server")]),
            allow(["sagemaker:CreateDomain"], [domains], {"StringEquals": {"aws:RequestTag/team": args.team}}),
            allow([f"sagemaker:{verb}Domain" for verb in verbs[1:]], [domains], mine),
            allow([f"sagemaker:{verb}UserProfile" for verb in verbs], [profiles, domains], mine),
            allow(["sagemaker:AddTags", "sagemaker:ListTags"], [domains, profiles], mine),
        ]
        if args.role_arns:
            to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
            statements.append(allow(["iam:PassRole"], args.role_arns, to_sagemaker))
        return statements
