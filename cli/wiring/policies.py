"""What NetworkPolicies let through, by the rules of networking.k8s.io/v1 (kubernetes.io/docs/concepts/services-networking).

Policies add up: a pod that none selects for a direction is open there, else one rule of one of them must fit. An ipBlock is
taken to match no pod, for what address a pod is seen with differs between network plugins.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.wiring.index import Index, Object, Template, matches

OPEN = ""
"""No policy binds the pod in this direction."""
DNS_LABELS = {"k8s-app": "kube-dns"}


@dataclass(frozen=True)
class Peer:
    """The other end: a pod by its namespace and labels, or (namespace "") something outside of the cluster."""

    namespace: str
    labels: Mapping[str, str]
    ports: Mapping[str, int]
    """Numbers of its named ports."""
    public: bool = False
    """Outside, and at no private address."""

    @staticmethod
    def of(template: Template) -> "Peer":
        """A pod of a template."""
        return Peer(template.place.namespace, template.labels, {name: number for name, number, _ in template.ports() if name})


ANYWHERE = Peer("", {}, {})
"""What no selector knows and may have a private address: the API server."""
WORLD = Peer("", {}, {}, public=True)
"""The internet."""
DNS = Peer("kube-system", DNS_LABELS, {"dns": 53, "dns-tcp": 53})


def lets_out(index: Index, source: Template, peer: Peer, port: int, protocol: str = "TCP") -> str | None:
    """Name of a policy that lets pods of `source` reach the peer's port; OPEN where none binds them, None where all refuse."""
    if source.spec.get("hostNetwork"):
        return OPEN
    return _passes(index, source, "egress", "to", peer, port, protocol, peer.ports)


def lets_in(index: Index, target: Template, peer: Peer, port: int, protocol: str = "TCP") -> str | None:
    """Likewise for connections from the peer to a port of `target`."""
    if target.spec.get("hostNetwork"):
        return OPEN
    return _passes(index, target, "ingress", "from", peer, port, protocol, Peer.of(target).ports)


def _passes(
    index: Index, pod: Template, side: str, key: str, peer: Peer, port: int, protocol: str, named: Mapping[str, int]
) -> str | None:
    binding = list(_binding(index, pod, side))
    if not binding:
        return OPEN
    for policy in binding:
        for rule in policy["spec"].get(side) or ():
            if _port_fits(rule.get("ports"), port, protocol, named) and _peer_fits(
                index, rule.get(key), peer, policy["metadata"]["namespace"]
            ):
                return str(policy["metadata"]["name"])
    return None


def _binding(index: Index, pod: Template, side: str) -> Iterator[Object]:
    for policy in index.all("NetworkPolicy", pod.place.namespace):
        spec = policy.get("spec") or {}
        kinds = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
        if side.capitalize() in kinds and matches(pod.labels, spec.get("podSelector") or {}):
            yield policy


def _port_fits(ports: Any, port: int, protocol: str, named: Mapping[str, int]) -> bool:
    if not ports:
        return True
    for item in ports:
        if str(item.get("protocol") or "TCP") != protocol:
            continue
        wanted = item.get("port")
        if wanted is None:
            return True
        number = int(wanted) if str(wanted).isdecimal() else named.get(str(wanted))
        if number is not None and number <= port <= int(item.get("endPort") or number):
            return True
    return False


def _peer_fits(index: Index, peers: Any, peer: Peer, own: str) -> bool:
    if not peers:
        return True
    for item in peers:
        if "ipBlock" in item:
            if not peer.namespace and (not peer.public or _is_public(str(item["ipBlock"].get("cidr")))):
                return True
            continue
        if not peer.namespace:
            continue
        spaces, pods = item.get("namespaceSelector"), item.get("podSelector")
        there = peer.namespace == own if spaces is None else matches(index.namespace_labels(peer.namespace), spaces)
        if there and (pods is None or matches(peer.labels, pods)):
            return True
    return False


def _is_public(cidr: str) -> bool:
    """Whether a block holds public addresses: the whole of them, or one that is neither private nor a carrier's (RFC 6598)."""
    block = ipaddress.ip_network(cidr, strict=False)
    return block.prefixlen == 0 or block.is_global
