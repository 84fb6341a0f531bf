"""What a whole stack on Vertex AI registers is taken by the simulated Google Cloud: names, references, keys, APIs."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from sandbox.providers.gcp.provider import Gcp
from sandbox.providers.model import Call, Failure
from tests.sandbox.google_cloud import DATA, MODEL
from tests.unit.registered import Registered
from tests.unit.vertex_stack import PROJECT, REGION, composed

CONFIG = {"project": PROJECT, "region": REGION, "defaultLabels": {"owner": "me"}}


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gcp]:
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(tmp_path / "home"))
    made = Gcp()
    yield made
    made.close()


def refused(cloud: Gcp, resource: Registered) -> str:
    """What the cloud says against a resource; empty where it makes it."""
    urn = f"urn:pulumi:dev::mlops::{resource.parent}${resource.type}::{resource.name}"
    spec = cloud.table.get(resource.type)
    # under mocks a resource that is named by its provider has its logical name
    own = {spec.name.property: resource.name} if spec is not None and spec.name else {}
    inputs = {**own, **resource.inputs}

    def call(op: str) -> Call:
        return Call(op=op, urn=urn, type=resource.type, name=resource.name, config=CONFIG, inputs=dict(inputs))

    checked = cloud.check(call("check"))
    if checked.failures:
        return str(checked.failures)
    try:
        cloud.create(call("create"))
    except Failure as error:
        return str(error)
    return ""


@pytest.mark.parametrize("systems", [DATA, MODEL], ids=["data", "model"])
def test_the_cloud_takes_every_resource(tmp_path: Path, cloud: Gcp, systems: str) -> None:
    made = composed(tmp_path, indent(systems, "  "))
    waiting = [resource for resource in made.resources if resource.type.startswith("gcp:")]
    assert len(waiting) > 150
    assert not [r.type for r in waiting if r.type not in cloud.table], "a type without a table of its own"
    said: dict[str, str] = {}
    # mocks register a resource before another that the engine would make first: what waits for it comes again
    for _ in range(6):
        said = {f"{r.type} {r.name}": why for r in waiting if (why := refused(cloud, r))}
        waiting = [r for r in waiting if f"{r.type} {r.name}" in said]
        if not waiting:
            break
    assert said == {}


def test_nothing_stands_twice_under_one_name(tmp_path: Path) -> None:
    made = composed(tmp_path, indent(DATA, "  "))
    names = [(r.type, r.name, r.parent) for r in made.resources]
    assert len(names) == len(set(names))
