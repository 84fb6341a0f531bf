"""Each blueprint becomes what is written in golden/: no more objects, no other versions, sizes or outputs."""

from dataclasses import replace

import pytest

from components.settings import ROOT
from components.validation.blueprints import names
from tests.blueprints import golden, golden_clouds
from tests.blueprints.recorded import asked, blueprint, loaded, render
from tests.blueprints.recorded_clouds import CLOUDS, OnCloud, on_cloud

ON_CLOUDS = [
    # every system of a cloud: up to 17 s for the SDK's modules and some 600 resources
    pytest.param(name, marks=pytest.mark.slow) if name.endswith("/full") else name
    for name in golden.ON_CLOUDS
]


@pytest.mark.parametrize("name", [*golden.NAMES, *ON_CLOUDS])
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


def test_every_cloud_has_the_same_files_and_no_other() -> None:
    written = {f"{file.parent.name}/{file.stem}" for file in golden.FOLDER.glob("*/*.yaml")}
    assert written == set(golden.ON_CLOUDS)
    assert {name.partition("/")[2] for name in golden.ON_CLOUDS} < set(golden.NAMES)


@pytest.mark.parametrize("target", CLOUDS)
def test_each_system_is_managed_a_fallback_or_sent_there(target: str) -> None:
    found = on_cloud("gpu-training", target)
    parts = [set(found.managed), set(found.fallback), set(found.sent)]
    assert set().union(*parts) == set(found.stack.spec.chosen()) and sum(map(len, parts)) == len(found.stack.spec.chosen())
    assert found.managed["minio"] != "MinioStore" and found.fallback["cluster"] == "GpuComputeCluster"
    assert found.leaks == ()


@pytest.mark.parametrize("target", CLOUDS)
def test_production_protects_what_it_holds_on_a_cloud_and_development_does_not(target: str) -> None:
    production = golden_clouds.inventory(on_cloud("production", target))
    development = golden_clouds.inventory(on_cloud("gpu-training", target))
    assert len(production["protected"]) >= 4 and production["kept on delete"].items() <= production["protected"].items()
    assert development["protected"] == development["kept on delete"] == {}


def test_another_type_size_ground_or_output_on_a_cloud_is_seen() -> None:
    found = on_cloud("gpu-training", "sagemaker")
    before = golden_clouds.inventory(found)

    def seen(key: str, other: OnCloud) -> bool:
        return bool(golden_clouds.inventory(other)[key] != before[key])

    assert seen("types", replace(found, resources=found.resources[1:]))
    assert seen("exports", replace(found, exports=found.exports[1:]))
    assert seen("fallback", replace(found, fallback={}))
    at = next(i for i, made in enumerate(found.resources) if made.kind == "NodeGroup")
    group = found.resources[at]
    for key, changed in (
        ("values", replace(group, inputs={**group.inputs, "instanceTypes": ["p5.48xlarge"]})),
        ("protected", replace(group, protect=True)),
    ):
        assert seen(key, replace(found, resources=(*found.resources[:at], changed, *found.resources[at + 1 :])))


def test_no_inventory_tells_a_secret() -> None:
    found = on_cloud("gpu-training", "sagemaker")
    secret = replace(found.ours[0], inputs={"nodeSize": "hunter2"}, secrets={"nodeSize"})
    assert dict(golden_clouds.values(replace(secret, secrets=set()))) == {"nodeSize": "hunter2"}
    assert dict(golden_clouds.values(secret)) == {}
