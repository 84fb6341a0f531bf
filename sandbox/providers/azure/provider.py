"""The simulated `azure-native` provider."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox import paths
from sandbox.providers.azure import arm, invokes
from sandbox.providers.azure.checks import Checks
from sandbox.providers.azure.shapes import ArmOutputs, guid
from sandbox.providers.azure.tables import COMMON, KINDS, PACKAGE, table
from sandbox.providers.cloud.engine import Cloud
from sandbox.providers.cloud.names import automatic
from sandbox.providers.cloud.spec import Context, Json, Spec, render
from sandbox.providers.cloud.store import Store
from sandbox.providers.model import Call, Changes, Checked, Created, Failure
from sandbox.providers.schema import Package, Resource

SUBSCRIPTION = guid("sandbox", "subscription")
TENANT = guid("sandbox", "tenant")


class ArmContext(Context):
    """One call: subscription, tenant and who asks."""

    def __init__(self, call: Call) -> None:
        config = call.config
        super().__init__(
            call, _text(config, "location", ""), _text(config, "subscriptionId", "ARM_SUBSCRIPTION_ID", SUBSCRIPTION)
        )
        self.tenant = _text(config, "tenantId", "ARM_TENANT_ID", TENANT)
        self.client = _text(config, "clientId", "ARM_CLIENT_ID", guid("sandbox", "client"))
        self.user = guid("sandbox", "user", self.client)

    def values(self) -> Json:
        """The tenant too."""
        return {**super().values(), "tenant": self.tenant}


def _text(config: Mapping[str, Any], key: str, variable: str, default: str = "") -> str:
    given = config.get(key)
    return given if isinstance(given, str) else os.environ.get(variable) or default


class Azure(Cloud):
    """Every type is an entry of home()/azure/state.db."""

    name = PACKAGE
    common = COMMON

    def __init__(self) -> None:
        super().__init__(Package(PACKAGE), Store(paths.home() / "azure"))
        self.table = table()

    def diff_config(self, call: Call) -> Changes:
        """Another subscription is another cloud: everything in it is replaced."""
        return Changes.between(
            call.old_inputs,
            call.inputs,
            replaces=lambda path: path[0] == "subscriptionId",
            skip=lambda path: path[0] == "version",
        )

    def context(self, call: Call) -> ArmContext:
        """The subscription of the call's provider."""
        return ArmContext(call)

    def outputs(
        self, call: Call, resource: Resource, spec: Spec, inputs: Mapping[str, Any], token: str | None = None
    ) -> ArmOutputs:
        """In the SDK's shape."""
        made = ArmOutputs(resource, spec, self.context(call), None)
        made.kind = KINDS.get(token or call.type)
        return made

    def check(self, call: Call) -> Checked:
        """Also the region, and whether Azure takes the name."""
        checked = super().check(call)
        kind = KINDS.get(call.type)
        inputs = dict(checked.inputs)
        if checked.failures or kind is None:
            return checked
        asks = kind.located and "location" in self.package_schema.resource(call.type).inputs and "location" not in inputs
        if asks and (location := self._location(call, inputs)) is not None:
            inputs["location"] = location
        name = inputs.get(kind.spec.name.property) if kind.spec.name else None
        if isinstance(name, str) and (problem := kind.rule.problem(name)):
            return Checked(inputs, [(kind.spec.name.property if kind.spec.name else "", problem)])
        return Checked(inputs)

    def create(self, call: Call) -> Created:
        """Not where another resource has the id already."""
        if not call.preview and (kind := KINDS.get(call.type)):
            id = self._id(call, kind.spec)
            if any(record.urn != call.urn for record in self.store.of_id(call.type, id)):
                raise Failure(f"{id} exists already; import it, or choose another name")
        return super().create(call)

    def invoke(self, call: Call) -> Json:
        """Functions of the package."""
        return invokes.invoke(self, call)

    def _location(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """The provider's region, else that of the resource group."""
        if found := self.context(call).region:
            return found
        cx, group = self.context(call), inputs.get("resourceGroupName")
        record = self.store.by_id(f"{PACKAGE}:resources:ResourceGroup", f"/subscriptions/{cx.account}/resourceGroups/{group}")
        return record.inputs.get("location") if record else None

    def _id(self, call: Call, spec: Spec) -> str:
        return str(render(spec.id, {**call.inputs, **self.context(call).values()}))

    def _name(self, call: Call, spec: Spec, inputs: Json) -> None:
        kind, name = KINDS.get(call.type), spec.name
        given = call.proposed_name or call.naming_enforced
        if kind is None or name is None or name.property in inputs or given or kind.auto == "random":
            super()._name(call, spec, inputs)
        elif isinstance(recorded := call.old_inputs.get(name.property), str):
            inputs[name.property] = recorded
        elif kind.auto == "copy":
            inputs[name.property] = call.name
        else:
            inputs[name.property] = str(uuid.uuid5(uuid.NAMESPACE_URL, automatic(spec, name, call.urn, inputs)))

    def _references(self, call: Call, spec: Spec) -> None:
        super()._references(call, spec)
        kind = KINDS.get(call.type)
        id = call.id or (self._id(call, kind.spec) if kind else arm.GROUP.format(**{"account": "", "resourceGroupName": ""}))
        for path, problem in Checks(self.store, call.type, id if kind else "", call.inputs).problems():
            raise Failure(f"{path}: {problem}" if path else problem)
