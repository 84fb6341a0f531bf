"""An Azure Container Apps environment inside the stack's network."""

from collections.abc import Sequence
from typing import Protocol

import pulumi
import pulumi_azure_native as azure

from components.azureml.identity import named
from components.azureml.place import AzurePlaceArgs
from components.azureml.private import logged


class Inside(Protocol):
    """Where an environment stands."""

    identity_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    network_id: pulumi.Input[str]
    production: bool
    place: AzurePlaceArgs


def environment(
    name: str, stem: str, inside: Inside, profiles: Sequence[str], opts: pulumi.ResourceOptions
) -> azure.app.ManagedEnvironment:
    """A ManagedEnvironment without a public address in a subnet of its own, mutual TLS between its containers, logs.

    `profiles` are the types of workload profiles beside Consumption. Its names are in a private DNS zone of the stack's
    network. Source: Azure Container Apps documentation, "Virtual network configuration", "Configure peer-to-peer encryption",
    "Log storage and monitoring options". Limits: its disks are under Microsoft's key.
    """
    place, app = inside.place, azure.app
    made = app.ManagedEnvironment(
        f"{name}-environment",
        resource_group_name=place.group,
        environment_name=named(stem, "apps", 60),
        vnet_configuration=app.VnetConfigurationArgs(internal=True, infrastructure_subnet_id=inside.subnet_id),
        public_network_access="Disabled",
        peer_authentication=app.ManagedEnvironmentPeerAuthenticationArgs(mtls=app.MtlsArgs(enabled=True)),
        peer_traffic_configuration=app.ManagedEnvironmentPeerTrafficConfigurationArgs(
            encryption=app.ManagedEnvironmentEncryptionArgs(enabled=True)
        ),
        app_logs_configuration=app.AppLogsConfigurationArgs(destination="azure-monitor"),
        workload_profiles=[
            app.WorkloadProfileArgs(name=profile, workload_profile_type=profile) for profile in ("Consumption", *profiles)
        ],
        identity=app.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[inside.identity_id]),
        zone_redundant=inside.production,
        opts=opts,
    )
    logged(f"{name}-logs", made.id, place.logs, opts)
    zone = azure.privatedns.PrivateZone(
        f"{name}-zone",
        resource_group_name=place.group,
        private_zone_name=made.default_domain,
        location="global",
        opts=opts,
    )
    azure.privatedns.VirtualNetworkLink(
        f"{name}-zone",
        resource_group_name=place.group,
        private_zone_name=zone.name,
        virtual_network_link_name=named(stem, "network", 80),
        location="global",
        registration_enabled=False,
        virtual_network=azure.privatedns.SubResourceArgs(id=inside.network_id),
        opts=opts,
    )
    azure.privatedns.PrivateRecordSet(
        f"{name}-zone",
        resource_group_name=place.group,
        private_zone_name=zone.name,
        record_type="A",
        relative_record_set_name="*",
        ttl=3600,
        a_records=[azure.privatedns.ARecordArgs(ipv4_address=made.static_ip)],
        opts=opts,
    )
    return made
