"""A namespace of the platform: ownership, Pod Security, trust, and one NetworkPolicy that denies what is not wired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import core, meta, networking

from components.kubernetes.place import Place

TRUST_LABEL = {"mlops.dev/trust": "enabled"}
"""Namespaces with it get the CA bundle (foundation.py)."""
TENANT_LABEL = {"mlops.dev/tenant": "enabled"}
"""Namespaces of teams: shared systems accept connections from them."""


@dataclass(frozen=True)
class Peers:
    """Which other namespaces one exchanges traffic with, beside DNS and the API server."""

    callers: Sequence[str] = ()
    """Namespaces that connect to it."""
    callees: Sequence[str] = ()
    """Namespaces that it connects to."""
    tenants: bool = False
    """Teams connect to it (their namespaces carry TENANT_LABEL)."""
    webhooks: Sequence[int] = ()
    """Ports on which the API server calls admission webhooks; its address is known to no selector."""
    internet: bool = False
    """It reaches HTTPS anywhere: images of notebooks, git, package indexes."""
    outside: Sequence[int] = ()
    """Further TCP ports that it reaches anywhere."""


def pod_security(level: str) -> dict[str, str]:
    """Pod Security admission labels: `level` is enforced, `restricted` is warned about."""
    return {
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/warn": "restricted",
    }


def namespace(
    name: str, object_name: str, labels: Mapping[str, str], security: str, opts: pulumi.ResourceOptions
) -> core.v1.Namespace:
    """A Namespace with ownership `labels` and Pod Security `security`; it gets the CA bundle."""
    return core.v1.Namespace(
        name,
        metadata=meta.v1.ObjectMetaArgs(name=object_name, labels={**labels, **pod_security(security), **TRUST_LABEL}),
        opts=opts,
    )


def _peer(labels: Mapping[str, str]) -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(namespace_selector=meta.v1.LabelSelectorArgs(match_labels=dict(labels)))


def _ports(*ports: int, protocol: str = "TCP") -> list[networking.v1.NetworkPolicyPortArgs]:
    return [networking.v1.NetworkPolicyPortArgs(protocol=protocol, port=port) for port in ports]


def network_policy(
    name: str,
    place: pulumi.Input[str],
    labels: Mapping[str, str],
    peers: Peers,
    opts: pulumi.ResourceOptions,
) -> networking.v1.NetworkPolicy:
    """The one policy over all pods of namespace `place`: nothing in or out but what `peers` says, itself and DNS."""
    same: Any = networking.v1.NetworkPolicyPeerArgs(pod_selector=meta.v1.LabelSelectorArgs())
    callers = [same, *(_peer({"kubernetes.io/metadata.name": n}) for n in sorted(set(peers.callers)))]
    if peers.tenants:
        callers.append(_peer(TENANT_LABEL))
    ingress = [networking.v1.NetworkPolicyIngressRuleArgs(from_=callers)]
    if peers.webhooks:
        ingress.append(networking.v1.NetworkPolicyIngressRuleArgs(ports=_ports(*peers.webhooks)))
    callees = [same, *(_peer({"kubernetes.io/metadata.name": n}) for n in sorted(set(peers.callees)))]
    egress = [
        networking.v1.NetworkPolicyEgressRuleArgs(to=callees),
        networking.v1.NetworkPolicyEgressRuleArgs(
            to=[_peer({"kubernetes.io/metadata.name": "kube-system"})], ports=_ports(53) + _ports(53, protocol="UDP")
        ),
        # the API server has no pod or namespace to select, and its address differs between clusters
        networking.v1.NetworkPolicyEgressRuleArgs(ports=_ports(443, 6443) if peers.internet else _ports(6443)),
    ]
    if not peers.internet:
        # clusters whose API server listens on 443 behind the `kubernetes` Service: private addresses only
        private = [
            networking.v1.NetworkPolicyPeerArgs(ip_block=networking.v1.IPBlockArgs(cidr=cidr))
            for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
        ]
        egress.append(networking.v1.NetworkPolicyEgressRuleArgs(to=private, ports=_ports(443)))
    if peers.outside:
        egress.append(networking.v1.NetworkPolicyEgressRuleArgs(ports=_ports(*peers.outside)))
    return networking.v1.NetworkPolicy(
        name,
        metadata=meta.v1.ObjectMetaArgs(name="mlops-wiring", namespace=place, labels=dict(labels)),
        spec=networking.v1.NetworkPolicySpecArgs(
            pod_selector=meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"], ingress=ingress, egress=egress
        ),
        opts=opts,
    )


def admit(
    name: str, place: Place, caller: str, pods: Mapping[str, str], port: int, object_name: str
) -> networking.v1.NetworkPolicy:
    """Lets namespace `caller` in to `pods` on their `port`, beside what the one policy of `place` says: it is no system's."""
    return networking.v1.NetworkPolicy(
        name,
        metadata=place.meta(object_name),
        spec=networking.v1.NetworkPolicySpecArgs(
            pod_selector=meta.v1.LabelSelectorArgs(match_labels=dict(pods)),
            policy_types=["Ingress"],
            ingress=[
                networking.v1.NetworkPolicyIngressRuleArgs(
                    from_=[_peer({"kubernetes.io/metadata.name": caller})], ports=_ports(port)
                )
            ],
        ),
        opts=place.opts,
    )
