"""The engine of a simulated cloud provider: check, diff, create, read, update and delete for every type of a package.

Schema and `Spec` decide: a type with an `Api` is created there and read back, every other type is an entry of the state
file whose computed outputs come from templates. A create repeated after a crash adopts what the first one made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.cloud import drift
from sandbox.providers.cloud.names import automatic
from sandbox.providers.cloud.outputs import Outputs
from sandbox.providers.cloud.spec import Context, Json, Spec, render
from sandbox.providers.cloud.store import Record, Store, is_sealed
from sandbox.providers.model import Call, Changes, Checked, Created, Failure, Found, Provider
from sandbox.providers.schema import Package, Resource, UnknownType, problems
from sandbox.providers.values import Path, compare, has_unknown

STALE = "$stale"
"""In a record: what the API answered right after a write, where that is not what was written."""


class Cloud(Provider):
    """Subclass it with a `table`, a `context`, and the package's `accepted` values and `invoke`."""

    table: Mapping[str, Spec]
    common = Spec()
    """The spec of types that the table does not name."""

    def __init__(self, package: Package, store: Store) -> None:
        self.package_schema = package
        self.store = store
        self._adopted: set[tuple[str, str]] = set()

    # -- what a cloud overrides ---------------------------------------------------------------------------------------

    def context(self, call: Call) -> Context:
        """Region and account of a call; a subclass adds clients."""
        return Context(call, "", "")

    def accepted(self, spec: Spec) -> dict[str, tuple[str, ...]]:
        """The values of `spec.choices`, looked up where they are only named."""
        return {path: values for path, values in spec.choices.items() if isinstance(values, tuple)}

    def outputs(self, call: Call, resource: Resource, spec: Spec, inputs: Mapping[str, Any]) -> Outputs:
        """The outputs of a resource with these inputs; a subclass may shape them."""
        return Outputs(resource, spec, self.context(call), self.tags(call, resource, inputs))

    def exists(self, cx: Context, kind: str, id: str) -> bool:
        """Whether an object that `Spec.references` asks for is there; by default in the state file."""
        return self.store.exists((kind,), id)

    # -- the engine's calls -------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the state file."""
        self.store.close()

    def check(self, call: Call) -> Checked:
        """Inputs with a physical name, and everything the schema says against them."""
        resource, spec = self._type(call)
        inputs = {**spec.defaults, **{key: value for key, value in call.inputs.items() if value is not None}}
        failures = problems(resource, inputs, self.accepted(spec), lambda path: call.secrets.under(*path))
        if not failures:
            self._name(call, spec, inputs)
        return Checked(inputs, failures)

    def diff(self, call: Call) -> Changes:
        """What differs, and what of it can only be replaced."""
        resource, spec = self._type(call)
        self._record(call)
        changes = self._changes(call.old_inputs, call.inputs, spec)
        tags = self.tags(call, resource, call.inputs)
        if tags is not None and (recorded := call.old_outputs.get("tagsAll")) is not None and not changes:
            changes.paths = {("tagsAll", *path): kind for path, kind in compare(recorded, tags).items()}
        return changes

    def create(self, call: Call) -> Created:
        """A new object, or the one that an interrupted create of the same URN left."""
        resource, spec = self._type(call)
        outputs = self.outputs(call, resource, spec, call.inputs)
        if call.preview:
            return Created("", outputs.preview(call.inputs))
        self._references(call, spec)
        secret = resource.secret_inputs | {str(path[0]) for path in call.secrets.paths}
        sealed = self.store.seal(call.inputs, secret)
        if (left := self._left_behind(call, spec, sealed)) is not None:
            row, id = left
        else:
            row, id = self._make(call, spec, sealed, outputs.context)
        computed, found = self._read_back(call, spec, outputs, id)
        self.store.done(row, id, sealed, self.store.seal(computed, resource.secret_outputs))
        return Created(id, found)

    def read(self, call: Call) -> Found | None:
        """The live object; with no recorded inputs it is looked up for import or `.get`."""
        resource, spec = self._type(call)
        inputs = dict(call.inputs)
        outputs = self.outputs(call, resource, spec, inputs)
        record = self.store.by_id(call.type, call.id, call.urn) or self.store.by_id(call.type, call.id)
        live = spec.api.read(outputs.context, call.id, inputs) if spec.api else self._recorded(record, inputs)
        if live is not None and record is not None:
            live = _settled(live, record, inputs)
        if live is None:
            if record is not None and record.urn == call.urn:
                self.store.forget(record.row)
            return None
        if not inputs:
            inputs = {key: value for key, value in live.items() if key in resource.inputs and value not in (None, "", [], {})}
        drifted = drift.project(inputs, {key: value for key, value in live.items() if key in resource.inputs})
        if "tags" not in drifted and "tags" in resource.inputs and (tags := outputs.own_tags(live.get("tags"))):
            drifted["tags"] = tags
        return Found(call.id, outputs.complete(call.id, drifted, live, call.old_outputs), drifted)

    def update(self, call: Call) -> Json:
        """The object with its new inputs."""
        resource, spec = self._type(call)
        outputs = self.outputs(call, resource, spec, call.inputs)
        if call.preview:
            return outputs.preview(call.inputs, call.old_outputs)
        self._references(call, spec)
        if spec.api:
            spec.api.update(outputs.context, call.id, call.old_inputs, call.inputs)
        secret = resource.secret_inputs | {str(path[0]) for path in call.secrets.paths}
        computed, found = self._read_back(call, spec, outputs, call.id)
        record = self._record(call)
        row = record.row if record else self._intend(call, spec, {})
        self.store.done(row, call.id, self.store.seal(call.inputs, secret), self.store.seal(computed, resource.secret_outputs))
        return found

    def delete(self, call: Call) -> None:
        """Gone afterwards, whether it was there or not."""
        _, spec = self._type(call)
        if (call.urn, call.id) in self._adopted:  # replaced before any run confirmed it: old and new are one object
            return
        if spec.api:
            spec.api.delete(self.context(call), call.id, call.old_inputs)
        if (record := self._record(call)) is not None:
            self.store.forget(record.row)

    # -- parts --------------------------------------------------------------------------------------------------------

    def tags(self, call: Call, resource: Resource, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """All tags of a resource, the provider's default ones included; None when the type has none."""
        return None

    def _type(self, call: Call) -> tuple[Resource, Spec]:
        try:
            return self.package_schema.resource(call.type), self.table.get(call.type, self.common)
        except UnknownType as error:
            raise Failure(str(error)) from None

    def _record(self, call: Call) -> Record | None:
        """The entry of an object that the engine has on record."""
        return self.store.confirm(call.type, call.id, call.urn, call.stack)

    def _name(self, call: Call, spec: Spec, inputs: Json) -> None:
        name = spec.name
        if name is None or name.property in inputs:
            return
        if call.proposed_name or call.naming_enforced:
            if call.proposed_name:
                inputs[name.property] = call.proposed_name
            return
        recorded = call.old_inputs.get(name.property)
        if isinstance(recorded, str):
            inputs[name.property] = recorded
            return
        taken = {record.inputs.get(name.property) for record in self.store.of_urn(call.urn, call.type) if record.confirmed}
        names = (automatic(spec, name, call.urn, inputs, generation) for generation in range(len(taken) + 1))
        # The first name, unless what is being replaced has it and no input that forces a replacement has changed.
        inputs[name.property] = next(made for made in names if made not in taken)

    def _changes(self, old: Mapping[str, Any], new: Mapping[str, Any], spec: Spec) -> Changes:
        paths = {
            path: kind
            for path, kind in compare(old, new, lambda path: str(path[0]).startswith("__")).items()
            if not (path[0] in spec.json and len(path) == 1 and drift.same(old.get(path[0]), new.get(path[0])))
        }
        named = spec.name.property if spec.name else ""
        replace = {path for path in paths if path[0] == named or _forces(path, spec.replace)}
        return Changes(paths, replace, spec.delete_first or bool(replace and named and old.get(named) == new.get(named)))

    def _references(self, call: Call, spec: Spec) -> None:
        cx = self.context(call)
        for path, kind in spec.references.items():
            for id in _strings(call.inputs, path.split(".")):
                if not self.exists(cx, kind, id):
                    raise Failure(f'{path}: there is no {kind} "{id}"')

    def _left_behind(self, call: Call, spec: Spec, sealed: Json) -> tuple[int, str] | None:
        """(row, id) of an object that an interrupted create made, brought up to the inputs of today."""
        cx = self.context(call)
        for record in self.store.of_urn(call.urn, call.type):
            if record.confirmed:
                continue
            id = record.id or (spec.api.find(cx, call.inputs) if spec.api else None)
            live = (spec.api.read(cx, id, call.inputs) if spec.api else record.outputs) if id else None
            if not id or live is None:
                self.store.forget(record.row)
                continue
            changes = self._changes(record.inputs, sealed, spec)
            if changes.replace:
                if spec.api:
                    spec.api.delete(cx, id, record.inputs)
                self.store.forget(record.row)
                continue
            if changes and spec.api:
                spec.api.update(cx, id, record.inputs, call.inputs)
            self._adopted.add((call.urn, id))
            return record.row, id
        return None

    def _intend(self, call: Call, spec: Spec, sealed: Json) -> int:
        backed = "api" if spec.api else "schema-only"
        return self.store.intend(call.urn, call.type, call.stack, backed, self.context(call).region, sealed)

    def _make(self, call: Call, spec: Spec, sealed: Json, cx: Context) -> tuple[int, str]:
        row = self._intend(call, spec, sealed)
        if spec.api is None:
            return row, self._invented_id(call, spec, cx, row)
        try:
            return row, spec.api.create(cx, call.inputs)
        except Failure as error:
            # moto, for one, can keep the object and answer with an error of its own all the same: then the row stays.
            if not (getattr(error, "uncertain", False) and spec.api.find(cx, call.inputs)):
                self.store.forget(row)
            raise

    def _invented_id(self, call: Call, spec: Spec, cx: Context, row: int) -> str:
        values = Outputs.words(cx, call.inputs, str(row))
        if spec.id:
            return str(render(spec.id, values))
        named = call.inputs.get(spec.name.property) if spec.name else None
        return str(named or values["hash"][:17])

    def _read_back(self, call: Call, spec: Spec, outputs: Outputs, id: str) -> tuple[Json, Json]:
        """(computed outputs, all outputs) of an object that was just written."""
        live = spec.api.read(outputs.context, id, call.inputs) if spec.api else {}
        if live is None:
            raise Failure(f"{call.type} {id}: the API accepted it, but does not have it")
        asked = drift.project(call.inputs, {key: value for key, value in live.items() if key in call.inputs})
        stale = {key: live[key] for key in live if key in call.inputs and asked.get(key) != call.inputs[key]}
        found = outputs.complete(id, call.inputs, live)
        computed = {key: value for key, value in found.items() if key not in call.inputs and not has_unknown(value)}
        return {**computed, STALE: stale}, found

    def _recorded(self, record: Record | None, inputs: Json) -> Json | None:
        """A schema-only object as if an API had answered; secrets cannot be read back, only compared."""
        if record is None:
            return None
        sealed = self.store.seal(inputs, set(inputs))
        live = {key: value for key, value in record.outputs.items() if not is_sealed(value)}
        for key, value in record.inputs.items():
            if is_sealed(value):
                if sealed.get(key) == value:
                    live[key] = inputs[key]
            else:
                live[key] = value
        return live


def _settled(live: Json, record: Record, inputs: Json) -> Json:
    """`live` with what was asked for wherever the API still answers as it did right after the write.

    An API may round, complete or (moto) ignore a setting; that is no drift. A change from there on is.
    """
    stale = record.outputs.get(STALE) or {}
    return {key: inputs[key] if key in stale and key in inputs and value == stale[key] else value for key, value in live.items()}


def _forces(path: Path, replace: tuple[str, ...]) -> bool:
    dotted = ".".join(step for step in path if isinstance(step, str))
    return "*" in replace or any(
        dotted == item or dotted.startswith(item + ".") or item.startswith(dotted + ".") for item in replace
    )


def _strings(value: Any, steps: list[str]) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _strings(item, steps)]
    if not steps:
        return [value] if isinstance(value, str) else []
    return _strings(value.get(steps[0]), steps[1:]) if isinstance(value, Mapping) else []
