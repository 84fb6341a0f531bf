"""Each blueprint becomes what is written in golden/: no more objects, no other versions, sizes or outputs."""

from dataclasses import replace

import pytest

from components.settings import ROOT
from components.validation.blueprints import names
from tests.blueprints import golden
from tests.blueprints.recorded import asked, blueprint, loaded, render


@pytest.mark.parametrize("name", golden.NAMES)
def test_a_blueprint_becomes_what_is_written(name: str) -> None:
    file = golden.FOLDER / f"{name}.yaml"
    lines = golden.differences(file.read_text(encoding="utf-8"), golden.text(name))
    assert not lines, f"{file.name}: `python -m tests.blueprints.golden {name}` writes it anew\n" + "\n".join(lines)


@pytest.mark.parametrize("name", golden.NAMES)
def test_the_lock_knows_every_chart_and_file_of_a_blueprint(name: str) -> None:
    assert blueprint(name).unknown == ()


def test_a_stacks_own_name_asks_for_no_other_render() -> None:
    elsewhere = asked(loaded("full", "elsewhere"))
    assert [one.chart for one in elsewhere if render(one) is None] == []
    assert len(elsewhere) == len(blueprint("full").sources) > 30


def test_every_blueprint_is_written_but_those_that_need_a_stacks_own_lines() -> None:
    written = {file.stem for file in golden.FOLDER.glob("*.yaml")}
    # platform and team are the two halves of a shared cluster: their stacks name teams, the tests of teams cover them
    assert written == set(golden.NAMES) == set(names(ROOT / "blueprints")) - {"platform", "team"}


def test_a_lost_object_another_version_size_or_output_is_seen() -> None:
    found = blueprint("starter")
    before = golden.inventory(found)
    fewer = golden.inventory(replace(found, objects=found.objects[1:]))
    assert fewer["objects"] == before["objects"] - 1 and fewer["kinds"] != before["kinds"]
    other = golden.inventory(replace(found, sources=(replace(found.sources[0], version="9.9.9"), *found.sources[1:])))
    assert other["charts"] != before["charts"]
    assert golden.inventory(replace(found, exports=found.exports[1:]))["exports"] != before["exports"]
    at = next(i for i, made in enumerate(found.objects) if made.kind == "StatefulSet")
    grown = replace(found.objects[at], props={**found.objects[at].props, "spec": {"replicas": 7}})
    changed = (*found.objects[:at], grown, *found.objects[at + 1 :])
    assert golden.inventory(replace(found, objects=changed))["sizes"] != before["sizes"]
    assert golden.differences("a\nb\n", "a\nc\n") == ["-b", "+c"]
