"""Nested deployments: what Resource Manager has and the SDK has no class for."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_azure_native as azure


def deploy(
    name: str, deployment_name: str, group: pulumi.Input[str], resource: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> azure.resources.Deployment:
    """Makes one resource by a template; it runs again when the template changes, and leaves what it made when it goes."""
    return azure.resources.Deployment(
        name,
        resource_group_name=group,
        deployment_name=deployment_name,
        properties=azure.resources.DeploymentPropertiesArgs(
            mode=azure.resources.DeploymentMode.INCREMENTAL,
            template={
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "resources": [dict(resource)],
            },
        ),
        opts=opts,
    )
