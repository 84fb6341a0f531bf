"""The JSON schemas are what the models say, and say the same as the models about the files we have."""

import functools
import json
import re
from pathlib import Path

import jsonschema
import pytest

from cli.schema import generated, write
from components.settings import ROOT
from components.validation.document import read

STACKS = sorted((ROOT / "stacks").glob("Pulumi.*.yaml"))
BLUEPRINTS = sorted((ROOT / "blueprints").glob("*.yaml"))
BROKEN = Path(__file__).parent / "broken_stacks"


@functools.cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "blueprints" / name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", generated())
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    assert (ROOT / name).read_text() == generated()[name], "stale: run `mlops schema`"


def test_the_command_writes_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "blueprints").mkdir()
    write(tmp_path)
    assert capsys.readouterr().out.split() == list(generated())
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")} == set(generated())


@pytest.mark.parametrize("path", [*STACKS, *BLUEPRINTS], ids=lambda path: path.stem)
def test_each_file_names_its_schema_and_keeps_to_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named, first
    schema = (path.parent / named.group(1)).resolve()
    assert schema.name == ("stack.schema.json" if path in STACKS else "blueprint.schema.json")
    assert [error.message for error in validator(schema.name).iter_errors(read(path, path.name).data)] == []


@pytest.mark.parametrize(
    "kind", ["unknown-key", "system-typo", "negative-count", "wrong-enum", "wrong-top-level", "bad-quantity", "long-name"]
)
def test_an_editor_sees_what_a_key_alone_shows(kind: str) -> None:
    assert list(validator("stack.schema.json").iter_errors(read(BROKEN / f"{kind}.yaml", kind).data))


@pytest.mark.parametrize("system", ["{kafka: {controllers: 2}}", "{mysql: {replicas: 4}}", "{minio: {replicas: 3}}"])
def test_an_editor_sees_wrong_counts(system: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"config: {{mlops:target: kubernetes, mlops:spec: {{systems: {system}}}}}")
    assert list(validator("stack.schema.json").iter_errors(read(path, "x").data))


def test_other_configuration_is_let_through_and_misspelt_ours_is_not(tmp_path: Path) -> None:
    good = {"config": {"mlops:target": "kubernetes", "aws:region": "eu-central-1", "kubernetes:context": "x"}}
    bad = {"config": {"mlops:target": "kubernetes", "mlops:bluprint": "starter"}}
    assert validator("stack.schema.json").is_valid(good)
    assert not validator("stack.schema.json").is_valid(bad)
