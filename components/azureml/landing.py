"""How the Azure ML target prepares the ground: the provider, resource groups, an identity a workload, teams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import named, workload_identity
from components.azureml.place import group_name, part_names, region_of
from components.azureml.private import zones
from components.azureml.teams import DocumentStore, DocumentStoreArgs, TeamFence, TeamFenceArgs, key_name, store_name
from components.published import Published
from components.spec.stack import Tier
from components.spec.team import Team
from components.system import Ground, TeamGrants

ABSENT = frozenset({"secret", "ca_config_map"})
"""Fields of an access that an identity makes needless."""
UNTAGGED = frozenset({"azure-native:operationalinsights:SavedSearch"})
"""Types whose tags are not who answers for them but words to find them by."""


@dataclass
class IdentityPlace:
    """A system's ground on Azure: its resource group and its own identity."""

    role: pulumi.Input[str] | None = None
    """Principal of the identity: what is given rights."""
    role_arn: pulumi.Input[str] | None = None
    """ARM id of the identity: what a resource is given."""
    namespace: pulumi.Input[str] | None = None
    """Name of the resource group."""
    ready: Sequence[pulumi.Resource] = field(default_factory=tuple)


class AzuremlLanding:
    """Azure ground of one stack: one provider, and tags on everything, since the provider knows no default ones."""

    def __init__(self, ground: Ground):
        stack, parent = ground.stack, ground.parent
        self._stack = stack
        self._met: dict[type, Any] = {}
        self._identities: dict[str, dict[str, azure.managedidentity.UserAssignedIdentity]] = {}
        self._groups: dict[str, pulumi.Output[str]] = {}
        self._documents: DocumentStore | None = None
        provider = azure.Provider(
            "azure",
            location=region_of(stack),
            subscription_id=stack.spec.cloud.subscription,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        self._tags = ground.naming.tags("platform")
        self.opts = pulumi.ResourceOptions(parent=parent, providers={"azure-native": provider}, transformations=[self._tagged])
        self._own = pulumi.ResourceOptions(parent=parent, provider=provider, transformations=[self._tagged])
        self._ask = pulumi.InvokeOutputOptions(parent=parent, provider=provider)
        self._document: Published | None = None

    def _tagged(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Who answers for it, on every resource that takes tags."""
        if not args.type_.startswith("azure-native:") or args.type_ in UNTAGGED or "tags" not in args.props:
            return None
        tags = {key.replace(":", "-"): value for key, value in self._tags.items()}
        own: Any = args.props
        given: Any = own["tags"] or {}
        return pulumi.ResourceTransformationResult({**own, "tags": {**tags, **given}}, args.opts)

    def _group(self, team: str | None = None) -> pulumi.Output[str]:
        """The stack's resource group, or a team's."""
        key = team or ""
        if key not in self._groups:
            made = azure.resources.ResourceGroup(
                f"{team}-group" if team else "group",
                resource_group_name=group_name(self._stack.name, team),
                location=region_of(self._stack),
                opts=pulumi.ResourceOptions.merge(
                    self._own, pulumi.ResourceOptions(protect=self._stack.spec.environment == "prod" or None)
                ),
            )
            self._groups[key] = made.name
        return self._groups[key]

    def place(self, system: str, cls: Any, team: str | None = None) -> IdentityPlace:
        """The resource group, and the identity of a system that acts by itself (`identity` of its class)."""
        acts = True if cls is None else getattr(cls, "identity", False)
        if self._stack.spec.tier is Tier.TEAM:
            published = self._published()
            group = published.field("group")
            if not acts:
                return IdentityPlace(namespace=group)
            own = {part: published.field("roles", system, part) for part in ("principal", "id")}
            return IdentityPlace(own["principal"], own["id"], group)
        group = self._group(team)
        if not acts:
            return IdentityPlace(namespace=group)
        noun = f"{team}-{system}" if team else system
        made = workload_identity(f"{noun}-identity", named(self._stack.name, noun, 128), group, self._own)
        self._identities.setdefault(team or "", {})[system] = made
        return IdentityPlace(made.principal_id, made.id, group)

    def _published(self) -> Published:
        if self._document is None:
            team, platform = self._stack.spec.team or "", self._stack.spec.platform_stack[self._stack.target]
            subscription = azure.authorization.get_client_config_output(opts=self._ask).subscription_id
            text = azure.appconfiguration.get_key_value_output(
                config_store_name=store_name(platform, subscription),
                key_value_name=key_name(team),
                resource_group_name=group_name(platform),
                opts=self._ask,
            ).value.apply(lambda value: value or "{}")
            self._document = Published(text, platform, team, ABSENT)
        return self._document

    def published(self) -> Mapping[type, Any]:
        """The platform's contracts as the team may use them, the network with them."""
        document = self._published()

        def network(*path: str) -> pulumi.Output[Any]:
            return document.field("contracts", "Network", *path)

        return document.contracts() | {
            contracts.Network: contracts.Network(
                network("network_id"),
                network("subnet_ids"),
                network("security_group_id"),
                network("kms_key"),
                region_of(self._stack),
                network("account_id"),
                {part: network("parts", part) for part in part_names(zones(region_of(self._stack)))},
            )
        }

    def adopt(self, met: Mapping[type, Any]) -> None:
        """Remembers contracts for the teams' documents."""
        self._met.update(met)

    def expose(self, endpoints: Mapping[str, Sequence[contracts.Endpoint]]) -> Mapping[str, pulumi.Input[str]]:
        """Nothing: the managed services have addresses and logins of their own."""
        return {}

    def fence(self, name: str, team: Team, grants: TeamGrants) -> None:
        """A team's group, its deployer, and the document."""
        if self._documents is None:
            network: contracts.Network = self._met[contracts.Network]
            self._documents = DocumentStore("documents", DocumentStoreArgs.build(self._stack, network), self.opts)
        TeamFence(
            f"team-{name}",
            TeamFenceArgs.build(
                self._stack, name, self._met, grants, self._identities.get(name, {}), self._group(name), self._documents
            ),
            pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=grants.ready)),
        )
