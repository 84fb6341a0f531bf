"""The way in from outside: Envoy Gateway, one Gateway for the stack's domain, and the Gateway API's definitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import chart, crds, objects
from components.kubernetes import gateway_specs as specs
from components.kubernetes.exposure import HTTP_ROUTE, accepted
from components.kubernetes.place import Compute, Image, Place, image
from components.spec.shared import Gateway
from components.system import Site

CRDS = chart.Pin("gateway-crds-helm", "v1.9.0", "oci://docker.io/envoyproxy/gateway-crds-helm", checked="2026-11-23")
CONTROLLER = chart.Pin("gateway-helm", "v1.9.0", "oci://docker.io/envoyproxy/gateway-helm", checked="2026-11-23")
ENVOY = Image("docker.io/envoyproxy/envoy", "distroless-v1.39.0", checked="2026-11-23")
"""The proxy that Envoy Gateway 1.9.0 runs by default (its internal/infrastructure/kubernetes/proxy)."""
GATEWAY_IMAGE = Image("docker.io/envoyproxy/gateway", "v1.9.0", checked="2026-11-23")
RATELIMIT = Image("docker.io/envoyproxy/ratelimit", "17b1956c", checked="2026-11-23")

SERVER = "envoy-gateway"
"""Of the controller's Service."""
MANAGER = Compute("100m", "512Mi", "1")


def crd_values(gateway_api: bool) -> dict[str, Any]:
    """Values of the chart of definitions: the Gateway API's standard channel where it is ours, and Envoy Gateway's own."""
    return {"crds": {"gatewayAPI": {"enabled": gateway_api, "channel": "standard"}, "envoyGateway": {"enabled": True}}}


def controller_values(mirror: str | None) -> dict[str, Any]:
    """Values of the controller's chart; nothing of them is drawn at render."""
    images = {
        "envoyGateway": {"image": image(GATEWAY_IMAGE, mirror)},
        "ratelimit": {"image": image(RATELIMIT, mirror)},
        "envoyProxy": {"image": image(ENVOY, mirror)},
    }
    return {
        "global": {"images": images},
        # a chart of their own: upgraded with the pin, and one owner for all who use the Gateway API
        "crds": {"enabled": False},
        # its webhook's CA is written by the certgen hook, which is not run; zones are spread by the pods' own constraints
        "topologyInjector": {"enabled": False},
        "deployment": {"envoyGateway": {"resources": MANAGER.spec()}},
    }


@dataclass
class EnvoyGatewayArgs:
    """Arguments of EnvoyGateway."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    domain: str
    """Every host below it is let in."""
    issuer: str
    """ClusterIssuer of the listener's certificate and of those between controller and proxies."""
    replicas: int
    """Envoy pods."""
    compute: Compute
    """Of one Envoy."""
    service: str = "LoadBalancer"
    """Type of Envoy's Service."""
    annotations: Optional[dict[str, str]] = None
    """Of Envoy's Service."""
    source_ranges: Optional[list[str]] = None
    """What the load balancer lets in."""
    monitored: bool = False
    gateway_api: str = "managed"
    """Definitions of the Gateway API: managed, or existing: the cluster's own are used and left as they are."""
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the controller chart's values."""


class EnvoyGateway(pulumi.ComponentResource):
    """Envoy Gateway with GatewayClass and Gateway `mlops`: https for every host of the domain, http that redirects to it.

    The certificate is a wildcard of the platform's issuer. Routes come from namespaces of the platform and its teams. The
    definitions of the Gateway API (standard channel, unless the cluster has its own) and of Envoy Gateway come from
    gateway-crds-helm, once. Controller and
    proxies know each other by certificates of ours, since the chart's certgen Job is a hook and hooks are not run. Each
    request gets X-Auth-Request-Redirect with its own URL, and loses identity headers that a client made up.

    Source: charts gateway-helm and gateway-crds-helm, tasks "custom certificates" and "early header modification" of its
    documentation. Limits: one Gateway; the load balancer's address must be put into DNS by who owns the domain; rate limits
    across proxies (its own Redis) are not offered.
    """

    needs = (contracts.Certificates,)
    optional = (contracts.Metrics,)
    provides = (contracts.Gateway,)
    tiers = ("all", "platform")
    namespace = "gateway"
    # what clients connect to (the listeners' ports 80 and 443 plus 10000): no selector knows them either
    webhooks = (10080, 10443)
    essential_type = "gateway.networking.k8s.io/v1:Gateway"

    def __init__(self, name: str, args: EnvoyGatewayArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:EnvoyGateway", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("gateway", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._host = pulumi.Output.concat(f"{specs.NAME}.", args.namespace, ".svc")
        controller = self._controller()
        self._gateway = self._listen(controller)
        if args.monitored:
            self._monitor()
        self.register_outputs({})

    def _controller(self) -> pulumi.Resource:
        """Definitions, the certificates that the chart's hook would make, and the controller."""
        name, args, place = self._name, self._args, self._place
        ours = args.gateway_api == "managed"
        theirs = () if ours else (crds.existing(f"{name}-api", "gateway_api", place.opts),)
        definitions = chart.render(
            f"{name}-crds",
            CRDS,
            crd_values(ours),
            namespace=args.namespace,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.opts,
        )
        ends = ("", ".svc", ".svc.cluster.local")
        hosts: list[pulumi.Input[str]] = [SERVER, *(pulumi.Output.concat(f"{SERVER}.", args.namespace, end) for end in ends)]
        proxies = [pulumi.Output.concat("*.", args.namespace)]
        own = [self._identity(SERVER, hosts, "server auth")]
        own += [self._identity(part, proxies, "client auth") for part in ("envoy", "envoy-rate-limit")]
        # signs the cookies of SecurityPolicies with `oidc`, which somebody may add
        key = objects.password(f"{name}-oidc-key", place.opts, 64)
        signing = objects.secret(f"{name}-oidc-hmac", place, {"hmac-secret": key.result}, object_name="envoy-oidc-hmac")
        return chart.render(
            f"{name}-controller",
            CONTROLLER,
            controller_values(args.registry_mirror),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(definitions, signing, *theirs, *own),
        )

    def _identity(self, part: str, names: Sequence[pulumi.Input[str]], usage: str) -> pulumi.Resource:
        """A certificate in Secret `part`, by which controller and proxies know each other; server certificates are no clients."""
        spec = {
            "secretName": part,
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": self._args.issuer},
            "dnsNames": list(names),
            "duration": "2160h0m0s",
            "renewBefore": "720h0m0s",
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["digital signature", "key encipherment", usage],
        }
        name, notes = f"{self._name}-identity-{part}", objects.WAIT_READY
        return objects.custom(name, self._place, objects.CERTIFICATE, spec, object_name=part, notes=notes)

    def _listen(self, controller: pulumi.Resource) -> pulumi.Resource:
        """Class, Gateway, the policy over what clients send, and the redirect from http."""
        name, args, place = self._name, self._args, self._place
        ref = image(ENVOY, args.registry_mirror)
        annotations, ranges = args.annotations or {}, args.source_ranges or []
        proxy = objects.custom(
            f"{name}-proxy",
            place,
            specs.ENVOY_PROXY,
            specs.proxy(args.replicas, ref, args.compute, args.service, annotations, ranges, args.labels),
            object_name=specs.NAME,
            # its status is its class's
            notes={"pulumi.com/skipAwait": "true"},
            opts=place.after(controller),
        )
        kind = objects.custom(
            f"{name}-class",
            place,
            specs.GATEWAY_CLASS,
            specs.gateway_class(args.namespace),
            object_name=specs.NAME,
            notes={"pulumi.com/waitFor": "condition=Accepted"},
            cluster_scoped=True,
            opts=place.after(proxy),
        )
        certificate = objects.certificate(
            f"{name}-certificate",
            place,
            issuer=args.issuer,
            names=[f"*.{args.domain}", args.domain],
            secret_name=specs.TLS_SECRET,
            object_name="gateway",
        )
        gateway = objects.custom(
            f"{name}-gateway",
            place,
            specs.GATEWAY,
            specs.gateway(args.domain),
            object_name=specs.NAME,
            # with an address: a cluster without load balancers says ClusterIP
            notes={"pulumi.com/waitFor": "condition=Programmed", "pulumi.com/timeoutSeconds": "900"},
            opts=place.after(kind, certificate),
        )
        for part, kind_of, spec, status, object_name in (
            ("clients", specs.CLIENT_POLICY, specs.clients(), "ancestors", specs.NAME),
            ("redirect", HTTP_ROUTE, specs.redirect(args.namespace), "parents", "mlops-https"),
        ):
            notes = {"pulumi.com/waitFor": accepted(status, "Accepted")}
            objects.custom(
                f"{name}-{part}", place, kind_of, spec, object_name=object_name, notes=notes, opts=place.after(gateway)
            )
        return gateway

    def _monitor(self) -> None:
        """PodMonitors over the controller and its proxies (their pods name the port `metrics`)."""
        proxies = {"app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"}
        targets = {
            "controller": ({"control-plane": "envoy-gateway"}, "/metrics"),
            "proxies": (proxies, "/stats/prometheus"),
        }
        for part, (labels, path) in targets.items():
            objects.pod_monitor(f"{self._name}-monitor-{part}", self._place, labels, path=path, object_name=f"gateway-{part}")

    @staticmethod
    def wants(config: Gateway) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> EnvoyGatewayArgs:
        """The spec as constructor arguments."""
        config: Gateway = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return EnvoyGatewayArgs(
            namespace=site.namespace or EnvoyGateway.namespace,
            labels=site.naming.labels("gateway"),
            domain=site.spec.domain,
            issuer=certificates.issuer,
            replicas=config.replicas,
            compute=Compute.of(config.resources),
            service=config.service,
            annotations=config.annotations,
            source_ranges=config.source_ranges,
            monitored=metrics is not None,
            gateway_api=site.spec.operators.gateway_api,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[contracts.Gateway]:
        """Gateway."""
        return [contracts.Gateway(specs.NAME, self._args.namespace, specs.LISTENER, self._host, ready=[self._gateway])]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Its address inside the cluster, and the domain that it serves."""
        return {"address": self._host, "domain": self._args.domain}
