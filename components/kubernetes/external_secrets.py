"""Secrets from a store outside of the cluster: External Secrets Operator, its stores, and the Secrets that it keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components.contracts import Certificates, Metrics, Wants
from components.kubernetes import chart, objects
from components.kubernetes.place import Compute, Place, image
from components.spec.base import duration_seconds
from components.spec.shared import ExternalSecrets
from components.system import Site

CHART = chart.Pin("external-secrets", "2.9.0", "https://charts.external-secrets.io", checked="2026-11-23")
REPOSITORY = "ghcr.io/external-secrets/external-secrets"
STORE = ("external-secrets.io/v1", "ClusterSecretStore")
SECRET = ("external-secrets.io/v1", "ClusterExternalSecret")


@dataclass
class SecretStoreArgs:
    """A store outside of the cluster."""

    provider: dict[str, Any]
    """As the operator documents it: {aws: {…}}."""
    namespaces: list[str]
    """May read it; every one if empty."""


@dataclass
class MirroredSecretArgs:
    """A Secret that is kept equal to what a store holds."""

    store: str
    namespace: str
    keys: dict[str, dict[str, str]]
    """Key of the Secret -> {key, property} in the store."""
    refresh_seconds: int


@dataclass
class ExternalSecretsOperatorArgs:
    """Arguments of ExternalSecretsOperator."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the webhook's certificate."""
    replicas: int
    compute: Compute
    """Of each pod."""
    stores: dict[str, SecretStoreArgs] = field(default_factory=dict)
    secrets: dict[str, MirroredSecretArgs] = field(default_factory=dict)
    monitored: bool = False
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def chart_values(args: ExternalSecretsOperatorArgs) -> dict[str, Any]:
    """Values of the chart, plain: nothing of them is drawn at render."""
    pinned = {"repository": image(REPOSITORY, args.registry_mirror)}
    return {
        "replicaCount": args.replicas,
        "leaderElect": args.replicas > 1,
        "image": pinned,
        "resources": args.compute.spec(),
        "podDisruptionBudget": {"enabled": args.replicas > 1, "minAvailable": 1},
        # cert-manager in place of a controller that makes certificates and writes them into webhooks all over the cluster
        "certController": {"create": False},
        "webhook": {
            "replicaCount": args.replicas,
            "image": pinned,
            "resources": args.compute.spec(),
            "podDisruptionBudget": {"enabled": args.replicas > 1, "minAvailable": 1},
            "certManager": {
                "enabled": True,
                "cert": {"issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": args.issuer}},
            },
        },
    }


class ExternalSecretsOperator(pulumi.ComponentResource):
    """External Secrets Operator, ClusterSecretStores, and a ClusterExternalSecret for each Secret that a store fills.

    A ClusterExternalSecret names its namespace by label, so that the Secret comes as soon as the namespace is there, whatever
    is built first. What the operator logs in to a store with is a Secret that the provider's section names, or the cloud's
    workload identity. Source: chart external-secrets, API external-secrets.io/v1. Limits: the operator may read and write
    Secrets of every namespace; pushing Secrets outwards is left to who writes PushSecrets.
    """

    needs = (Certificates,)
    optional = (Metrics,)
    provides = ()
    tiers = ("all", "platform")
    namespace = "external-secrets"
    webhooks = (10250,)
    # the stores stand outside of the cluster
    internet = True
    # Vault's usual port
    outside = (8200,)
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: ExternalSecretsOperatorArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:ExternalSecretsOperator", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        place = Place("external-secrets", args.namespace, args.labels, own, args.registry_mirror)
        self._args = args
        operator = chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.opts,
        )
        stores = {
            store: objects.custom(
                f"{name}-store-{store}",
                place,
                STORE,
                {"provider": found.provider, **({"conditions": [{"namespaces": found.namespaces}]} if found.namespaces else {})},
                object_name=store,
                notes=objects.WAIT_READY,
                cluster_scoped=True,
                opts=place.after(operator),
            )
            for store, found in args.stores.items()
        }
        for secret, wanted in args.secrets.items():
            objects.custom(
                f"{name}-secret-{secret}",
                place,
                SECRET,
                mirrored(secret, wanted),
                object_name=secret,
                # its namespace may come later
                notes={"pulumi.com/skipAwait": "true"},
                cluster_scoped=True,
                opts=place.after(stores[wanted.store]),
            )
        if args.monitored:
            pods = {"app.kubernetes.io/instance": "external-secrets"}
            objects.pod_monitor(f"{name}-monitor", place, pods, path="/metrics", object_name="external-secrets")
        self.register_outputs({})

    @staticmethod
    def wants(config: ExternalSecrets) -> Wants:
        """Nothing."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> ExternalSecretsOperatorArgs:
        """The spec as constructor arguments."""
        config: ExternalSecrets = site.config
        certificates, metrics = site.contract(Certificates), site.maybe(Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return ExternalSecretsOperatorArgs(
            namespace=site.namespace or ExternalSecretsOperator.namespace,
            labels=site.naming.labels("external-secrets"),
            issuer=certificates.issuer,
            replicas=config.replicas,
            compute=Compute.of(config.resources),
            stores={name: SecretStoreArgs(dict(s.provider), list(s.namespaces)) for name, s in config.stores.items()},
            secrets={
                name: MirroredSecretArgs(
                    s.store,
                    s.namespace,
                    {key: {"key": k.key, **({"property": k.property} if k.property else {})} for key, k in s.keys.items()},
                    duration_seconds(s.refresh),
                )
                for name, s in config.secrets.items()
            },
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Any]:
        """None: what it makes are Secrets, which others name."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Names of the stores, and where the Secrets come to stand."""
        secrets = {f"secret.{name}": f"{found.namespace}/{name}" for name, found in self._args.secrets.items()}
        return {"stores": ",".join(self._args.stores), **secrets}


def mirrored(name: str, args: MirroredSecretArgs) -> dict[str, Any]:
    """ClusterExternalSecret of the Secret `name` in its one namespace."""
    return {
        "externalSecretName": name,
        "namespaceSelectors": [{"matchLabels": {"kubernetes.io/metadata.name": args.namespace}}],
        "refreshTime": "1m",
        "externalSecretSpec": {
            "refreshInterval": f"{args.refresh_seconds}s",
            "secretStoreRef": {"kind": STORE[1], "name": args.store},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": [{"secretKey": key, "remoteRef": ref} for key, ref in args.keys.items()],
        },
    }
