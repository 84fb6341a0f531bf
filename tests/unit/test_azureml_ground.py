"""Azure's ground: network, vault, identities, and the object store on it."""

from pathlib import Path
from typing import Any

import pytest

from components.azureml.identity import Role
from components.azureml.private import ZONES, zones
from components.platform import Platform
from tests.unit.azure_stack import composed, identity, roles
from tests.unit.recording import Recording
from tests.unit.stackfiles import checked, messages, only


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("ground"))


def test_no_subnet_has_a_way_to_the_internet(made: Recording[Any]) -> None:
    subnets = {subnet.inputs["subnetName"]: subnet for subnet in made.all("Subnet")}
    assert {name: subnet.inputs["addressPrefix"] for name, subnet in subnets.items()} == {
        "workloads": "10.64.0.0/18",
        "endpoints": "10.64.64.0/18",
        "databases": "10.64.128.0/18",
    }
    group = made.one("NetworkSecurityGroup").inputs
    (out,) = group["securityRules"]
    assert (out["access"], out["direction"], out["destinationAddressPrefix"]) == ("Deny", "Outbound", "Internet")
    for subnet in subnets.values():
        assert subnet.inputs["defaultOutboundAccess"] is False
        assert subnet.inputs["networkSecurityGroup"]["id"].endswith(group["networkSecurityGroupName"])
    assert subnets["databases"].inputs["delegations"][0]["serviceName"] == "Microsoft.DBforMySQL/flexibleServers"
    assert subnets["endpoints"].name in made.waits_for(subnets["databases"].name)


def test_every_private_zone_is_linked_to_the_network(made: Recording[Any]) -> None:
    named = {zone.inputs["privateZoneName"] for zone in made.all("PrivateZone")}
    assert named == set(zones("westeurope")) and len(named) == len(made.all("VirtualNetworkLink"))
    assert "privatelink.westeurope.prometheus.monitor.azure.com" in named
    assert all(link.inputs["registrationEnabled"] is False for link in made.all("VirtualNetworkLink"))


def test_vaults_are_closed_kept_and_their_key_rotates(made: Recording[Any]) -> None:
    vaults = made.all("Vault")
    assert len(vaults) == 2
    for vault in vaults:
        settings = vault.inputs["properties"]
        assert settings["enableRbacAuthorization"] is True and settings["enablePurgeProtection"] is True
        assert settings["publicNetworkAccess"] == "Disabled" and settings["networkAcls"]["defaultAction"] == "Deny"
        assert settings["softDeleteRetentionInDays"] == 90
        assert vault.protect and "vaultName" not in vault.inputs
    key = made.one("Key")
    assert key.inputs["properties"]["kty"] == "RSA-HSM" and key.protect
    assert key.inputs["properties"]["rotationPolicy"]["lifetimeActions"][0]["action"]["type"] == "rotate"


def test_one_identity_may_use_the_key_and_nothing_else(made: Recording[Any]) -> None:
    _, principal = identity(made, "foundation-encryption")
    assert roles(made, principal) == {"mlops/foundation-encryption": Role.KEY_USER.value}


def test_every_resource_that_takes_tags_says_whose_it_is(made: Recording[Any]) -> None:
    for resource in made.resources:
        if resource.type.startswith("azure-native:") and resource.kind in ("Vault", "StorageAccount", "Server", "ResourceGroup"):
            assert {"owner", "team", "environment"} <= set(resource.inputs["tags"]), resource.name


def test_the_store_is_closed_encrypted_and_known_to_entra_alone(made: Recording[Any]) -> None:
    for name, lake in (("minio-account", True), ("mlflow-ws-store", False)):
        account = made.one("StorageAccount", name)
        given = account.inputs
        assert given["publicNetworkAccess"] == "Disabled" and given["networkRuleSet"]["defaultAction"] == "Deny"
        assert given["allowBlobPublicAccess"] is False and given["allowSharedKeyAccess"] is False
        assert given["minimumTlsVersion"] == "TLS1_2" and given["enableHttpsTrafficOnly"] is True
        assert given["encryption"]["keySource"] == "Microsoft.Keyvault"
        assert given["encryption"]["requireInfrastructureEncryption"] is True
        assert given["isHnsEnabled"] is lake and account.protect and account.retain
        kept = made.one("BlobServiceProperties", name).inputs
        assert kept["deleteRetentionPolicy"] == {"enabled": True, "days": 90} == kept["containerDeleteRetentionPolicy"]
        # there are no versions where there are directories
        assert kept.get("isVersioningEnabled") is (None if lake else True)


def test_a_grant_is_a_role_on_one_container(made: Recording[Any]) -> None:
    containers = {item.inputs["containerName"]: item for item in made.all("BlobContainer")}
    assert set(containers) == {"raw", "mlflow", "notebooks"}
    assert all(item.inputs["publicAccess"] == "None" for item in containers.values())
    _, principal = identity(made, "jupyterhub-identity")
    given = roles(made, principal)
    assert given["notebooks/jupyterhub-bucket-notebooks"] == Role.BLOB_DATA_CONTRIBUTOR.value
    assert not [scope for scope in given if scope.startswith(("mlflow/jupyterhub-bucket", "raw/"))]
    (rule,) = made.one("ManagementPolicy").inputs["policy"]["rules"]
    assert rule["definition"]["filters"]["prefixMatch"] == ["raw/"]
    assert rule["definition"]["actions"]["baseBlob"]["delete"] == {"daysAfterModificationGreaterThan": 30}


def test_private_endpoints_stand_in_their_subnet_with_their_zones(made: Recording[Any]) -> None:
    ends = made.all("PrivateEndpoint")
    assert ends and all(end.inputs["subnet"]["id"].endswith("/subnets/endpoints") for end in ends)
    groups = {end.name: end.inputs["privateLinkServiceConnections"][0]["groupIds"] for end in ends}
    for name, (group,) in groups.items():
        configs = made.one("PrivateDnsZoneGroup", name).inputs["privateDnsZoneConfigs"]
        assert len(configs) == len(ZONES[group]), name


def test_a_region_of_another_cloud_is_refused(tmp_path: Path) -> None:
    said = only(checked(tmp_path, "cloud: {region: eu-central-1}\nsystems: {minio: {}}", target="azureml"))
    assert said == 'mlops:spec.cloud.region: "eu-central-1": not a region of target azureml; expected one such as westeurope'


def test_the_region_is_westeurope_if_unset(tmp_path: Path) -> None:
    made = composed(tmp_path, "systems: {minio: {}}")
    assert made.one("ResourceGroup").inputs["location"] == "westeurope"


def test_a_subscription_is_a_guid(tmp_path: Path) -> None:
    (said,) = messages(checked(tmp_path, "cloud: {subscription: mine}\nsystems: {minio: {}}", target="azureml"))
    assert said.startswith("mlops:spec.cloud.subscription")
