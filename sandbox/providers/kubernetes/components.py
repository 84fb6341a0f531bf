"""Remote components: helm.sh/v4:Chart, yaml/v2:ConfigFile and ConfigGroup, kustomize/v2:Directory.

Children are named as the official provider names them, `<prefix>:<namespace>/<name>`, and registered with the engine directly: a
chart of 120 objects costs a fraction of what the SDK's own registration does.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any, Final

from google.protobuf.struct_pb2 import Value

from components.kubernetes.lockhash import RUNTIME, values_hash
from sandbox.providers.kubernetes import render, sources
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.discovery import crd_resources, scope
from sandbox.providers.kubernetes.manifests import expand, parse
from sandbox.providers.kubernetes.normalize import is_crd
from sandbox.providers.kubernetes.registration import Registration
from sandbox.providers.model import Failure
from sandbox.providers.values import OUTPUT, SECRET, SIGNATURE, UNKNOWN_TEXT, Secrets, has_unknown, unwrap

Object = dict[str, Any]
CHART: Final = "kubernetes:helm.sh/v4:Chart"
FILE: Final = "kubernetes:yaml/v2:ConfigFile"
GROUP: Final = "kubernetes:yaml/v2:ConfigGroup"
DIRECTORY: Final = "kubernetes:kustomize/v2:Directory"
_GLOB: Final = re.compile(r"(?:^|[^\\])[*?\[]")


async def construct(cluster: Cluster | None, request: Any, engine: str, version: str) -> Any:
    """Answers a ConstructRequest: the component, its objects as children, and `resources` that names them."""
    makers = {CHART: _chart, FILE: _file, GROUP: _group, DIRECTORY: _directory}
    maker = makers.get(request.type)
    if maker is None:
        raise Failure(f"the simulated kubernetes provider has no component {request.type}")
    secrets = Secrets()
    inputs = unwrap(request.inputs, secrets)
    async with Registration(request, engine, version) as registration:
        await registration.component()
        if has_unknown(inputs):
            await registration.warn("Input properties have unknown values. Preview is incomplete.")
            return await registration.finish([])
        prefix = inputs.get("resourcePrefix")
        objects = await maker(cluster, request, inputs)
        namespace = str(inputs.get("namespace") or "") or (cluster.namespace if cluster else "default")
        objects = await _in_namespace(cluster, expand(sources.usable(objects)), namespace)
        if inputs.get("skipAwait"):
            objects = [_annotated(obj, "pulumi.com/skipAwait", "true") for obj in objects]
        children = await registration.children(objects, request.name if prefix is None else str(prefix), secrets.texts)
        return await registration.finish(children)


async def _chart(cluster: Cluster | None, request: Any, inputs: Object) -> list[Object]:
    reference, version = str(inputs.get("chart") or ""), str(inputs.get("version") or "")
    if not reference:
        raise Failure(f"{request.type} {request.name}: chart is required")
    values: Object = {}
    for position, file in enumerate(inputs.get("valueYamlFiles") or []):
        for document in parse(_asset(file, f"valueYamlFiles[{position}]"), f"valueYamlFiles[{position}]"):
            values = merged(values, document)
    values = merged(values, inputs.get("values") or {})
    namespace, with_crds = str(inputs.get("namespace") or ""), not inputs.get("skipCrds")
    folder = sources.chart_folder(reference, version)
    if folder is not None:
        if inputs.get("postRenderer"):
            raise Failure(f"{request.type} {request.name}: the simulated provider runs no postRenderer")
        release = str(inputs.get("name") or request.name)
        where = namespace or (cluster.namespace if cluster else "default")
        return await render.helm_template(cluster, folder, release, where, values, with_crds)
    runtime = runtime_view(request.inputs.fields["values"]) if "values" in request.inputs.fields else {}
    return sources.locked(reference, version, values_hash(runtime or {}), namespace, with_crds).objects


def runtime_view(value: Value) -> Any:
    """The values with a marker where one is secret, unknown or the output of a resource: what their hash is taken of."""
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return [runtime_view(item) for item in value.list_value.values]
    if kind != "struct_value":
        plain = None if kind is None or kind == "null_value" else getattr(value, kind)
        return RUNTIME if plain == UNKNOWN_TEXT else plain
    fields = value.struct_value.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature == OUTPUT and _is_plain(fields):
        return runtime_view(fields["value"])
    return RUNTIME if signature in (SECRET, OUTPUT) else {key: runtime_view(item) for key, item in fields.items()}


def _is_plain(fields: Any) -> bool:
    """An Output that neither hides nor waits for anything."""
    secret = "secret" in fields and fields["secret"].bool_value
    depends = "dependencies" in fields and len(fields["dependencies"].list_value.values)
    return "value" in fields and not secret and not depends


def merged(base: Object, over: Object) -> Object:
    """`over` on `base` as helm merges values: maps merge, anything else replaces."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _asset(value: Any, where: str) -> str:
    if isinstance(value, dict) and "text" in value:
        return str(value["text"])
    if isinstance(value, dict) and value.get("path"):
        return Path(str(value["path"])).read_text()
    raise Failure(f"{where}: expected a file or text asset")


async def _file(cluster: Cluster | None, request: Any, inputs: Object) -> list[Object]:
    if not inputs.get("file"):
        raise Failure(f"{request.type} {request.name}: file is required")
    return _manifest(str(inputs["file"]))


def _manifest(reference: str) -> list[Object]:
    path = sources.manifest_folder(reference)
    if path is not None and path.is_file():
        return parse(path.read_text(), reference)
    if "://" not in reference:
        raise Failure(f"{reference}: no such YAML file")
    return sources.locked(reference, "", values_hash({}), "", include_crds=True).objects


async def _group(cluster: Cluster | None, request: Any, inputs: Object) -> list[Object]:
    found: list[Object] = []
    for pattern in inputs.get("files") or []:
        globbed = "://" not in pattern and _GLOB.search(pattern)
        for path in sorted(glob.glob(pattern)) if globbed else [pattern]:
            found += _manifest(str(path))
    found += parse(str(inputs.get("yaml") or ""), "yaml")
    return found + list(inputs.get("objs") or [])


async def _directory(cluster: Cluster | None, request: Any, inputs: Object) -> list[Object]:
    reference = str(inputs.get("directory") or "")
    if not reference:
        raise Failure(f"{request.type} {request.name}: directory is required")
    folder = sources.manifest_folder(reference)
    if folder is not None:
        return await render.kustomize(folder)
    return sources.locked(reference, "", values_hash({}), str(inputs.get("namespace") or ""), include_crds=True).objects


async def _in_namespace(cluster: Cluster | None, objects: list[Object], namespace: str) -> list[Object]:
    """Namespaced objects that name no namespace get this one; kinds nobody knows are left alone."""
    planned = {(r.api_version, r.kind): r.namespaced for obj in objects if is_crd(obj) for r in crd_resources(obj)}
    result = []
    for obj in objects:
        namespaced = planned.get((obj["apiVersion"], obj["kind"]), scope(obj["apiVersion"], obj["kind"]))
        if obj["metadata"].get("namespace"):
            namespaced = False  # it has one
        elif namespaced is None and cluster is not None:
            namespaced = await cluster.discovery.namespaced(obj["apiVersion"], obj["kind"])
        result.append({**obj, "metadata": {**obj["metadata"], "namespace": namespace}} if namespaced else obj)
    return result


def _annotated(obj: Object, key: str, value: str) -> Object:
    metadata = obj["metadata"]
    return {**obj, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), key: value}}}
