"""The language host, the program runner and the random provider, through the real engine."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine.programs import RUNNER
from tests.sandbox.engine_env import PROGRAMS, SECONDS, Engine, engine, program

pytestmark = pytest.mark.sandbox
__all__ = ["engine"]

FOREIGN = ("site-packages", "runner.py", "asyncio", "runpy")


@program("kinds")
def test_a_stack_comes_up_is_stable_and_goes_down(engine: Engine) -> None:
    first = engine.ok("preview")
    assert "9 to create" in first and "warning" not in first
    assert "9 created" in engine.up()
    again = engine.ok("preview", "--expect-no-changes")
    assert "9 unchanged" in again
    assert "warning" not in again and "Traceback" not in again
    assert "9 unchanged" in engine.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    found = engine.outputs()
    assert found["password"] == "[secret]"
    assert re.fullmatch("n-[0-9a-f]{8}", found["number"])
    assert re.fullmatch("[a-z]+-[a-z]+", found["pet"])
    assert len(found["shuffled"]) == 2
    assert engine.state()["integer"]["outputs"]["result"] == 3
    assert all(len(item.get("stackTrace", [])) <= 1 for item in engine.state().values())
    assert "__main__.py#" in engine.state()["integer"]["stackTrace"][0]["sourcePosition"]
    assert "9 deleted" in engine.ok("destroy", "--yes", "--skip-preview")
    assert engine.state() == {}
    assert engine.gone()


@program("kinds")
def test_a_changed_keeper_replaces_that_value_alone(engine: Engine) -> None:
    engine.up()
    before = engine.outputs(secrets=True)
    engine.ok("config", "set", "keeper", "2")
    assert "1 to replace" in engine.ok("preview")
    assert "1 replaced" in engine.up()
    after = engine.outputs(secrets=True)
    assert len(after["password"]) == 24 and after["password"] != before["password"]
    assert {key: after[key] for key in after if key != "password"} == {key: before[key] for key in before if key != "password"}


@program("kinds")
def test_no_secret_lies_in_the_backend_in_plain_text(engine: Engine) -> None:
    engine.up()
    password = engine.outputs(secrets=True)["password"]
    files = [path for path in (engine.home / "backend").rglob("*") if path.is_file()]
    assert any("stacks" in path.parts for path in files)
    assert not [path for path in files if password in path.read_text()]
    recorded = engine.state()
    hidden = [recorded["password"]["outputs"][key] for key in ("result", "bcryptHash")]
    hidden += [recorded["key"]["outputs"][key] for key in ("base64", "hex")]
    assert all("ciphertext" in value for value in hidden)


@program("imported")
def test_existing_values_are_imported_and_read(engine: Engine) -> None:
    engine.up()
    assert engine.outputs(secrets=True) == {"string": "abcde", "number": "p-0102", "password": "found-password"}
    assert engine.outputs()["password"] == "[secret]"
    engine.ok("preview", "--expect-no-changes")


@pytest.mark.parametrize(
    ("case", "shown", "hidden"),
    [
        ("error", ['helper.py", line 2, in lookup', "KeyError: 'absent'", '__main__.py", line 16, in <module>'], FOREIGN),
        ("apply-error", ['helper.py", line 2, in lookup', "KeyError: 'x'"], FOREIGN),
        ("run-error", ["error: refused by the program"], ("Traceback", "line ", "RunError")),
        ("apply-run-error", ["error: refused by the program"], ("Traceback", "line ", "RunError")),
        ("bad-input", ["'short'", "length", "less than the sum of the minimums (3)"], ("Traceback", *FOREIGN)),
        ("exit", ["the program ended with exit code 3"], ("Traceback", *FOREIGN)),
    ],
)
@pytest.mark.parametrize("command", [("preview",), ("up", "--yes", "--skip-preview")], ids=["preview", "up"])
@program("broken")
def test_a_failing_program_shows_its_own_place_and_nothing_else(
    engine: Engine, command: tuple[str, ...], case: str, shown: list[str], hidden: tuple[str, ...]
) -> None:
    engine.ok("config", "set", "case", case)
    result = engine.run(*command)
    assert result.code != 0
    assert not [text for text in shown if text not in result.text], result.text
    assert not [text for text in hidden if text in result.text], result.text
    assert "1 errored" in result.text or "1 error" in result.text
    assert engine.gone()


@program("broken")
def test_a_syntax_error_shows_file_and_line(engine: Engine) -> None:
    (engine.project / "__main__.py").write_text("import pulumi\ndef broken(:\n")
    result = engine.run("preview")
    assert result.code != 0
    assert '__main__.py", line 2' in result.text and "SyntaxError" in result.text
    assert not [text for text in FOREIGN if text in result.text]


@program("broken")
def test_a_missing_virtual_environment_is_told_with_advice(engine: Engine) -> None:
    (engine.project / "Pulumi.yaml").write_text("name: trial\nruntime:\n  name: python\n  options:\n    virtualenv: absent\n")
    result = engine.run("preview")
    assert result.code != 0
    assert "virtualenv: 'absent'" in result.text and "make setup" in result.text and "Traceback" not in result.text


@program("kinds")
def test_a_policy_pack_runs_and_blocks(engine: Engine, tmp_path: Path) -> None:
    pack = _pack(engine, tmp_path)
    result = engine.run("preview", "--policy-pack", str(pack))
    assert result.code != 0
    assert "long-passwords" in result.text and "use at least 32 characters" in result.text
    assert "Traceback" not in result.text and "warning" not in result.text
    source = engine.project / "__main__.py"
    source.write_text(source.read_text().replace("length=24", "length=32"))
    engine.ok("preview", "--policy-pack", str(pack))
    assert engine.gone()


def _pack(engine: Engine, tmp_path: Path) -> Path:
    pack = tmp_path / "pack"
    pack.mkdir()
    options = (engine.project / "Pulumi.yaml").read_text().partition("virtualenv: ")[2].strip()
    for path in (PROGRAMS / "pack").glob("*.*"):
        (pack / path.name).write_text(path.read_text().replace("VIRTUALENV", options))
    return pack


@program("slow")
def test_an_interrupt_leaves_no_traceback_and_no_process(engine: Engine) -> None:
    engine.faults({"provider": "random", "op": "create", "action": "delay", "seconds": 8, "times": 0})
    process = engine.start("up", "--yes", "--skip-preview")
    _until(lambda: any("sandbox.providers.random" in child.cmdline() for child in engine.children()))
    time.sleep(3)  # on a busy machine too, the creates are under way
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert "cancel" in text and "Traceback" not in text and "KeyboardInterrupt" not in text
    assert engine.gone()
    engine.faults()
    assert "errored" not in engine.up()  # nothing was lost: what had been made is known
    assert len(engine.state()) == 7


@program("slow")
def test_the_engine_is_killed_between_created_and_recorded(engine: Engine) -> None:
    engine.faults({"provider": "random", "op": "create", "name": "id3", "action": "kill-engine"})
    result = engine.run("up", "--yes", "--skip-preview")
    assert result.code == -signal.SIGKILL
    assert engine.gone()
    engine.faults()
    assert "id3" not in engine.state()
    engine.ok("cancel", "--yes")
    engine.up()
    assert sorted(name for name in engine.state() if name.startswith("id")) == [f"id{index}" for index in range(5)]
    engine.ok("preview", "--expect-no-changes")


@program("pair")
def test_a_component_provider_in_python_is_run(engine: Engine) -> None:
    engine.up()
    assert re.fullmatch(r"\w+-\w+-\w+ and \w+-\w+-\w+", engine.outputs()["names"])
    assert engine.state()["twins-l"]["parent"].endswith("::twins")
    engine.ok("preview", "--expect-no-changes")
    engine.ok("destroy", "--yes", "--skip-preview")
    assert engine.gone()


@program("kinds")
def test_about_and_install_answer_quietly(engine: Engine) -> None:
    about = engine.ok("about")
    assert "python" in about and re.search("pulumi.random", about) and "Traceback" not in about
    assert "make setup" in engine.ok("install")


@program("slow")
def test_a_home_without_our_environment_is_enough(engine: Engine) -> None:
    """PULUMI_HOME alone knows backend and sandbox; only the passphrase must come along."""
    needed = ("PULUMI_HOME", "PULUMI_CONFIG_PASSPHRASE_FILE")
    engine.environment = {
        key: value for key, value in engine.environment.items() if not key.startswith(("PULUMI_", "MLOPS_")) or key in needed
    }
    engine.up()
    assert (engine.home / "backend" / ".pulumi" / "stacks" / "trial" / "dev.json").is_file()


def _until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


def test_a_runner_whose_host_ends_without_a_run_ends_too() -> None:
    done = subprocess.run(
        [sys.executable, str(RUNNER)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
