"""The simulated `aws` provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import paths
from sandbox.providers.aws import clients, invokes
from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.tables import COMMON, KINDS, table
from sandbox.providers.cloud.engine import Cloud
from sandbox.providers.cloud.spec import Context, Json, Spec
from sandbox.providers.cloud.store import Store
from sandbox.providers.model import Call, Changes, Checked, Failure
from sandbox.providers.schema import Package, Resource
from sandbox.providers.values import UNKNOWN


class Aws(Cloud):
    """Types of `tables` with an API are real calls to moto, all others entries of home()/aws/state.db."""

    name = "aws"
    common = COMMON

    def __init__(self) -> None:
        super().__init__(Package("aws"), Store(paths.home() / "aws"))
        self.table = table()

    def check_config(self, call: Call) -> Checked:
        """The provider's endpoints must be on this machine."""
        failures = []
        entries = call.inputs.get("endpoints")
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            for service, url in entry.items() if isinstance(entry, Mapping) else []:
                try:
                    clients.loopback(url) if isinstance(url, str) else None
                except Failure as error:
                    failures.append((f"endpoints[{index}].{service}", str(error)))
        return Checked(call.inputs, failures)

    def diff_config(self, call: Call) -> Changes:
        """Another region or account is another cloud: everything in it is replaced."""
        return Changes.between(
            call.old_inputs, call.inputs, replaces=lambda path: path[0] == "region", skip=lambda path: path[0] == "version"
        )

    def context(self, call: Call) -> AwsContext:
        """The APIs of the call's region."""
        return AwsContext(call)

    def accepted(self, spec: Spec) -> dict[str, tuple[str, ...]]:
        """Enums come from the API models that botocore ships."""
        return {path: clients.accepted(values) if isinstance(values, str) else values for path, values in spec.choices.items()}

    def exists(self, cx: Context, kind: str, id: str) -> bool:
        """A moto object or an entry of the state file."""
        kinds = KINDS[kind]
        if self.store.exists(kinds, id):
            return True
        api = next((spec.api for token in kinds if (spec := self.table.get(token)) and spec.api), None)
        return api is not None and api.read(cx, id, {}) is not None

    def tags(self, call: Call, resource: Resource, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The resource's tags over the provider's `defaultTags`."""
        if "tagsAll" not in resource.outputs:
            return None
        default = call.config.get("defaultTags")
        default = default.get("tags") if isinstance(default, Mapping) else None
        own = inputs.get("tags")
        if default is UNKNOWN or own is UNKNOWN:
            return {}
        return {**(default or {}), **(own or {})}

    def invoke(self, call: Call) -> Json:
        """Functions of the package."""
        return invokes.invoke(self.context(call))
