"""Storage accounts, MySQL flexible servers, Event Hubs."""

from __future__ import annotations

from typing import Any

from sandbox.providers.azure.arm import GROUP, LOWER, LOWER_DASHED, Kind, NameRule, kind
from sandbox.providers.cloud.spec import Spec

_STORAGE = "Microsoft.Storage/storageAccounts"
_MYSQL = "Microsoft.DBforMySQL/flexibleServers"
_HUBS = "Microsoft.EventHub/namespaces"
_HUB = NameRule(1, 256, r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", "letters, digits, dots, dashes and underscores inside")


def _endpoints(values: dict[str, Any]) -> dict[str, str]:
    """Addresses of the services of a storage account, microsoft routing."""
    return {
        kind: f"https://{values['accountName']}.{kind}.core.windows.net/" for kind in ("blob", "dfs", "file", "queue", "table")
    }


KINDS = {
    "storage:StorageAccount": kind(
        _STORAGE,
        "accountName",
        NameRule(3, 24, *LOWER),
        outputs={"primaryEndpoints": _endpoints, "primaryLocation": "{location}", "statusOfPrimary": "available"},
        replace=("kind", "isHnsEnabled", "encryption.requireInfrastructureEncryption"),
    ),
    "storage:BlobServiceProperties": kind(
        f"{_STORAGE}/blobServices",
        "blobServicesName",
        auto="copy",
        path=_STORAGE + "/{accountName}/blobServices/{blobServicesName}",
        defaults={"blobServicesName": "default"},
        located=False,
    ),
    "storage:BlobContainer": kind(
        f"{_STORAGE}/blobServices/containers",
        "containerName",
        NameRule(3, 63, r"[a-z0-9](?:-?[a-z0-9])*", "lower-case letters, digits and single dashes inside"),
        auto="copy",
        path=_STORAGE + "/{accountName}/blobServices/default/containers/{containerName}",
        located=False,
    ),
    "storage:ManagementPolicy": kind(
        f"{_STORAGE}/managementPolicies",
        "managementPolicyName",
        auto="copy",
        path=_STORAGE + "/{accountName}/managementPolicies/{managementPolicyName}",
        defaults={"managementPolicyName": "default"},
        located=False,
    ),
    "dbformysql:Server": kind(
        _MYSQL,
        "serverName",
        NameRule(3, 63, *LOWER_DASHED),
        outputs={"fullyQualifiedDomainName": "{serverName}.mysql.database.azure.com", "state": "Ready"},
        replace=("administratorLogin", "network", "version", "createMode", "availabilityZone"),
    ),
    "dbformysql:Database": kind(
        f"{_MYSQL}/databases",
        "databaseName",
        NameRule(1, 64, r"[A-Za-z0-9_-]+", "letters, digits, dashes and underscores"),
        auto="copy",
        path=_MYSQL + "/{serverName}/databases/{databaseName}",
        replace=("charset", "collation"),
        located=False,
    ),
    "dbformysql:Configuration": kind(
        f"{_MYSQL}/configurations",
        "configurationName",
        NameRule(1, 128, r"[a-z0-9_]+", "lower-case letters, digits and underscores"),
        auto="copy",
        path=_MYSQL + "/{serverName}/configurations/{configurationName}",
        located=False,
    ),
    "dbformysql:AzureADAdministrator": kind(
        f"{_MYSQL}/administrators",
        "administratorName",
        auto="copy",
        path=_MYSQL + "/{serverName}/administrators/{administratorName}",
        defaults={"administratorName": "ActiveDirectory"},
        located=False,
    ),
    "eventhub:Namespace": kind(
        _HUBS,
        "namespaceName",
        NameRule(6, 50, r"[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]", "letters, digits and dashes, beginning with a letter"),
        outputs={"serviceBusEndpoint": "https://{namespaceName}.servicebus.windows.net:443/", "status": "Active"},
        replace=("sku.name", "zoneRedundant"),
    ),
    "eventhub:NamespaceNetworkRuleSet": Kind(
        f"{_HUBS}/networkRuleSets",
        Spec(
            replace=("resourceGroupName", "namespaceName"),
            id=f"{GROUP}/providers/{_HUBS}/{{namespaceName}}/networkRuleSets/default",
            outputs={"name": "default", "type": f"{_HUBS}/networkRuleSets"},
        ),
        located=False,
    ),
    "eventhub:EventHub": kind(
        f"{_HUBS}/eventhubs",
        "eventHubName",
        _HUB,
        auto="copy",
        path=_HUBS + "/{namespaceName}/eventhubs/{eventHubName}",
        outputs={"partitionIds": lambda values: [str(index) for index in range(int(values.get("partitionCount") or 1))]},
        located=False,
    ),
    "eventhub:ConsumerGroup": kind(
        f"{_HUBS}/eventhubs/consumergroups",
        "consumerGroupName",
        NameRule(1, 50, _HUB.pattern, _HUB.says),
        auto="copy",
        path=_HUBS + "/{namespaceName}/eventhubs/{eventHubName}/consumergroups/{consumerGroupName}",
        located=False,
    ),
}
