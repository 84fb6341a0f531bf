"""What Google Cloud's resources come to under mocks: ids and outputs by the simulated provider's own tables, no state."""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from sandbox.providers.cloud.spec import Spec, Template, render
from sandbox.providers.gcp.context import number_of
from sandbox.providers.gcp.spec import GcpSpec
from sandbox.providers.gcp.tables import table

PROJECT, REGION = "mlops-trial", "europe-west3"
NUMBER = number_of(PROJECT)


@cache
def _table() -> dict[str, Spec]:
    return table()


def made(token: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """(id, state) of a resource."""
    spec = _table().get(token)
    if spec is None:
        return f"{name}-id", dict(inputs)
    own = {spec.name.property: name} if spec.name else {}
    given = {**own, **inputs}
    place = given.get("region") or given.get("location") or REGION
    words: dict[str, Any] = {"project": PROJECT, "region": place, "location": place, **given, "number": NUMBER, "place": place}
    words["hash"] = hashlib.sha256(name.encode()).hexdigest()
    id = spec.id.format_map(Template(words)) if spec.id else str(given.get(spec.name.property) if spec.name else f"{name}-id")
    state = dict(given)
    for key, computed in spec.outputs.items():
        if key not in state:
            state[key] = render(computed, {**words, **state, "id": id, "defaultLabels": {}})
    for path, computed in (spec.inside if isinstance(spec, GcpSpec) else {}).items():
        first, _, last = path.partition(".")
        if isinstance(state.get(first), Mapping):
            state[first] = {**state[first], last: render(computed, {**words, "id": id})}
    return id, state
