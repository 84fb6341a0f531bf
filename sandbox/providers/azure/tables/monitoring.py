"""Log Analytics, diagnostic settings, Azure Monitor workspaces with Prometheus rules, Managed Grafana."""

from __future__ import annotations

from sandbox.providers.azure.arm import DASHED, WORDS, Kind, NameRule, kind
from sandbox.providers.azure.shapes import guid
from sandbox.providers.cloud.spec import Name, Spec

_INSIGHTS = "Microsoft.Insights"
_MONITOR = "Microsoft.Monitor/accounts"
_GRAFANA = "Microsoft.Dashboard/grafana"
_INGESTION = "https://{dataCollectionEndpointName}-{hash:.4}.{location}-1"

KINDS = {
    "operationalinsights:Workspace": kind(
        "Microsoft.OperationalInsights/workspaces",
        "workspaceName",
        NameRule(4, 63, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", "letters, digits and dashes inside"),
        outputs={"customerId": lambda values: guid(values["id"], "customer")},
    ),
    "operationalinsights:Table": kind(
        "Microsoft.OperationalInsights/workspaces/tables",
        "tableName",
        NameRule(4, 63, r"[A-Za-z][A-Za-z0-9_]*_CL", "letters, digits and underscores, ending in _CL"),
        path="Microsoft.OperationalInsights/workspaces/{workspaceName}/tables/{tableName}",
        located=False,
    ),
    "operationalinsights:SavedSearch": kind(
        "Microsoft.OperationalInsights/workspaces/savedSearches",
        "savedSearchId",
        NameRule(1, 63, *WORDS),
        path="Microsoft.OperationalInsights/workspaces/{workspaceName}/savedSearches/{savedSearchId}",
        located=False,
    ),
    "monitor:AutoscaleSetting": kind(f"{_INSIGHTS}/autoscaleSettings", "autoscaleSettingName", NameRule(1, 260, r"[^<>%&?/\\]+")),
    "applicationinsights:Component": kind(
        f"{_INSIGHTS}/components",
        "resourceName",
        NameRule(1, 260),
        outputs={"applicationId": "{resourceName}", "appId": lambda values: guid(values["id"], "application")},
    ),
    "monitor:DiagnosticSetting": Kind(
        f"{_INSIGHTS}/diagnosticSettings",
        Spec(
            name=Name("name", 260, allowed=r".", joint="", digits=8),
            replace=("resourceUri",),
            id="{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
            outputs={"type": f"{_INSIGHTS}/diagnosticSettings"},
        ),
        NameRule(1, 260, r"[^*<>%&:\\?+/]+", "without any of * < > % & : \\ ? + /"),
        auto="copy",
    ),
    "monitor:PrivateLinkScope": kind(f"{_INSIGHTS}/privateLinkScopes", "scopeName", NameRule(1, 255, *WORDS)),
    "monitor:PrivateLinkScopedResource": kind(
        f"{_INSIGHTS}/privateLinkScopes/scopedResources",
        "name",
        NameRule(1, 255, *WORDS),
        path=_INSIGHTS + "/privateLinkScopes/{scopeName}/scopedResources/{name}",
        located=False,
    ),
    "monitor:AzureMonitorWorkspace": kind(
        _MONITOR,
        "azureMonitorWorkspaceName",
        NameRule(4, 63, *DASHED),
        outputs={
            "accountId": lambda values: guid(values["id"], "account"),
            "metrics": lambda values: {
                "prometheusQueryEndpoint": f"https://{values['azureMonitorWorkspaceName']}-{values['hash'][:4]}."
                f"{values['location']}.prometheus.monitor.azure.com",
                "internalId": f"mac_{guid(values['id'], 'account')}",
            },
        },
    ),
    "monitor:DataCollectionEndpoint": kind(
        f"{_INSIGHTS}/dataCollectionEndpoints",
        "dataCollectionEndpointName",
        NameRule(3, 44, r"[A-Za-z0-9][A-Za-z0-9-]*", "letters, digits and dashes"),
        outputs={
            "immutableId": "dce-{hash:.32}",
            "metricsIngestion": lambda values: {"endpoint": f"{_INGESTION.format(**values)}.metrics.ingest.monitor.azure.com"},
            "logsIngestion": lambda values: {"endpoint": f"{_INGESTION.format(**values)}.ingest.monitor.azure.com"},
        },
    ),
    "monitor:DataCollectionRule": kind(
        f"{_INSIGHTS}/dataCollectionRules",
        "dataCollectionRuleName",
        NameRule(1, 64, *WORDS),
        outputs={"immutableId": "dcr-{hash:.32}"},
    ),
    "alertsmanagement:PrometheusRuleGroup": kind(
        "Microsoft.AlertsManagement/prometheusRuleGroups", "ruleGroupName", NameRule(1, 260, *WORDS)
    ),
    "dashboard:Grafana": kind(
        _GRAFANA,
        "workspaceName",
        NameRule(2, 23, *DASHED),
        inside={
            "properties.endpoint": lambda values: f"https://{values['workspaceName']}-{values['hash'][:6]}.grafana.azure.com",
            "properties.provisioningState": "Succeeded",
        },
    ),
    "dashboard:ManagedPrivateEndpoint": kind(
        f"{_GRAFANA}/managedPrivateEndpoints",
        "managedPrivateEndpointName",
        NameRule(2, 20, *DASHED),
        path=_GRAFANA + "/{workspaceName}/managedPrivateEndpoints/{managedPrivateEndpointName}",
        replace=("groupIds", "privateLinkResourceId", "privateLinkResourceRegion"),
        outputs={"connectionState": {"status": "Approved", "description": ""}},
    ),
}
