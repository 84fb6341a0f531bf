"""Who owns which custom resource definition, and what becomes of it on destroy.

Every CRD of a chart that we install has exactly one owner here. CRDs go up with their chart's pin; on destroy they stay
(`operators.keepCrds`, through chart.keep_crds and the charts' own switches), since deleting one deletes every custom
resource of its kind in the cluster. An operator that the cluster already has is only looked at, never touched.
"""

from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions.v1 import CustomResourceDefinition
from pulumi_kubernetes.apiextensions.v1.outputs import CustomResourceDefinitionSpec

OWNERS: dict[str, tuple[str, ...]] = {
    "cert-manager": (
        "certificaterequests.cert-manager.io",
        "certificates.cert-manager.io",
        "challenges.acme.cert-manager.io",
        "clusterissuers.cert-manager.io",
        "issuers.cert-manager.io",
        "orders.acme.cert-manager.io",
    ),
    "trust-manager": ("bundles.trust.cert-manager.io",),
    "ps-operator": (
        "perconaservermysqlbackups.ps.percona.com",
        "perconaservermysqlrestores.ps.percona.com",
        "perconaservermysqls.ps.percona.com",
    ),
    "strimzi-kafka-operator": (
        "kafkabridges.kafka.strimzi.io",
        "kafkaconnectors.kafka.strimzi.io",
        "kafkaconnects.kafka.strimzi.io",
        "kafkamirrormaker2s.kafka.strimzi.io",
        "kafkanodepools.kafka.strimzi.io",
        "kafkarebalances.kafka.strimzi.io",
        "kafkas.kafka.strimzi.io",
        "kafkatopics.kafka.strimzi.io",
        "kafkausers.kafka.strimzi.io",
        "strimzipodsets.core.strimzi.io",
    ),
    "kube-prometheus-stack": (
        "alertmanagerconfigs.monitoring.coreos.com",
        "alertmanagers.monitoring.coreos.com",
        "podmonitors.monitoring.coreos.com",
        "probes.monitoring.coreos.com",
        "prometheusagents.monitoring.coreos.com",
        "prometheuses.monitoring.coreos.com",
        "prometheusrules.monitoring.coreos.com",
        "scrapeconfigs.monitoring.coreos.com",
        "servicemonitors.monitoring.coreos.com",
        "thanosrulers.monitoring.coreos.com",
    ),
}
"""Chart -> the CRDs that it alone brings (contracts/index.yaml, `crds` of each chart)."""


DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
_VALUES = ("default", "enum", "example")
"""Keys of a schema whose content is data, not schema."""


def slim(schema: Any, prose: bool = False) -> Any:
    """A definition's schema without its prose (`description` texts): what validates stays, `kubectl explain` falls silent.

    Two thirds of a CRD are prose, and the engine writes it to the state with every step of an `up`. Empty `properties` go
    too: the API server drops them, so that each preview would want to add them again. `prose` keeps the texts.
    """
    if isinstance(schema, dict):
        return {
            key: value if key in _VALUES else slim(value, prose)
            for key, value in schema.items()
            if not (key == "description" and isinstance(value, str) and not prose)
            if not (key == "properties" and value == {})
        }
    return [slim(item, prose) for item in schema] if isinstance(schema, list) else schema


def existing(name: str, crd: str, version: str, opts: pulumi.ResourceOptions) -> CustomResourceDefinition:
    """An operator that is said to be in the cluster already: its CRD is read, never changed.

    Fails in preview where the CRD does not exist, or does not serve the API version that we write.
    """
    found = CustomResourceDefinition.get(name, crd, opts)

    def check(spec: CustomResourceDefinitionSpec) -> None:
        served = [v.name for v in spec.versions if v.served]
        if version not in served:
            raise pulumi.RunError(
                f"{crd} in the cluster serves {', '.join(served) or 'nothing'}; this platform writes {version}. "
                "Upgrade that operator, or let the platform manage it (mlops:spec.operators)."
            )

    found.spec.apply(check)
    return found
