"""The one reader of the Pulumi configuration says what `mlops validate` says, with or without an engine."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import set_all_config

from components import settings
from components.spec.stack import Stack, StackSpec, Target
from components.validation.document import read
from components.validation.problems import Problems
from tests.unit.recording import record
from tests.unit.stackfiles import problems, project

FOLDER = Path(__file__).parent / "broken_stacks"


@pytest.fixture(autouse=True)
def _no_configuration_left_behind() -> Iterator[None]:
    yield
    set_all_config({})


def program(config: dict[str, str], stack: str = "demo", secret_keys: tuple[str, ...] = ()) -> Stack:
    """What the program would run on with this configuration from the engine."""
    set_all_config(config, list(secret_keys))
    read = record(settings.load, stack=stack)
    assert read.resources == [], "reading the configuration made resources"
    assert read.result is not None
    return read.result


def engine_view(path: Path) -> dict[str, str]:
    """A stack file's configuration as the engine hands it over: objects as JSON text."""
    config = (read(path, path.name).data or {}).get("config", {})
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


@pytest.mark.parametrize("stack", settings.stacks())
def test_program_and_validate_read_the_same_stack(stack: str) -> None:
    path = settings.ROOT / "stacks" / f"Pulumi.{stack}.yaml"
    assert program(engine_view(path), stack) == settings.load_file(path)


@pytest.mark.parametrize("kind", ["unknown-key", "missing-need", "ring", "plain-secret", "everything", "wrong-enum", "empty"])
def test_program_and_validate_report_the_same_text(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, stack__demo="")
    path = tmp_path / "stacks" / "Pulumi.demo.yaml"
    shutil.copy(FOLDER / f"{kind}.yaml", path)
    monkeypatch.chdir(tmp_path / "stacks")
    with pytest.raises(pulumi.RunError) as caught:
        program(engine_view(path))
    assert str(caught.value) == problems(settings.load_file(path)).text()
    assert "stacks/Pulumi.demo.yaml" in str(caught.value)


def test_values_that_are_not_the_files_have_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, stack__demo="config: {mlops:target: kubernetes, mlops:spec: {systems: {kafka: {}}}}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pulumi.RunError) as caught:
        program({"mlops:target": "kubernetes", "mlops:spec": '{"systems": {"kafak": {}}}'})
    assert str(caught.value).splitlines()[1].startswith("  mlops:spec.systems.kafak: unknown system")


def test_every_key_is_looked_at_where_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    config = {
        "mlops:target": "kubernetes",
        "mlops:bluprint": "x",
        "mlops:spec": "{}",
        "aws:secretKey": "hunter2",
        "a:token": "hunter2",
    }
    with pytest.raises(pulumi.RunError) as caught:
        program(config, secret_keys=("a:token",))
    said = str(caught.value)
    assert 'mlops:bluprint: unknown key; did you mean "blueprint"?' in said
    assert "aws:secretKey: a secret in plain text" in said
    assert "a:token" not in said and "hunter2" not in said


def test_no_configuration_at_all_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pulumi.RunError, match=r"mlops:target: missing; expected one of kubernetes, sagemaker, vertex, azureml"):
        program({})


def test_an_encrypted_value_in_the_spec_is_refused_and_its_text_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = "{systems: {kafka: {values: {password: {secure: v1:abc}}}}}"
    project(tmp_path, stack__demo=f"config:\n  mlops:target: kubernetes\n  mlops:spec: {spec}\n")
    monkeypatch.chdir(tmp_path)
    decrypted = json.dumps({"systems": {"kafka": {"values": {"password": "hunter2"}}}})
    with pytest.raises(pulumi.RunError, match="an encrypted value cannot stand in mlops:spec") as caught:
        program({"mlops:target": "kubernetes", "mlops:spec": decrypted}, secret_keys=("mlops:spec",))
    assert "hunter2" not in str(caught.value)


def test_text_that_is_no_mapping_is_told() -> None:
    with pytest.raises(pulumi.RunError, match=r"mlops:spec: expected a mapping with tier, systems …, got text"):
        program({"mlops:target": "kubernetes", "mlops:spec": "kafka"})


def test_an_unknown_stack_names_the_nearest() -> None:
    found = settings.find("sandbx")
    assert isinstance(found, Problems)
    assert 'did you mean "sandbox"?' in found.text()
    assert settings.find("sandbox") == settings.ROOT / "stacks" / "Pulumi.sandbox.yaml"
    assert settings.find("some/where.yaml") == Path("some/where.yaml")


def test_the_spec_is_what_the_file_says() -> None:
    found = settings.load_file(settings.ROOT / "stacks" / "Pulumi.sandbox.yaml")
    assert isinstance(found, Stack)
    assert (found.name, found.target, found.blueprint) == ("sandbox", Target.KUBERNETES, "starter")
    assert isinstance(found.spec, StackSpec)
    assert found.spec.operators.keep_crds is False
