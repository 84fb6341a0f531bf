"""A Kubernetes cluster of the stack's own on Azure: AKS inside the stack's network."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure
import yaml

from components import contracts, kubeconfig, nodes
from components.azureml import aks_network
from components.azureml.aks_keys import Keys, keys
from components.azureml.aks_network import AksNetwork, AksNetworkArgs
from components.azureml.identity import Role, named, role_definition
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import logged
from components.mapping.accelerators import SYSTEM_POOL, pool_name
from components.nodes import GPU, GpuNodesArgs, NodesArgs
from components.system import Site

ENTRA_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""Application of Microsoft's that AKS' API servers are in Entra ID (kubelogin, "Microsoft Entra ID server application")."""
VOLUMES = "disk.csi.azure.com"


@dataclass
class AksClusterArgs:
    """One cluster."""

    cluster_name: str
    network_id: pulumi.Input[str]
    cidr: str
    """Range of the stack's network."""
    identity_id: pulumi.Input[str]
    """ARM id of the control plane's identity."""
    principal: pulumi.Input[str]
    """Principal of it."""
    deployer: pulumi.Input[str]
    """Object id of whoever runs Pulumi, who is the cluster's administrator."""
    nodes: NodesArgs
    production: bool
    """Protect the cluster."""
    place: AzurePlaceArgs


class AksCluster(pulumi.ComponentResource):
    """AKS whose API server stands in the stack's network: Entra logins alone, Secrets and disks encrypted by our keys.

    Creates an AksNetwork, keys (aks_keys.py), the ManagedCluster (Azure RBAC, no local accounts, no run-command, OIDC issuer and
    workload identity, Cilium, which enforces NetworkPolicies, nodes behind a NAT gateway) with its system pool, an AgentPool for
    each GPU pool (driver left to the GPU operator), all logs to the stack's workspace, and the deployer's role on the cluster.
    The kubeconfig logs in by kubelogin with the Azure CLI's login. Source: AKS, "Best practices for cluster security", "API
    Server VNet Integration", "Use Azure role-based access control for Kubernetes", "Use GPUs on AKS". Limits: without
    `allowedRanges` whoever runs Pulumi must stand in the network; encryption at host is a feature that the subscription has to
    be registered for; spot pools get the taint kubernetes.azure.com/scalesetpriority from AKS, which workloads must tolerate;
    the key for Secrets is named with its version, so that its rotation is a change of the stack.
    """

    endpoint: pulumi.Output[str]
    issuer: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.KubernetesCluster,)
    tiers = ("all", "platform")
    essential_type = "azure-native:containerservice:ManagedCluster"
    identity = True

    def __init__(self, name: str, args: AksClusterArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AksCluster", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        network = AksNetwork(
            f"{name}-network",
            AksNetworkArgs(args.network_id, args.cidr, args.cluster_name, args.principal, args.place),
            self._opts,
        )
        self._keys = keys(name, args.cluster_name, args.principal, args.place, self._opts, args.production)
        cluster = self._cluster(network, self._keys)
        pools = [self._pool(cluster, network, pool, made) for pool, made in args.nodes.pools.items()]
        admin = azure.authorization.RoleAssignment(
            f"{name}-deployer",
            # a person, or a workload: either may run Pulumi
            principal_id=args.deployer,
            role_definition_id=role_definition(cluster.id, Role.CLUSTER_ADMIN),
            scope=cluster.id,
            opts=self._opts,
        )
        logged(f"{name}-logs", cluster.id, args.place.logs, self._opts)
        self.issuer = cluster.oidc_issuer_profile.apply(lambda profile: (profile.issuer_url if profile else "") or "")
        told = azure.containerservice.list_managed_cluster_user_credentials_output(
            resource_group_name=args.place.group,
            resource_name=cluster.name,
            format="exec",
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).kubeconfigs.apply(lambda found: _cluster_of(found[0].value))
        self.endpoint = pulumi.Output.unsecret(told.apply(lambda known: known["server"]))
        self._kubeconfig = kubeconfig.by_command(
            args.cluster_name,
            self.endpoint,
            told.apply(lambda known: known["certificate-authority-data"]),
            "kubelogin",
            ["get-token", "--login", "azurecli", "--server-id", ENTRA_SERVER, "--tenant-id", args.place.tenant],
            hint="install kubelogin (Azure/kubelogin) and the Azure CLI, and log in with it",
            after=[admin.id, *(pool.id for pool in pools)],
        )
        self.register_outputs({"endpoint": self.endpoint, "issuer": self.issuer})

    def _cluster(self, network: AksNetwork, own: Keys) -> azure.containerservice.ManagedCluster:
        args, given = self._args, self._args.nodes
        service, ranges = azure.containerservice, self._args.nodes.allowed_ranges
        return service.ManagedCluster(
            f"{self._name}-cluster",
            resource_group_name=args.place.group,
            resource_name_=args.cluster_name,
            dns_prefix=named(args.cluster_name, "mlops", 54),
            kubernetes_version=given.version,
            sku=service.ManagedClusterSKUArgs(name="Base", tier="Standard"),
            identity=service.ManagedClusterIdentityArgs(
                type=service.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[args.identity_id]
            ),
            enable_rbac=True,
            disable_local_accounts=True,
            aad_profile=service.ManagedClusterAADProfileArgs(managed=True, enable_azure_rbac=True, tenant_id=args.place.tenant),
            api_server_access_profile=service.ManagedClusterAPIServerAccessProfileArgs(
                enable_vnet_integration=True,
                subnet_id=network.api_id,
                enable_private_cluster=not ranges,
                enable_private_cluster_public_fqdn=None if ranges else False,
                private_dns_zone=None if ranges else "system",
                authorized_ip_ranges=list(ranges) or None,
                disable_run_command=True,
            ),
            oidc_issuer_profile=service.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
            security_profile=service.ManagedClusterSecurityProfileArgs(
                azure_key_vault_kms=service.AzureKeyVaultKmsArgs(
                    enabled=True,
                    key_id=own.secrets,
                    key_vault_network_access="Private",
                    key_vault_resource_id=args.place.vault,
                ),
                workload_identity=service.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
                image_cleaner=service.ManagedClusterSecurityProfileImageCleanerArgs(enabled=True, interval_hours=168),
            ),
            disk_encryption_set_id=own.disks,
            network_profile=service.ContainerServiceNetworkProfileArgs(
                network_plugin="azure",
                network_plugin_mode="overlay",
                network_dataplane="cilium",
                network_policy="cilium",
                outbound_type="userAssignedNATGateway",
                load_balancer_sku="standard",
                pod_cidr=aks_network.PODS,
                service_cidr=aks_network.SERVICES,
                dns_service_ip=aks_network.DNS,
            ),
            agent_pool_profiles=[
                service.ManagedClusterAgentPoolProfileArgs(
                    name=SYSTEM_POOL,
                    mode="System",
                    vm_size=given.machine,
                    count=given.least,
                    min_count=given.least,
                    max_count=given.most,
                    node_labels=nodes.system_labels(),
                    **self._common(network),
                )
            ],
            auto_upgrade_profile=service.ManagedClusterAutoUpgradeProfileArgs(
                upgrade_channel="patch", node_os_upgrade_channel="NodeImage"
            ),
            opts=pulumi.ResourceOptions.merge(
                nodes.protected(self._opts, args.production),
                # how many there are at a time is the autoscaler's business; the other pools are resources of their own
                pulumi.ResourceOptions(ignore_changes=["agentPoolProfiles[0].count"]),
            ),
        )

    def _common(self, network: AksNetwork) -> dict[str, Any]:
        """What every pool has: no address of its own, no SSH, disks encrypted from the host on."""
        return {
            "type": "VirtualMachineScaleSets",
            "enable_auto_scaling": True,
            "enable_encryption_at_host": True,
            "enable_node_public_ip": False,
            "vnet_subnet_id": network.nodes_id,
            "os_type": "Linux",
            "os_sku": "Ubuntu",
            "os_disk_size_gb": self._args.nodes.disk,
            "security_profile": azure.containerservice.AgentPoolSecurityProfileArgs(ssh_access="Disabled"),
        }

    def _pool(
        self, cluster: azure.containerservice.ManagedCluster, network: AksNetwork, pool: str, args: GpuNodesArgs
    ) -> azure.containerservice.AgentPool:
        spot: dict[str, Any] = {}
        if args.purchase == "spot":
            spot = {"scale_set_priority": "Spot", "scale_set_eviction_policy": "Delete", "spot_max_price": -1.0}
        return azure.containerservice.AgentPool(
            f"{self._name}-{pool}",
            resource_group_name=self._args.place.group,
            resource_name_=cluster.name,
            agent_pool_name=pool_name("aks", pool),
            mode="User",
            vm_size=args.machine,
            count=args.nodes,
            min_count=args.least,
            max_count=args.most,
            node_labels=nodes.gpu_labels(pool, args),
            node_taints=[f"{GPU}=present:NoSchedule"],
            gpu_profile=azure.containerservice.GPUProfileArgs(driver="None"),
            capacity_reservation_group_id=args.reservation,
            **spot,
            **self._common(network),
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(ignore_changes=["count"])),
        )

    @staticmethod
    def wants(config: None) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> AksClusterArgs:
        """From `cluster` and `cloud` of the spec. RunError where the landing made no identity."""
        network: contracts.Network = site.contract(contracts.Network)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError(f"{site.key}: the landing gave no identity")
        given = site.opts.providers
        provider = given.get("azure-native") if isinstance(given, Mapping) else None
        client = azure.authorization.get_client_config_output(
            opts=pulumi.InvokeOutputOptions(parent=site.opts.parent, provider=provider)
        )
        return AksClusterArgs(
            cluster_name=named(site.stack.name, "cluster", 63),
            network_id=network.network_id,
            cidr=site.spec.cloud.network.cidr,
            identity_id=site.role_arn,
            principal=site.role,
            deployer=client.object_id,
            nodes=nodes.from_spec(site),
            production=site.spec.environment == "prod",
            place=place_of(network),
        )

    def contracts(self) -> Sequence[contracts.KubernetesCluster]:
        """The cluster."""
        volumes: dict[str, pulumi.Input[str]] = {
            "skuName": "Premium_LRS",
            "diskEncryptionSetID": self._keys.disks,
            "networkAccessPolicy": "DenyAll",
        }
        return [
            contracts.KubernetesCluster(self._args.cluster_name, self.endpoint, self._kubeconfig, self.issuer, VOLUMES, volumes)
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Name and addresses; no credential."""
        return {"name": self._args.cluster_name, "endpoint": self.endpoint, "issuer": self.issuer}


def _cluster_of(encoded: str) -> Mapping[str, str]:
    """Address and authority of the cluster that a kubeconfig (base64 of YAML) names."""
    document = yaml.safe_load(base64.b64decode(encoded))
    found: Mapping[str, str] = document["clusters"][0]["cluster"]
    return found
