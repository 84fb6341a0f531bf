"""Rendered objects as facts for sources.lock.json, and facts as objects that the API server takes.

Facts name what an object is, runs, mounts, listens on and may do. They hold no text of a chart: no commands, no environment or
ConfigMap values, no alert expressions. `rebuild` puts PLACEHOLDER where a value was.

    facts(obj) -> dict          any object except a CRD
    rebuild(facts) -> obj
    crd_facts(crd) -> dict      {group, kind, plural, scope, versions, shortNames}; see crds.py for the way back
"""

from __future__ import annotations

from typing import Any, Final

from sandbox.providers.kubernetes import podfacts
from sandbox.providers.kubernetes.tables import group_of, words

PLACEHOLDER: Final = podfacts.PLACEHOLDER
Object = dict[str, Any]
# Annotations that change what happens to an object; the rest is for people.
_ANNOTATIONS: Final = (
    "helm.sh/",
    "pulumi.com/",
    "config.kubernetes.io/",
    "storageclass.kubernetes.io/",
    "ingressclass.kubernetes.io/",
    "cert-manager.io/",
    "prometheus.io/",
    "rbac.authorization.kubernetes.io/",
    "service.beta.openshift.io/",
)
_TEMPLATES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps", "Deployment"): ("replicas", "selector", "strategy", "progressDeadlineSeconds"),
    ("apps", "ReplicaSet"): ("replicas", "selector"),
    ("apps", "StatefulSet"): words(
        "replicas selector serviceName podManagementPolicy updateStrategy volumeClaimTemplates"
        " persistentVolumeClaimRetentionPolicy"
    ),
    ("apps", "DaemonSet"): ("selector", "updateStrategy"),
    ("batch", "Job"): ("completions", "parallelism", "backoffLimit", "ttlSecondsAfterFinished", "activeDeadlineSeconds"),
}
_SPECS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "Service"): ("type", "ports", "selector", "clusterIP", "externalName", "publishNotReadyAddresses", "ipFamilyPolicy"),
}
_WHOLE_SKIPPED: Final = frozenset({"apiVersion", "kind", "metadata", "status"})


def facts(obj: Object) -> Object:
    """What is worth knowing of a rendered object."""
    metadata = obj.get("metadata") or {}
    found: Object = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": metadata["name"]}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key.startswith(_ANNOTATIONS)}
    for key, value in (
        ("namespace", metadata.get("namespace")),
        ("labels", metadata.get("labels")),
        ("annotations", annotations),
    ):
        if value:
            found[key] = value
    kind, spec = (group_of(obj["apiVersion"]), obj["kind"]), obj.get("spec") or {}
    if kind in _TEMPLATES:
        found |= _picked(spec, _TEMPLATES[kind]) | podfacts.facts(spec.get("template") or {})
    elif kind == ("batch", "CronJob"):
        found |= _picked(spec, ("schedule", "concurrencyPolicy", "suspend"))
        job = (spec.get("jobTemplate") or {}).get("spec") or {}
        found["job"] = _picked(job, _TEMPLATES["batch", "Job"]) | podfacts.facts(job.get("template") or {})
    elif kind == ("", "Pod"):
        found |= podfacts.facts({"metadata": {}, "spec": spec})
    elif kind in _SPECS:
        found |= _picked(spec, _SPECS[kind])
        if found.get("clusterIP") != "None":
            found.pop("clusterIP", None)
    elif kind in (("", "ConfigMap"), ("", "Secret")):
        found |= _keys(obj)
    elif kind == ("monitoring.coreos.com", "PrometheusRule"):
        found["groups"] = [_rule_group(group) for group in spec.get("groups") or []]
    else:
        found["rest"] = _without_bundles({key: value for key, value in obj.items() if key not in _WHOLE_SKIPPED})
    return found


def _picked(source: Object, names: tuple[str, ...]) -> Object:
    return {name: source[name] for name in names if source.get(name) is not None}


def _keys(obj: Object) -> Object:
    keys = sorted({*(obj.get("data") or {}), *(obj.get("stringData") or {})})
    found: Object = {"keys": keys}
    if obj.get("binaryData"):
        found["binaryKeys"] = sorted(obj["binaryData"])
    return found | _picked(obj, ("type", "immutable"))


def _rule_group(group: Object) -> Object:
    rules = [_picked(rule, ("alert", "record")) | _severity(rule) for rule in group.get("rules") or []]
    return {"name": group.get("name", ""), "rules": rules}


def _severity(rule: Object) -> Object:
    severity = (rule.get("labels") or {}).get("severity")
    return {"severity": severity} if severity else {}


def _without_bundles(value: Any) -> Any:
    """CA bundles are made anew at each render."""
    if isinstance(value, dict):
        return {key: _without_bundles(item) for key, item in value.items() if key != "caBundle"}
    return [_without_bundles(item) for item in value] if isinstance(value, list) else value


def rebuild(fact: Object) -> Object:
    """An object with these facts."""
    metadata = {key: fact[key] for key in ("name", "namespace", "labels", "annotations") if fact.get(key)}
    obj: Object = {"apiVersion": fact["apiVersion"], "kind": fact["kind"], "metadata": metadata}
    kind = group_of(fact["apiVersion"]), fact["kind"]
    if kind in _TEMPLATES:
        obj["spec"] = _picked(fact, _TEMPLATES[kind]) | {"template": podfacts.rebuild(fact)}
    elif kind == ("batch", "CronJob"):
        job = fact.get("job") or {}
        template = _picked(job, _TEMPLATES["batch", "Job"]) | {"template": podfacts.rebuild(job)}
        obj["spec"] = _picked(fact, ("schedule", "concurrencyPolicy", "suspend")) | {"jobTemplate": {"spec": template}}
    elif kind == ("", "Pod"):
        obj["spec"] = podfacts.rebuild(fact)["spec"]
    elif kind in _SPECS:
        obj["spec"] = _picked(fact, _SPECS[kind])
    elif kind in (("", "ConfigMap"), ("", "Secret")):
        obj |= _valued(fact, secret=fact["kind"] == "Secret")
    elif kind == ("monitoring.coreos.com", "PrometheusRule"):
        obj["spec"] = {"groups": [_rebuilt_group(group) for group in fact.get("groups") or []]}
    else:
        obj |= fact.get("rest") or {}
    return obj


def _valued(fact: Object, secret: bool) -> Object:
    keys = fact.get("keys") or []
    found: Object = {"stringData" if secret else "data": dict.fromkeys(keys, PLACEHOLDER)} if keys else {}
    if secret and fact.get("type") == "kubernetes.io/tls":  # the API server insists on these two, of any content
        found["stringData"] = dict.fromkeys(("tls.crt", "tls.key", *keys), PLACEHOLDER)
    if secret and fact.get("type") == "kubernetes.io/dockerconfigjson":
        found["stringData"] = {".dockerconfigjson": '{"auths":{}}'}
    if fact.get("binaryKeys"):
        found["binaryData"] = dict.fromkeys(fact["binaryKeys"], "")
    return found | _picked(fact, ("type", "immutable"))


def _rebuilt_group(group: Object) -> Object:
    rules = []
    for rule in group.get("rules") or []:
        rebuilt = _picked(rule, ("alert", "record")) | {"expr": "vector(0)"}
        if rule.get("severity"):
            rebuilt["labels"] = {"severity": rule["severity"]}
        rules.append(rebuilt)
    return {"name": group.get("name", ""), "rules": rules}


def crd_facts(crd: Object) -> Object:
    """What a CRD serves."""
    spec = crd["spec"]
    names = spec["names"]
    found = {
        "group": spec["group"],
        "kind": names["kind"],
        "plural": names["plural"],
        "scope": spec.get("scope", "Namespaced"),
        "versions": [
            {"name": version["name"], "served": version.get("served", True), "storage": version.get("storage", False)}
            for version in spec.get("versions") or []
        ],
        "shortNames": names.get("shortNames") or [],
    }
    labels, annotations = (crd.get("metadata") or {}).get("labels"), (crd.get("metadata") or {}).get("annotations") or {}
    kept = {key: value for key, value in annotations.items() if key.startswith(("helm.sh/resource-policy", "pulumi.com/"))}
    return found | ({"labels": labels} if labels else {}) | ({"annotations": kept} if kept else {})
