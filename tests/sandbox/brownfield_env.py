"""Operators of somebody else's in a test's cluster: put there before any stack, out of what the lock knows of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.live import Cluster, judge
from cli.sources import read_lock
from components.kubernetes import foundation, gateway, gpu_operator, kueue, prometheus
from components.kubernetes.chart import Pin
from sandbox.providers.kubernetes import sources
from sandbox.providers.kubernetes.discovery import scope
from sandbox.providers.kubernetes.normalize import is_crd
from tests.sandbox import wiring_env
from tests.sandbox.conftest import eventually
from tests.sandbox.platform_env import Project

Object = dict[str, Any]
Key = tuple[str, str, str, str]
"""API version, kind, namespace ("" for none) and name."""
LEFT_OUT = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
"""Theirs are not watched by a Prometheus of theirs: there is none."""
SECONDS = 120.0


@dataclass(frozen=True)
class Theirs:
    """One operator, as the administrator of a cluster would have installed it."""

    pin: Pin
    namespace: str
    """Not where a platform would put its own, but for cert-manager's, in which its ClusterIssuers look."""
    group: str = ""
    """Only definitions of that group; empty: each of the chart."""
    name: str = ""
    """Only objects of that name; empty: all of them."""


INSTALLED = {
    "cert_manager": Theirs(foundation.CERT_MANAGER, "cert-manager"),
    "trust_manager": Theirs(foundation.TRUST_MANAGER, "cert-manager"),
    "prometheus_operator": Theirs(prometheus.CHART, "prometheus-operator", name="kube-prometheus-stack-operator"),
    "gateway_api": Theirs(gateway.CRDS, "kube-system", group="gateway.networking.k8s.io"),
    "gpu_operator": Theirs(gpu_operator.CHART, "gpu-operator"),
    "kueue": Theirs(kueue.CHART, "kueue-system"),
}
"""By the field of spec.operators that says whose it is."""


def objects(theirs: Theirs) -> Iterator[Object]:
    """What is installed."""
    for obj in _rendered(theirs):
        if is_crd(obj):
            if theirs.group in ("", obj["spec"]["group"]):
                yield obj
        elif theirs.name in ("", obj["metadata"]["name"]) and obj["kind"] not in LEFT_OUT and not _ours(obj):
            yield _plain(obj) if theirs.name else obj


def _rendered(theirs: Theirs) -> list[Object]:
    """The chart's objects, of a render that has the operator itself, without the mark that the sandbox puts on them."""
    chart, pin = theirs.pin.chart, theirs.pin
    for values in read_lock()[chart]["renders"]:
        found = copy.deepcopy(sources.locked(chart, pin.version, values, theirs.namespace, include_crds=True).objects)
        names = {obj["metadata"]["name"] for obj in found if not is_crd(obj)}
        if names and theirs.name in ("", *names):
            for obj in found:
                del obj["metadata"]["labels"][sources.EVIDENCE]
            return sources.usable(found)
    raise AssertionError(f"the lock has no render of {chart} with {theirs.name or 'objects'}")


def _ours(obj: Object) -> bool:
    """Whether a certificate is to be signed by an issuer that a platform of ours would bring."""
    return obj["kind"] == "Certificate" and str(obj["spec"]["issuerRef"]["kind"]) == "ClusterIssuer"


def _plain(obj: Object) -> Object:
    """prometheus-operator without its webhook: no certificate is mounted then."""
    if obj["kind"] == "Deployment":
        pod = obj["spec"]["template"]["spec"]
        pod.pop("volumes", None)
        for container in pod["containers"]:
            container.pop("volumeMounts", None)
    return obj


def install(made: Project) -> dict[Key, str]:
    """All of INSTALLED, ready; resource versions of what the cluster has more than before."""
    before = versions(made)
    cluster, inside = Cluster.connect(made.environment), set[str]()
    for theirs in INSTALLED.values():
        whole = list(objects(theirs))
        definitions = [obj for obj in whole if is_crd(obj)]
        inside |= {obj["spec"]["names"]["kind"] for obj in definitions if obj["spec"]["scope"] == "Namespaced"}
        made.run("kubectl", "create", "namespace", theirs.namespace)
        for obj in definitions:
            cluster.create(obj)
        names = [f"crd/{obj['metadata']['name']}" for obj in definitions]
        made.ok("kubectl", "wait", "--for=condition=Established", "--timeout=60s", *names)
        for obj in whole:
            if obj["kind"] in inside or scope(obj["apiVersion"], obj["kind"]):
                obj["metadata"].setdefault("namespace", theirs.namespace)
            if not is_crd(obj):
                cluster.create(obj)
    eventually(lambda: not waiting(made), "operators of somebody else's", SECONDS)
    return {at: version for at, version in versions(made).items() if at not in before}


def waiting(made: Project) -> list[str]:
    """Objects of the cluster that are not ready yet, and why."""
    readings = (judge(obj["metadata"]["name"], obj) for obj in wiring_env.objects(made))
    return [f"{found.name}: {found.reason}" for found in readings if not found.ready]


def versions(made: Project) -> dict[Key, str]:
    """The resource version of every object of the cluster; without events and leases."""
    return {key(obj): str(obj["metadata"]["resourceVersion"]) for obj in wiring_env.objects(made)}


def key(obj: Object) -> Key:
    """What tells an object from others."""
    at = obj["metadata"]
    return str(obj["apiVersion"]), str(obj["kind"]), str(at.get("namespace") or ""), str(at["name"])
