"""PULUMI_HOME of the sandbox: complete, cheap to prepare again, and respectful of plugins that are not ours."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from sandbox.engine.home import PROVIDERS, prepare, which_plugin


@pytest.fixture(autouse=True)
def no_official_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_OFFICIAL_PLUGINS", raising=False)


def plugin(home: Path, name: str = "random") -> Path:
    return home / "pulumi" / "plugins" / f"resource-{name}-v{version(PROVIDERS[name])}" / f"pulumi-resource-{name}"


def test_everything_is_laid_out_and_private(tmp_path: Path) -> None:
    pulumi = prepare(tmp_path)
    assert pulumi == tmp_path / "pulumi"
    assert os.access(plugin(tmp_path), os.X_OK)
    assert os.access(pulumi / "plugins" / f"language-python-v{version('pulumi')}" / "pulumi-language-python", os.X_OK)
    assert (tmp_path / "backend").is_dir()
    for path in (tmp_path / "passphrase", pulumi / "credentials.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len((tmp_path / "passphrase").read_text().strip()) >= 40
    assert json.loads((pulumi / "credentials.json").read_text())["current"] == f"file://{tmp_path / 'backend'}?metadata=skip"
    assert which_plugin("random", tmp_path) == "simulated"


def test_a_second_time_changes_nothing_and_takes_no_time(tmp_path: Path) -> None:
    prepare(tmp_path)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in tmp_path.rglob("*")}
    start = time.perf_counter()
    prepare(tmp_path)
    assert time.perf_counter() - start < 0.05
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in tmp_path.rglob("*")} == before


def test_two_homes_have_two_passphrases(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    prepare(first)
    prepare(second)
    assert (first / "passphrase").read_text() != (second / "passphrase").read_text()


def test_a_home_with_awkward_characters_works(tmp_path: Path) -> None:
    home = tmp_path / """it's a "home" $HOME {x} `y`"""
    prepare(home)
    command = [str(plugin(home)), "127.0.0.1:1"]
    environment = {key: value for key, value in os.environ.items() if key != "MLOPS_SANDBOX_HOME"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()
        assert psutil.Process(process.pid).environ()["MLOPS_SANDBOX_HOME"] == str(home)
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_an_official_plugin_replaces_ours_and_goes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "official"
    folder.mkdir()
    binary = folder / "pulumi-resource-random"
    binary.write_text("#!/bin/sh\n")
    home = tmp_path / "home"
    prepare(home)
    monkeypatch.setenv("MLOPS_OFFICIAL_PLUGINS", str(folder))
    prepare(home)
    assert which_plugin("random", home) == "simulated", "a file that cannot be run is no plugin"
    binary.chmod(0o755)
    prepare(home)
    assert plugin(home).resolve() == binary
    assert which_plugin("random", home) == "official"
    monkeypatch.delenv("MLOPS_OFFICIAL_PLUGINS")
    prepare(home)
    assert not plugin(home).is_symlink() and "sandbox.providers.random" in plugin(home).read_text()
    assert binary.read_text() == "#!/bin/sh\n"
    assert which_plugin("random", home) == "simulated"


def test_a_plugin_installed_for_the_engine_stays(tmp_path: Path) -> None:
    path = plugin(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x7fELF\x00 installed by `pulumi plugin install`")
    prepare(tmp_path)
    assert path.read_bytes().startswith(b"\x7fELF")
    assert which_plugin("random", tmp_path) == "official"


def test_an_unknown_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        which_plugin("oci", tmp_path)
