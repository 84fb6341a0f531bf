"""The pod part of facts.py: containers, environment, mounts, ports, probes and security of a pod template."""

from __future__ import annotations

from typing import Any, Final

from sandbox.providers.kubernetes.tables import words

PLACEHOLDER: Final = "not in sources.lock.json"
Object = dict[str, Any]
_POD: Final = words(
    "serviceAccountName automountServiceAccountToken securityContext tolerations nodeSelector affinity hostNetwork "
    "hostPID hostIPC restartPolicy priorityClassName runtimeClassName imagePullSecrets shareProcessNamespace "
    "topologySpreadConstraints"
)
_CONTAINER: Final = words("name image ports resources volumeMounts volumeDevices securityContext restartPolicy")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
# volume kind -> field that names its source
_SOURCES: Final = {
    "secret": "secretName",
    "configMap": "name",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
    "csi": "driver",
}
# settings of operators that decide what they serve and which images they run: without them a simulated operator sits idle
_VARIABLES: Final = words(
    "WATCH_NAMESPACE STRIMZI_NAMESPACE STRIMZI_POD_SECURITY_PROVIDER_CLASS STRIMZI_NETWORK_POLICY_GENERATION "
    "STRIMZI_DEFAULT_KAFKA_EXPORTER_IMAGE STRIMZI_KAFKA_IMAGES STRIMZI_KAFKA_CONNECT_IMAGES"
)
_FLAGS: Final = words(
    "namespaces cluster-resource-namespace enable-certificate-owner-ref trust-namespace secret-targets-enabled "
    "default-package-location prometheus-config-reloader thanos-default-base-image"
)
_ANNOTATIONS: Final = ("prometheus.io/", "sidecar.istio.io/", "cluster-autoscaler.kubernetes.io/")


def facts(template: Object) -> Object:
    """Facts of a pod template ({metadata, spec})."""
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    found = {name: spec[name] for name in _POD if spec.get(name) not in (None, {}, [], "")}
    if metadata.get("labels"):
        found["podLabels"] = metadata["labels"]
    kept = {key: value for key, value in (metadata.get("annotations") or {}).items() if key.startswith(_ANNOTATIONS)}
    if kept:
        found["podAnnotations"] = kept
    for name in ("initContainers", "containers"):
        if spec.get(name):
            found[name] = [_container(container) for container in spec[name]]
    if spec.get("volumes"):
        found["volumes"] = [_volume(volume) for volume in spec["volumes"]]
    return found


def _container(container: Object) -> Object:
    found = {name: container[name] for name in _CONTAINER if container.get(name) not in (None, {}, [], "")}
    if container.get("env"):
        found["env"] = [_variable(variable) for variable in container["env"]]
    if flags := _flags(container):
        found["flags"] = flags
    if container.get("envFrom"):
        found["envFrom"] = container["envFrom"]
    for name in _PROBES:
        if container.get(name):
            found[name] = _probe(container[name])
    return found


def _flags(container: Object) -> dict[str, str]:
    """Values of the flags that operators go by."""
    given = (item.partition("=") for item in (*(container.get("command") or ()), *(container.get("args") or ())))
    return {name.lstrip("-"): value for name, _, value in given if name.startswith("--") and name.lstrip("-") in _FLAGS}


def _variable(variable: Object) -> Object:
    """Its name, and where the value comes from; a value written in the chart is not a fact we keep, but for _VARIABLES."""
    found = {"name": variable["name"]}
    if variable["name"] in _VARIABLES and variable.get("value") is not None:
        return {**found, "value": variable["value"]}
    return found | ({"valueFrom": variable["valueFrom"]} if variable.get("valueFrom") else {})


def _probe(probe: Object) -> Object:
    if http := probe.get("httpGet"):
        return {key: http[key] for key in ("path", "port", "scheme") if http.get(key) is not None}
    for kind in ("tcpSocket", "grpc"):
        if kind in probe:
            return {kind: (probe[kind] or {}).get("port")}
    return {"exec": True}


def _volume(volume: Object) -> Object:
    kind = next((key for key in volume if key != "name"), "emptyDir")
    body = volume.get(kind) or {}
    found: Object = {"name": volume["name"], "kind": kind}
    if kind in _SOURCES:
        found["source"] = body.get(_SOURCES[kind], "")
        found |= {key: body[key] for key in ("optional", "items", "type", "readOnly") if body.get(key) is not None}
    elif body:
        found["body"] = body
    return found


def rebuild(fact: Object) -> Object:
    """A pod template with these facts."""
    spec = {name: fact[name] for name in _POD if name in fact}
    for name in ("initContainers", "containers"):
        if fact.get(name):
            spec[name] = [_rebuilt_container(container) for container in fact[name]]
    if fact.get("volumes"):
        spec["volumes"] = [_rebuilt_volume(volume) for volume in fact["volumes"]]
    metadata = {}
    if fact.get("podLabels"):
        metadata["labels"] = fact["podLabels"]
    if fact.get("podAnnotations"):
        metadata["annotations"] = fact["podAnnotations"]
    return {"metadata": metadata, "spec": spec}


def _rebuilt_container(fact: Object) -> Object:
    found = {name: fact[name] for name in (*_CONTAINER, "envFrom") if name in fact}
    if fact.get("env"):
        found["env"] = [variable if len(variable) > 1 else {**variable, "value": PLACEHOLDER} for variable in fact["env"]]
    if fact.get("flags"):
        found["args"] = [f"--{name}={value}" for name, value in fact["flags"].items()]
    for name in _PROBES:
        if name in fact:
            found[name] = _rebuilt_probe(fact[name])
    return found


def _rebuilt_probe(fact: Object) -> Object:
    for kind in ("tcpSocket", "grpc"):
        if kind in fact:
            return {kind: {"port": fact[kind]}}
    return {"exec": {"command": ["true"]}} if fact.get("exec") else {"httpGet": dict(fact)}


def _rebuilt_volume(fact: Object) -> Object:
    kind = fact["kind"]
    if kind not in _SOURCES:
        return {"name": fact["name"], kind: fact.get("body") or {}}
    body = {key: value for key, value in fact.items() if key not in ("name", "kind", "source")}
    return {"name": fact["name"], kind: {_SOURCES[kind]: fact["source"], **body}}
