"""Databases, events, tracking, notebooks, metrics and dashboards on Azure."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.azureml.eventhubs import PROTOCOL
from components.azureml.identity import Role, unique
from components.contracts import Broker, Consumer
from components.platform import Platform
from tests.unit.azure_stack import composed, identity, roles
from tests.unit.recording import Recording, record, settled


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("spine"))


def test_the_database_is_inside_the_network_and_asks_for_entra_and_tls(made: Recording[Any]) -> None:
    server = made.one("Server")
    given = server.inputs
    assert given["network"]["publicNetworkAccess"] == "Disabled"
    assert given["network"]["delegatedSubnetResourceId"].endswith("/subnets/databases")
    assert given["network"]["privateDnsZoneResourceId"].endswith("private.mysql.database.azure.com")
    assert given["dataEncryption"]["type"] == "AzureKeyVault" and "/keys/mlops/" in given["dataEncryption"]["primaryKeyURI"]
    assert given["highAvailability"]["mode"] == "ZoneRedundant"
    assert server.protect and server.retain
    settings = {item.inputs["configurationName"]: item.inputs["value"] for item in made.all("Configuration")}
    assert settings["require_secure_transport"] == "ON" and settings["aad_auth_only"] == "ON"
    # logins by password are shut off once somebody can log in without
    assert "mysql-admin" in made.waits_for("mysql-aad-auth-only")
    assert made.one("AzureADAdministrator").inputs["identityResourceId"].endswith("/demo-mysql-admin")


def test_the_administrators_password_is_nowhere_in_the_open(made: Recording[Any]) -> None:
    assert "administratorLoginPassword" in made.one("Server").secrets
    assert made.leaks() == []
    assert made.one("Secret").inputs["secretName"].endswith("-mysql-administrator")


def test_a_database_is_granted_with_a_user_of_its_own(tmp_path: Path) -> None:
    from components.azureml.flexible import FlexibleServerArgs
    from components.azureml.mysql import FlexibleMysql
    from tests.unit.azure_place import PLACE

    def build() -> Any:
        server = FlexibleMysql("mysql", FlexibleServerArgs("db-1", "test", "Standard_E4ds_v5", 20, False, 7, False, PLACE))
        return server.grant("fraud-mlflow", Consumer("fraud-mlflow", role="p"))

    made = record(build)
    database = made.one("Database").inputs
    assert (database["databaseName"], database["charset"]) == ("fraud_mlflow", "utf8mb4")
    assert (made.result.username, made.result.secret, made.result.port) == ("fraud_mlflow", None, 3306)
    assert made.one("Server").inputs["sku"] == {"name": "Standard_E4ds_v5", "tier": "MemoryOptimized"}
    assert made.one("Server").inputs["highAvailability"]["mode"] == "Disabled"


def test_the_namespace_is_premium_encrypted_and_knows_no_keys(made: Recording[Any]) -> None:
    namespace = made.one("Namespace")
    given = namespace.inputs
    assert given["sku"]["name"] == "Premium" and given["kafkaEnabled"] is True
    assert given["disableLocalAuth"] is True and given["minimumTlsVersion"] == "1.2"
    assert given["publicNetworkAccess"] == "Disabled"
    assert given["encryption"]["keySource"] == "Microsoft.KeyVault"
    assert given["encryption"]["requireInfrastructureEncryption"] is True
    assert namespace.protect and namespace.retain
    hub = made.one("EventHub").inputs
    assert (hub["eventHubName"], hub["partitionCount"]) == ("events", 6)
    assert hub["retentionDescription"] == {"cleanupPolicy": "Delete", "retentionTimeInHours": 72}


def test_topics_are_granted_one_by_one_and_never_by_prefix() -> None:
    from components.azureml.eventhubs import EventHubs, EventHubsArgs
    from tests.unit.azure_place import PLACE

    def build() -> tuple[Any, list[Any]]:
        hubs = EventHubs("kafka", EventHubsArgs("events-1", 1, False, PLACE))
        (broker,) = hubs.contracts()
        assert isinstance(broker, Broker) and broker.protocol == PROTOCOL
        with pytest.raises(pulumi.RunError, match="rights by event hub alone"):
            broker.grant([], Consumer("seldon"), ["seldon."])
        consumer = Consumer("apps", role="principal")
        return broker.grant(["clicks"], consumer), consumer.ready

    made = record(build)
    assert made.result[0].mechanism == "OAUTHBEARER"
    assert roles(made, "principal") == {
        "clicks/apps-send-clicks": Role.EVENTS_SENDER.value,
        "clicks/apps-receive-clicks": Role.EVENTS_RECEIVER.value,
    }


def test_events_are_kept_as_long_as_the_service_can(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r'topics.events.retention: "1y": Event Hubs keeps events for 90d at most'):
        composed(tmp_path, "systems: {kafka: {topics: {events: {retention: 1y}}}}")


def test_the_workspace_is_closed_and_lets_nothing_out_unasked(made: Recording[Any]) -> None:
    workspace = made.one("azure-native:machinelearningservices:Workspace")
    given = workspace.inputs
    assert given["publicNetworkAccess"] == "Disabled" and given["v1LegacyMode"] is False
    assert given["managedNetwork"]["isolationMode"] == "AllowOnlyApprovedOutbound"
    out = given["managedNetwork"]["outboundRules"]
    assert {rule["destination"]["subresourceTarget"] for rule in out.values()} == {"blob", "dfs"}
    assert given["systemDatastoresAuthMode"] == "Identity" and given["hbiWorkspace"] is True
    assert given["encryption"]["status"] == "Enabled" and given["enableServiceSideCMKEncryption"] is True
    assert workspace.protect
    assert {"mlflow-ws-blobs", "mlflow-ws-secrets", "mlflow-ws-reach-data"} <= set(workspace.depends_on)


def test_the_workspaces_identity_has_its_own_parts_alone(made: Recording[Any]) -> None:
    _, principal = identity(made, "mlflow-identity")
    given = roles(made, principal)
    assert Role.CONTRIBUTOR.value in given.values()
    scopes = [a.inputs["scope"] for a in made.all("RoleAssignment") if a.inputs["principalId"] == principal]
    assert scopes and all("/providers/" in scope for scope in scopes), "no role on a group or a subscription"


def test_each_user_has_an_instance_and_each_profile_a_pool_without_nodes(made: Recording[Any]) -> None:
    computes = {compute.name: compute.inputs for compute in made.all("Compute")}
    assert set(computes) == {"jupyterhub-pool-cpu", "jupyterhub-pool-gpu", "jupyterhub-user-alice", "jupyterhub-user-bob"}
    for name, compute in computes.items():
        settings = compute["properties"]
        assert settings["disableLocalAuth"] is True and settings["properties"]["enableNodePublicIp"] is False
        if name.startswith("jupyterhub-pool"):
            assert settings["properties"]["scaleSettings"]["minNodeCount"] == 0
            assert settings["properties"]["remoteLoginPortPublicAccess"] == "Disabled"
        else:
            assert settings["properties"]["sshSettings"] == {"sshPublicAccess": "Disabled"}
            assert settings["properties"]["idleTimeBeforeShutdown"] == "PT120M"
    alice = computes["jupyterhub-user-alice"]["properties"]["properties"]["personalComputeInstanceSettings"]
    assert alice["assignedUser"]["objectId"] == "0d0d0d0d-1111-4222-8333-444444444444"
    assert "personalComputeInstanceSettings" not in computes["jupyterhub-user-bob"]["properties"]["properties"]
    stores = {store.inputs["name"]: store.inputs["properties"] for store in made.all("Datastore")}
    assert set(stores) == {"mlflow", "notebooks"}
    assert stores["notebooks"]["filesystem"] == "notebooks" and stores["notebooks"]["credentials"] == {"credentialsType": "None"}


def test_notebooks_stand_in_the_workspace_that_tracks_or_in_their_own(made: Recording[Any], tmp_path: Path) -> None:
    assert len(made.all("azure-native:machinelearningservices:Workspace")) == 1
    alone = composed(tmp_path, "systems: {jupyterhub: {}}")
    assert alone.one("azure-native:machinelearningservices:Workspace").inputs["workspaceName"] == "demo-notebooks"
    assert not alone.all("Datastore")


def test_metrics_come_in_privately_and_alert(made: Recording[Any]) -> None:
    workspace = made.one("AzureMonitorWorkspace")
    assert workspace.inputs["publicNetworkAccess"] == "Disabled" and workspace.protect
    assert made.one("DataCollectionEndpoint").inputs["networkAcls"] == {"publicNetworkAccess": "Disabled"}
    rule = made.one("DataCollectionRule").inputs
    assert rule["destinations"]["monitoringAccounts"][0]["accountResourceId"].endswith("/accounts/demo-metrics")
    assert {item["alert"] for item in made.one("PrometheusRuleGroup").inputs["rules"]} == {"TargetDown", "TargetsAbsent"}
    _, principal = identity(made, "prometheus-identity")
    assert list(roles(made, principal).values()) == [Role.METRICS_PUBLISHER.value]


def test_dashboards_read_the_metrics_and_nothing_else(made: Recording[Any]) -> None:
    settings = made.one("Grafana").inputs["properties"]
    assert settings["publicNetworkAccess"] == "Disabled" and settings["apiKey"] == "Disabled"
    assert settings["grafanaConfigurations"]["snapshots"] == {"externalEnabled": False}
    (source,) = settings["grafanaIntegrations"]["azureMonitorWorkspaceIntegrations"]
    assert source["azureMonitorWorkspaceResourceId"].endswith("/accounts/demo-metrics")
    assert made.one("ManagedPrivateEndpoint").inputs["groupIds"] == ["prometheusMetrics"]
    _, principal = identity(made, "grafana-identity")
    assert roles(made, principal) == {"demo-metrics/grafana-query": Role.METRICS_READER.value}


def test_everything_that_can_logs_to_the_workspace(made: Recording[Any]) -> None:
    logs = made.all("DiagnosticSetting")
    assert len(logs) >= 9 and {item.inputs["workspaceId"].rpartition("/")[2] for item in logs} == {"demo-logs"}
    assert all(item.inputs["logs"] == [{"categoryGroup": "allLogs", "enabled": True}] for item in logs)


@pytest.mark.parametrize(("stem", "limit", "dashes"), [("a-rather-long-stack-lake", 24, False), ("boards", 23, True)])
def test_global_names_fit_and_differ_by_subscription(stem: str, limit: int, dashes: bool) -> None:
    one, two = (settled(lambda s=s: unique(stem, s, limit, dashes=dashes)) for s in ("a", "b"))  # type: ignore[misc]
    assert one != two and len(one) <= limit and (dashes or one.isalnum())
