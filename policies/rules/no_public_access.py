"""Nothing is reachable from the internet by accident."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies import azure, clusters, google
from policies.documents import open_statements
from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, items, join, undecided
from policies.pods import hidden, is_custom, is_kubernetes
from policies.ranges import wide

INTERNAL = {
    "service.beta.kubernetes.io/aws-load-balancer-internal": {"true", "0.0.0.0/0"},
    "service.beta.kubernetes.io/aws-load-balancer-scheme": {"internal"},
    "networking.gke.io/load-balancer-type": {"internal"},
    "cloud.google.com/load-balancer-type": {"internal"},
    "service.beta.kubernetes.io/azure-load-balancer-internal": {"true"},
}
"""Annotations by which a cloud's load balancer stays inside the network, and what they must say (lower case)."""
SERVICE_KEYS = {"type", "serviceType", "exposeType"}
MUST: Mapping[str, Mapping[str, Any]] = {
    "aws:rds/instance:Instance": {"publiclyAccessible": (False, None)},
    "aws:rds/clusterInstance:ClusterInstance": {"publiclyAccessible": (False, None)},
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": (False, None)},
    "aws:lb/loadBalancer:LoadBalancer": {"internal": (True,)},
    "aws:sagemaker/domain:Domain": {"appNetworkAccessType": ("VpcOnly",)},
    "aws:sagemaker/notebookInstance:NotebookInstance": {"directInternetAccess": ("Disabled",)},
    "aws:sagemaker/model:Model": {"enableNetworkIsolation": (True,)},
    "aws:mwaa/environment:Environment": {"webserverAccessMode": ("PRIVATE_ONLY",)},
    "aws:msk/cluster:Cluster": {
        "brokerNodeGroupInfo.connectivityInfo.publicAccess.type": ("DISABLED", None),
        "clientAuthentication.unauthenticated": (False, None),
    },
    **google.INSIDE,
    **clusters.INSIDE,
    **azure.CLOSED,
}
"""Settings of cloud resources, and the values that keep them inside the network."""
DOCUMENTS = ("aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy", "aws:secretsmanager/secretPolicy:SecretPolicy",
             "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy", "aws:msk/clusterPolicy:ClusterPolicy",
             "aws:ecr/repositoryPolicy:RepositoryPolicy")  # fmt: skip
"""Resources with a policy of their own on who may use them (buckets have a rule to themselves)."""
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
CIDRS = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks", "publicAccessCidrs")
REMEDY = "Reach it through the gateway or from inside the network; name the ranges that may connect"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Services and what custom resources say of theirs, open ranges, databases, subnets, load balancers, resource policies."""
    if resource.type.startswith("kubernetes:core/v1:Service"):
        yield from _service(resource)
    elif resource.kind == "NetworkPolicy" and is_kubernetes(resource):
        yield from _network_policy(resource)
    elif is_custom(resource):
        yield from _custom(resource)
    for path, values in MUST.get(resource.type, {}).items():
        found = at(resource.props, path)
        if found is UNKNOWN:
            yield undecided(path, REMEDY)
        elif found not in values:
            yield Finding(path, f"is {found!r}, not {values[0]!r}" if found is not None else f"is not {values[0]!r}", REMEDY)
    if resource.type in (INGRESS, *GROUPS) or _is_ingress_rule(resource):
        yield from _ranges(resource)
    yield from google.opened(resource, REMEDY)
    yield from azure.open_ranges(resource, REMEDY)
    yield from clusters.reached(resource, REMEDY)
    if resource.type in DOCUMENTS:
        yield from open_statements("policy", resource.props.get("policy"), REMEDY)


def _service(resource: Resource) -> Iterator[Finding]:
    kind, outside = at(resource.props, "spec.type"), at(resource.props, "spec.externalIPs")
    if kind is UNKNOWN:
        yield undecided("spec.type", REMEDY)
    elif kind == "NodePort":
        yield Finding("spec.type", "NodePort opens a port on every node", REMEDY)
    elif kind == "LoadBalancer":
        yield from _load_balancer("spec.type", resource.props)
    if outside is UNKNOWN or items(outside):
        yield (
            undecided("spec.externalIPs", REMEDY)
            if outside is UNKNOWN
            else Finding("spec.externalIPs", "takes traffic for addresses outside of the cluster", REMEDY)
        )


def _load_balancer(path: str, props: Mapping[str, Any]) -> Iterator[Finding]:
    """A load balancer that is neither internal nor closed to all but some ranges."""
    notes = at(props, "metadata.annotations")
    said = {key: notes.get(key) if isinstance(notes, Mapping) else notes for key in INTERNAL}
    if any(isinstance(v, str | bool) and str(v).lower() in INTERNAL[key] for key, v in said.items()):
        return
    ranges = items(at(props, "spec.loadBalancerSourceRanges"))
    if UNKNOWN in said.values() or UNKNOWN in ranges:
        yield undecided(path, REMEDY)
    elif not ranges or any(wide(item) for item in ranges):
        yield Finding(path, "a public LoadBalancer", REMEDY)


def _network_policy(resource: Resource) -> Iterator[Finding]:
    rules = at(resource.props, "spec.ingress")
    if rules is UNKNOWN:
        yield undecided("spec.ingress", REMEDY)
    for index, rule in enumerate(items(rules) if rules is not UNKNOWN else ()):
        for peer in items(rule.get("from")) if isinstance(rule, Mapping) else ():
            cidr = at(peer, "ipBlock.cidr")
            if cidr is UNKNOWN:
                yield undecided(f"spec.ingress[{index}].from", REMEDY)
            elif cidr is not None and wide(cidr):
                yield Finding(f"spec.ingress[{index}].from", f'"{cidr}" is the whole internet', REMEDY)


def _custom(resource: Resource) -> Iterator[Finding]:
    """What a custom resource (Kafka, RayCluster, PerconaServerMySQL …) asks its operator's Services to be."""
    for path in hidden(resource, {"listeners", "expose"}):
        yield undecided(path, REMEDY)
    for path, mapping in resource.mappings:
        for key in SERVICE_KEYS & mapping.keys():
            value = mapping[key]
            exposes = key != "type" or any(word in path.lower() for word in ("listener", "expose", "service"))
            if value is UNKNOWN and exposes:
                yield undecided(join(path, key), REMEDY)
            elif isinstance(value, str) and value.lower() == "nodeport":
                yield Finding(join(path, key), "NodePort opens a port on every node", REMEDY)
            elif isinstance(value, str) and value.lower() == "loadbalancer":
                around = {"metadata": {"annotations": mapping.get("annotations")}, "spec": mapping}
                yield from _load_balancer(join(path, key), around)


def _is_ingress_rule(resource: Resource) -> bool:
    kind = resource.props.get("type")
    return resource.type == "aws:ec2/securityGroupRule:SecurityGroupRule" and kind != "egress"


def _ranges(resource: Resource) -> Iterator[Finding]:
    """Address ranges of what comes in."""
    if resource.type in GROUPS:
        ingress = resource.props.get("ingress")
        places = [(f"ingress[{index}]", rule) for index, rule in enumerate(items(ingress))]
    else:
        places = [("", resource.props)]
    for path, rule in places:
        if rule is UNKNOWN:
            yield undecided(path, REMEDY)
            continue
        for key in CIDRS:
            for value in items(rule.get(key)):
                if value is UNKNOWN:
                    yield undecided(join(path, key), REMEDY)
                elif wide(value):
                    yield Finding(join(path, key), f'"{value}" is the whole internet', REMEDY)


RULE = Rule("no-public-access", "Nothing is open to the internet.", Level.BASELINE, check)
