"""TLS for everything on the cluster: cert-manager, one root, and its bundle in every namespace of the platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import meta, rbac, scheduling

from components import contracts
from components.kubernetes import chart, crds
from components.kubernetes.namespace import TRUST_LABEL
from components.kubernetes.objects import CERTIFICATE, WAIT_READY, custom, service_account
from components.kubernetes.place import NODE_AGENTS, SMALL, Image, Place, image
from components.kubernetes.workload import container, job, pod
from components.system import Site

CERT_MANAGER = chart.Pin("cert-manager", "v1.21.1", "oci://quay.io/jetstack/charts/cert-manager", checked="2026-11-23")
TRUST_MANAGER = chart.Pin("trust-manager", "v0.24.0", "oci://quay.io/jetstack/charts/trust-manager", checked="2026-11-23")
API_CHECK = Image("quay.io/jetstack/cert-manager-startupapicheck", "v1.21.1", checked="2026-11-23")

NAMESPACE = "cert-manager"
"""cert-manager's own default; ClusterIssuers find their CA's Secret there, also in a cluster that has it already."""
CA = "mlops-ca"
"""Name of the ClusterIssuer, of the root's Secret, and of the ConfigMap with the bundle."""
CLUSTER_ISSUER = ("cert-manager.io/v1", "ClusterIssuer")
BUNDLE = ("trust.cert-manager.io/v1alpha1", "Bundle")


def cert_manager_values(keep_crds: bool, mirror: str | None) -> dict[str, Any]:
    """Values of cert-manager's chart."""
    return {
        "crds": {"enabled": True, "keep": keep_crds},
        # kube-system, the default, is not ours to write to
        "global": {"leaderElection": {"namespace": NAMESPACE}},
        "resources": {"requests": {"cpu": "25m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}},
        "webhook": {"resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "250m", "memory": "128Mi"}}},
        "cainjector": {
            "resources": {"requests": {"cpu": "10m", "memory": "128Mi"}, "limits": {"cpu": "250m", "memory": "512Mi"}}
        },
        # a hook, which v4.Chart does not run: our own Job does the same
        "startupapicheck": {"enabled": False},
        **({"imageRegistry": mirror} if mirror else {}),
    }


def trust_manager_values(keep_crds: bool, mirror: str | None) -> dict[str, Any]:
    """Values of trust-manager's chart."""
    return {
        "crds": {"enabled": True, "keep": keep_crds},
        "app": {"trust": {"namespace": NAMESPACE}},
        # public CAs are no part of our bundle
        "defaultPackage": {"enabled": False},
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "250m", "memory": "256Mi"}},
        **({"imageRegistry": mirror} if mirror else {}),
    }


@dataclass
class FoundationArgs:
    """Arguments of KubernetesFoundation."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    cert_manager: str = "managed"
    """managed, or existing: the cluster's own is used and left as it is."""
    trust_manager: str = "managed"
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class KubernetesFoundation(pulumi.ComponentResource):
    """cert-manager, trust-manager, a self-signed root, the ClusterIssuer `mlops-ca`, and the Bundle `mlops-ca`; PriorityClass
    `mlops-node-agents`.

    The root (ten years, its key never rotated by itself) signs every server certificate of the platform; the Bundle puts
    it as ConfigMap `mlops-ca`, key `ca.crt`, into each namespace labelled mlops.dev/trust. Charts: cert-manager,
    trust-manager (jetstack). Limits: with `existing` cert-manager the root's Secret must be in its cluster resource
    namespace, taken to be `cert-manager`, and stays there after a destroy, as cert-manager leaves a Certificate's Secret; a root
    of the company's own is not offered yet.
    """

    needs = ()
    optional = ()
    provides = (contracts.Certificates,)
    tiers = ("all", "platform")
    namespace = NAMESPACE
    operator = "cert_manager"
    webhooks = (10250, 6443)
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: FoundationArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:KubernetesFoundation", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("foundation", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        issuing = self._cert_manager()
        issuer, root = self._issuer(issuing)
        self._ready = [issuer, self._bundle(root, issuing), self._priority()]
        self.register_outputs({})

    def _cert_manager(self) -> pulumi.Resource:
        """What must be there before a Certificate is accepted: the operator, and its webhook's word that it answers."""
        place, name, args = self._place, self._name, self._args
        if args.cert_manager == "existing":
            return crds.existing(f"{name}-cert-manager", "cert_manager", place.opts)
        operator = chart.render(
            f"{name}-cert-manager",
            CERT_MANAGER,
            cert_manager_values(args.keep_crds, args.registry_mirror),
            namespace=args.namespace,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.opts,
        )
        account = service_account(f"{name}-apicheck", place, object_name="mlops-apicheck")
        role = rbac.v1.Role(
            f"{name}-apicheck-role",
            metadata=place.meta("mlops-apicheck"),
            rules=[rbac.v1.PolicyRuleArgs(api_groups=["cert-manager.io"], resources=["certificaterequests"], verbs=["create"])],
            opts=place.opts,
        )
        binding = rbac.v1.RoleBinding(
            f"{name}-apicheck-binding",
            metadata=place.meta("mlops-apicheck"),
            role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name="mlops-apicheck"),
            subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name="mlops-apicheck", namespace=args.namespace)],
            opts=place.after(role),
        )
        ref = image(API_CHECK, args.registry_mirror)
        # the webhook's Deployment is available before the API server trusts its certificate (cainjector): wait for an answer
        check = container("check", ref, SMALL, args=["check", "api", "--wait=2m"], env={"POD_NAMESPACE": args.namespace})
        return job(
            f"{name}-apicheck-job",
            place,
            "apicheck",
            pod(place, "apicheck", [check], account=account.metadata.name, once=True, token=True),
            content=[ref, CERT_MANAGER.version],
            object_name="mlops-apicheck",
            opts=place.after(operator, binding),
        )

    def _issuer(self, issuing: pulumi.Resource) -> tuple[pulumi.Resource, pulumi.Resource]:
        """The ClusterIssuer that signs for everything, and its root certificate."""
        place, name = self._place, self._name
        root_issuer = custom(
            f"{name}-root-issuer",
            place,
            CLUSTER_ISSUER,
            {"selfSigned": {}},
            object_name="mlops-root",
            notes=WAIT_READY,
            cluster_scoped=True,
            opts=place.after(issuing),
        )
        root = custom(
            f"{name}-root",
            place,
            CERTIFICATE,
            {
                "isCA": True,
                "commonName": CA,
                "secretName": CA,
                "duration": "87600h0m0s",
                "renewBefore": "8760h0m0s",
                # a new root key would cut off every server until all bundles are reloaded: only by hand
                "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
                "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "mlops-root"},
            },
            object_name=CA,
            notes=WAIT_READY,
            opts=place.after(root_issuer),
        )
        issuer = custom(
            f"{name}-issuer",
            place,
            CLUSTER_ISSUER,
            {"ca": {"secretName": CA}},
            object_name=CA,
            notes=WAIT_READY,
            cluster_scoped=True,
            opts=place.after(root),
        )
        return issuer, root

    def _bundle(self, root: pulumi.Resource, issuing: pulumi.Resource) -> pulumi.Resource:
        """The Bundle that every labelled namespace gets."""
        place, name, args = self._place, self._name, self._args
        operator: pulumi.Resource
        if args.trust_manager == "existing":
            operator = crds.existing(f"{name}-trust-manager", "trust_manager", place.opts)
        else:
            operator = chart.render(
                f"{name}-trust-manager",
                TRUST_MANAGER,
                trust_manager_values(args.keep_crds, args.registry_mirror),
                namespace=args.namespace,
                mirror=args.chart_mirror,
                keep=args.keep_crds,
                # its webhook's certificate is signed by cert-manager
                opts=place.after(issuing),
            )
        spec: Mapping[str, Any] = {
            "sources": [{"secret": {"name": CA, "key": "tls.crt"}}],
            "target": {"configMap": {"key": "ca.crt"}, "namespaceSelector": {"matchLabels": TRUST_LABEL}},
        }
        return custom(
            f"{name}-bundle",
            place,
            BUNDLE,
            spec,
            object_name=CA,
            notes={"pulumi.com/waitFor": "condition=Synced"},
            cluster_scoped=True,
            opts=place.after(operator, root),
        )

    def _priority(self) -> pulumi.Resource:
        """A collector or backup agent must run on every node, also on one that others have filled: it may displace them."""
        return scheduling.v1.PriorityClass(
            f"{self._name}-node-agents",
            metadata=meta.v1.ObjectMetaArgs(name=NODE_AGENTS, labels=self._place.labels),
            value=1_000_000,
            description="What runs on every node for the platform: logs, metrics, volume backups.",
            opts=self._place.opts,
        )

    @staticmethod
    def wants(config: Any) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> FoundationArgs:
        """The spec as constructor arguments."""
        operators = site.spec.operators
        return FoundationArgs(
            namespace=site.namespace or NAMESPACE,
            labels=site.naming.labels("foundation"),
            cert_manager=operators.cert_manager,
            trust_manager=operators.trust_manager,
            keep_crds=operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """Certificates."""
        return [contracts.Certificates(issuer=CA, bundle=CA, ready=self._ready)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Names of the issuer and of the bundle."""
        return {"issuer": CA, "bundle": CA}
