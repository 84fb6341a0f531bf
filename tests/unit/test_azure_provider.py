"""The simulated `azure-native` provider: ARM ids, names, shapes, and what Resource Manager refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.home import which_plugin
from sandbox.providers.azure import counts
from sandbox.providers.azure.provider import Azure
from sandbox.providers.azure.tables import KINDS
from sandbox.providers.model import Call, CheckFailed, Failure
from sandbox.providers.values import UNKNOWN, bare

GROUP = "resources:ResourceGroup"
NETWORK, SUBNET = "network:VirtualNetwork", "network:Subnet"
VAULT, KEY, IDENTITY = "keyvault:Vault", "keyvault:Key", "managedidentity:UserAssignedIdentity"
ACCOUNT, ROLE = "storage:StorageAccount", "authorization:RoleAssignment"
CRYPTO = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/e147488a-f6f5-4113-8e2d-b22465e65bf6"
CONFIG = {"location": "westeurope", "subscriptionId": "s", "tenantId": "t"}
SKU = {"name": "Standard_ZRS"}


class Trial:
    """A provider, and the engine's calls in short."""

    def __init__(self) -> None:
        self.azure = Azure()

    def call(self, op: str, token: str, name: str, **more: Any) -> Call:
        token = f"azure-native:{token}"
        urn = f"urn:pulumi:dev::trial::{token}::{name}"
        return Call(op=op, urn=urn, type=token, name=name, config=CONFIG, **more)

    def check(self, token: str, name: str, **inputs: Any) -> Any:
        return self.azure.check(self.call("check", token, name, inputs=inputs))

    def make(self, token: str, name: str, **inputs: Any) -> tuple[str, Mapping[str, Any]]:
        checked = self.check(token, name, **inputs)
        assert checked.failures == []
        made = self.azure.create(self.call("create", token, name, inputs=dict(checked.inputs)))
        return made.id, bare(made.outputs)

    def network(self) -> tuple[str, str]:
        self.make(GROUP, "g", resourceGroupName="g")
        space = {"addressPrefixes": ["10.0.0.0/16"]}
        id, _ = self.make(NETWORK, "n", resourceGroupName="g", virtualNetworkName="net", addressSpace=space)
        subnet, _ = self.make(SUBNET, "a", resourceGroupName="g", virtualNetworkName="net", addressPrefix="10.0.0.0/24")
        return id, subnet

    def key(self, purge: bool = True) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """A vault with a key, and an identity."""
        self.make(GROUP, "g", resourceGroupName="g")
        properties = {"sku": {"family": "A", "name": "premium"}, "tenantId": "t", "enablePurgeProtection": purge}
        self.make(VAULT, "vault", resourceGroupName="g", vaultName="vault", properties=properties)
        id, key = self.make(KEY, "cmk", resourceGroupName="g", vaultName="vault", keyName="cmk", properties={"kty": "RSA"})
        user, identity = self.make(IDENTITY, "user", resourceGroupName="g", resourceName="user")
        return {**key, "id": id}, {**identity, "id": user}

    def encrypted(self, user: str) -> dict[str, Any]:
        return {
            "resourceGroupName": "g", "accountName": "lake", "kind": "StorageV2", "sku": SKU,
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [user]},
            "encryption": {
                "keySource": "Microsoft.Keyvault",
                "keyVaultProperties": {"keyVaultUri": "https://vault.vault.azure.net/", "keyName": "cmk"},
                "encryptionIdentity": {"encryptionUserAssignedIdentity": user},
            },
        }  # fmt: skip


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(tmp_path))
    for name in ("ARM_SUBSCRIPTION_ID", "ARM_TENANT_ID", "ARM_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    made = Trial()
    yield made
    made.azure.close()


def test_every_type_of_the_tables_is_one_of_the_sdk_and_has_its_name(trial: Trial) -> None:
    for token, kind in KINDS.items():
        resource = trial.azure.package_schema.resource(token)
        assert kind.spec.name is None or kind.spec.name.property in resource.inputs, token
        assert {path.split(".")[0] for path in kind.spec.replace} - {"*", "location"} <= set(resource.inputs), token


def test_the_sandbox_has_the_plugin(tmp_path: Path) -> None:
    assert which_plugin("azure-native", tmp_path) == "simulated"


def test_ids_regions_and_types_are_arms(trial: Trial) -> None:
    _, subnet = trial.network()
    assert subnet == "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/net/subnets/a"
    id, account = trial.make(ACCOUNT, "lake", resourceGroupName="g", kind="StorageV2", sku=SKU)
    assert id == f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{account['name']}"
    assert account["location"] == "westeurope" and account["type"] == "Microsoft.Storage/storageAccounts"
    assert account["primaryEndpoints"]["dfs"] == f"https://{account['name']}.dfs.core.windows.net/"
    assert counts.counts("dev") == {"API-backed": 0, "schema-only": 4}


@pytest.mark.parametrize(
    ("token", "given", "good", "bad"),
    [
        (ACCOUNT, {"kind": "StorageV2", "sku": SKU}, ("accountName", "lake01"), "Data-Lake"),
        (VAULT, {"properties": {"sku": {"family": "A", "name": "premium"}, "tenantId": "t"}}, ("vaultName", "v-1"), "1-vault"),
        ("eventhub:Namespace", {}, ("namespaceName", "events"), "hub"),
        ("dbformysql:Server", {}, ("serverName", "mysql-1"), "Mysql"),
        ("dashboard:Grafana", {}, ("workspaceName", "boards"), "dashboards-of-the-platform"),
        ("machinelearningservices:Workspace", {}, ("workspaceName", "tracking"), "t" * 34),
        ("containerregistry:Registry", {"sku": {"name": "Premium"}}, ("registryName", "images"), "my-images"),
        ("synapse:Workspace", {}, ("workspaceName", "spark-1"), "Spark"),
        ("datafactory:Factory", {}, ("factoryName", "copies-1"), "two--dashes"),
        ("operationalinsights:Table", {"workspaceName": "logs"}, ("tableName", "team_CL"), "team"),
        ("app:ContainerApp", {}, ("containerAppName", "churn"), "a-name-that-is-longer-than-thirty-two"),
    ],
    ids=lambda item: item.split(":")[0] if isinstance(item, str) and ":" in item else "",
)
def test_names_follow_azures_rules(trial: Trial, token: str, given: Any, good: tuple[str, str], bad: str) -> None:
    name, value = good
    assert trial.check(token, "x", resourceGroupName="g", **given, **{name: value}).failures == []
    ((path, reason),) = trial.check(token, "x", resourceGroupName="g", **given, **{name: bad}).failures
    assert path == name and f'"{bad}" is no name that Azure takes' in reason


def test_automatic_names_are_the_providers_own(trial: Trial) -> None:
    trial.network()
    assert trial.check(GROUP, "rg").inputs["resourceGroupName"].removeprefix("rg").isalnum()
    assert len(trial.check(GROUP, "rg").inputs["resourceGroupName"]) == len("rg") + 8
    ((path, reason),) = trial.check(ACCOUNT, "data-lake", resourceGroupName="g", kind="StorageV2", sku=SKU).failures
    assert path == "accountName" and "lower-case letters and digits" in reason
    assert trial.check(SUBNET, "inner", resourceGroupName="g", virtualNetworkName="net").inputs["subnetName"] == "inner"
    given = {"principalId": "p", "roleDefinitionId": CRYPTO, "scope": "/subscriptions/s"}
    first, second = (trial.check(ROLE, name, **given).inputs["roleAssignmentName"] for name in ("a", "b"))
    assert first != second and first.count("-") == 4


def test_what_the_schema_does_not_know_is_refused(trial: Trial) -> None:
    given = {"resourceGroupName": "g", "kind": "StorageV2", "sku": SKU}
    found = dict(trial.check(ACCOUNT, "lake", **given, minimumTlsVersions="TLS1_2", allowBlobPublicAccess="no").failures)
    assert 'did you mean "minimumTlsVersion"' in found["minimumTlsVersions"]
    assert found["allowBlobPublicAccess"] == 'must be true or false, not "no"'


def test_a_preview_knows_what_is_given_and_nothing_that_azure_draws(trial: Trial) -> None:
    properties = {"sku": {"family": "A", "name": "premium"}, "tenantId": "t"}
    inputs = dict(trial.check(VAULT, "v", resourceGroupName=UNKNOWN, vaultName="vault", properties=properties).inputs)
    outputs = trial.azure.create(trial.call("create", VAULT, "v", inputs=inputs, preview=True)).outputs
    assert outputs["properties"] == {**properties, "vaultUri": UNKNOWN, "provisioningState": UNKNOWN}
    assert outputs["name"] is UNKNOWN


def test_parents_and_what_is_named_must_exist(trial: Trial) -> None:
    with pytest.raises(Failure, match=r"there is no /subscriptions/s/resourceGroups/g$"):
        trial.make(NETWORK, "n", resourceGroupName="g", virtualNetworkName="net")
    network, subnet = trial.network()
    with pytest.raises(Failure, match=rf"there is no {network}x"):
        trial.make(SUBNET, "b", resourceGroupName="g", virtualNetworkName="netx", addressPrefix="10.0.1.0/24")
    missing = subnet.replace("/a", "/other")
    with pytest.raises(Failure, match=r"subnet.id: there is no Microsoft.Network/virtualNetworks/subnets"):
        trial.make("network:PrivateEndpoint", "e", resourceGroupName="g", privateEndpointName="ep", subnet={"id": missing})
    trial.make("network:PrivateEndpoint", "e", resourceGroupName="g", privateEndpointName="ep", subnet={"id": subnet})


def test_subnets_lie_in_their_network_apart_from_each_other(trial: Trial) -> None:
    trial.network()
    given = {"resourceGroupName": "g", "virtualNetworkName": "net"}
    with pytest.raises(Failure, match=r"10.1.0.0/24 is not in the network's ranges \(10.0.0.0/16\)"):
        trial.make(SUBNET, "b", **given, addressPrefix="10.1.0.0/24")
    with pytest.raises(Failure, match=r"10.0.0.128/25 overlaps 10.0.0.0/24"):
        trial.make(SUBNET, "b", **given, addressPrefix="10.0.0.128/25")


def test_a_database_wants_its_subnet_delegated(trial: Trial) -> None:
    _, subnet = trial.network()
    given = {"resourceGroupName": "g", "serverName": "db-1", "network": {"delegatedSubnetResourceId": subnet}}
    with pytest.raises(Failure, match=r"the subnet is not delegated to Microsoft.DBforMySQL/flexibleServers"):
        trial.make("dbformysql:Server", "db", **given)
    inside = {"resourceGroupName": "g", "environmentName": "apps", "vnetConfiguration": {"infrastructureSubnetId": subnet}}
    with pytest.raises(Failure, match=r"the subnet is not delegated to Microsoft.App/environments"):
        trial.make("app:ManagedEnvironment", "apps", **inside)


def test_a_private_endpoint_leads_to_a_part_that_is_there(trial: Trial) -> None:
    _, subnet = trial.network()
    server, _ = trial.make("dbforpostgresql:Server", "db", resourceGroupName="g", serverName="db-1")

    def endpoint(name: str, group: str) -> dict[str, Any]:
        link = {"name": group, "privateLinkServiceId": server, "groupIds": [group]}
        return {
            "resourceGroupName": "g", "privateEndpointName": name, "subnet": {"id": subnet},
            "privateLinkServiceConnections": [link],
        }  # fmt: skip

    trial.make("network:PrivateEndpoint", "good", **endpoint("good", "postgresqlServer"))
    with pytest.raises(Failure, match='has no subresource "mysqlServer"; it has postgresqlServer'):
        trial.make("network:PrivateEndpoint", "bad", **endpoint("bad", "mysqlServer"))


def test_a_customers_key_needs_its_vault_and_its_users_right(trial: Trial) -> None:
    key, user = trial.key()
    account = trial.encrypted(user["id"])
    with pytest.raises(Failure, match="the identity may not use key"):
        trial.make(ACCOUNT, "lake", **account)
    trial.make(
        ROLE, "r", scope=key["id"], principalId=user["principalId"], roleDefinitionId=CRYPTO, principalType="ServicePrincipal"
    )
    _, made = trial.make(ACCOUNT, "lake", **account)
    identities = made["identity"]["userAssignedIdentities"]
    assert identities == {user["id"]: {"principalId": user["principalId"], "clientId": user["clientId"]}}
    gone = {**account, "accountName": "pond", "encryption": {**account["encryption"]}}
    gone["encryption"]["keyVaultProperties"] = {"keyVaultUri": "https://other.vault.azure.net/", "keyName": "cmk"}
    with pytest.raises(Failure, match='there is no key vault "other"'):
        trial.make(ACCOUNT, "pond", **gone)


def test_a_vault_that_can_be_purged_keeps_nobodys_key(trial: Trial) -> None:
    _, user = trial.key(purge=False)
    with pytest.raises(Failure, match="has no purge protection"):
        trial.make(ACCOUNT, "lake", **trial.encrypted(user["id"]))


def test_a_role_goes_to_somebody_once(trial: Trial) -> None:
    key, user = trial.key()
    given = {"scope": key["id"], "roleDefinitionId": CRYPTO, "principalType": "ServicePrincipal"}
    with pytest.raises(Failure, match="there is no managed identity with principal"):
        trial.make(ROLE, "r", **given, principalId="nobody")
    trial.make(ROLE, "r", **given, principalId=user["principalId"])
    with pytest.raises(Failure, match="RoleAssignmentExists"):
        trial.make(ROLE, "again", **given, principalId=user["principalId"])
    with pytest.raises(Failure, match="is no role definition"):
        trial.make(ROLE, "odd", scope=key["id"], roleDefinitionId="Owner", principalId="p", principalType="User")


def test_two_cannot_have_one_name(trial: Trial) -> None:
    trial.make(GROUP, "g", resourceGroupName="g")
    with pytest.raises(Failure, match="exists already"):
        trial.make(GROUP, "other", resourceGroupName="g")


def test_change_replacement_drift_and_end(trial: Trial) -> None:
    trial.make(GROUP, "g", resourceGroupName="g")
    inputs = dict(trial.check(ACCOUNT, "lake", resourceGroupName="g", accountName="lake", kind="StorageV2", sku=SKU).inputs)
    made = trial.azure.create(trial.call("create", ACCOUNT, "lake", inputs=inputs))
    known = {"id": made.id, "old_inputs": inputs, "old_outputs": bare(made.outputs)}
    assert not trial.azure.diff(trial.call("diff", ACCOUNT, "lake", inputs=inputs, **known))
    moved = trial.azure.diff(trial.call("diff", ACCOUNT, "lake", inputs={**inputs, "location": "northeurope"}, **known))
    assert moved.replace == {("location",)}
    closed = {**inputs, "allowSharedKeyAccess": False}
    change = trial.azure.diff(trial.call("diff", ACCOUNT, "lake", inputs=closed, **known))
    assert change.paths and not change.replace
    trial.azure.update(trial.call("update", ACCOUNT, "lake", inputs=closed, **known))
    found = trial.azure.read(trial.call("read", ACCOUNT, "lake", id=made.id, inputs=closed, old_outputs=known["old_outputs"]))
    assert found is not None and found.inputs == closed
    trial.azure.delete(trial.call("delete", ACCOUNT, "lake", id=made.id, old_inputs=closed))
    assert trial.azure.read(trial.call("read", ACCOUNT, "lake", id=made.id, inputs=closed)) is None


def test_state_survives_and_no_secret_is_in_it(trial: Trial, tmp_path: Path) -> None:
    trial.key()
    call = trial.call("check", "keyvault:Secret", "s", inputs={})
    inputs = {"resourceGroupName": "g", "vaultName": "vault", "secretName": "s", "properties": {"value": "correct-horse"}}
    call = trial.call("create", "keyvault:Secret", "s", inputs=inputs)
    call.secrets.paths.add(("properties", "value"))
    trial.azure.create(call)
    trial.azure.close()
    assert all(b"correct-horse" not in path.read_bytes() for path in (tmp_path / "azure").iterdir())
    again = Azure()
    try:
        assert again.store.of_type("azure-native:keyvault:Secret")[0].id.endswith("/vaults/vault/secrets/s")
    finally:
        again.close()
    trial.azure = Azure()


def test_functions(trial: Trial) -> None:
    def ask(token: str, **inputs: Any) -> Mapping[str, Any]:
        return trial.azure.invoke(Call(op="invoke", type=f"azure-native:{token}", inputs=inputs, config=CONFIG))

    who = ask("authorization:getClientConfig")
    assert (who["subscriptionId"], who["tenantId"]) == ("s", "t")
    trial.network()
    assert bare(ask("network:getVirtualNetwork", resourceGroupName="g", virtualNetworkName="net"))["location"] == "westeurope"
    with pytest.raises(CheckFailed, match="ResourceNotFound"):
        ask("network:getVirtualNetwork", resourceGroupName="g", virtualNetworkName="other")
    with pytest.raises(Failure, match='did you mean "azure-native:network:getVirtualNetwork"'):
        ask("network:getVirtualNetworks")
