"""The APIs, the private network and the key that every Vertex stack stands on."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.mapping.fact import OWN_CLUSTER
from components.system import Site
from components.vertex.apis import AGENTS, IDENTITIES, needed
from components.vertex.names import dns

ROTATION = "7776000s"
"""90 days, as Cloud KMS' "Key rotation" recommends."""
USE_KEY = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


@dataclass
class GoogleFoundationArgs:
    """Where the network stands and how large it is."""

    region: str
    """Region of Google Cloud."""
    cidr: str
    """IPv4 range: the lower half is the subnetwork's, the upper half is lent to Google's own services."""
    prefix: str
    """Beginning of the resources' names."""
    production: bool
    """Protect the key, let its versions wait 30 days before they are destroyed."""
    apis: list[str] = field(default_factory=list)
    """APIs to enable (sqladmin.googleapis.com)."""


def halves(cidr: str) -> tuple[str, str]:
    """(subnetwork, Google's services). ValueError where `cidr` is no IPv4 range or smaller than a /23."""
    network = ipaddress.ip_network(cidr)
    if network.prefixlen > 23:
        raise ValueError(f"{cidr}: expected a range of /23 or larger")
    lower, upper = network.subnets(prefixlen_diff=1)
    return str(lower), str(upper)


class GoogleFoundation(pulumi.ComponentResource):
    """Enabled APIs, a VPC with one private subnetwork, private services access, NAT, a customer-managed key.

    Creates: projects.Service an API (left enabled on destroy: others may use it), compute.Network without automatic
    subnetworks, Subnetwork with private Google access and flow logs, Firewall rules (everything that comes in is refused and
    logged, members reach each other), Router and RouterNat (out only, logged), GlobalAddress and servicenetworking.Connection,
    kms.KeyRing and CryptoKey, and for each API that encrypts with it the right of its service agent. The key ring's name
    ends in random letters, for a key ring can never be deleted. What takes the key or the network waits for all of it.
    Source: VPC "Configure private Google access", "Private services access"; Cloud KMS "Customer-managed encryption keys".
    """

    network_id: pulumi.Output[str]
    kms_key: pulumi.Output[str]

    needs = ()
    optional = ()
    provides = (contracts.Network,)
    tiers = ("all", "platform")
    essential_type = "gcp:compute/network:Network"

    def __init__(self, name: str, args: GoogleFoundationArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GoogleFoundation", name, {}, opts)
        self._args = args
        self._name = name
        self._opts = pulumi.ResourceOptions(parent=self)
        project = gcp.organizations.get_project_output(opts=pulumi.InvokeOutputOptions(parent=self))
        self._number = project.number
        self._apis = {
            api: gcp.projects.Service(
                f"{name}-{api.partition('.')[0]}",
                service=api,
                disable_on_destroy=False,
                disable_dependent_services=False,
                opts=self._opts,
            )
            for api in args.apis
        }
        self._ready = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(self._apis.values())))
        self._project = project.project_id
        self.kms_key = self._key()
        network = gcp.compute.Network(
            f"{name}-network", name=dns(args.prefix, 63), auto_create_subnetworks=False, routing_mode="REGIONAL", opts=self._ready
        )
        lower, upper = halves(args.cidr)
        self._tag = dns(f"{args.prefix}-members", 63)
        self._subnet = self._subnetwork(network, lower)
        self._walls(network, lower)
        peering = self._services_access(network, upper)
        # whoever takes the network waits until Google's own services can stand in it
        ways = [network.id] if peering is None else [network.id, peering.id]
        self.network_id = pulumi.Output.all(*ways).apply(lambda ids: str(ids[0]))
        self.register_outputs({"networkId": self.network_id, "kmsKey": self.kms_key})

    def _key(self) -> pulumi.Output[str]:
        keep = pulumi.ResourceOptions(protect=self._args.production or None)
        ring = gcp.kms.KeyRing(f"{self._name}-{dns(self._args.prefix, 40)}", location=self._args.region, opts=self._ready)
        key = gcp.kms.CryptoKey(
            f"{self._name}-key",
            name="platform",
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=ROTATION,
            destroy_scheduled_duration="2592000s" if self._args.production else "86400s",
            opts=pulumi.ResourceOptions.merge(self._opts, keep),
        )
        may_use = [
            gcp.kms.CryptoKeyIAMMember(
                f"{self._name}-{noun}-key", crypto_key_id=key.id, role=USE_KEY, member=who, opts=self._opts
            )
            for noun, who in self._agents().items()
        ]
        return pulumi.Output.all(key.id, *(binding.id for binding in may_use)).apply(lambda ids: str(ids[0]))

    def _agents(self) -> Mapping[str, pulumi.Output[str]]:
        """Every service agent that encrypts for the stack, by a noun."""
        found: dict[str, pulumi.Output[str]] = {}
        for api, enabled in self._apis.items():
            noun = api.partition(".")[0]
            after = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[enabled]))
            if api in IDENTITIES:
                agent = gcp.projects.ServiceIdentity(f"{self._name}-{noun}-agent", service=api, opts=after)
                found[noun] = pulumi.Output.format("serviceAccount:{0}", agent.email)
            elif api in AGENTS:
                found[noun] = pulumi.Output.format(f"serviceAccount:{AGENTS[api]}.iam.gserviceaccount.com", self._number)
        return found

    def _subnetwork(self, network: gcp.compute.Network, cidr: str) -> gcp.compute.Subnetwork:
        subnet = gcp.compute.Subnetwork(
            f"{self._name}-subnetwork",
            name=dns(f"{self._args.prefix}-private", 63),
            network=network.id,
            region=self._args.region,
            ip_cidr_range=cidr,
            private_ip_google_access=True,
            log_config=gcp.compute.SubnetworkLogConfigArgs(
                aggregation_interval="INTERVAL_5_SEC", flow_sampling=0.5, metadata="INCLUDE_ALL_METADATA"
            ),
            opts=self._opts,
        )
        router = gcp.compute.Router(
            f"{self._name}-router",
            name=dns(f"{self._args.prefix}-router", 63),
            network=network.id,
            region=self._args.region,
            opts=self._opts,
        )
        gcp.compute.RouterNat(
            f"{self._name}-nat",
            name=dns(f"{self._args.prefix}-nat", 63),
            router=router.name,
            region=self._args.region,
            nat_ip_allocate_option="AUTO_ONLY",
            source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
            subnetworks=[
                gcp.compute.RouterNatSubnetworkArgs(name=subnet.id, source_ip_ranges_to_nats=["PRIMARY_IP_RANGE"]),
            ],
            log_config=gcp.compute.RouterNatLogConfigArgs(enable=True, filter="ALL"),
            opts=self._opts,
        )
        return subnet

    def _walls(self, network: gcp.compute.Network, cidr: str) -> None:
        log = gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA")
        gcp.compute.Firewall(
            f"{self._name}-refuse",
            name=dns(f"{self._args.prefix}-refuse", 63),
            network=network.id,
            direction="INGRESS",
            priority=65000,
            source_ranges=["0.0.0.0/0"],
            denies=[gcp.compute.FirewallDenyArgs(protocol="all")],
            log_config=log,
            opts=self._opts,
        )
        gcp.compute.Firewall(
            f"{self._name}-members",
            name=self._tag,
            network=network.id,
            direction="INGRESS",
            priority=1000,
            source_ranges=[cidr],
            target_tags=[self._tag],
            allows=[gcp.compute.FirewallAllowArgs(protocol=protocol) for protocol in ("tcp", "udp", "icmp")],
            log_config=log,
            opts=self._opts,
        )

    def _services_access(self, network: gcp.compute.Network, cidr: str) -> gcp.servicenetworking.Connection | None:
        if "servicenetworking.googleapis.com" not in self._apis:
            return None
        lent = ipaddress.ip_network(cidr)
        addresses = gcp.compute.GlobalAddress(
            f"{self._name}-services",
            name=dns(f"{self._args.prefix}-services", 63),
            address_type="INTERNAL",
            purpose="VPC_PEERING",
            address=str(lent.network_address),
            prefix_length=lent.prefixlen,
            network=network.id,
            opts=self._opts,
        )
        return gcp.servicenetworking.Connection(
            f"{self._name}-services",
            network=network.id,
            service="servicenetworking.googleapis.com",
            reserved_peering_ranges=[addresses.name],
            opts=self._opts,
        )

    @staticmethod
    def wants(config: None) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> GoogleFoundationArgs:
        """From `cloud` of the spec, and the APIs of the stack's and its teams' systems."""
        teams = [system for team in site.spec.teams.values() for system in team.systems]
        return GoogleFoundationArgs(
            region=site.stack.region,
            cidr=site.spec.cloud.network.cidr,
            prefix=site.stack.name,
            production=site.spec.environment == "prod",
            apis=needed([*site.spec.chosen(), *teams, *([OWN_CLUSTER] if site.own_cluster else [])]),
        )

    def contracts(self) -> Sequence[contracts.Network]:
        """The network and its key; its `security_group_id` is the network tag of members, its account the project."""
        project = pulumi.Output.all(self._project, *(api.id for api in self._apis.values())).apply(lambda known: str(known[0]))
        return [
            contracts.Network(
                network_id=self.network_id,
                subnet_ids=self._subnet.id.apply(lambda id: [str(id)]),
                security_group_id=pulumi.Output.from_input(self._tag),
                kms_key=self.kms_key,
                region=self._args.region,
                account_id=project,
            )
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Identifiers for other stacks."""
        return {"networkId": self.network_id, "kmsKey": self.kms_key, "project": self._project}
