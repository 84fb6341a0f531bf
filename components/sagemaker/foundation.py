"""The private network, the key and the logs that every SageMaker stack stands on."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import contracts
from components.sagemaker import surroundings
from components.sagemaker.foundation_key import key_policy
from components.sagemaker.identity import allow, attach, workload_role
from components.system import Site

ENDPOINTS = (
    "sagemaker.api",
    "sagemaker.runtime",
    "studio",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "monitoring",
    "sts",
    "kms",
    "secretsmanager",
    "ssm",
    "aps-workspaces",
)
"""AWS services reached by interface endpoints, so that the network needs no way to the internet.

Service names `com.amazonaws.<region>.<name>` (`aws.sagemaker.<region>.studio` for Studio): AWS PrivateLink guide,
"AWS services that integrate with AWS PrivateLink"; not tried against a cloud.
"""


@dataclass
class AwsFoundationArgs:
    """Where the network stands and how large it is."""

    region: str
    """AWS region."""
    cidr: str
    """IPv4 range of the VPC; a quarter a subnet."""
    zones: int
    """Availability zones, 2 to 4, a private subnet each."""
    prefix: str
    """Beginning of the resources' names."""
    production: bool
    """Protect the key against deletion, keep logs for a year."""
    services: list[str] = field(default_factory=list)
    """Interface endpoints beside ENDPOINTS."""
    key_users: list[str] = field(default_factory=list)
    """Service principals that use the key themselves, for this account alone."""


def subnets(cidr: str, zones: int) -> Sequence[str]:
    """The first `zones` quarters of the range. ValueError where `cidr` is no IPv4 range or smaller than a /24."""
    network = ipaddress.ip_network(cidr)
    if network.prefixlen > 24:
        raise ValueError(f"{cidr}: expected a range of /24 or larger")
    return [str(part) for part in list(network.subnets(prefixlen_diff=2))[:zones]]


class AwsFoundation(pulumi.ComponentResource):
    """VPC with private subnets only, endpoints, a customer-managed key, flow logs.

    Creates: kms.Key and Alias, ec2.Vpc, a Subnet a zone, one RouteTable, a self-referencing SecurityGroup, the VPC's
    default security group emptied, interface endpoints for ENDPOINTS and a gateway endpoint for S3, a FlowLog to an
    encrypted LogGroup. Nothing has a public address and there is no NAT: what is not an AWS service cannot be reached.
    Source: Amazon SageMaker developer guide, "Connect Studio notebooks in a VPC to external resources".
    """

    network_id: pulumi.Output[str]
    kms_key_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    needs = ()
    optional = ()
    provides = (contracts.Network,)
    tiers = ("all", "platform")
    essential_type = "aws:ec2/vpc:Vpc"

    def __init__(self, name: str, args: AwsFoundationArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AwsFoundation", name, {}, opts)
        self._args = args
        self._name = name
        self._opts = pulumi.ResourceOptions(parent=self)
        self._account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        self.kms_key_arn = self._key()
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tag("vpc"),
            opts=self._opts,
        )
        self.network_id = vpc.id
        aws.ec2.DefaultSecurityGroup(f"{name}-default-group", vpc_id=vpc.id, opts=self._opts)
        self._subnets, table = self._private_subnets(vpc)
        self.security_group_id = self._security_group(vpc)
        self._endpoints(vpc, table)
        self._flow_log(vpc)
        self.register_outputs(
            {"networkId": self.network_id, "kmsKeyArn": self.kms_key_arn, "securityGroupId": self.security_group_id}
        )

    def _tag(self, part: str) -> Mapping[str, str]:
        return {"Name": f"{self._args.prefix}-{part}"}

    def _key(self) -> pulumi.Output[str]:
        statements = key_policy(self._args.region, self._account, self._args.key_users)
        # in a key policy Resource "*" means this key alone (KMS developer guide, "Key policies")
        key = aws.kms.Key(
            f"{self._name}-key",
            description=f"Everything of {self._args.prefix} at rest",
            enable_key_rotation=True,
            deletion_window_in_days=30 if self._args.production else 7,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(protect=self._args.production or None)),
        )
        aws.kms.Alias(f"{self._name}-alias", name=f"alias/{self._args.prefix}", target_key_id=key.id, opts=self._opts)
        return key.arn

    def _private_subnets(self, vpc: aws.ec2.Vpc) -> tuple[pulumi.Output[Sequence[str]], aws.ec2.RouteTable]:
        zones = aws.get_availability_zones_output(state="available", opts=pulumi.InvokeOutputOptions(parent=self)).names
        table = aws.ec2.RouteTable(f"{self._name}-private", vpc_id=vpc.id, tags=self._tag("private"), opts=self._opts)
        made = []
        for index, cidr in enumerate(subnets(self._args.cidr, self._args.zones)):
            subnet = aws.ec2.Subnet(
                f"{self._name}-private-{index}",
                vpc_id=vpc.id,
                cidr_block=cidr,
                availability_zone=zones[index],
                map_public_ip_on_launch=False,
                tags=self._tag(f"private-{index}"),
                opts=self._opts,
            )
            aws.ec2.RouteTableAssociation(
                f"{self._name}-private-{index}", subnet_id=subnet.id, route_table_id=table.id, opts=self._opts
            )
            made.append(subnet.id)
        return pulumi.Output.all(*made).apply(lambda ids: [str(i) for i in ids]), table

    def _security_group(self, vpc: aws.ec2.Vpc) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-members",
            name=f"{self._args.prefix}-members",
            description="Members reach each other; nobody else does",
            vpc_id=vpc.id,
            tags=self._tag("members"),
            opts=self._opts,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-members-in",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="from members",
            opts=self._opts,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-members-out",
            security_group_id=group.id,
            cidr_ipv4=self._args.cidr,
            ip_protocol="-1",
            description="within the network",
            opts=self._opts,
        )
        return group.id

    def _endpoints(self, vpc: aws.ec2.Vpc, table: aws.ec2.RouteTable) -> None:
        region = self._args.region
        s3 = aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id],
            tags=self._tag("s3"),
            opts=self._opts,
        )
        # traffic through a gateway endpoint keeps S3's public addresses, so egress needs its prefix list
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-members-s3",
            security_group_id=self.security_group_id,
            prefix_list_id=s3.prefix_list_id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="S3 through the gateway endpoint",
            opts=self._opts,
        )
        for service in (*ENDPOINTS, *self._args.services):
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service.replace('.', '-')}",
                vpc_id=vpc.id,
                service_name=f"aws.sagemaker.{region}.studio" if service == "studio" else f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=self._subnets,
                security_group_ids=[self.security_group_id],
                tags=self._tag(service),
                opts=self._opts,
            )

    def _flow_log(self, vpc: aws.ec2.Vpc) -> None:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-flow",
            name=f"/mlops/{self._args.prefix}/flow",
            kms_key_id=self.kms_key_arn,
            retention_in_days=365 if self._args.production else 30,
            opts=self._opts,
        )
        role = workload_role(
            f"{self._name}-flow", f"{self._args.prefix}-flow", "vpc-flow-logs.amazonaws.com", self._account, self._opts
        )
        write = allow(
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            [group.arn, pulumi.Output.concat(group.arn, ":*")],
        )
        attached = attach(f"{self._name}-flow", role.name, [write], self._opts)
        aws.ec2.FlowLog(
            f"{self._name}-flow",
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=self._tag("flow"),
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[attached])),
        )

    @staticmethod
    def wants(config: None) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> AwsFoundationArgs:
        """From `cloud` of the spec."""
        cloud = site.spec.cloud
        return AwsFoundationArgs(
            region=site.stack.region,
            cidr=cloud.network.cidr,
            zones=cloud.network.zones,
            prefix=site.stack.name,
            production=site.spec.environment == "prod",
            services=surroundings.endpoints(site.spec.chosen()),
            key_users=surroundings.key_users(site.spec.chosen()),
        )

    def contracts(self) -> Sequence[contracts.Network]:
        """The network and its key."""
        return [
            contracts.Network(
                network_id=self.network_id,
                subnet_ids=self._subnets,
                security_group_id=self.security_group_id,
                kms_key=self.kms_key_arn,
                region=self._args.region,
                account_id=self._account,
            )
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Identifiers for other stacks."""
        return {"networkId": self.network_id, "kmsKey": self.kms_key_arn, "securityGroup": self.security_group_id}
