"""Operators that a cluster may have before a platform comes: by what one is known, in which version, and the oldest accepted.

Told from the operator's custom resource definitions alone, whatever way it was installed. Pure data and functions: the
components ask in every preview (crds.py), `mlops doctor` before it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NUMBER = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?")
Definition = Mapping[str, Any]
"""A CustomResourceDefinition as the API server has it."""


@dataclass(frozen=True)
class Operator:
    """One operator. A version is (major, minor, patch)."""

    title: str
    definitions: Mapping[str, str]
    """Name of a definition -> the API version of it that we write. The first one tells that the operator is there."""
    source: str
    """Where `oldest` was read; if that is None, where it was read that the served API version decides."""
    oldest: tuple[int, int, int] | None = None
    said: tuple[str, str] | None = None
    """Part of the definition's metadata (labels or annotations), and key, in which the first definition says its version."""
    field: tuple[str, ...] = ()
    """Path of a field below `spec` that came with `oldest`, where no definition says its version."""

    @property
    def key(self) -> str:
        """The label or annotation that says the version; empty where none does."""
        return self.said[1] if self.said else ""

    @property
    def crd(self) -> str:
        """The definition that tells that the operator is there."""
        return next(iter(self.definitions))


OPERATORS: dict[str, Operator] = {
    "cert_manager": Operator(
        "cert-manager",
        {"certificates.cert-manager.io": "v1"},
        "cert-manager.io/docs/releases: since 1.15 each release is compatible with Kubernetes 1.32, our oldest (2026-11-23)",
        (1, 15, 0),
        ("labels", "app.kubernetes.io/version"),
    ),
    "trust_manager": Operator(
        "trust-manager",
        {"bundles.trust.cert-manager.io": "v1alpha1"},
        "cert-manager/trust-manager v0.4.0: the first with target.namespaceSelector in its definition (2026-11-23)",
        (0, 4, 0),
        ("labels", "app.kubernetes.io/version"),
    ),
    "strimzi": Operator(
        "Strimzi",
        {"kafkas.kafka.strimzi.io": "v1"},
        "strimzi/strimzi-kafka-operator: releases before 0.49.0 do not serve v1; no definition says its version (2026-11-23)",
    ),
    "percona": Operator(
        "Percona for MySQL",
        {"perconaservermysqls.ps.percona.com": "v1"},
        "the crVersion that we write (mysql_cluster.py): the operator behaves as that release, which an older one cannot",
        (1, 1, 0),
        ("labels", "app.kubernetes.io/version"),
    ),
    "cloudnative_pg": Operator(
        "CloudNativePG",
        {"clusters.postgresql.cnpg.io": "v1", "databaseroles.postgresql.cnpg.io": "v1"},
        "cloudnative-pg/cloudnative-pg: kind DatabaseRole came with 1.30.0; no definition says its version (2026-11-23)",
    ),
    "prometheus_operator": Operator(
        "prometheus-operator",
        # every definition of it says the version; this one is small, and a stack's state holds what it reads
        {"prometheusrules.monitoring.coreos.com": "v1"},
        "its CHANGELOG, 0.79.0: Prometheus 3 with Alertmanager's API v2, enableOTLPReceiver (2026-11-23)",
        (0, 79, 0),
        ("annotations", "operator.prometheus.io/version"),
    ),
    "gateway_api": Operator(
        "Gateway API",
        {
            "gatewayclasses.gateway.networking.k8s.io": "v1",
            "referencegrants.gateway.networking.k8s.io": "v1",
            "backendtlspolicies.gateway.networking.k8s.io": "v1",
        },
        "Envoy Gateway's compatibility matrix, row v1.9 (gateway.envoyproxy.io/news/releases/matrix, 2026-11-23)",
        (1, 6, 0),
        ("annotations", "gateway.networking.k8s.io/bundle-version"),
    ),
    "gpu_operator": Operator(
        "GPU operator",
        {"clusterpolicies.nvidia.com": "v1"},
        "its release notes, 25.3.0: Kubernetes 1.32, our oldest, and driver.kernelModuleType (2026-11-23)",
        (25, 3, 0),
        field=("driver", "kernelModuleType"),
    ),
    "kueue": Operator(
        "Kueue",
        {"clusterqueues.kueue.x-k8s.io": "v1beta2"},
        "kubernetes-sigs/kueue: releases before 0.15 do not serve v1beta2 (2026-11-23)",
        said=("labels", "app.kubernetes.io/version"),
    ),
}
"""By the field of spec.operators that says whose an operator is."""


def version(text: str) -> tuple[int, int, int] | None:
    """The three numbers of a version; None where the text is none."""
    found = _NUMBER.match(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def told(operator: Operator, definition: Definition) -> str:
    """What the operator's first definition says of its version; empty where it says nothing."""
    if operator.said is None:
        return ""
    part, key = operator.said
    return str(((definition.get("metadata") or {}).get(part) or {}).get(key) or "")


def served(definition: Definition) -> list[str]:
    """The API versions that a definition serves."""
    return [str(each["name"]) for each in (definition.get("spec") or {}).get("versions") or () if each.get("served")]


def problems(operator: Operator, crd: str, definition: Definition) -> Iterator[str]:
    """What of definition `crd` in the cluster is too old for us, each as one sentence that says what is accepted."""
    there, wanted = served(definition), operator.definitions[crd]
    if wanted not in there:
        yield f"{crd} in the cluster serves {', '.join(there) or 'nothing'}; this platform writes {wanted}"
    if crd != operator.crd or operator.oldest is None:
        return
    accepted = f"accepted is {_text(operator.oldest)} or newer"
    said = told(operator, definition)
    found = version(said)
    if found is not None and found < operator.oldest:
        yield f"{operator.title} in the cluster is {said}, as {crd} says ({operator.key}); {accepted}"
    if operator.field and _lacks(definition, wanted, operator.field):
        name = ".".join(("spec", *operator.field))
        yield f"{operator.title} in the cluster is older than {_text(operator.oldest)}: {crd} has no {name}; {accepted}"


def untold(operator: Operator, definition: Definition) -> str:
    """What is to be said where the version cannot be told though one is too old; empty where it can."""
    if operator.oldest is None or operator.field or version(told(operator, definition)) is not None:
        return ""
    return (
        f"{operator.title}: {operator.crd} in the cluster does not say its version ({operator.key}), so it is not checked; "
        f"this platform accepts {_text(operator.oldest)} or newer"
    )


def _text(number: Sequence[int]) -> str:
    return ".".join(str(part) for part in number)


def _lacks(definition: Definition, version_name: str, path: Sequence[str]) -> bool:
    """Whether the schema of a version names fields below `spec`, and not this one."""
    for each in (definition.get("spec") or {}).get("versions") or ():
        schema = (each.get("schema") or {}).get("openAPIV3Schema") or {}
        at = (schema.get("properties") or {}).get("spec")
        if each.get("name") != version_name or at is None:
            continue
        for key in path:
            fields = (at or {}).get("properties")
            if fields is None:
                # it takes any field
                return False
            if key not in fields:
                return True
            at = fields[key]
    return False
