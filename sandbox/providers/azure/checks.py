"""What Azure Resource Manager refuses although the request is well formed: things that are not there, or not ready for it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.providers.azure import arm
from sandbox.providers.azure.shapes import guid
from sandbox.providers.azure.tables import KINDS, TOKENS
from sandbox.providers.cloud.store import Record, Store, is_sealed

IMPLICIT = frozenset({"microsoft.storage/storageaccounts/blobservices", "microsoft.keyvault/vaults/accesspolicies"})
"""Parts that stand with what they are a part of."""
CRYPTO = frozenset(
    {
        "e147488a-f6f5-4113-8e2d-b22465e65bf6",  # Key Vault Crypto Service Encryption User
        "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",  # Key Vault Crypto Officer
    }
)
"""Roles that let an identity wrap with a key (Azure built-in roles)."""
DELEGATED = {
    "azure-native:dbformysql:Server": ("network.delegatedSubnetResourceId", "Microsoft.DBforMySQL/flexibleServers"),
    "azure-native:app:ManagedEnvironment": ("vnetConfiguration.infrastructureSubnetId", "Microsoft.App/environments"),
}
"""Types whose subnet must be delegated to their service."""
LINKS = {
    "microsoft.storage/storageaccounts": ("blob", "dfs", "file", "queue", "table", "web"),
    "microsoft.keyvault/vaults": ("vault",),
    "microsoft.eventhub/namespaces": ("namespace",),
    "microsoft.machinelearningservices/workspaces": ("amlworkspace",),
    "microsoft.machinelearningservices/registries": ("amlregistry",),
    "microsoft.containerregistry/registries": ("registry",),
    "microsoft.synapse/workspaces": ("Dev", "Sql", "SqlOnDemand"),
    "microsoft.purview/accounts": ("account", "portal"),
    "microsoft.hdinsight/clusters": ("gateway", "headnode"),
    "microsoft.dbforpostgresql/flexibleservers": ("postgresqlServer",),
}
"""Subresources that a private endpoint may lead to, by ARM type (Azure Private Link documentation, "Private-link resource")."""
KEY_USERS = ("encryptionUserAssignedIdentity", "primaryUserAssignedIdentityId", "userAssignedIdentity")
"""Properties that name the identity which uses a customer's key."""
_KEY = re.compile(r"^https://([^./]+)\.vault\.azure\.net/keys/([^/]+)(?:/([^/]+))?/?$")
_VAULT = re.compile(r"^https://([^./]+)\.vault\.azure\.net/?$")
Problem = tuple[str, str]


class Checks:
    """The checks of one create or update, against the objects in the state file."""

    def __init__(self, store: Store, token: str, id: str, inputs: Mapping[str, Any]) -> None:
        self.store = store
        self.token = token
        self.id = id
        self.inputs = inputs

    def problems(self) -> Iterator[Problem]:
        """Everything that Azure would refuse, the plainest first."""
        for above in arm.ancestors(self.id):
            if not self.there(above):
                yield "", f"there is no {above}"
                return
        yield from self._named()
        yield from self._keys()
        yield from self._principal()
        yield from self._subnet()
        yield from self._delegated()
        yield from self._linked()

    def there(self, id: str) -> bool:
        """Whether an id names something that exists; of a type that no table names that is taken for granted."""
        kind = arm.arm_type(id)
        token = TOKENS.get(kind.lower())
        return token is None or kind.lower() in IMPLICIT or self.store.exists((token,), id)

    def _named(self) -> Iterator[Problem]:
        """ARM ids anywhere in the inputs."""
        for path, text in arm.strings(self.inputs):
            if arm.is_id(text) and not self.there(text):
                yield path, f'there is no {arm.arm_type(text)} "{text}"'

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _keys(self) -> Iterator[Problem]:
        """A customer's key must exist in a vault that cannot be purged, and its user must have been let in."""
        for path, vault, key in _key_references(self.inputs):
            found = self._one("keyvault:Vault", lambda record, vault=vault: record.inputs.get("vaultName") == vault)  # type: ignore[misc]
            if found is None:
                yield path, f'there is no key vault "{vault}"'
                continue
            key_id = f"{found.id}/keys/{key}"
            if not self.there(key_id):
                yield path, f'key vault "{vault}" has no key "{key}"'
                continue
            properties = found.inputs.get("properties") or {}
            if not is_sealed(properties) and not properties.get("enablePurgeProtection"):
                yield path, f'key vault "{vault}" has no purge protection, which a customer-managed key needs'
            for user_path, user in _key_users(self.inputs):
                if not self._may_wrap(user, key_id):
                    yield user_path, f"the identity may not use key {key_id}: assign it Key Vault Crypto Service Encryption User"

    def _may_wrap(self, identity: str, key: str) -> bool:
        record = self.store.by_id("azure-native:managedidentity:UserAssignedIdentity", identity)
        principal = record.outputs.get("principalId") if record else None
        return record is None or any(
            given.inputs.get("principalId") == principal
            and f"{key}/".startswith(f"{given.inputs.get('scope')}/")
            and str(given.inputs.get("roleDefinitionId")).rpartition("/")[2] in CRYPTO
            for given in self._all("authorization:RoleAssignment")
        )

    # -- identities, networks -----------------------------------------------------------------------------------------

    def _principal(self) -> Iterator[Problem]:
        """Who is given a role must be known, where it is a workload; and nobody is given the same twice."""
        if not self.token.endswith("authorization:RoleAssignment"):
            return
        given = self.inputs
        role = str(given.get("roleDefinitionId"))
        if not re.search(r"/roleDefinitions/[0-9a-f-]{36}$", role):
            yield "roleDefinitionId", f'"{role}" is no role definition: /subscriptions/<id>/providers/… /roleDefinitions/<GUID>'
        principal = given.get("principalId")
        if given.get("principalType") == "ServicePrincipal" and principal not in self._principals():
            yield "principalId", f'there is no managed identity with principal "{principal}"'
        keys = ("principalId", "roleDefinitionId", "scope")
        for other in self._all("authorization:RoleAssignment"):
            if other.id != self.id and all(other.inputs.get(key) == given.get(key) for key in keys):
                yield "", f"RoleAssignmentExists: {other.id} says the same"

    def _principals(self) -> set[Any]:
        found: set[Any] = set()
        for token in KINDS:
            for record in self.store.of_type(token):
                identity = record.inputs.get("identity")
                found.add(record.outputs.get("principalId"))
                # a resource's own identity, as shapes.py answers with it
                owns = isinstance(identity, Mapping) and "SystemAssigned" in str(identity.get("type"))
                found.add(guid(record.id, "principal") if owns else None)
        return found - {None}

    def _subnet(self) -> Iterator[Problem]:
        """A subnet lies in its network's ranges and overlaps no other."""
        if not self.token.endswith("network:Subnet") or not (text := self.inputs.get("addressPrefix")):
            return
        mine = ipaddress.ip_network(text)
        network = self.store.by_id("azure-native:network:VirtualNetwork", self.id.rpartition("/subnets/")[0])
        ranges = ((network.inputs.get("addressSpace") or {}).get("addressPrefixes") or []) if network else []
        if not any(_within(mine, ipaddress.ip_network(whole)) for whole in ranges):
            yield "addressPrefix", f"{text} is not in the network's ranges ({', '.join(ranges)})"
        for other in self._all("network:Subnet"):
            beside = other.id != self.id and other.id.rpartition("/")[0] == self.id.rpartition("/")[0]
            if beside and mine.overlaps(ipaddress.ip_network(other.inputs["addressPrefix"])):
                yield "addressPrefix", f"{text} overlaps {other.inputs['addressPrefix']} of {other.id}"

    def _delegated(self) -> Iterator[Problem]:
        """A service that stands in a subnet wants it for itself."""
        if self.token not in DELEGATED:
            return
        path, service = DELEGATED[self.token]
        subnet = self.store.by_id("azure-native:network:Subnet", _at(self.inputs, path) or "")
        if subnet is not None:
            given = [delegation.get("serviceName") for delegation in subnet.inputs.get("delegations") or []]
            if service not in given:
                yield path, f"the subnet is not delegated to {service}"

    def _linked(self) -> Iterator[Problem]:
        """A private endpoint leads to a part that its target has."""
        given = self.inputs
        if self.token.endswith("network:PrivateEndpoint"):
            links = [
                (connection.get("privateLinkServiceId"), group)
                for connection in given.get("privateLinkServiceConnections") or []
                for group in connection.get("groupIds") or []
            ]
        elif self.token.endswith("datafactory:ManagedPrivateEndpoint"):
            links = [(_at(given, "properties.privateLinkResourceId"), _at(given, "properties.groupId"))]
        else:
            return
        for target, group in links:
            parts = LINKS.get(arm.arm_type(str(target)).lower())
            if parts is not None and group not in parts:
                yield "groupIds", f'{target} has no subresource "{group}"; it has {", ".join(parts)}'

    # -- look-ups -----------------------------------------------------------------------------------------------------

    def _all(self, token: str) -> list[Record]:
        return self.store.of_type(f"azure-native:{token}")

    def _one(self, token: str, fits: Callable[[Record], bool]) -> Record | None:
        return next((record for record in self._all(token) if fits(record)), None)


def _key_references(value: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """(path, vault, key) of every key that inputs name, by its URI or by vault and name."""
    if isinstance(value, Mapping):
        vault, key = _VAULT.match(str(value.get("keyVaultUri"))), value.get("keyName")
        if vault and isinstance(key, str):
            yield f"{path}.keyName", vault.group(1), key
        for name, item in value.items():
            where = f"{path}.{name}" if path else str(name)
            if isinstance(item, str) and (found := _KEY.match(item)):
                yield where, found.group(1), found.group(2)
            yield from _key_references(item, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _key_references(item, f"{path}[{index}]")


def _key_users(value: Any) -> Iterator[Problem]:
    return ((path, text) for path, text in arm.strings(value) if path.rpartition(".")[2] in KEY_USERS and arm.is_id(text))


def _within(small: Any, large: Any) -> bool:
    return small.version == large.version and bool(small.subnet_of(large))


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
