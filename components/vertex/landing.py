"""How the Vertex target prepares the ground: the provider, a service account a workload, teams, published contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.published import Published
from components.spec.stack import Tier
from components.spec.team import Team
from components.system import Ground, TeamGrants
from components.vertex.identity import workload_account
from components.vertex.names import labels
from components.vertex.teams import GoogleTeamAccess, GoogleTeamAccessArgs, secret_name

ABSENT = frozenset({"secret", "ca_config_map"})
"""Fields of an access that a service account makes needless."""


@dataclass
class AccountPlace:
    """A system's ground on Google Cloud: `role` is its service account's e-mail, `role_arn` the account's full name."""

    role: pulumi.Input[str] | None = None
    role_arn: pulumi.Input[str] | None = None
    namespace: pulumi.Input[str] | None = None
    ready: Sequence[pulumi.Resource] = field(default_factory=tuple)


class VertexLanding:
    """Google ground of one stack: everything through one provider with the ownership labels."""

    def __init__(self, ground: Ground):
        stack, parent = ground.stack, ground.parent
        self._stack = stack
        self._met: dict[type, Any] = {}
        self._accounts: dict[str, dict[str, gcp.serviceaccount.Account]] = {}
        provider = gcp.Provider(
            "gcp",
            project=stack.spec.cloud.project,
            region=stack.region,
            default_labels=labels(ground.naming.tags("platform")),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        self.opts = pulumi.ResourceOptions(parent=parent, providers={"gcp": provider})
        self._own = pulumi.ResourceOptions(parent=parent, provider=provider)
        self._document: Published | None = None

    def place(self, system: str, cls: Any, team: str | None = None) -> AccountPlace:
        """The service account that a system runs as (`role_service` of its class); none where it runs as nobody."""
        service = "apps" if cls is None else getattr(cls, "role_service", None)
        if service is None:
            return AccountPlace()
        if self._stack.spec.tier is Tier.TEAM:
            published = self._published()
            return AccountPlace(published.field("accounts", system, "email"), published.field("accounts", system, "name"))
        noun = f"{team}-{system}" if team else system
        network: contracts.Network = self._met[contracts.Network]
        purpose = f"{system} of team {team} on {self._stack.name}" if team else f"{system} of {self._stack.name}"
        account = workload_account(f"{noun}-account", f"{self._stack.name}-{noun}", purpose, network.account_id, self._own)
        self._accounts.setdefault(team or "", {})[system] = account
        return AccountPlace(account.email, account.name)

    def _published(self) -> Published:
        if self._document is None:
            team, platform = self._stack.spec.team or "", self._stack.spec.platform_stack[self._stack.target]
            text = gcp.secretmanager.get_secret_version_output(
                secret=secret_name(platform, team),
                opts=pulumi.InvokeOutputOptions(parent=self._own.parent, provider=self._own.provider),
            ).secret_data
            # names and addresses only, so that previews can show them
            self._document = Published(pulumi.Output.unsecret(text), platform, team, ABSENT)
        return self._document

    def published(self) -> Mapping[type, Any]:
        """The platform's contracts as the team may use them, the network with them."""
        document = self._published()

        def network(name: str) -> pulumi.Output[Any]:
            return document.field("contracts", "Network", name)

        return document.contracts() | {
            contracts.Network: contracts.Network(
                network("network_id"),
                network("subnet_ids"),
                network("security_group_id"),
                network("kms_key"),
                self._stack.region,
                network("account_id"),
            )
        }

    def adopt(self, met: Mapping[type, Any]) -> None:
        """Remembers contracts: the project for the accounts, all of them for the teams' documents."""
        self._met.update(met)

    def expose(self, endpoints: Mapping[str, Sequence[contracts.Endpoint]]) -> Mapping[str, pulumi.Input[str]]:
        """Nothing: the services have addresses and logins of their own."""
        return {}

    def fence(self, name: str, team: Team, grants: TeamGrants) -> None:
        """A team's deployer, what it may do, and the document."""
        accounts = self._accounts.get(name, {})
        GoogleTeamAccess(
            f"team-{name}",
            GoogleTeamAccessArgs.build(self._stack, name, team, self._met, grants, accounts),
            pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=grants.ready)),
        )
