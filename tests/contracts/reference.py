"""The reference data of upstream charts and CRDs, and how what we write is held against it."""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from sandbox import paths

HERE = Path(__file__).parent
LOADER = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader


def root() -> Path:
    """The directory of the reference data; skips, saying so, where it is not at hand."""
    found = paths.contracts()
    if found is None or not found.is_dir():
        pytest.skip("NOT RUN: the contract reference data is not at hand (MLOPS_CONTRACTS)")
    return Path(found)


@functools.cache
def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=LOADER)


def index(chart: str) -> dict[str, Any]:
    """The entry of index.yaml of a chart, or of a set of manifests by its id."""
    return next(e for e in _yaml(root() / "index.yaml")["entries"] if chart in (e.get("chart"), e["id"]))


def inventory(chart: str) -> dict[str, Any]:
    """What the real chart renders with default values."""
    found: dict[str, Any] = json.loads((root() / "charts" / chart / "inventory.json").read_text())
    return found


def unknown_values(chart: str, values: Mapping[str, Any]) -> list[str]:
    """Paths of our values that the chart's own values.yaml does not have; below `{}` and lists anything may stand."""
    return sorted(_unknown(values, _yaml(root() / "charts" / chart / "values.yaml"), ""))


def _unknown(values: Mapping[str, Any], known: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if key not in known:
            yield here
        elif isinstance(value, Mapping) and isinstance(known[key], Mapping) and known[key]:
            yield from _unknown(value, known[key], here)


def schema_errors(chart: str, values: Mapping[str, Any]) -> list[str]:
    """What the chart's values.schema.json says against our values; nothing where it has none."""
    file = root() / "charts" / chart / "values.schema.json"
    if not file.is_file():
        return []
    return _errors(json.loads(file.read_text()), values)


def _errors(schema: Mapping[str, Any], value: Any) -> list[str]:
    found = Draft7Validator(dict(schema)).iter_errors(value)
    return [f"{'.'.join(str(p) for p in e.absolute_path)}: {e.message}" for e in found]


@functools.cache
def crd(group: str, kind: str, version: str) -> dict[str, Any]:
    """The OpenAPI schema of a custom resource, with every object closed that names its properties."""
    for file in sorted((root() / "crds" / group).glob("*.yaml")):
        found = _yaml(file)
        if found["spec"]["names"]["kind"] == kind:
            served = next(v for v in found["spec"]["versions"] if v["name"] == version and v["served"])
            closed: dict[str, Any] = _closed(served["schema"]["openAPIV3Schema"])
            return closed
    raise AssertionError(f"no CRD {kind} in {group}")


def _closed(schema: Any) -> Any:
    """Kubernetes' structural schema as JSON Schema that refuses unknown fields, as the API server does with strict validation."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {k: _closed(v) for k, v in schema.items() if k not in ("x-kubernetes-validations", "format")}
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
        made.pop("anyOf", None)
    elif schema.get("nullable") and isinstance(schema.get("type"), str):
        made["type"] = [schema["type"], "null"]
    if (
        isinstance(schema.get("properties"), dict)
        and schema.get("type") == "object"
        and "additionalProperties" not in schema
        and not schema.get("x-kubernetes-preserve-unknown-fields")
    ):
        made["additionalProperties"] = False
    return made


def resource_errors(inputs: Mapping[str, Any]) -> list[str]:
    """What the real CRD says against a custom resource of ours."""
    group, version = inputs["apiVersion"].split("/")
    body = {k: v for k, v in inputs.items() if k != "metadata"}
    schema = dict(crd(group, inputs["kind"], version))
    schema["required"] = [r for r in schema.get("required", []) if r != "metadata"]
    return _errors(schema, body)


def service_errors(objects: Iterable[Mapping[str, Any]], name: str, port: int) -> list[str]:
    """What is wrong with an address `<name>:<port>` that others are told, by the Services of an inventory."""
    services = {o["name"]: o for o in objects if o["kind"] == "Service"}
    if name not in services:
        return [f"no Service {name}; there are {', '.join(sorted(services))}"]
    ports = sorted(int(p["port"]) for p in services[name].get("ports") or [])
    return [] if port in ports else [f"Service {name} has no port {port}; it has {', '.join(map(str, ports))}"]


def scrape_errors(monitor: Mapping[str, Any], service: Mapping[str, Any], template: Mapping[str, Any]) -> list[str]:
    """What keeps a ServiceMonitor of ours from the pods behind a Service: labels, its port, the container's port."""
    found = []
    if not monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items():
        found.append("the monitor does not select the Service")
    if not service["spec"]["selector"].items() <= template["metadata"]["labels"].items():
        found.append("the Service does not select the pods")
    ports = {p["name"]: p for p in service["spec"]["ports"]}
    opened = {p["name"] for c in template["spec"]["containers"] for p in c.get("ports") or []}
    opened |= {p["containerPort"] for c in template["spec"]["containers"] for p in c.get("ports") or []}
    for endpoint in monitor["spec"]["endpoints"]:
        if endpoint["port"] not in ports:
            found.append(f"the Service has no port {endpoint['port']}")
        elif (target := ports[endpoint["port"]].get("targetPort", ports[endpoint["port"]]["port"])) not in opened:
            found.append(f"no container opens port {target}")
    return found
