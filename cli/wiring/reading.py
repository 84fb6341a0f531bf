"""What each pod template, and each object that is no pod, says of where it connects to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.wiring.index import Index, Object, Template
from cli.wiring.mentions import Mention, mentions
from cli.wiring.records import Place

VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
HOST_NAME = re.compile(r"(HOST_?NAME|HOST|SERVER|ADDRESS|ADDR)$", re.IGNORECASE)
CHART = "ChartValues"
"""Values of a release, where objects come from a program that was not run against a cluster (rendered.py)."""
NO_READERS = {
    *(
        "CustomResourceDefinition",
        "ClusterRole",
        "Role",
        "ClusterRoleBinding",
        "RoleBinding",
        "NetworkPolicy",
        "Secret",
        "ConfigMap",
    ),
    *(
        "Service",
        "Endpoints",
        "EndpointSlice",
        "Namespace",
        "Node",
        "Event",
        "Lease",
        "PersistentVolume",
        "PersistentVolumeClaim",
    ),
    *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "PrometheusRule", "Certificate", "Issuer"),
    *("CertificateRequest", "ReplicaSet", "StorageClass", "CSIDriver", "CSINode", "PriorityClass", "ServiceAccount", "HTTPRoute"),
    *("Gateway", "GatewayClass", "ServiceMonitor", "PodMonitor", "ReferenceGrant", "BackendTLSPolicy", "ControllerRevision"),
    *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "FlowSchema", "PriorityLevelConfiguration", "Bundle"),
    *(
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "Pod",
        "StrimziPodSet",
        "PodTemplate",
        "HorizontalPodAutoscaler",
    ),
}
"""Kinds whose fields connect nobody, or are read elsewhere (pods, flows.py). A Certificate names whom it stands for."""
UNREAD = {"metadata", "status", "apiVersion", "kind", "managedFields", "dnsNames", "commonName", "hostnames", "externalUrl"}
"""Fields that name the object itself."""
SECRET_NAME = re.compile(r"^(secretName|secretsName|credentialsSecret|sslSecretName|configSecret|imagePullSecret)$")
"""Fields of custom resources that name a Secret."""
TOLD_ITSELF = {"kube-root-ca.crt"}
"""ConfigMaps that the cluster puts into every namespace."""


@dataclass(frozen=True)
class Reading:
    """One address and where it stands."""

    place: Place
    template: Template | None
    """The pod that reads it; None where only an object says it."""
    where: str
    mention: Mention
    variable: str = ""
    """The environment variable that holds it."""
    container: Mapping[str, Any] = field(default_factory=dict)
    made: tuple[Template, ...] = ()
    """Pods that an operator made of the object that says it, where they are several kinds."""
    text: str = field(default="", repr=False, compare=False)
    """The file that it stands in."""
    secrets: tuple[str, ...] = ()
    """Secrets that are named beside it in a custom resource."""
    firm: bool = True
    """Whether the text can only be an address; a word:number inside a longer text need not be one."""


def readings(index: Index, secrets: bool = False) -> Iterator[Reading]:
    """Every address in the cluster's objects; `secrets` also looks into the values of Secrets that pods read."""
    read: set[tuple[str, str]] = set()
    for template in index.templates:
        for container in template.containers:
            yield from _container(index, template, container, secrets)
        for kind, name, key, where in _files(template):
            if kind == "ConfigMap":
                read.add((template.place.namespace, name))
            if kind == "ConfigMap" or secrets:
                yield from _keys(index, template, kind, name, key, where)
    for obj in index.all("ConfigMap"):
        at = obj["metadata"]
        if (at.get("namespace"), at["name"]) not in read and at["name"] not in TOLD_ITSELF:
            place = Place("ConfigMap", at.get("namespace") or "", at["name"])
            for key, text in sorted((obj.get("data") or {}).items()):
                yield from (Reading(place, None, f"key {key}", found, firm=False) for found in mentions(str(text)))
    for kind in index.kinds():
        for obj in () if kind in NO_READERS else index.all(kind):
            yield from _object(index, obj)


def _container(index: Index, template: Template, container: Mapping[str, Any], secrets: bool) -> Iterator[Reading]:
    variables = dict(_variables(index, template, container, secrets))
    for name, value in variables.items():
        text = VARIABLE.sub(lambda found: variables.get(found[1], ""), value)
        port = _beside(name, variables)
        for found in mentions(text, port):
            yield Reading(template.place, template, f"env {name}", found, name, container)
        if port and HOST_NAME.search(name) and re.fullmatch(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)?", text) and text != "localhost":
            yield Reading(template.place, template, f"env {name}", Mention("", text, port), name, container)
    for part in ("command", "args"):
        for number, item in enumerate(container.get(part) or ()):
            text = VARIABLE.sub(lambda found: variables.get(found[1], ""), str(item))
            where = f"{part}[{number}] of container {container.get('name')}"
            # scripts and lists of hosts are more than one address
            firm = "\n" not in text
            for found in mentions(text):
                yield Reading(template.place, template, where, found, container=container, firm=firm)


def _variables(index: Index, template: Template, container: Mapping[str, Any], secrets: bool) -> Iterator[tuple[str, str]]:
    """Variables with their text, as far as it may be read."""
    space = template.place.namespace
    for source in container.get("envFrom") or ():
        for field_, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if (ref := source.get(field_)) and (kind == "ConfigMap" or secrets):
                for key in sorted(index.keys(kind, space, str(ref.get("name"))) or ()):
                    yield f"{source.get('prefix') or ''}{key}", index.text(kind, space, str(ref.get("name")), key)
    for variable in container.get("env") or ():
        origin = variable.get("valueFrom") or {}
        if "value" in variable:
            yield variable["name"], str(variable["value"])
        for field_, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if (ref := origin.get(field_)) and (kind == "ConfigMap" or secrets):
                yield variable["name"], index.text(kind, space, str(ref.get("name")), str(ref.get("key")))


def _beside(name: str, variables: Mapping[str, str]) -> int | None:
    """The port in the variable that goes with a host's: DB_PORT with DB_HOST."""
    text = variables.get(HOST_NAME.sub("PORT", name), "") if HOST_NAME.search(name) else ""
    return int(text) if text.isdecimal() else None


def _files(template: Template) -> Iterator[tuple[str, str, set[str] | None, str]]:
    """(kind, name, keys or None for all, where) of the ConfigMaps and Secrets that a pod has as files."""
    for name, volume in template.volumes().items():
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            for part, kind, field_ in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
                body = source.get(part)
                if not isinstance(body, Mapping):
                    continue
                found = body.get(field_) or body.get("name")
                keys = {item["key"] for item in body.get("items") or ()} or None
                if found:
                    yield kind, str(found), keys, f"volume {name}, {kind} {found}"


def _keys(index: Index, template: Template, kind: str, name: str, keys: set[str] | None, where: str) -> Iterator[Reading]:
    for key in sorted(index.keys(kind, template.place.namespace, name) or ()):
        if keys is None or key in keys:
            text = index.text(kind, template.place.namespace, name, key)
            for found in mentions(text):
                yield Reading(template.place, template, f"{where} key {key}", found, text=text, firm=False)


def _object(index: Index, obj: Object) -> Iterator[Reading]:
    """Addresses in the fields of a custom resource, said by the pods made of it where there are any."""
    at = obj["metadata"]
    space = str(at.get("namespace") or "")
    place = Place(str(obj["kind"]), space, str(at["name"]))
    if obj["kind"] == CHART:
        made: list[Template] = [
            t
            for t in index.in_namespace(space)
            if place.name in (t.labels.get("app.kubernetes.io/instance"), t.labels.get("release"))
        ]
    else:
        made = index.owned(place.kind, space, place.name)
    body = {key: value for key, value in obj.items() if key not in UNREAD}
    for path, text, holder in _texts(body, {}, ""):
        # a short key of a custom resource holds one value, a long text is a file
        firm = "\n" not in text and obj["kind"] != CHART
        port = str(holder.get("port"))
        named = tuple(str(item) for key, item in holder.items() if SECRET_NAME.match(key) and isinstance(item, str) and item)
        for found in mentions(text, int(port) if port.isdecimal() else None):
            alone = made[0] if len(made) == 1 else None
            yield Reading(place, alone, path, found, made=tuple(made), secrets=named, firm=firm)


def _texts(value: Any, holder: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(path, text, the mapping that it stands in) of the texts in an object."""
    if isinstance(value, str):
        yield path, value, holder
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in UNREAD:
                yield from _texts(item, value, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, {}, f"{path}[{number}]")
