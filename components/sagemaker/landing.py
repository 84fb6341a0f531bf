"""How the SageMaker target prepares the ground: the AWS provider, a role a workload, teams, published contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import LIMITS, fit
from components.published import Published
from components.sagemaker.identity import workload_role
from components.sagemaker.teams import TeamAccess, TeamAccessArgs, parameter_name
from components.spec.stack import Tier
from components.spec.team import Team
from components.system import Ground, TeamGrants

ABSENT = frozenset({"secret", "ca_config_map", "username"})
"""Fields of an access that a role makes needless."""


@dataclass
class RolePlace:
    """A system's ground on AWS: its own role."""

    role: pulumi.Input[str] | None = None
    role_arn: pulumi.Input[str] | None = None
    namespace: pulumi.Input[str] | None = None
    ready: Sequence[pulumi.Resource] = field(default_factory=tuple)


class SagemakerLanding:
    """AWS ground of one stack: everything through one provider with the ownership tags."""

    def __init__(self, ground: Ground):
        stack, parent = ground.stack, ground.parent
        self._stack = stack
        self._met: dict[type, Any] = {}
        self._roles: dict[str, dict[str, aws.iam.Role]] = {}
        provider = aws.Provider(
            "aws",
            region=stack.region,
            default_tags=aws.ProviderDefaultTagsArgs(tags=ground.naming.tags("platform")),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        self.opts = pulumi.ResourceOptions(parent=parent, providers={"aws": provider})
        self._own = pulumi.ResourceOptions(parent=parent, provider=provider)
        self._account = aws.get_caller_identity_output(
            opts=pulumi.InvokeOutputOptions(parent=parent, provider=provider)
        ).account_id
        self._document: Published | None = None

    def place(self, system: str, cls: Any, team: str | None = None) -> RolePlace:
        """The role that a system's service (`role_service` of its class) assumes; none where it needs no role."""
        service = "sagemaker.amazonaws.com" if cls is None else getattr(cls, "role_service", None)
        if service is None:
            return RolePlace()
        if self._stack.spec.tier is Tier.TEAM:
            published = self._published()
            return RolePlace(published.field("roles", system, "name"), published.field("roles", system, "arn"))
        noun = f"{team}-{system}" if team else system
        name = fit(f"{self._stack.name}-{noun}", LIMITS["iam-role"])
        role = workload_role(f"{noun}-role", name, service, self._account, self._own)
        self._roles.setdefault(team or "", {})[system] = role
        return RolePlace(role.name, role.arn)

    def _published(self) -> Published:
        if self._document is None:
            team, platform = self._stack.spec.team or "", self._stack.spec.platform_stack[self._stack.target]
            text = aws.ssm.get_parameter_output(
                name=parameter_name(platform, team),
                opts=pulumi.InvokeOutputOptions(parent=self._own.parent, provider=self._own.provider),
            ).value
            self._document = Published(text, platform, team, ABSENT)
        return self._document

    def published(self) -> Mapping[type, Any]:
        """The platform's contracts as the team may use them, the network with them."""
        document = self._published()

        def network(name: str) -> pulumi.Output[Any]:
            return document.field("contracts", "Network", name)

        region = self._stack.region
        return document.contracts() | {
            contracts.Network: contracts.Network(
                network("network_id"),
                network("subnet_ids"),
                network("security_group_id"),
                network("kms_key"),
                region,
                network("account_id"),
            )
        }

    def adopt(self, met: Mapping[type, Any]) -> None:
        """Remembers contracts for the teams' documents."""
        self._met.update(met)

    def expose(self, endpoints: Mapping[str, Sequence[contracts.Endpoint]]) -> Mapping[str, pulumi.Input[str]]:
        """Nothing: the managed services have addresses and logins of their own."""
        return {}

    def fence(self, name: str, team: Team, grants: TeamGrants) -> None:
        """A team's deployer role, its boundary, and the document."""
        roles = self._roles.get(name, {})
        TeamAccess(
            f"team-{name}",
            TeamAccessArgs.build(self._stack, name, self._met, grants, roles, self._account),
            pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=grants.ready)),
        )
