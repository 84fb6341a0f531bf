"""The objects around a workload: Service, ServiceAccount, PodDisruptionBudget, Secret, ConfigMap, custom resources.

All take the resource's name first, a Place, and the object's own Kubernetes name where it differs (`object_name`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_random as random
from pulumi_kubernetes import core, meta, policy
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.place import Place

SCRAPED = {"mlops.dev/scrape": "true"}
"""Label of the Services that ServiceMonitors select; headless ones do not have it."""
WAIT_READY = {"pulumi.com/waitFor": "condition=Ready"}
"""Annotation by which the provider waits for a custom resource's Ready condition."""


def service(
    name: str,
    place: Place,
    part: str,
    ports: Mapping[str, int],
    *,
    object_name: str = "",
    headless: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> core.v1.Service:
    """A ClusterIP Service on the ports of that name; `headless` gives pods of a StatefulSet their DNS names early."""
    found = place.meta(object_name or name, part)
    if not headless:
        # two Services over the same pods would be scraped twice
        found.labels = {**place.labels, **place.selector(part), **SCRAPED}
    return core.v1.Service(
        name,
        metadata=found,
        spec=core.v1.ServiceSpecArgs(
            type="ClusterIP",
            cluster_ip="None" if headless else None,
            publish_not_ready_addresses=headless or None,
            selector=place.selector(part),
            ports=[core.v1.ServicePortArgs(name=key, port=port, target_port=key) for key, port in ports.items()],
        ),
        opts=opts or place.opts,
    )


def service_account(name: str, place: Place, *, object_name: str = "") -> core.v1.ServiceAccount:
    """A ServiceAccount whose token is mounted nowhere by itself."""
    return core.v1.ServiceAccount(
        name, metadata=place.meta(object_name or name), automount_service_account_token=False, opts=place.opts
    )


def disruption_budget(name: str, place: Place, part: str, *, object_name: str = "") -> policy.v1.PodDisruptionBudget:
    """At most one pod of the part is evicted at a time."""
    return policy.v1.PodDisruptionBudget(
        name,
        metadata=place.meta(object_name or name, part),
        spec=policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1, selector=meta.v1.LabelSelectorArgs(match_labels=place.selector(part))
        ),
        opts=place.opts,
    )


def password(name: str, opts: pulumi.ResourceOptions, length: int = 32) -> random.RandomPassword:
    """A generated password of letters and digits: nothing that a shell, SQL string, URL or JAAS line would have to escape."""
    return random.RandomPassword(name, length=length, special=False, opts=opts)


def digest(value: pulumi.Output[str]) -> pulumi.Output[str]:
    """Sixteen hex digits of a generated secret's SHA-256: marks what must be made again when it changes, tells nothing of it."""
    return pulumi.Output.unsecret(value.apply(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16]))


def secret(
    name: str,
    place: Place,
    data: Mapping[str, pulumi.Input[str]],
    *,
    object_name: str = "",
    opts: pulumi.ResourceOptions | None = None,
) -> core.v1.Secret:
    """An Opaque Secret; every value is secret in Pulumi's state whatever it came from."""
    return core.v1.Secret(
        name,
        metadata=place.meta(object_name or name),
        type="Opaque",
        string_data={key: pulumi.Output.secret(value) for key, value in data.items()},
        opts=opts or place.opts,
    )


def config_map(
    name: str,
    place: Place,
    data: Mapping[str, pulumi.Input[str]],
    *,
    object_name: str = "",
    opts: pulumi.ResourceOptions | None = None,
) -> core.v1.ConfigMap:
    """A ConfigMap: names, addresses and scripts, never a secret value."""
    return core.v1.ConfigMap(name, metadata=place.meta(object_name or name), data=dict(data), opts=opts or place.opts)


def custom(
    name: str,
    place: Place,
    kind: tuple[str, str],
    spec: Mapping[str, Any],
    *,
    object_name: pulumi.Input[str] = "",
    notes: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    cluster_scoped: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> CustomResource:
    """A custom resource of `kind` = (apiVersion, kind); `notes` are annotations: WAIT_READY where it has that condition."""
    api_version, noun = kind
    found = place.meta(object_name or name, notes=notes)
    found.labels = {**place.labels, **(labels or {})}
    if cluster_scoped:
        found.namespace = None
    return CustomResource(name, api_version=api_version, kind=noun, metadata=found, spec=dict(spec), opts=opts or place.opts)


CERTIFICATE = ("cert-manager.io/v1", "Certificate")


def certificate(
    name: str,
    place: Place,
    *,
    issuer: str,
    names: Sequence[pulumi.Input[str]],
    secret_name: str,
    object_name: str = "",
    more: Mapping[str, Any] | None = None,
    java: bool = False,
) -> CustomResource:
    """A server certificate for the DNS `names`, signed by the ClusterIssuer, in Secret `secret_name` (tls.crt, tls.key, ca.crt).

    Ninety days, renewed by cert-manager at two thirds; the key changes with each renewal. `java` writes it as PKCS#8, which is
    all that Java reads, and lets it be a client's too, as nodes of a cluster are. `more` replaces parts of the spec.
    """
    spec = {
        "secretName": secret_name,
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
        "commonName": names[0],
        "dnsNames": list(names),
        "duration": "2160h0m0s",
        "renewBefore": "720h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always", **({"encoding": "PKCS8"} if java else {})},
        "usages": ["digital signature", "key encipherment", "server auth", *(["client auth"] if java else [])],
        **(more or {}),
    }
    return custom(name, place, CERTIFICATE, spec, object_name=object_name, notes=WAIT_READY)


SERVICE_MONITOR = ("monitoring.coreos.com/v1", "ServiceMonitor")
POD_MONITOR = ("monitoring.coreos.com/v1", "PodMonitor")


def service_monitor(
    name: str,
    place: Place,
    part: str,
    *,
    port: str,
    path: str = "/metrics",
    endpoint: Mapping[str, Any] | None = None,
    object_name: str = "",
    opts: pulumi.ResourceOptions | None = None,
) -> CustomResource:
    """A ServiceMonitor over the Services of the part, every 30 s; `endpoint` adds scheme, TLS and authorization."""
    spec = {
        "selector": {"matchLabels": {**place.selector(part), **SCRAPED}},
        "endpoints": [{"port": port, "path": path, "interval": "30s", **(endpoint or {})}],
    }
    return custom(name, place, SERVICE_MONITOR, spec, object_name=object_name, opts=opts)


def pod_monitor(
    name: str,
    place: Place,
    labels: Mapping[str, str],
    *,
    port: str = "metrics",
    path: str = "",
    everywhere: bool = False,
    object_name: str = "",
    opts: pulumi.ResourceOptions | None = None,
) -> CustomResource:
    """A PodMonitor over the pods with these labels, every 30 s: of the place's namespace, or `everywhere`."""
    spec = {
        "selector": {"matchLabels": dict(labels)},
        "podMetricsEndpoints": [{"port": port, "interval": "30s", **({"path": path} if path else {})}],
        **({"namespaceSelector": {"any": True}} if everywhere else {}),
    }
    return custom(name, place, POD_MONITOR, spec, object_name=object_name, opts=opts)
