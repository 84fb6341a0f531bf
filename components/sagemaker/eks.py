"""A Kubernetes cluster of the stack's own on AWS: EKS with managed node groups."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import contracts, kubeconfig, nodes
from components.naming import fit
from components.nodes import NodesArgs
from components.sagemaker import eks_access, eks_nodes
from components.sagemaker.eks_network import EksNetwork, EksNetworkArgs
from components.system import Site

LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
EARLY = ("kube-proxy", "eks-pod-identity-agent")
"""Add-ons without which no node becomes ready; beside them vpc-cni."""
VOLUMES = "ebs.csi.aws.com"


@dataclass
class EksClusterArgs:
    """One cluster."""

    cluster_name: str
    network_id: pulumi.Input[str]
    """VPC."""
    members: pulumi.Input[str]
    """Security group of the stack's members, behind which the interface endpoints stand."""
    cidr: str
    """IPv4 range of the VPC."""
    zones: int
    kms_key: pulumi.Input[str]
    """ARN of the key for Secrets, disks, volumes and logs."""
    region: str
    account_id: pulumi.Input[str]
    nodes: NodesArgs
    production: bool
    """Protect the cluster, a NAT gateway a zone, logs for a year."""


class EksCluster(pulumi.ComponentResource):
    """EKS with its endpoint inside the network, Secrets encrypted by our key, every control-plane log, and node groups.

    Creates an EksNetwork, the control plane's LogGroup and role, the eks.Cluster (API access entries alone; its creator is its
    administrator), a SecurityGroup, add-ons (vpc-cni with NetworkPolicies enforced, kube-proxy, EKS Pod Identity agent, CoreDNS,
    EBS CSI driver) with a Pod Identity role for each that acts on AWS, a role and LaunchTemplates for nodes (encrypted disks,
    IMDSv2 out of reach of pods), a NodeGroup without GPUs and one a pool. The kubeconfig logs in by `aws eks get-token`.
    Source: EKS user guide and best practices, "Amazon EKS cluster endpoint", "Encrypt Kubernetes secrets with KMS", "Limit pod
    traffic with Kubernetes network policies", "EKS Pod Identity". Limits: without `allowedRanges` whoever runs Pulumi must stand
    in the network (VPN, a runner there); nothing changes the number of nodes within a group's bounds until a cluster autoscaler
    runs; capacity blocks are not offered; AWSServiceRoleForAutoScaling must exist in the account.
    """

    endpoint: pulumi.Output[str]
    issuer: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.KubernetesCluster,)
    tiers = ("all", "platform")
    essential_type = "aws:eks/cluster:Cluster"

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:EksCluster", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        network = EksNetwork(
            f"{name}-network",
            EksNetworkArgs(args.network_id, args.cidr, args.zones, args.cluster_name, args.production),
            self._opts,
        )
        self._group = self._walls()
        self._cluster = self._control_plane(network)
        self.endpoint = self._cluster.endpoint
        self.issuer = self._cluster.identities[0].oidcs[0].issuer
        groups = self._nodes(network, self._early())
        self._kubeconfig = self._login([group.id for group in groups] + [addon.id for addon in self._late(groups)])
        self.register_outputs({"endpoint": self.endpoint, "issuer": self.issuer})

    def _walls(self) -> pulumi.Output[str]:
        """One group for control plane and nodes: they reach each other, the interface endpoints, and (images) the way out."""
        args, name = self._args, self._name
        group = aws.ec2.SecurityGroup(
            f"{name}-members",
            name=f"{args.cluster_name}-cluster",
            description="Control plane and nodes reach each other; nobody else does",
            vpc_id=args.network_id,
            tags={"Name": f"{args.cluster_name}-cluster"},
            opts=self._opts,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-members-in",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="from control plane and nodes",
            opts=self._opts,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-members-out",
            security_group_id=group.id,
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="-1",
            description="images; what pods may call, NetworkPolicies say",
            opts=self._opts,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-endpoints",
            security_group_id=args.members,
            referenced_security_group_id=group.id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="nodes of the cluster to the interface endpoints",
            opts=self._opts,
        )
        return group.id

    def _control_plane(self, network: EksNetwork) -> aws.eks.Cluster:
        args, name = self._args, self._name
        role, rights = eks_access.role(
            f"{name}-plane",
            f"{args.cluster_name}-plane",
            "eks.amazonaws.com",
            args.account_id,
            ["AmazonEKSClusterPolicy"],
            self._opts,
        )
        # made before EKS makes it without a key and for ever
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            kms_key_id=args.kms_key,
            retention_in_days=365 if args.production else 30,
            opts=self._opts,
        )
        ranges = args.nodes.allowed_ranges
        return aws.eks.Cluster(
            f"{name}-cluster",
            name=args.cluster_name,
            role_arn=role.arn,
            version=args.nodes.version,
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=True
            ),
            bootstrap_self_managed_addons=False,
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=network.subnet_ids,
                security_group_ids=[self._group],
                endpoint_private_access=True,
                endpoint_public_access=bool(ranges),
                public_access_cidrs=list(ranges) or None,
            ),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=args.kms_key), resources=["secrets"]
            ),
            enabled_cluster_log_types=list(LOGS),
            deletion_protection=args.production,
            tags={"Name": args.cluster_name},
            opts=pulumi.ResourceOptions.merge(
                nodes.protected(self._opts, args.production), pulumi.ResourceOptions(depends_on=[*rights, logs])
            ),
        )

    def _addon(
        self,
        addon: str,
        after: Sequence[pulumi.Resource],
        account: str = "",
        role: aws.iam.Role | None = None,
        settings: str = "",
    ) -> aws.eks.Addon:
        """An add-on in the version that EKS recommends; its ServiceAccount acts as `role`."""
        identity = [aws.eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account=account)] if role else None
        return aws.eks.Addon(
            f"{self._name}-{addon}",
            cluster_name=self._cluster.name,
            addon_name=addon,
            configuration_values=settings or None,
            pod_identity_associations=identity,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="PRESERVE",
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(after))),
        )

    def _pod_role(self, noun: str, policy: str) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        args = self._args
        return eks_access.pod_role(f"{self._name}-{noun}", f"{args.cluster_name}-{noun}", args.account_id, [policy], self._opts)

    def _early(self) -> list[aws.eks.Addon]:
        """What nodes need to become ready; the platform's NetworkPolicies are enforced from the first pod on."""
        agents = [self._addon(addon, []) for addon in EARLY]
        role, rights = self._pod_role("cni", "AmazonEKS_CNI_Policy")
        settings = json.dumps({"enableNetworkPolicy": "true", "env": {"ENABLE_PREFIX_DELEGATION": "true"}}, sort_keys=True)
        return [*agents, self._addon("vpc-cni", [*agents, *rights], "aws-node", role, settings)]

    def _late(self, groups: Sequence[pulumi.Resource]) -> list[aws.eks.Addon]:
        """What runs on nodes."""
        role, rights = self._pod_role("volumes", "service-role/AmazonEBSCSIDriverPolicy")
        key = eks_access.volume_key(f"{self._name}-volumes", role, self._args.kms_key, self._opts)
        return [
            self._addon("coredns", groups),
            self._addon("aws-ebs-csi-driver", [*groups, *rights, key], "ebs-csi-controller-sa", role),
        ]

    def _nodes(self, network: EksNetwork, early: Sequence[pulumi.Resource]) -> list[aws.eks.NodeGroup]:
        args, name = self._args, self._name
        role, rights = eks_access.role(
            f"{name}-nodes",
            f"{args.cluster_name}-nodes",
            "ec2.amazonaws.com",
            args.account_id,
            ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"],
            self._opts,
        )
        disks = eks_access.node_disks(name, args.kms_key, args.account_id, self._opts)
        shared = eks_nodes.Nodes(
            name,
            args.cluster_name,
            self._cluster.name,
            self._group,
            role.arn,
            network.subnet_ids.apply(list),
            args.kms_key,
            args.nodes.disk,
            pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[*rights, *early, disks, network])),
        )
        given = args.nodes
        groups = [eks_nodes.system(shared, given.machine, given.least, given.most)]
        return groups + [eks_nodes.accelerated(shared, pool, made) for pool, made in given.pools.items()]

    def _login(self, after: Sequence[pulumi.Output[str]]) -> pulumi.Output[str]:
        """By the AWS CLI of whoever runs Pulumi, with that person's own credentials (EKS user guide, "Connect kubectl")."""
        args = self._args
        return kubeconfig.by_command(
            args.cluster_name,
            self.endpoint,
            self._cluster.certificate_authority.data.apply(lambda data: data or ""),
            "aws",
            ["--region", args.region, "eks", "get-token", "--cluster-name", args.cluster_name, "--output", "json"],
            hint="install the AWS CLI, version 2",
            after=after,
        )

    @staticmethod
    def wants(config: None) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> EksClusterArgs:
        """From `cluster` and `cloud` of the spec."""
        network: contracts.Network = site.contract(contracts.Network)
        return EksClusterArgs(
            cluster_name=fit(site.stack.name, 100),
            network_id=network.network_id,
            members=network.security_group_id,
            cidr=site.spec.cloud.network.cidr,
            zones=site.spec.cloud.network.zones,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            nodes=nodes.from_spec(site),
            production=site.spec.environment == "prod",
        )

    def contracts(self) -> Sequence[contracts.KubernetesCluster]:
        """The cluster."""
        key = self._args.kms_key
        volumes: dict[str, pulumi.Input[str]] = {
            "type": "gp3",
            "encrypted": "true",
            "kmsKeyId": key,
            "csi.storage.k8s.io/fstype": "ext4",
        }
        return [
            contracts.KubernetesCluster(self._args.cluster_name, self.endpoint, self._kubeconfig, self.issuer, VOLUMES, volumes)
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Name and addresses; no credential."""
        return {"name": self._args.cluster_name, "endpoint": self.endpoint, "issuer": self.issuer}
