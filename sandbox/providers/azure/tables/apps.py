"""Azure Container Apps."""

from __future__ import annotations

from sandbox.providers.azure.arm import LOWER_DASHED, NameRule, kind

_APP = "Microsoft.App"
_RULE = NameRule(2, 32, r"[a-z](?:[a-z0-9-]*[a-z0-9])?", "lower-case letters, digits and dashes, beginning with a letter")

KINDS = {
    "app:ManagedEnvironment": kind(
        f"{_APP}/managedEnvironments",
        "environmentName",
        NameRule(1, 60, *LOWER_DASHED),
        replace=("vnetConfiguration", "zoneRedundant"),
        outputs={
            "defaultDomain": "{environmentName}-{hash:.8}.{location}.azurecontainerapps.io",
            "staticIp": lambda values: f"10.255.{int(values['hash'][:2], 16)}.4",
        },
    ),
    "app:ContainerApp": kind(
        f"{_APP}/containerApps",
        "containerAppName",
        _RULE,
        replace=("managedEnvironmentId",),
        outputs={"latestRevisionName": "{containerAppName}--{hash:.7}"},
        inside={"configuration.ingress.fqdn": "{containerAppName}.{hash:.8}.{location}.azurecontainerapps.io"},
    ),
    "app:HttpRouteConfig": kind(
        f"{_APP}/managedEnvironments/httpRouteConfigs",
        "httpRouteName",
        _RULE,
        path=_APP + "/managedEnvironments/{environmentName}/httpRouteConfigs/{httpRouteName}",
        inside={
            "properties.fqdn": "{httpRouteName}.{hash:.8}.azurecontainerapps.io",
            "properties.provisioningState": "Succeeded",
        },
        located=False,
    ),
}
