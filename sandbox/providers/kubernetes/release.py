"""kubernetes:helm.sh/v3:Release: a chart installed by the real helm, hooks and all, recorded as one resource.

Without the chart at hand its locked objects are packed into a chart of our own and installed by the same helm.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from components.kubernetes.lockhash import values_hash
from sandbox.build import tool
from sandbox.providers.kubernetes import sources
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.manifests import parse
from sandbox.providers.kubernetes.naming import full_name
from sandbox.providers.kubernetes.normalize import is_crd
from sandbox.providers.kubernetes.render import private_file, run
from sandbox.providers.model import Call, Changes, Checked, CheckFailed, Created, Failure, Found, InitFailed
from sandbox.providers.values import UNKNOWN

Object = dict[str, Any]
_SECONDS: Final = 300
_REPLACES: Final = frozenset({"name", "namespace"})
_OUTPUTS: Final = frozenset({"status", "resourceNames", "manifest", "checksum"})
_HOME: Final = {"HELM_CONFIG_HOME": "/nonexistent", "HELM_PLUGINS": "/nonexistent"}


def check(call: Call) -> Checked:
    """Name (given, kept, or made from the URN) and namespace; what the simulation cannot do is refused."""
    inputs = {key: value for key, value in call.inputs.items() if key not in _OUTPUTS}
    if not inputs.get("chart"):
        raise CheckFailed([("chart", "required")])
    for name in ("postrender", "keyring"):
        if inputs.get(name):
            raise CheckFailed([(name, "the simulated provider does not support it")])
    if not inputs.get("name"):
        suffix = hashlib.sha256(call.urn.encode()).hexdigest()[:7]
        inputs["name"] = call.old_inputs.get("name") or f"{call.name[:45]}-{suffix}"
    inputs.setdefault("namespace", "default")
    inputs["compat"] = "true"
    return Checked(inputs)


def diff(call: Call) -> Changes:
    """Another name or namespace is another release."""
    return Changes.between(call.old_inputs, call.inputs, lambda path: path[0] in _REPLACES)


async def create(cluster: Cluster, call: Call) -> Created:
    """helm install; a failed one that left a release behind is recorded and upgraded by the next run."""
    if call.preview:
        return Created("", call.inputs | {"status": UNKNOWN, "resourceNames": UNKNOWN})
    return Created(_id(call.inputs), await _install(cluster, call))


async def update(cluster: Cluster, call: Call) -> dict[str, Any]:
    """helm upgrade."""
    if call.preview:
        return call.inputs | {"status": UNKNOWN, "resourceNames": UNKNOWN}
    return await _install(cluster, call)


async def read(cluster: Cluster, call: Call) -> Found | None:
    """The release as helm knows it; None when it is gone."""
    namespace, _, name = call.id.rpartition("/")
    state = await _state(cluster, name, namespace or "default")
    if state is None:
        return None
    inputs = call.inputs or {"name": name, "namespace": namespace or "default", "chart": state["status"]["chart"]}
    return Found(call.id, inputs | state, inputs)


async def delete(cluster: Cluster, call: Call) -> None:
    """helm uninstall; it waits until the objects are gone."""
    namespace, _, name = call.id.rpartition("/")
    if await _state(cluster, name, namespace or "default") is None:
        return
    seconds = int(call.timeout or call.old_outputs.get("timeout") or _SECONDS)
    await _helm(cluster, ["uninstall", name, "--namespace", namespace or "default", "--wait", "--timeout", f"{seconds}s"])


def _id(inputs: Object) -> str:
    return f"{inputs['namespace']}/{inputs['name']}"


async def _install(cluster: Cluster, call: Call) -> Object:
    inputs = call.inputs
    name, namespace = str(inputs["name"]), str(inputs["namespace"])
    seconds = int(call.timeout or inputs.get("timeout") or _SECONDS)
    options = ["upgrade", name, "--install", "--namespace", namespace, "--timeout", f"{seconds}s"]
    flags = {
        "createNamespace": "--create-namespace",
        "atomic": "--atomic",
        "skipCrds": "--skip-crds",
        "waitForJobs": "--wait-for-jobs",
    }
    options += [flag for key, flag in flags.items() if inputs.get(key)]
    options += ["--no-hooks"] if inputs.get("disableWebhooks") else []
    options += [] if inputs.get("skipAwait") else ["--wait"]
    with _chart(inputs, call) as chart:
        async with private_file(json.dumps(inputs.get("values") or {}), ".json") as values:
            try:
                await _helm(cluster, [*options, "--values", values], str(chart))
            except Failure as error:
                state = await _state(cluster, name, namespace)
                if state is None:
                    raise
                reason = f"Helm release {_id(inputs)!r} was created but failed: {error}"
                raise InitFailed(_id(inputs), inputs | state, [reason]) from None
    state = await _state(cluster, name, namespace)
    if state is None:
        raise Failure(f"helm reports no release {_id(inputs)} after installing it")
    return inputs | state


async def _helm(cluster: Cluster, options: list[str], *positional: str) -> str:
    async with private_file(cluster.connection.kubeconfig, ".kubeconfig") as login:
        first, second, *rest = options
        return await run([str(tool("helm")), first, second, *positional, *rest, "--kubeconfig", login], _HOME)


@contextmanager
def _chart(inputs: Object, call: Call) -> Iterator[Path]:
    """The chart at hand, else one made of the locked objects."""
    reference, version = str(inputs["chart"]), str(inputs.get("version") or "")
    folder = sources.chart_folder(reference, version)
    if folder is not None:
        yield folder
        return
    values = inputs.get("values") or {}
    key = values_hash(values, lambda leaf: isinstance(leaf, str) and leaf in call.secrets.texts)
    locked = sources.locked(reference, version, key, str(inputs["namespace"]), not inputs.get("skipCrds"))
    with tempfile.TemporaryDirectory(prefix="mlops-chart-") as made:
        pack(Path(made), sources.chart_name(reference), version or "0.0.0", sources.usable(locked.objects))
        yield Path(made)


def pack(folder: Path, name: str, version: str, objects: list[Object]) -> None:
    """A chart that installs just these objects."""
    (folder / "templates").mkdir()
    (folder / "crds").mkdir()
    (folder / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": name, "version": version}))
    for position, obj in enumerate(objects):
        text = json.dumps(obj).replace("{{", '{{ "{{" }}')
        part, content = ("crds", json.dumps(obj)) if is_crd(obj) else ("templates", text)
        (folder / part / f"{position:04}.yaml").write_text(content)


async def _state(cluster: Cluster, name: str, namespace: str) -> Object | None:
    """status and resourceNames from helm's own record; None without a release."""
    try:
        text = await _helm(cluster, ["status", name, "--namespace", namespace, "--output", "json"])
    except Failure as error:
        if "not found" in str(error):
            return None
        raise
    release = json.loads(text)
    metadata = ((release.get("chart") or {}).get("metadata")) or {}
    names: dict[str, list[str]] = {}
    for obj in parse(str(release.get("manifest") or ""), "helm manifest"):
        names.setdefault(f"{obj.get('kind')}/{obj.get('apiVersion')}", []).append(full_name(obj))
    status = {
        "name": name,
        "namespace": namespace,
        "revision": release.get("version"),
        "status": (release.get("info") or {}).get("status"),
        "chart": metadata.get("name", ""),
        "version": metadata.get("version", ""),
        "appVersion": metadata.get("appVersion", ""),
    }
    return {"status": status, "resourceNames": names}
