"""What every simulated provider gets from the shared server, shown by a small provider of the tests' through the real engine."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from sandbox.paths import ROOT
from tests.sandbox.engine_env import PROGRAMS, Engine, engine, program

pytestmark = pytest.mark.sandbox
__all__ = ["engine"]


@pytest.fixture
def probe(engine: Engine) -> Engine:
    path = Path(engine.environment["PULUMI_HOME"], "plugins", "resource-probe-v1.0.0", "pulumi-resource-probe")
    path.parent.mkdir(parents=True)
    command = shlex.join([sys.executable, str(PROGRAMS / "probe_provider.py")])
    path.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command} "$@"\n')
    path.chmod(0o755)
    return engine


@program("probe")
def test_values_secrets_configuration_components_and_functions(probe: Engine) -> None:
    # two creates of the program wait for each other: a server that serialises them would time out
    probe.up()
    found = probe.outputs(secrets=True)
    assert found["kinds"] == {"count": "int", "ratio": "float", "on": "bool", "items": "list", "token": "str", "named": "str"}
    assert found["copy"] == "token-of-the-user" and found["made"] == "made-by-provider"
    assert {key: probe.outputs()[key] for key in ("copy", "made")} == {"copy": "[secret]", "made": "[secret]"}
    assert found["regions"] == ["none", "east", "west"]
    assert found["flag"] is True
    assert found["left"] == "plain-0" and found["answer"] == 42
    plain = probe.state()["plain"]
    assert "ciphertext" in plain["inputs"]["token"] and "ciphertext" in plain["outputs"]["copy"]
    assert plain["inputs"]["named"] == "plain-0"
    assert probe.state()["pair-left"]["parent"].endswith("::pair")
    probe.ok("preview", "--expect-no-changes")
    probe.ok("destroy", "--yes", "--skip-preview")
    assert probe.gone()


@program("probe")
def test_what_is_made_but_not_ready_is_recorded_and_updated_next_time(probe: Engine) -> None:
    probe.ok("config", "set", "mode", "half")
    result = probe.run("up", "--yes", "--skip-preview")
    assert result.code != 0 and "the probe is not ready" in result.text
    assert probe.state()["troubled"]["id"] == "half-id"
    assert probe.state()["troubled"]["initErrors"] == ["the probe is not ready"]
    assert "1 updated" in probe.up()
    assert probe.state()["troubled"]["outputs"]["state"] == "whole"


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("forbidden", ["mode", "is forbidden here"]),
        ("refuse", ["the probe refuses"]),
        (
            "bug",
            ["simulated probe provider: create of probe:index:Thing troubled: KeyError: 'our own mistake'", "provider-probe.log"],
        ),
    ],
)
@program("probe")
def test_failures_are_told_in_the_providers_words(probe: Engine, mode: str, shown: list[str]) -> None:
    probe.ok("config", "set", "mode", mode)
    result = probe.run("up", "--yes", "--skip-preview")
    assert result.code != 0
    assert not [text for text in shown if text not in result.text], result.text
    assert "Traceback" not in result.text
    assert "troubled" not in probe.state()
    log = probe.home / "logs" / "provider-probe.log"
    assert log.exists() == (mode == "bug")


@program("slow")
def test_faults_need_nothing_from_a_provider(engine: Engine) -> None:
    create = {"provider": "random", "op": "create"}
    engine.faults({**create, "name": "id0", "action": "fail", "message": "out of luck"})
    result = engine.run("up", "--yes", "--skip-preview")
    assert result.code != 0 and "out of luck" in result.text and "id0" not in engine.state()

    engine.ok("destroy", "--yes", "--skip-preview")
    engine.faults({**create, "name": "id1", "action": "not-ready", "message": "still starting"})
    result = engine.run("up", "--yes", "--skip-preview")
    assert result.code != 0 and engine.state()["id1"]["initErrors"] == ["still starting"]
    engine.faults()
    engine.up()
    assert not engine.state()["id1"].get("initErrors")

    engine.faults({"provider": "random", "op": "read", "name": "id2", "action": "drift", "message": '{"hex": "00000000"}'})
    engine.ok("refresh", "--yes", "--skip-preview")
    assert engine.state()["id2"]["outputs"]["hex"] == "00000000"


@pytest.mark.parametrize(("times", "succeeds"), [(2, True), (0, False)])
@program("slow")
def test_a_throttled_call_is_tried_again_a_few_times(engine: Engine, times: int, succeeds: bool) -> None:
    engine.faults({"provider": "random", "op": "create", "name": "id4", "action": "throttle", "times": times})
    result = engine.run("up", "--yes", "--skip-preview")
    assert (result.code == 0) == succeeds
    assert ("429" in result.text) != succeeds


@program("slow")
def test_a_broken_fault_file_is_told_with_its_place(engine: Engine) -> None:
    engine.faults({"provider": "random", "action": "explode"})
    result = engine.run("up", "--yes", "--skip-preview")
    assert result.code != 0
    assert "faults.json[0].action" in result.text and "'explode'" in result.text and "kill-engine" in result.text
