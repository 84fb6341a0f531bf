"""Nothing is reachable from the internet by accident."""

from collections.abc import Iterator

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided

WORLD = {"0.0.0.0/0", "::/0"}
INTERNAL = (
    "service.beta.kubernetes.io/aws-load-balancer-internal",
    "networking.gke.io/load-balancer-type",
    "service.beta.kubernetes.io/azure-load-balancer-internal",
)
"""Annotations by which a cloud's load balancer stays inside the network."""
FALSE = {
    "aws:rds/instance:Instance": ("publiclyAccessible",),
    "aws:ec2/subnet:Subnet": ("mapPublicIpOnLaunch",),
}
REMEDY = "Reach it through the gateway or from inside the network; name the ranges that may connect"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """LoadBalancer and NodePort Services, security groups open to the world, public databases and subnets, Studio's network."""
    if resource.type == "kubernetes:core/v1:Service":
        yield from _service(resource)
    for key in FALSE.get(resource.type, ()):
        if resource.props.get(key) is UNKNOWN:
            yield undecided(key, REMEDY)
        elif resource.props.get(key) is True:
            yield Finding(key, "is true", REMEDY)
    if resource.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
        for key in ("cidrIpv4", "cidrIpv6"):
            yield from _range(key, resource.props.get(key))
    if resource.type in ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"):
        for index, rule in enumerate(resource.props.get("ingress") or ()):
            for cidr in rule.get("cidrBlocks") or () if rule is not UNKNOWN else ():
                yield from _range(f"ingress[{index}].cidrBlocks", cidr)
    if resource.type == "aws:sagemaker/domain:Domain" and resource.props.get("appNetworkAccessType") != "VpcOnly":
        yield Finding("appNetworkAccessType", "is not VpcOnly", "Set it to VpcOnly")


def _service(resource: Resource) -> Iterator[Finding]:
    kind = at(resource.props, "spec.type")
    if kind is UNKNOWN:
        yield undecided("spec.type", REMEDY)
    elif kind == "NodePort":
        yield Finding("spec.type", "NodePort opens a port on every node", REMEDY)
    elif kind == "LoadBalancer":
        notes = at(resource.props, "metadata.annotations") or {}
        ranges = at(resource.props, "spec.loadBalancerSourceRanges") or []
        closed = bool(ranges) and not WORLD & {r for r in ranges if isinstance(r, str)}
        if not closed and not (notes is not UNKNOWN and any(key in notes for key in INTERNAL)):
            yield Finding("spec.type", "a public LoadBalancer", REMEDY)


def _range(path: str, value: object) -> Iterator[Finding]:
    if value is UNKNOWN:
        yield undecided(path, REMEDY)
    elif value in WORLD:
        yield Finding(path, f'"{value}" is the whole internet', REMEDY)


RULE = Rule("no-public-access", "Nothing is open to the internet.", Level.BASELINE, check)
