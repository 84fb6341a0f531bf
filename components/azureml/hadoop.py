"""Distributed file system on Azure: an HDInsight Hadoop cluster in a subnet of its own, its files in the object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure
import pulumi_random as random

from components import contracts
from components.azureml.identity import Role, assign, unique
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import endpoint, logged
from components.spec.processing import Hadoop
from components.system import Site

BUCKET = "hadoop"
VERSION = "5.1"
"""Of HDInsight (Azure HDInsight documentation, "Azure
HDInsight versions")."""
GATEWAY = "gateway"
LINK = "private"


@dataclass
class HdinsightHdfsArgs:
    """One cluster."""

    cluster_name: pulumi.Input[str]
    """3 to 59 characters, unique on all of Azure."""
    prefix: str
    """Beginning of the secrets' names."""
    vm_size: str
    data_nodes: int
    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Identity of the nodes; its right to the container is granted beforehand."""
    bucket: contracts.BucketAccess
    subnet_id: pulumi.Input[str]
    """The cluster's own subnet."""
    network_id: pulumi.Input[str]
    production: bool
    """Protect and retain the cluster."""
    place: AzurePlaceArgs


class HdinsightHdfs(pulumi.ComponentResource):
    """hdinsight.Cluster with Hadoop: files of container `hadoop` by identity, encrypted disks and transfers, no public address.

    Two head nodes and three ZooKeepers come with it. It connects out to its provider by the subnet's NAT gateway and is
    reached by a private endpoint to its gateway; TLS 1.2; disks under our key; the passwords of gateway and SSH, which the
    service asks for, are generated and lie in the vault. Source: Azure HDInsight documentation, "Restrict public connectivity
    in Azure HDInsight", "Enable Private Link on an HDInsight cluster", "Use Azure Data Lake Storage Gen2 with Azure HDInsight
    clusters", "Double encryption for data at rest", "Encryption in transit". Limits: no Kerberos, which wants Entra Domain
    Services of the tenant; the files are the object store's, so they outlive the cluster; some of what HDInsight depends on
    has no service tag, and a firewall of yours may have to let it through.
    """

    cluster_id: pulumi.Output[str]
    uri: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.FileSystem,)
    tiers = ("all", "platform")
    essential_type = "azure-native:hdinsight:Cluster"
    identity = True

    def __init__(self, name: str, args: HdinsightHdfsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:HdinsightHdfs", name, {}, opts)
        self._name, self._args, place = name, args, args.place
        self._opts = pulumi.ResourceOptions(parent=self)
        hd = azure.hdinsight
        # the service reads the account's settings before it takes a container of it
        right = assign(f"{name}-account", Role.READER, args.principal_id, args.bucket.account or "", self._opts)
        account = pulumi.Output.from_input(args.bucket.account or "").apply(lambda id: id.rpartition("/")[2])
        host = pulumi.Output.concat(account, ".dfs.core.windows.net")
        web, shell = self._password("gateway"), self._password("ssh")
        # here identities are a mapping
        users = pulumi.Output.all(args.identity_id, place.encryption).apply(
            lambda ids: {str(id): hd.UserAssignedIdentityArgs() for id in ids}
        )
        keep = pulumi.ResourceOptions(
            protect=args.production or None, retain_on_delete=args.production or None, depends_on=[right]
        )
        made = hd.Cluster(
            f"{name}-cluster",
            resource_group_name=place.group,
            cluster_name=args.cluster_name,
            identity=hd.ClusterIdentityArgs(type=hd.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=users),
            properties=hd.ClusterCreatePropertiesArgs(
                cluster_version=VERSION,
                os_type="Linux",
                tier="Standard",
                cluster_definition=hd.ClusterDefinitionArgs(
                    kind="HADOOP",
                    configurations={
                        GATEWAY: {
                            "restAuthCredential.isEnabled": "true",
                            "restAuthCredential.username": "admin",
                            "restAuthCredential.password": web,
                        },
                        "core-site": {"hadoop.rpc.protection": "privacy"},
                    },
                ),
                compute_profile=hd.ComputeProfileArgs(
                    roles=[
                        self._role("headnode", 2, shell),
                        self._role("workernode", args.data_nodes, shell),
                        self._role("zookeepernode", 3, shell),
                    ]
                ),
                storage_profile=hd.StorageProfileArgs(
                    storageaccounts=[
                        hd.StorageAccountArgs(
                            name=host,
                            is_default=True,
                            file_system=args.bucket.bucket,
                            resource_id=args.bucket.account,
                            msi_resource_id=args.identity_id,
                            enable_secure_channel=True,
                        )
                    ]
                ),
                disk_encryption_properties=hd.DiskEncryptionPropertiesArgs(
                    encryption_algorithm="RSA-OAEP-256",
                    encryption_at_host=True,
                    key_name=place.key_name,
                    key_version=pulumi.Output.from_input(place.key_version).apply(lambda uri: uri.rpartition("/")[2]),
                    vault_uri=place.vault_uri,
                    msi_resource_id=place.encryption,
                ),
                encryption_in_transit_properties=hd.EncryptionInTransitPropertiesArgs(is_encryption_in_transit_enabled=True),
                min_supported_tls_version="1.2",
                network_properties=hd.NetworkPropertiesArgs(resource_provider_connection="Outbound", private_link="Enabled"),
                private_link_configurations=[
                    hd.PrivateLinkConfigurationArgs(
                        name=LINK,
                        group_id=GATEWAY,
                        ip_configurations=[
                            hd.IPConfigurationArgs(
                                name=LINK,
                                primary=True,
                                private_ip_allocation_method="dynamic",
                                subnet=hd.ResourceIdArgs(id=args.subnet_id),
                            )
                        ],
                    )
                ],
            ),
            opts=pulumi.ResourceOptions.merge(self._opts, keep),
        )
        endpoint(f"{name}-gateway", GATEWAY, made.id, place, self._opts)
        logged(f"{name}-logs", made.id, place.logs, self._opts)
        self.cluster_id = made.id
        self.uri = pulumi.Output.concat("abfs://", args.bucket.bucket, "@", host)
        self._gateway = pulumi.Output.concat("https://", made.name, ".azurehdinsight.net")
        self.register_outputs({"clusterId": self.cluster_id, "uri": self.uri})

    def _role(self, role: str, nodes: int, password: pulumi.Input[str]) -> azure.hdinsight.RoleArgs:
        """Nodes of one kind, all in the cluster's subnet."""
        hd, args = azure.hdinsight, self._args
        return hd.RoleArgs(
            name=role,
            target_instance_count=nodes,
            encrypt_data_disks=True if role == "workernode" else None,
            data_disks_groups=[hd.DataDisksGroupsArgs(disks_per_node=1)] if role == "workernode" else None,
            hardware_profile=hd.HardwareProfileArgs(vm_size=args.vm_size),
            os_profile=hd.OsProfileArgs(
                linux_operating_system_profile=hd.LinuxOperatingSystemProfileArgs(username="platform", password=password)
            ),
            virtual_network_profile=hd.VirtualNetworkProfileArgs(id=args.network_id, subnet=args.subnet_id),
        )

    def _password(self, noun: str) -> pulumi.Output[str]:
        """A password that the service asks for, kept in the vault."""
        made = random.RandomPassword(
            f"{self._name}-{noun}",
            length=40,
            min_lower=2,
            min_upper=2,
            min_numeric=2,
            min_special=2,
            override_special="!_-",
            opts=self._opts,
        ).result
        azure.keyvault.Secret(
            f"{self._name}-{noun}",
            resource_group_name=self._args.place.group,
            vault_name=self._args.place.vault_name,
            secret_name=f"{self._args.prefix}-hadoop-{noun}",
            properties=azure.keyvault.SecretPropertiesArgs(value=made, content_type="text/plain"),
            opts=self._opts,
        )
        return pulumi.Output.secret(made)

    @staticmethod
    def wants(config: Hadoop) -> contracts.Wants:
        """The container of its files."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> HdinsightHdfsArgs:
        """From `systems.hadoop` of the spec; name nodes, journals and ZooKeepers are the service's own affair."""
        config: Hadoop = site.config
        network = site.contract(contracts.Network)
        place = place_of(network, site.namespace)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("hadoop: the landing gave no identity")
        if site.key not in place.subnets:
            raise pulumi.RunError("hadoop: the platform's network has no subnet for it; the platform has to have systems.hadoop")
        return HdinsightHdfsArgs(
            cluster_name=unique(f"{site.stack.name}-hadoop", network.account_id, 59),
            prefix=site.stack.name,
            vm_size=config.vm_size,
            data_nodes=config.data_nodes,
            principal_id=site.role,
            identity_id=site.role_arn,
            bucket=site.buckets[BUCKET],
            subnet_id=place.subnets[site.key],
            network_id=network.network_id,
            production=site.spec.environment == "prod",
            place=place,
        )

    def contracts(self) -> Sequence[contracts.FileSystem]:
        """The cluster's default file system, which is the container."""
        return [contracts.FileSystem(uri=self.uri)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"cluster": self.cluster_id, "uri": self.uri, "gateway": self._gateway}
