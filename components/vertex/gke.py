"""A Kubernetes cluster of the stack's own on Google Cloud: a regional, VPC-native GKE cluster with private nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import contracts, kubeconfig, nodes
from components.nodes import NodesArgs
from components.system import Site
from components.vertex import gke_nodes
from components.vertex.gke_network import PLANE, GkeNetwork, GkeNetworkArgs
from components.vertex.identity import on_project, workload_account
from components.vertex.names import dns

LOGS = ("SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER")
NODE_ROLE = "roles/container.defaultNodeServiceAccount"
"""Logs, metrics and nothing else (GKE, "Use least privilege IAM service accounts")."""
VOLUMES = "pd.csi.storage.gke.io"


@dataclass
class GkeClusterArgs:
    """One cluster."""

    cluster_name: str
    network_id: pulumi.Input[str]
    cidr: str
    """IPv4 range of the stack's network, which reaches the API server."""
    region: str
    zone: str
    """Letter of the zone of pools with GPUs."""
    project: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    nodes: NodesArgs
    production: bool
    """Protect the cluster."""


class GkeCluster(pulumi.ComponentResource):
    """GKE with private nodes and endpoint, Secrets in etcd encrypted by our key, Workload Identity, NetworkPolicies enforced.

    Creates a GkeNetwork, a service account for nodes with the one role that they need, the container.Cluster (regional, Dataplane
    V2, which enforces NetworkPolicies, shielded nodes, logs of the control plane, a release channel, no client certificate, no
    basic authentication) and a NodePool without GPUs and one a pool, their disks encrypted by our key. The kubeconfig logs in
    by gke-gcloud-auth-plugin. Source: GKE, "Harden your cluster's security", "Encrypt secrets at the application layer", "About
    network isolation in GKE", "Workload Identity Federation for GKE". Limits: without `allowedRanges` whoever runs Pulumi must
    stand in the network; pools with GPUs stand in the one zone of `cloud.zone`; Secure Boot is off on their nodes, for the GPU
    operator builds the driver.
    """

    endpoint: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.KubernetesCluster,)
    tiers = ("all", "platform")
    essential_type = "gcp:container/cluster:Cluster"

    def __init__(self, name: str, args: GkeClusterArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GkeCluster", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        network = GkeNetwork(f"{name}-network", GkeNetworkArgs(args.network_id, args.region, args.cluster_name), self._opts)
        account = workload_account(
            f"{name}-nodes", f"{args.cluster_name}-nodes", f"nodes of {args.cluster_name}", args.project, self._opts
        )
        right = on_project(f"{name}-nodes", NODE_ROLE, account.email, args.project, self._opts)
        after = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[right, network]))
        shared = gke_nodes.Nodes(
            name, "", args.region, f"{args.region}-{args.zone}", account.email, args.kms_key, network.tag, args.nodes.disk, after
        )
        cluster = self._control_plane(network, shared)
        shared.cluster = cluster.id
        given = args.nodes
        pools = [gke_nodes.system(shared, given.machine, given.least, given.most)]
        pools += [gke_nodes.accelerated(shared, pool, made) for pool, made in given.pools.items()]
        self.endpoint = pulumi.Output.concat("https://", cluster.endpoint)
        self._pool = pulumi.Output.format("{0}.svc.id.goog", args.project)
        self._kubeconfig = kubeconfig.by_command(
            args.cluster_name,
            self.endpoint,
            cluster.master_auth.apply(lambda auth: auth.cluster_ca_certificate or ""),
            "gke-gcloud-auth-plugin",
            [],
            hint="gcloud components install gke-gcloud-auth-plugin",
            cluster_info=True,
            after=[pool.id for pool in pools],
        )
        self.register_outputs({"endpoint": self.endpoint})

    def _control_plane(self, network: GkeNetwork, shared: gke_nodes.Nodes) -> gcp.container.Cluster:
        args = self._args
        version: dict[str, Any] = {"min_master_version": args.nodes.version} if args.nodes.version else {}
        ranges = args.nodes.allowed_ranges or [args.cidr]
        return gcp.container.Cluster(
            f"{self._name}-cluster",
            name=args.cluster_name,
            location=args.region,
            project=args.project,
            network=args.network_id,
            subnetwork=network.subnetwork_id,
            networking_mode="VPC_NATIVE",
            ip_allocation_policy={"cluster_secondary_range_name": "pods", "services_secondary_range_name": "services"},
            datapath_provider="ADVANCED_DATAPATH",
            enable_intranode_visibility=True,
            enable_shielded_nodes=True,
            enable_legacy_abac=False,
            private_cluster_config={
                "enable_private_nodes": True,
                "enable_private_endpoint": not args.nodes.allowed_ranges,
                "master_ipv4_cidr_block": PLANE,
            },
            master_authorized_networks_config={
                "cidr_blocks": [{"cidr_block": cidr} for cidr in ranges],
                "gcp_public_cidrs_access_enabled": False,
                "private_endpoint_enforcement_enabled": True,
            },
            control_plane_endpoints_config={"dns_endpoint_config": {"allow_external_traffic": False}},
            database_encryption={"state": "ENCRYPTED", "key_name": args.kms_key},
            workload_identity_config={"workload_pool": pulumi.Output.format("{0}.svc.id.goog", args.project)},
            release_channel={"channel": "REGULAR"},
            logging_config={"enable_components": list(LOGS)},
            monitoring_config={"enable_components": ["SYSTEM_COMPONENTS"]},
            security_posture_config={"mode": "BASIC", "vulnerability_mode": "VULNERABILITY_DISABLED"},
            # the pool that GKE makes first goes at once; while it is there, its disks are ours too
            remove_default_node_pool=True,
            initial_node_count=1,
            node_config=gke_nodes.config(shared, args.nodes.machine, nodes.system_labels()),
            deletion_protection=args.production,
            opts=pulumi.ResourceOptions.merge(
                nodes.protected(shared.opts, args.production),
                pulumi.ResourceOptions(ignore_changes=["nodeConfig", "initialNodeCount"]),
            ),
            **version,
        )

    @staticmethod
    def wants(config: None) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> GkeClusterArgs:
        """From `cluster` and `cloud` of the spec."""
        network: contracts.Network = site.contract(contracts.Network)
        return GkeClusterArgs(
            cluster_name=dns(site.stack.name, 40),
            network_id=network.network_id,
            cidr=site.spec.cloud.network.cidr,
            region=network.region,
            zone=site.spec.cloud.zone,
            project=network.account_id,
            kms_key=network.kms_key,
            nodes=nodes.from_spec(site),
            production=site.spec.environment == "prod",
        )

    def contracts(self) -> Sequence[contracts.KubernetesCluster]:
        """The cluster."""
        volumes: dict[str, pulumi.Input[str]] = {"type": "pd-balanced", "disk-encryption-kms-key": self._args.kms_key}
        return [
            contracts.KubernetesCluster(self._args.cluster_name, self.endpoint, self._kubeconfig, self._pool, VOLUMES, volumes)
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Name and addresses; no credential."""
        return {"name": self._args.cluster_name, "endpoint": self.endpoint, "identityPool": self._pool}
