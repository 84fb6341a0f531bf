"""The simulated kubernetes provider: every kind of the API server as a resource, charts and manifests as components."""

from __future__ import annotations

from typing import Any, Final

from sandbox.providers.kubernetes import checking, kubeconfig, objects, resources
from sandbox.providers.kubernetes import cluster as clusters
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.manifests import parse
from sandbox.providers.model import Call, Changes, Checked, Created, Failure, Found, Provider
from sandbox.providers.values import UNKNOWN, has_unknown

RELEASE: Final = "kubernetes:helm.sh/v3:Release"


class Kubernetes(Provider):
    """One process serves one or more configurations; each has its own connection pool."""

    name = "kubernetes"
    text_config = frozenset({"kubeconfig", "context", "cluster", "namespace", "clusterIdentifier", "renderYamlToDirectory"})

    def __init__(self) -> None:
        self._clusters: dict[str, Cluster] = {}

    # -- configuration ------------------------------------------------------------------------------------------------

    def check_config(self, call: Call) -> Checked:
        """The provider's inputs as they are; an unusable kubeconfig is reported by the first resource that needs it."""
        if call.inputs.get("renderYamlToDirectory"):
            return Checked(call.inputs, [("renderYamlToDirectory", "the simulated provider renders no YAML files")])
        if str(call.inputs.get("enableServerSideApply", "true")).lower() == "false":
            return Checked(call.inputs, [("enableServerSideApply", "the simulated provider always applies on the server side")])
        return Checked(call.inputs)

    def diff_config(self, call: Call) -> Changes:
        """Another cluster replaces everything: by clusterIdentifier if given, else by server and CA of the kubeconfig."""
        old, new = call.old_inputs or call.old_outputs, call.inputs
        found = Changes.between(old, new, skip=lambda path: path[0] == "version")
        changed = {str(path[0]) for path in found.paths}
        if "clusterIdentifier" in changed:
            names = {"clusterIdentifier"}
        elif new.get("clusterIdentifier"):
            names = set()
        elif any(new.get(key) is UNKNOWN for key in ("kubeconfig", "context", "cluster")):
            names = {"kubeconfig", "context", "cluster"} & changed
        else:
            before, after = kubeconfig.identity(old), kubeconfig.identity(new)
            names = {"kubeconfig", "context", "cluster"} & changed if before and after and before != after else set()
        found.replace = {path for path in found.paths if path[0] in names}
        return found

    def notes(self, call: Call) -> list[str]:
        """That nobody has logged in where a cloud would ask for it."""
        command = kubeconfig.stood_in(call.inputs)
        said = f"simulated kubernetes provider: stands in for the login by {command}, for the server is the sandbox's own"
        return [said] if command else []

    def _cluster(self, config: dict[str, Any]) -> Cluster | None:
        """The cluster of a configuration, None while the configuration is not known (a preview that will make the cluster)."""
        if has_unknown(config):
            return None
        key = clusters.key(config)
        if key not in self._clusters:
            self._clusters[key] = clusters.connect(config)
        return self._clusters[key]

    def _reached(self, call: Call) -> Cluster:
        found = self._cluster(call.config)
        if found is None:
            raise Failure(f"{call.type} {call.name}: the provider's kubeconfig is not known yet")
        return found

    async def cancel(self) -> None:
        """Ends all waits; their resources are recorded as not ready."""
        for cluster in self._clusters.values():
            for task in list(cluster.waits):
                task.cancel()

    async def close(self) -> None:
        """Closes the connections."""
        for cluster in self._clusters.values():
            await cluster.streams.close()
            await cluster.api.close()

    # -- resources ----------------------------------------------------------------------------------------------------

    async def check(self, call: Call) -> Checked:
        """Names, namespaces and defaults."""
        if call.type == RELEASE:
            from sandbox.providers.kubernetes import release

            return release.check(call)
        return await checking.check(self._cluster(call.config), call)

    async def diff(self, call: Call) -> Changes:
        """What changed against the recorded live object, and what of it needs a new object."""
        if call.type == RELEASE:
            from sandbox.providers.kubernetes import release

            return release.diff(call)
        return await checking.diff(self._cluster(call.config), call)

    async def create(self, call: Call) -> Created:
        """Make the object and wait until it is ready; in a preview ask the API server whether it would take it."""
        if call.type == RELEASE:
            from sandbox.providers.kubernetes import release

            return await release.create(self._reached(call), call)
        cluster = self._cluster(call.config)
        if cluster is None and call.preview:
            return Created("", call.inputs)
        return await resources.create(cluster or self._reached(call), call)

    async def read(self, call: Call) -> Found | None:
        """The live object, as far as the inputs speak of it."""
        if call.type == RELEASE:
            from sandbox.providers.kubernetes import release

            return await release.read(self._reached(call), call)
        return await resources.read(self._reached(call), call)

    async def update(self, call: Call) -> dict[str, Any]:
        """Apply new inputs and wait."""
        if call.type == RELEASE:
            from sandbox.providers.kubernetes import release

            return await release.update(self._reached(call), call)
        cluster = self._cluster(call.config)
        if cluster is None and call.preview:
            return call.inputs
        return await resources.update(cluster or self._reached(call), call)

    async def delete(self, call: Call) -> None:
        """Delete and wait until it is gone."""
        if call.type == RELEASE:
            from sandbox.providers.kubernetes import release

            return await release.delete(self._reached(call), call)
        return await resources.delete(self._reached(call), call)

    # -- functions and components -------------------------------------------------------------------------------------

    async def invoke(self, call: Call) -> dict[str, Any]:
        """kubernetes:yaml:decode, which the first generation of the YAML components uses."""
        if call.type == "kubernetes:yaml:decode":
            found = parse(str(call.inputs.get("text") or ""))
            namespace = call.inputs.get("defaultNamespace")
            return {"result": [self._in_namespace(obj, namespace) for obj in found]}
        raise self.unsupported(call)

    @staticmethod
    def _in_namespace(obj: dict[str, Any], namespace: Any) -> dict[str, Any]:
        if not namespace or objects.namespace_of(obj):
            return obj
        return {**obj, "metadata": {**(obj.get("metadata") or {}), "namespace": namespace}}

    async def construct_request(self, request: Any, engine: str, config: dict[str, Any]) -> Any:
        """Charts, YAML files and kustomizations: registered with the engine directly, see components.py."""
        from sandbox.providers.kubernetes import components

        return await components.construct(self._cluster(config), request, engine, self.version)
