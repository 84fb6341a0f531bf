"""By what a consumer knows a server's certificate, and which ports of servers speak TLS."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cli.wiring.index import Index, Opening, Template
from cli.wiring.records import Problem, nearest

CA_KEY = re.compile(
    r"(^|[-_./])((cluster-)?ca|ca-?bundle|ca-?certs?|ca-certificates|root-?ca|trust-?store|trust-?bundle)([-_.](crt|pem|cert|p12|jks|bundle))*$",
    re.IGNORECASE,
)
"""Keys of ConfigMaps and Secrets that hold certificates to trust."""
CA_VARIABLE = re.compile(r"(^|_)(CA|CACERT|CERT|CA_?BUNDLE|CA_?FILE|TRUST_?STORE|ROOT_?CERT|CA_?CERT)(_|$)", re.IGNORECASE)
OWN = re.compile(r"server_+CERT|TLS_CERT|HTTPS?_CERT", re.IGNORECASE)
"""Variables that name the certificate which a server shows."""
SYSTEM = ("/etc/ssl/", "/etc/pki/", "/usr/share/", "/usr/local/share/", "/var/run/secrets/kubernetes.io/", "/opt/")
"""Where images keep their own."""
PATH = re.compile(r"(?<![\w$}{/:.])(/[\w.-]+(?:/[\w.-]+)+)")
UNVERIFIED = "not verified"
"""Said by an object itself."""
TLS_NAME = re.compile(r"(^|-)(https|tls|ssl|grpcs)(-|$)|clientstls")


def tls_ports(index: Index) -> set[tuple[str, str, int]]:
    """(namespace, Service, port) of the ports that speak TLS, as far as objects tell: port names, probes, Kafka's listeners."""
    found = set()
    for kafka in index.all("Kafka"):
        at = kafka["metadata"]
        for listener in ((kafka.get("spec") or {}).get("kafka") or {}).get("listeners") or ():
            if listener.get("tls"):
                found.add((at["namespace"], f"{at['name']}-kafka-bootstrap", int(listener["port"])))
    return found


def speaks_tls(opening: Opening, targets: list[Template]) -> bool:
    """Whether a Service's port is encrypted by its name or by the probes of its pods."""
    if TLS_NAME.search(opening.name) or opening.app.lower() in ("https", "kubernetes.io/wss"):
        return True
    for template in targets:
        for container in template.containers:
            named = {str(p.get("name")): int(p["containerPort"]) for p in container.get("ports") or ()}
            for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
                get = (container.get(probe) or {}).get("httpGet") or {}
                port = named.get(str(get.get("port")), get.get("port"))
                wanted = named.get(str(opening.target), opening.target)
                if get.get("scheme") == "HTTPS" and str(port) == str(wanted):
                    return True
    return False


def of_pod(index: Index, template: Template, container: Mapping[str, Any] | None) -> str:
    """ConfigMap or Secret with certificates to trust that the container (any, if none is given) has; "" where it has none."""
    space, volumes = template.place.namespace, template.volumes()
    for one in [container] if container else template.containers:
        for mount in one.get("volumeMounts") or ():
            for kind, name, keys in sources(index, space, volumes.get(mount["name"]) or {}):
                sub = str(mount.get("subPath") or "")
                if any(CA_KEY.search(path) for path in keys.values() if not sub or path == sub):
                    return f"{kind} {name}"
        for variable in one.get("env") or ():
            origin = variable.get("valueFrom") or {}
            for part, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                if (ref := origin.get(part)) and CA_KEY.search(str(ref.get("key"))):
                    return f"{kind} {ref['name']}"
    return ""


def of_object(index: Index, namespace: str, body: Any) -> str:  # noqa: PLR0911 - a way each
    """Likewise for a custom resource: a bundle that it names, certificates that it carries, or its word that it looks at none."""
    if _unverified(body):
        return UNVERIFIED
    if isinstance(body, Mapping):
        if CA_VARIABLE.search(str(body.get("name"))) and PATH.fullmatch(str(body.get("value"))):
            # a container inside a custom resource, whose volume stands with the pods that it goes into
            return f"file {body['value']}"
        for key, item in body.items():
            if isinstance(item, str) and item:
                if re.search(r"ca_?(bundle|cert|data)$", key, re.IGNORECASE) and len(item) > 64:
                    return f"field {key}"
                for kind in ("ConfigMap", "Secret"):
                    if any(CA_KEY.search(k) for k in index.keys(kind, namespace, item) or ()):
                        return f"{kind} {item}"
            elif found := of_object(index, namespace, item):
                return found
    elif isinstance(body, list):
        return next((found for item in body if (found := of_object(index, namespace, item))), "")
    return ""


def _unverified(body: Any) -> bool:
    """Whether an object says somewhere that it looks at no certificate, as Percona's storages do."""
    if isinstance(body, Mapping):
        return body.get("verifyTLS") is False or any(map(_unverified, body.values()))
    return isinstance(body, list) and any(map(_unverified, body))


def of_text(index: Index, namespace: str, text: str) -> str:
    """A ConfigMap with certificates that a file names: what the hub gives to the notebooks that it starts."""
    for name in index.names("ConfigMap", namespace):
        held = any(CA_KEY.search(key) for key in index.keys("ConfigMap", namespace, name) or ())
        if held and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
            return f"ConfigMap {name}"
    return ""


def sources(index: Index, namespace: str, volume: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(kind, name, {key: path}) of the ConfigMaps and Secrets in a volume."""
    for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
        for part, kind, field in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            body = source.get(part)
            if not isinstance(body, Mapping):
                continue
            name = str(body.get(field) or body.get("name") or "")
            items = {item["key"]: item["path"] for item in body.get("items") or ()}
            known = index.keys(kind, namespace, name)
            yield kind, name, items or {key: key for key in sorted(known or ())}


def lost_files(index: Index, template: Template) -> Iterator[Problem]:
    """Certificate files that a pod is told of and does not have."""
    volumes, space = template.volumes(), template.place.namespace
    for container in template.containers:
        mounts = {str(m["mountPath"]).rstrip("/"): m for m in container.get("volumeMounts") or ()}
        for variable in container.get("env") or ():
            value = str(variable.get("value") or "")
            if (
                not CA_VARIABLE.search(variable["name"])
                or OWN.search(variable["name"])
                or not PATH.fullmatch(value)
                or value.startswith(SYSTEM)
            ):
                continue
            where = f"env {variable['name']} of {container.get('name')}"
            under = max((path for path in mounts if value == path or value.startswith(f"{path}/")), key=len, default=None)
            if under is None:
                yield Problem("ca", template.place, where, f"{value} is on no volume{nearest(value, mounts)}")
                continue
            mount = mounts[under]
            found = list(sources(index, space, volumes.get(mount["name"]) or {}))
            if not found:
                # an emptyDir: what an init container writes there is not to be seen
                continue
            paths = {path for _, _, keys in found for path in keys.values()}
            wanted = str(mount.get("subPath") or "") if value == under else value[len(under) + 1 :]
            if wanted and wanted not in paths:
                holders = ", ".join(f"{kind} {name}" for kind, name, _ in found)
                yield Problem("ca", template.place, where, f"{value}: {holders} has no {wanted}{nearest(wanted, paths)}")
