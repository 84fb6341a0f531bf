"""The data systems on Azure, through the composer: what stands, what is closed, who may what."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.azureml.identity import Role
from components.azureml.recurrence import recurrence
from components.platform import Platform
from tests.unit.azure_stack import composed, identity, roles
from tests.unit.recording import Recording

SPEC = """
environment: prod
systems:
  minio: {}
  seaweedfs: {buckets: {cold: {}}}
  mysql: {}
  postgres: {storage: 40Gi}
  kafka: {topics: {events: {partitions: 3, retention: 3d}}}
  prometheus: {}
  thanos: {}
  loki: {retention: 14d, teamRetention: {fraud: 3y}}
  spark:
    streams: {events: {topic: events}}
    jobs: {nightly: {main: "s3a://spark/jobs/nightly.py", schedule: "0 2 * * 1-5", executor: {cpu: "6", memory: 20Gi}}}
  flume: {agents: {clicks: {}, events: {source: kafka, sourceTopic: events}}}
  sqoop: {jobs: {orders: {direction: import, table: shop.orders, columns: [id, total], where: "total > 0", schedule: "30 1 * * *"}}}
  hadoop: {dataNodes: 4}
  dvc: {}
  tfdv: {datasets: {sales: {data: sales, schedule: "0 4 * * *"}}}
  feast: {features: {customers: {key: id, columns: {id: string, orders: integral}}}}
  amundsen: {}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("data"), SPEC)


def test_postgres_knows_no_passwords_and_is_reached_by_its_endpoint(made: Recording[Any]) -> None:
    server = made.one("azure-native:dbforpostgresql:Server")
    given = server.inputs
    assert given["authConfig"] == {
        "activeDirectoryAuth": "Enabled",
        "passwordAuth": "Disabled",
        "tenantId": given["authConfig"]["tenantId"],
    }
    assert "administratorLoginPassword" not in given and given["network"] == {"publicNetworkAccess": "Disabled"}
    assert given["dataEncryption"]["type"] == "AzureKeyVault" and "/keys/mlops/" in given["dataEncryption"]["primaryKeyURI"]
    assert given["highAvailability"]["mode"] == "ZoneRedundant" and given["storage"]["storageSizeGB"] == 64
    assert given["backup"]["backupRetentionDays"] == 7 and server.protect and server.retain
    settings = made.all("azure-native:dbforpostgresql:Configuration")
    assert {item.inputs["configurationName"]: item.inputs["value"] for item in settings}["require_secure_transport"] == "on"
    end = made.one("PrivateEndpoint", "postgres-server").inputs["privateLinkServiceConnections"][0]
    assert end["groupIds"] == ["postgresqlServer"] and "flexibleServers" in end["privateLinkServiceId"]
    zones = {zone.inputs["privateZoneName"] for zone in made.all("PrivateZone")}
    assert "privatelink.postgres.database.azure.com" in zones


def test_the_second_store_is_another_account(made: Recording[Any]) -> None:
    first, second = (made.one("StorageAccount", f"{name}-account").inputs for name in ("minio", "seaweedfs"))
    assert first["accountName"] != second["accountName"] and second["publicNetworkAccess"] == "Disabled"
    assert made.one("BlobContainer", "seaweedfs-cold").inputs["accountName"] == second["accountName"]


def test_spark_stands_in_a_network_that_lets_nothing_out(made: Recording[Any]) -> None:
    workspace = made.one("azure-native:synapse:Workspace")
    given = workspace.inputs
    assert given["publicNetworkAccess"] == "Disabled" and given["azureADOnlyAuthentication"] is True and workspace.protect
    assert given["managedVirtualNetworkSettings"]["preventDataExfiltration"] is True
    assert given["encryption"]["cmk"]["key"]["name"] == "mlops"
    pool = made.one("BigDataPool").inputs
    assert (pool["nodeSize"], pool["sparkVersion"], pool["autoPause"]["enabled"]) == ("Medium", "3.5", True)
    ends = {
        end.inputs["managedPrivateEndpointName"]: end.inputs["properties"]
        for end in made.all("azure-native:datafactory:ManagedPrivateEndpoint")
        if end.name.startswith("spark")
    }
    assert ends["spark"]["groupId"] == "Dev" and ends["blob"]["groupId"] == "blob"


def test_jobs_are_requests_that_run_as_the_systems_identity(made: Recording[Any]) -> None:
    (submit,) = made.one("Pipeline", "spark-job-nightly").inputs["activities"]
    put, stream = made.one("Pipeline", "spark-job-events").inputs["activities"]
    for activity in (submit, put, stream):
        assert activity["authentication"]["type"] == "UserAssignedManagedIdentity"
        assert activity["connectVia"]["referenceName"] == "private"
    body = json.loads(submit["body"])
    assert body["file"].startswith("abfss://spark@") and body["file"].endswith("/jobs/nightly.py")
    assert (body["driverCores"], body["executorMemory"]) == (8, "56g")
    assert put["method"] == "PUT" and put["url"].endswith("/spark/scripts/stream.py") and "readStream" in put["body"]
    assert json.loads(stream["body"])["args"][-2] == "events"
    _, principal = identity(made, "spark-identity")
    given = roles(made, principal)
    assert given["spark/spark-bucket-spark"] == Role.BLOB_DATA_CONTRIBUTOR.value
    assert {role for scope, role in given.items() if scope.endswith("spark-launch")} == {Role.FACTORY_CONTRIBUTOR.value}
    assert Role.CONTRIBUTOR.value not in given.values()


def test_times_are_kept_by_a_workflow_that_may_launch_and_nothing_else(made: Recording[Any]) -> None:
    flow = made.one("Workflow", "spark-schedule-nightly").inputs
    assert flow["state"] == "Enabled" and flow["identity"]["type"] == "UserAssigned"
    (trigger,) = flow["definition"]["triggers"].values()
    assert trigger["recurrence"]["schedule"]["weekDays"] == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    start = flow["definition"]["actions"]["start"]["inputs"]
    assert "/pipelines/nightly/createRun?" in start["uri"] and start["authentication"]["type"] == "ManagedServiceIdentity"
    assert {flow.name for flow in made.all("Workflow")} == {"spark-schedule-nightly", "sqoop-schedule-orders"}


def test_factories_are_closed_and_encrypted(made: Recording[Any]) -> None:
    factories = made.all("Factory")
    assert len(factories) == 2
    for factory in factories:
        assert factory.inputs["publicNetworkAccess"] == "Disabled" and factory.inputs["encryption"]["keyName"] == "mlops"
    for runtime in made.all("azure-native:datafactory:IntegrationRuntime"):
        assert runtime.inputs["properties"]["managedVirtualNetwork"]["referenceName"] == "default"
        assert f"{runtime.name.partition('-')[0]}-network" in made.waits_for(runtime.name)


def test_a_transfer_copies_what_is_asked_for_without_a_password(made: Recording[Any]) -> None:
    (copy,) = made.one("Pipeline", "sqoop-job-orders").inputs["activities"]
    assert copy["source"]["query"] == 'select "id", "total" from "shop"."orders" where total > 0'
    source = made.one("LinkedService", "sqoop-database").inputs["properties"]
    assert source["credential"]["referenceName"] == "workload" and "password" not in source and source["sslMode"] == 5
    assert made.one("azure-native:dbforpostgresql:Database").inputs["databaseName"] == "sqoop"
    files = made.one("Dataset", "sqoop-orders-files").inputs["properties"]
    assert files["location"]["folderPath"] == "shop.orders"


def test_events_are_kept_as_files_by_the_hubs_themselves(made: Recording[Any]) -> None:
    hubs = {item.inputs["eventHubName"]: item.inputs for item in made.all("EventHub")}
    assert set(hubs) == {"events", "clicks"}
    for hub in hubs.values():
        capture = hub["captureDescription"]
        assert capture["enabled"] is True and capture["destination"]["blobContainer"] == "flume"
        assert capture["destination"]["identity"]["type"] == "UserAssigned"
    namespaces = made.all("azure-native:eventhub:Namespace")
    assert len(namespaces) == 2
    assert all(n.inputs["disableLocalAuth"] is True and n.inputs["publicNetworkAccess"] == "Disabled" for n in namespaces)
    _, principal = identity(made, "flume-identity")
    assert roles(made, principal) == {
        "flume/flume-bucket-flume": Role.BLOB_DATA_CONTRIBUTOR.value,
        "clicks/flume-send-clicks": Role.EVENTS_SENDER.value,
    }
    _, writer = identity(made, "kafka-capture")
    assert set(roles(made, writer).values()) == {Role.BLOB_DATA_CONTRIBUTOR.value}


def test_dvcs_configuration_holds_no_key(made: Recording[Any]) -> None:
    kept = made.one("Secret", "dvc-config")
    text = kept.inputs["properties"]["value"]
    assert "url = azure://dvc/versions" in text and "account_name = demolake" in text and "key" not in text
    _, principal = identity(made, "dvc-identity")
    assert roles(made, principal) == {
        "dvc/dvc-bucket-dvc": Role.BLOB_DATA_CONTRIBUTOR.value,
        "demo-dvc-config/dvc-config": Role.SECRETS_USER.value,
    }


def test_a_dataset_is_checked_at_its_times(made: Recording[Any]) -> None:
    check = made.one("Schedule", "tfdv-sales").inputs["properties"]
    assert check["isEnabled"] is True and check["trigger"]["expression"] == "0 4 * * *"
    (signal,) = check["action"]["monitorDefinition"]["signals"].values()
    assert signal["signalType"] == "DataQuality"
    assert signal["productionData"]["uri"] == "azureml://datastores/tfdv/paths/sales/"
    assert signal["referenceData"]["uri"] == "azureml://datastores/tfdv/paths/tfdv/sales/reference/"


def test_a_data_store_has_a_name_that_azure_takes(tmp_path: Path) -> None:
    made = composed(tmp_path, "systems: {minio: {}, tfdv: {bucket: raw-data}}")
    store = made.one("Datastore").inputs
    assert (store["name"], store["properties"]["filesystem"]) == ("raw_data", "raw-data")


def test_without_a_dataset_there_is_a_template_that_never_runs_by_itself(tmp_path: Path) -> None:
    made = composed(tmp_path, "systems: {minio: {}, tfdv: {}}")
    check = made.one("Schedule").inputs
    assert check["name"] == "demo-tfdv-data" and check["properties"]["isEnabled"] is False


def test_features_are_sets_over_their_entity(made: Recording[Any]) -> None:
    store = next(w for w in made.all("azure-native:machinelearningservices:Workspace") if w.inputs["kind"] == "FeatureStore")
    assert store.inputs["publicNetworkAccess"] == "Disabled" and store.protect
    entity = made.one("FeaturestoreEntityVersion").inputs["properties"]
    assert entity["indexColumns"] == [{"columnName": "id", "dataType": "String"}]
    features = made.one("FeaturesetVersion").inputs["properties"]
    assert features["entities"] == ["azureml:customers:1"]
    assert features["specification"]["path"] == "azureml://datastores/feast/paths/specs/customers/"


def test_the_catalogue_is_closed_and_may_read_the_store(made: Recording[Any]) -> None:
    account = made.one("azure-native:purview:Account").inputs
    assert account["publicNetworkAccess"] == "Disabled" and account["managedResourcesPublicNetworkAccess"] == "Disabled"
    scan = made.one("RoleAssignment", "amundsen-scan").inputs
    assert scan["roleDefinitionId"].endswith(Role.BLOB_DATA_READER.value) and "/storageAccounts/" in scan["scope"]
    assert {"amundsen-account", "amundsen-portal"} <= {end.name for end in made.all("PrivateEndpoint")}


def test_metrics_are_recorded_for_the_long_view(made: Recording[Any]) -> None:
    groups = {group.name: group.inputs for group in made.all("PrometheusRuleGroup") if group.name.startswith("thanos")}
    assert {name: group["interval"] for name, group in groups.items()} == {"thanos-5m": "PT5M", "thanos-1h": "PT1H"}
    for group in groups.values():
        assert all("record" in rule and "alert" not in rule for rule in group["rules"])
        assert "Microsoft.Monitor/accounts" in group["scopes"][0]


def test_logs_are_tables_by_team_with_one_way_in(made: Recording[Any]) -> None:
    tables = {table.inputs["tableName"]: table.inputs for table in made.all("Table")}
    assert {name: (t["retentionInDays"], t["totalRetentionInDays"]) for name, t in tables.items()} == {
        "platform_CL": (14, 14),
        "fraud_CL": (730, 1095),
    }
    columns = {c["name"]: c["type"] for c in tables["platform_CL"]["schema"]["columns"]}
    assert columns["TimeGenerated"] == "dateTime"
    rule = made.one("DataCollectionRule", "loki-rule")
    assert set(rule.inputs["streamDeclarations"]) == {"Custom-platform_CL", "Custom-fraud_CL"}
    way_in = made.one("DataCollectionEndpoint", "loki-endpoint").inputs
    assert way_in["networkAcls"]["publicNetworkAccess"] == "Disabled"
    _, principal = identity(made, "loki-identity")
    assert list(roles(made, principal).values()) == [Role.METRICS_PUBLISHER.value]


def test_hdfs_stands_in_its_own_subnet_and_is_encrypted_everywhere(made: Recording[Any]) -> None:
    cluster = made.one("azure-native:hdinsight:Cluster")
    given = cluster.inputs["properties"]
    assert given["networkProperties"] == {"resourceProviderConnection": "Outbound", "privateLink": "Enabled"}
    assert given["encryptionInTransitProperties"]["isEncryptionInTransitEnabled"] is True
    assert given["diskEncryptionProperties"]["keyName"] == "mlops" and given["minSupportedTlsVersion"] == "1.2"
    (store,) = given["storageProfile"]["storageaccounts"]
    assert store["fileSystem"] == "hadoop" and "key" not in store and store["msiResourceId"].endswith("/demo-hadoop")
    roles_ = {role["name"]: role for role in given["computeProfile"]["roles"]}
    assert roles_["workernode"]["targetInstanceCount"] == 4
    assert {role["virtualNetworkProfile"]["subnet"].rpartition("/")[2] for role in roles_.values()} == {"hadoop"}
    assert cluster.protect and cluster.retain and any("restAuthCredential.password" in path for path in cluster.secrets)
    subnet = made.one("Subnet", "foundation-network-hadoop").inputs
    assert subnet["privateLinkServiceNetworkPolicies"] == "Disabled"
    assert subnet["addressPrefix"] == "10.64.216.0/21" and "natGateways" in subnet["natGateway"]["id"]
    rules = made.one("NetworkSecurityGroup", "foundation-network-hadoop").inputs["securityRules"]
    assert rules[-1]["access"] == "Deny" and rules[-1]["destinationAddressPrefix"] == "Internet"
    assert all(rule["destinationPortRange"] == "443" for rule in rules[:-1])


def test_a_stack_has_only_the_ways_in_and_out_that_its_systems_need(tmp_path: Path) -> None:
    made = composed(tmp_path, "systems: {minio: {}}")
    assert not made.all("NatGateway") and not made.all("PublicIPAddress") and len(made.all("Subnet")) == 3
    zones = {zone.inputs["privateZoneName"] for zone in made.all("PrivateZone")}
    assert not [zone for zone in zones if "synapse" in zone or "purview" in zone or "postgres" in zone]


def test_a_small_network_has_no_room_for_a_subnet_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"cidr: .10.0.0.0/24.: too small for hadoop.*/22 or larger"):
        composed(tmp_path, "cloud: {network: {cidr: 10.0.0.0/24}}\nsystems: {minio: {}, hadoop: {}}")


def test_nothing_generated_stands_in_the_open(made: Recording[Any]) -> None:
    assert made.leaks() == []


@pytest.mark.parametrize(
    ("cron", "frequency", "schedule"),
    [
        ("30 1 * * *", "Day", {"minutes": [30], "hours": [1]}),
        ("*/20 6-8 * * *", "Day", {"minutes": [0, 20, 40], "hours": [6, 7, 8]}),
        ("0 2 * * mon,5", "Week", {"minutes": [0], "hours": [2], "weekDays": ["Monday", "Friday"]}),
        ("0 2 1,15 * *", "Month", {"minutes": [0], "hours": [2], "monthDays": [1, 15]}),
    ],
)
def test_a_cron_expression_as_a_recurrence(cron: str, frequency: str, schedule: dict[str, Any]) -> None:
    assert recurrence(cron) == {"frequency": frequency, "interval": 1, "timeZone": "UTC", "schedule": schedule}


@pytest.mark.parametrize("cron", ["0 2 1 6 *", "0 2 1 * 1"])
def test_what_a_recurrence_cannot_say_is_refused(cron: str) -> None:
    with pytest.raises(pulumi.RunError, match="on Azure a transfer runs by day"):
        recurrence(cron)
