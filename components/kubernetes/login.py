"""Single sign-on on Kubernetes: Dex knows the users, oauth2-proxy stands at the gateway's door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components.contracts import Certificates, Endpoint, Gateway, Metrics, Wants
from components.contracts import Login as LoginContract
from components.kubernetes import chart, extend, objects
from components.kubernetes import login_values as values
from components.kubernetes.login_values import DEX, PROXY, ConnectorArgs
from components.kubernetes.place import Compute, Place
from components.spec.base import duration_seconds
from components.spec.shared import Login
from components.system import Site

DEX_CHART = chart.Pin("dex", "0.24.0", "https://charts.dexidp.io", checked="2026-11-23")
PROXY_CHART = chart.Pin("oauth2-proxy", "10.7.0", "https://oauth2-proxy.github.io/manifests", checked="2026-11-23")


@dataclass
class SingleSignOnArgs:
    """Who may log in, and for how long."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    domain: str
    """The login is at https://dex.<domain>, its doorkeeper at https://login.<domain>; one login holds for all of it."""
    issuer: str
    """ClusterIssuer of Dex's certificate."""
    bundle: str
    """ConfigMap of this namespace with the CA that signed it, key ca.crt."""
    users: list[str]
    """Users of Dex's own; their address is <user>@<domain>."""
    session_seconds: int
    replicas: int
    compute: Compute
    """Of one Dex and of one oauth2-proxy."""
    connectors: dict[str, ConnectorArgs] = field(default_factory=dict)
    """Identity providers of the company, by id."""
    groups: list[str] = field(default_factory=list)
    """Groups that may pass; everybody if empty."""
    monitored: bool = False
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last: `dex` into the chart's values of Dex, `oauth2Proxy` into those of oauth2-proxy."""


class SingleSignOn(pulumi.ComponentResource):
    """Dex and oauth2-proxy: one login for every host of the domain that the gateway guards.

    Users are the company's (connectors) and Dex's own, each of whom has a generated password in Secret `login-users` that
    Dex knows only as a bcrypt hash; the hash is drawn once, with the password. A request without a session is sent to Dex
    and comes back; one with it reaches the backend with X-Auth-Request-User, -Email and -Groups. Programs send an ID token
    of Dex as `Authorization: Bearer`. Dex keeps codes and refresh tokens as custom resources of its own namespace.

    Source: charts dex and oauth2-proxy; oauth2-proxy's redirect by X-Auth-Request-Redirect (its pkg/app/redirect). Limits:
    sessions are cookies, so a user is out only when the session ends; Dex makes its own definitions (dex.coreos.com) at run
    time, which no destroy removes; connectors' secrets are Secrets that somebody else puts there (externalSecrets does).
    """

    needs = (Certificates, Gateway)
    optional = (Metrics,)
    provides = (LoginContract,)
    tiers = ("all", "platform")
    namespace = "login"
    # connectors are identity providers of the company, outside of the cluster
    internet = True
    # LDAP, plain with StartTLS and over TLS
    outside = (389, 636)
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: SingleSignOnArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:SingleSignOn", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("login", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._issuer = values.issuer(args.domain)
        secret = objects.password(f"{name}-client-secret", self._place.opts).result
        dex = self._dex(secret)
        self._doorkeeper = self._proxy(secret, dex)
        if args.monitored:
            spec = {
                "selector": {"matchLabels": {"app.kubernetes.io/name": DEX, "app.kubernetes.io/instance": DEX}},
                "endpoints": [{"port": "telemetry", "path": "/metrics", "interval": "30s"}],
            }
            objects.custom(f"{name}-dex-monitor", self._place, objects.SERVICE_MONITOR, spec, object_name=DEX)
        self.register_outputs({})

    def _dex(self, client: pulumi.Output[str]) -> pulumi.Resource:
        """The provider, its users, and its whole configuration as one Secret."""
        name, args, place = self._name, self._args, self._place
        drawn = {user: objects.password(f"{name}-user-{user}", place.opts) for user in args.users}
        objects.secret(f"{name}-users", place, {user: found.result for user, found in drawn.items()}, object_name=values.USERS)
        hashes = pulumi.Output.all(*(found.bcrypt_hash for found in drawn.values())).apply(
            lambda found: dict(zip(drawn, found, strict=True))
        )

        def settle(known: list[Any]) -> dict[str, Any]:
            return values.dex_config(args.domain, known[0], known[1], args.connectors, args.session_seconds)

        text = pulumi.Output.json_dumps(pulumi.Output.all(client, hashes).apply(settle), sort_keys=True)
        config: pulumi.Output[str] = pulumi.Output.secret(text)
        # JSON is YAML
        settings = objects.secret(f"{name}-dex-config", place, {"config.yaml": config}, object_name=values.DEX_CONFIG)
        host = pulumi.Output.concat(f"{DEX}.", args.namespace, ".svc")
        tls = objects.certificate(
            f"{name}-certificate",
            place,
            issuer=args.issuer,
            names=[host, pulumi.Output.concat(host, ".cluster.local"), DEX],
            secret_name=values.DEX_TLS,
            object_name=DEX,
        )
        told = extend.Extension(notes={"mlops.dev/config": objects.digest(config)})
        return chart.render(
            f"{name}-dex",
            DEX_CHART,
            values.dex(args.replicas, args.compute, args.connectors, args.registry_mirror),
            namespace=args.namespace,
            extra=(args.values or {}).get("dex"),
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(settings, tls, transforms=[extend.deployment(DEX, told)]),
        )

    def _proxy(self, client: pulumi.Output[str], dex: pulumi.Resource) -> pulumi.Resource:
        """The doorkeeper."""
        name, args, place = self._name, self._args, self._place
        # 32 bytes: AES-256
        cookie = objects.password(f"{name}-cookie-secret", place.opts, 32).result
        data: dict[str, pulumi.Input[str]] = {"client-id": values.CLIENT, "client-secret": client, "cookie-secret": cookie}
        keys = objects.secret(f"{name}-proxy-keys", place, data, object_name=values.PROXY_KEYS)
        told = extend.Extension(notes={"mlops.dev/keys": objects.digest(pulumi.Output.concat(client, cookie))})
        settings = values.proxy_config(args.domain, args.groups, args.session_seconds)
        return chart.render(
            f"{name}-proxy",
            PROXY_CHART,
            values.proxy(args.replicas, args.compute, settings, args.bundle, args.monitored, args.registry_mirror),
            namespace=args.namespace,
            extra=(args.values or {}).get("oauth2Proxy"),
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(keys, dex, transforms=[extend.deployment(PROXY, told)]),
        )

    @staticmethod
    def wants(config: Login) -> Wants:
        """Nothing."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> SingleSignOnArgs:
        """The spec as constructor arguments."""
        config: Login = site.config
        certificates, metrics = site.contract(Certificates), site.maybe(Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return SingleSignOnArgs(
            namespace=site.namespace or SingleSignOn.namespace,
            labels=site.naming.labels("login"),
            domain=site.spec.domain,
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            users=list(config.users) if config.users or config.connectors else ["admin"],
            session_seconds=duration_seconds(config.session),
            replicas=config.replicas,
            compute=Compute.of(config.resources),
            connectors={
                key: ConnectorArgs(found.type, found.name, dict(found.config), found.secret_name, list(found.secret_refs))
                for key, found in config.connectors.items()
            },
            groups=list(config.groups),
            monitored=metrics is not None,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[LoginContract]:
        """Login."""
        return [LoginContract(PROXY, self._args.namespace, values.PROXY_PORT, self._issuer, ready=[self._doorkeeper])]

    def endpoints(self) -> Sequence[Endpoint]:
        """The provider, and the doorkeeper's own pages (callback, sign-out): nobody is asked to log in before the login."""
        namespace = self._args.namespace
        return [
            Endpoint("dex", namespace, DEX, values.DEX_PORT, scheme="https", login=False),
            Endpoint("login", namespace, PROXY, values.PROXY_PORT, login=False),
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where users log in, and the Secret with the passwords of Dex's own."""
        return {"issuer": self._issuer, "usersSecret": pulumi.Output.concat(self._args.namespace, f"/{values.USERS}")}
