"""A Data Factory in a network of its own: what spark and sqoop launch their work by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure

from components.azureml.identity import Role, assign, named
from components.azureml.place import AzurePlaceArgs
from components.azureml.private import logged
from components.azureml.recurrence import recurrence
from components.azureml.templates import deploy

NETWORK, RUNTIME, IDENTITY = "default", "private", "workload"
"""Names inside the factory: its managed network, the runtime in it, and the identity that activities run as."""
API = "2018-06-01"
"""Of Data Factory (Azure REST API reference)."""


@dataclass
class FactoryArgs:
    """One factory."""

    factory_name: pulumi.Input[str]
    """3 to 63 characters, unique on all of Azure."""
    stem: str
    """`<stack>-<system>`: begins the schedules' names."""
    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Identity that activities run as and schedules launch as."""
    place: AzurePlaceArgs


class Factory:
    """datafactory.Factory below `parent`: our key, Entra identities, a runtime in a managed network, private endpoints out of it.

    Resource Manager has no class for the managed network, so a nested deployment makes it; the private endpoints come as
    requests that the targets' owner approves once (`az network private-endpoint-connection approve`). A trigger of Data
    Factory comes to be stopped and only its own API starts it, so times are kept by a Logic App, which asks Resource Manager
    for a run as the system's identity. Source: Azure Data Factory documentation, "Azure Data Factory managed virtual network",
    "Encrypt Azure Data Factory with customer-managed keys", "Pipeline execution and triggers".
    """

    def __init__(self, parent: pulumi.ComponentResource, name: str, args: FactoryArgs):
        self._name, self._args, place = name, args, args.place
        self.opts = pulumi.ResourceOptions(parent=parent)
        df = azure.datafactory
        ids = pulumi.Output.all(args.identity_id, place.encryption)
        users: pulumi.Output[Any] = ids.apply(lambda found: {str(id): {} for id in found})
        self.factory = df.Factory(
            f"{name}-factory",
            resource_group_name=place.group,
            factory_name=args.factory_name,
            identity=df.FactoryIdentityArgs(type="UserAssigned", user_assigned_identities=users),
            encryption=df.EncryptionConfigurationArgs(
                key_name=place.key_name,
                vault_base_url=place.vault_uri,
                identity=df.CMKIdentityDefinitionArgs(user_assigned_identity=place.encryption),
            ),
            public_network_access="Disabled",
            opts=self.opts,
        )
        logged(f"{name}-factory-logs", self.factory.id, place.logs, self.opts)
        self._right = assign(f"{name}-launch", Role.FACTORY_CONTRIBUTOR, args.principal_id, self.factory.id, self.opts)
        network = deploy(
            f"{name}-network",
            named(args.stem, "network", 64),
            place.group,
            {
                "type": "Microsoft.DataFactory/factories/managedVirtualNetworks",
                "apiVersion": API,
                "name": pulumi.Output.concat(self.factory.name, "/", NETWORK),
                "properties": {},
            },
            self.opts,
        )
        self._inside = pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=[network]))
        runtime = df.IntegrationRuntime(
            f"{name}-runtime",
            resource_group_name=place.group,
            factory_name=self.factory.name,
            integration_runtime_name=RUNTIME,
            properties=df.ManagedIntegrationRuntimeArgs(
                type="Managed",
                compute_properties=df.IntegrationRuntimeComputePropertiesArgs(location="AutoResolve"),
                managed_virtual_network=df.ManagedVirtualNetworkReferenceArgs(
                    type="ManagedVirtualNetworkReference", reference_name=NETWORK
                ),
            ),
            opts=self._inside,
        )
        credential = df.CredentialOperation(
            f"{name}-credential",
            resource_group_name=place.group,
            factory_name=self.factory.name,
            credential_name=IDENTITY,
            properties=df.ManagedIdentityCredentialArgs(type="ManagedIdentity", resource_id=args.identity_id),
            opts=self.opts,
        )
        self.ready: list[pulumi.Resource] = [runtime, credential]

    def via(self) -> azure.datafactory.IntegrationRuntimeReferenceArgs:
        """Connections are made from the managed network."""
        return azure.datafactory.IntegrationRuntimeReferenceArgs(type="IntegrationRuntimeReference", reference_name=RUNTIME)

    def credential(self) -> azure.datafactory.CredentialReferenceArgs:
        """Who activities run as."""
        return azure.datafactory.CredentialReferenceArgs(type="CredentialReference", reference_name=IDENTITY)

    def reach(self, key: str, target: pulumi.Input[str], group: str) -> None:
        """A private endpoint out of the managed network to subresource `group` of `target` (an ARM id)."""
        self.ready.append(
            azure.datafactory.ManagedPrivateEndpoint(
                f"{self._name}-reach-{key}",
                resource_group_name=self._args.place.group,
                factory_name=self.factory.name,
                managed_virtual_network_name=NETWORK,
                managed_private_endpoint_name=key,
                properties=azure.datafactory.ManagedPrivateEndpointArgs(private_link_resource_id=target, group_id=group),
                opts=self._inside,
            )
        )

    def link(self, key: str, properties: Any) -> azure.datafactory.LinkedService:
        """A linked service."""
        made = azure.datafactory.LinkedService(
            f"{self._name}-{key}",
            resource_group_name=self._args.place.group,
            factory_name=self.factory.name,
            linked_service_name=key,
            properties=properties,
            opts=self._after(),
        )
        self.ready.append(made)
        return made

    def pipeline(self, key: str, activities: Sequence[Any], what: str) -> azure.datafactory.Pipeline:
        """What is launched: `az datafactory pipeline create-run --factory-name … --name <key>`; one run at a time."""
        return azure.datafactory.Pipeline(
            f"{self._name}-job-{key}",
            resource_group_name=self._args.place.group,
            factory_name=self.factory.name,
            pipeline_name=key,
            description=what,
            concurrency=1,
            activities=list(activities),
            opts=self._after(),
        )

    def schedule(self, key: str, pipeline: azure.datafactory.Pipeline, cron: str) -> azure.logic.Workflow:
        """Launches a pipeline at each time of `cron`, UTC."""
        url = pulumi.Output.concat("https://management.azure.com", pipeline.id, f"/createRun?api-version={API}")
        start: Mapping[str, Any] = {
            "type": "Http",
            "runAfter": {},
            "inputs": {
                "method": "POST",
                "uri": url,
                "body": {},
                "authentication": {
                    "type": "ManagedServiceIdentity",
                    "identity": self._args.identity_id,
                    "audience": "https://management.azure.com/",
                },
            },
        }
        made = azure.logic.Workflow(
            f"{self._name}-schedule-{key}",
            resource_group_name=self._args.place.group,
            workflow_name=named(self._args.stem, key, 80),
            state="Enabled",
            identity=azure.logic.ManagedServiceIdentityArgs(
                type="UserAssigned", user_assigned_identities=[self._args.identity_id]
            ),
            definition={
                "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
                "contentVersion": "1.0.0.0",
                "triggers": {"times": {"type": "Recurrence", "recurrence": recurrence(cron)}},
                "actions": {"start": start},
            },
            opts=pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=[self._right])),
        )
        logged(f"{self._name}-schedule-{key}-logs", made.id, self._args.place.logs, self.opts)
        return made

    def _after(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=list(self.ready)))
