"""What moves and processes data: Synapse, Data Factory, Logic Apps, Purview, HDInsight, PostgreSQL, deployments."""

from __future__ import annotations

from sandbox.providers.azure.arm import DASHED, LOWER_DASHED, Kind, NameRule, kind

_SYNAPSE = "Microsoft.Synapse/workspaces"
_FACTORY = "Microsoft.DataFactory/factories"
_POSTGRES = "Microsoft.DBforPostgreSQL/flexibleServers"
_INSIDE = NameRule(1, 260, r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?", "letters, digits, underscores and dashes inside")


def _of_factory(collection: str, name: str, parent: str = "") -> Kind:
    above = f"/{parent}" if parent else ""
    return kind(
        f"{_FACTORY}/{collection}",
        name,
        _INSIDE,
        path=f"{_FACTORY}/{{factoryName}}{above}/{collection.rpartition('/')[2]}/{{{name}}}",
        located=False,
    )


def _of_postgres(collection: str, name: str, rule: NameRule) -> Kind:
    return kind(
        f"{_POSTGRES}/{collection}",
        name,
        rule,
        auto="copy",
        path=f"{_POSTGRES}/{{serverName}}/{collection}/{{{name}}}",
        located=False,
    )


KINDS = {
    "synapse:Workspace": kind(
        _SYNAPSE,
        "workspaceName",
        NameRule(1, 50, *LOWER_DASHED),
        replace=("managedVirtualNetwork", "defaultDataLakeStorage", "managedResourceGroupName"),
        outputs={
            "connectivityEndpoints": lambda values: {
                "dev": f"https://{values['workspaceName']}.dev.azuresynapse.net",
                "web": f"https://web.azuresynapse.net?workspace={values['id']}",
            },
            "adlaResourceId": "",
            "extraProperties": lambda values: {},
            "settings": lambda values: {},
            "workspaceUID": "{hash:.32}",
        },
    ),
    "synapse:BigDataPool": kind(
        f"{_SYNAPSE}/bigDataPools",
        "bigDataPoolName",
        NameRule(1, 15, r"[A-Za-z][A-Za-z0-9]*", "letters and digits, beginning with a letter"),
        path=_SYNAPSE + "/{workspaceName}/bigDataPools/{bigDataPoolName}",
        replace=("nodeSizeFamily",),
    ),
    "datafactory:Factory": kind(
        _FACTORY,
        "factoryName",
        NameRule(3, 63, r"[A-Za-z0-9](?:-?[A-Za-z0-9])*", "letters, digits and single dashes inside"),
        outputs={"version": "2018-06-01", "eTag": "{hash:.8}"},
    ),
    "datafactory:IntegrationRuntime": _of_factory("integrationRuntimes", "integrationRuntimeName"),
    "datafactory:CredentialOperation": _of_factory("credentials", "credentialName"),
    "datafactory:LinkedService": _of_factory("linkedservices", "linkedServiceName"),
    "datafactory:Dataset": _of_factory("datasets", "datasetName"),
    "datafactory:Pipeline": _of_factory("pipelines", "pipelineName"),
    "datafactory:ManagedPrivateEndpoint": _of_factory(
        "managedVirtualNetworks/managedPrivateEndpoints",
        "managedPrivateEndpointName",
        "managedVirtualNetworks/{managedVirtualNetworkName}",
    ),
    "resources:Deployment": kind(
        "Microsoft.Resources/deployments", "deploymentName", NameRule(1, 64, r"[A-Za-z0-9._()-]+"), located=False
    ),
    "logic:Workflow": kind(
        "Microsoft.Logic/workflows",
        "workflowName",
        NameRule(1, 80),
        outputs={"accessEndpoint": "https://{region}.logic.azure.com"},
    ),
    "purview:Account": kind(
        "Microsoft.Purview/accounts",
        "accountName",
        NameRule(3, 63, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", "letters, digits and dashes inside"),
        outputs={
            "friendlyName": "{accountName}",
            "endpoints": lambda values: {"catalog": f"https://{values['accountName']}.purview.azure.com/catalog"},
        },
    ),
    "hdinsight:Cluster": kind(
        "Microsoft.HDInsight/clusters",
        "clusterName",
        NameRule(3, 59, *DASHED),
        replace=("properties",),
    ),
    "dbforpostgresql:Server": kind(
        _POSTGRES,
        "serverName",
        NameRule(3, 63, *LOWER_DASHED),
        outputs={"fullyQualifiedDomainName": "{serverName}.postgres.database.azure.com", "state": "Ready"},
        replace=("network.delegatedSubnetResourceId", "version", "createMode", "availabilityZone"),
    ),
    "dbforpostgresql:Database": _of_postgres("databases", "databaseName", NameRule(1, 63, r"[A-Za-z0-9_-]+")),
    "dbforpostgresql:Configuration": _of_postgres("configurations", "configurationName", NameRule(1, 128, r"[a-z0-9_.]+")),
    "dbforpostgresql:AdministratorsMicrosoftEntra": _of_postgres(
        "administrators", "objectId", NameRule(36, 36, r"[0-9a-f-]+", "a GUID")
    ),
}
