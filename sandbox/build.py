"""Builds the sandbox's real parts (Pulumi CLI, Kubernetes, etcd, KWOK, Helm) from Go modules, once per set of pins.

Each folder of sandbox/tools/ is a Go module of our own whose `tool` directives name the programs and whose go.sum pins
all they are made of; versions stand there and nowhere else. Results lie in `cache()/tools/<module>-<key>/`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from sandbox.paths import ROOT, cache
from sandbox.toolchain import BuildError, find_go, numbers

__all__ = ["MODULES", "BuildError", "Module", "build_all", "build_missing", "built", "folder", "tool", "version"]
TOOLS = ROOT / "sandbox" / "tools"
# A quiet build of ten minutes looks hung in a CI log; a line a minute does not.
PLAIN_PROGRESS_SECONDS = 60.0


@dataclass(frozen=True)
class Module:
    """One Go module, by default of the sandbox: where its version is read, what is stamped into it, what comes out."""

    name: str
    pin: str
    """Module path whose `require` line carries the version shown to users."""
    binaries: tuple[tuple[str, str], ...]
    """(name that go gives the binary, name that we give it)."""
    stamps: tuple[tuple[str, str], ...] = ()
    """(Go variable, str.format pattern over version, bare, major, minor) for -ldflags -X."""
    sources: Path | None = None
    """Folder over its own; sandbox/tools if unset."""
    shelf: str = "tools"
    """Folder of the cache where its binaries lie."""

    @property
    def folder(self) -> Path:
        """Where its go.mod and go.sum lie."""
        return (self.sources or TOOLS) / self.name


MODULES: dict[str, Module] = {
    module.name: module
    for module in (
        Module(
            "engine",
            "github.com/pulumi/pulumi/pkg/v3",
            (("pulumi", "pulumi"),),
            (("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version", "{version}"),),
        ),
        Module(
            "kubernetes",
            "k8s.io/kubernetes",
            tuple((n, n) for n in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")),
            (
                ("k8s.io/component-base/version.gitVersion", "{version}"),
                ("k8s.io/component-base/version.gitMajor", "{major}"),
                ("k8s.io/component-base/version.gitMinor", "{minor}"),
            ),
        ),
        # go names a binary after the last element of its package path that is not a version: .../server/v3
        Module("etcd", "go.etcd.io/etcd/server/v3", (("server", "etcd"),)),
        Module("kwok", "sigs.k8s.io/kwok", (("kwok", "kwok"),)),
        Module(
            "helm",
            "helm.sh/helm/v3",
            (("helm", "helm"),),
            (("helm.sh/helm/v3/internal/version.version", "{version}"),),
        ),
    )
}


def version(module: Module) -> str:
    """Version of the module's main program ("v1.37.2"), read from its go.mod."""
    text = (module.folder / "go.mod").read_text()
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(module.pin)}\s+(v\S+)", text, re.MULTILINE)
    if not found:
        raise BuildError(f"{module.folder / 'go.mod'}: no require line for {module.pin}")
    return found.group(1)


def key(module: Module) -> str:
    """What identifies a build: 12 hex digits over go.mod and go.sum."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        path = module.folder / name
        if not path.is_file():
            raise BuildError(f"{path}: missing; {module.name} needs both go.mod and go.sum")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def folder(module: Module) -> Path:
    """Where this module's binaries lie once built."""
    return cache() / module.shelf / f"{module.name}-{key(module)}"


def module_of(binary: str) -> Module:
    """The module that a binary of ours comes from; a KeyError-free lookup with advice."""
    for module in MODULES.values():
        if binary in (ours for _, ours in module.binaries):
            return module
    known = sorted(ours for module in MODULES.values() for _, ours in module.binaries)
    raise BuildError(f"{binary}: not a tool of the sandbox; it has {', '.join(known)}")


def built(module: Module) -> bool:
    """Whether every binary of the module is there."""
    return all((folder(module) / ours).is_file() for _, ours in module.binaries)


def tool(name: str) -> Path:
    """Path of a built binary ("kubectl"); BuildError with advice when it is not built yet."""
    module = module_of(name)
    path = folder(module) / name
    if not path.is_file():
        raise BuildError(f"{name} {version(module)} is not built yet: run `mlops sandbox setup` (ten minutes, once)")
    return path


def ldflags(module: Module) -> str:
    """Linker flags: no debug tables (halves the size), and the version where the program would show "dev"."""
    found = version(module)
    major, minor = found.removeprefix("v").split(".")[:2]
    values = {"version": found, "major": major, "minor": minor}
    return " ".join(["-s", "-w", *(f"-X {variable}={pattern.format(**values)}" for variable, pattern in module.stamps)])


def needed_go(modules: Sequence[Module]) -> str:
    """The highest `go` directive of the modules ("1.26.0")."""
    directives = []
    for module in modules:
        found = re.search(r"^go (\S+)", (module.folder / "go.mod").read_text(), re.MULTILINE)
        if not found:
            raise BuildError(f"{module.folder / 'go.mod'}: no go directive")
        directives.append(found.group(1))
    return max(directives, key=numbers)


@contextmanager
def _exclusive(say: Callable[[str], None]) -> Iterator[None]:
    """One build at a time for all clones that share the cache; the lock goes with the process."""
    tools = cache() / "tools"
    tools.mkdir(parents=True, exist_ok=True)
    with (tools / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is under way in this cache: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(console: Console, title: str, argv: list[str], cwd: Path, environment: dict[str, str]) -> None:
    """Runs a long command with its elapsed time on show; BuildError with its last lines if it fails."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(argv, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            _watch(console, title, process, started)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        elapsed = time.monotonic() - started
        if process.returncode:
            output.seek(0)
            tail = "\n".join(output.read().strip().splitlines()[-15:])
            raise BuildError(f"{title} failed after {elapsed:.0f} s:\n{tail}")
    console.print(f"{title}: done in {elapsed:.0f} s", highlight=False)


def _watch(console: Console, title: str, process: subprocess.Popen[bytes], started: float) -> None:
    if console.is_terminal:
        spinner = Spinner("dots")
        with Live(spinner, console=console, refresh_per_second=4, transient=True):
            while process.poll() is None:
                spinner.update(text=f"{title}: {time.monotonic() - started:.0f} s")
                time.sleep(0.25)
        return
    console.print(f"{title} …", highlight=False)
    while True:
        try:
            process.wait(timeout=PLAIN_PROGRESS_SECONDS)
            return
        except subprocess.TimeoutExpired:
            console.print(f"{title}: {time.monotonic() - started:.0f} s", highlight=False)


def _build(module: Module, go: Path, console: Console) -> None:
    """Builds one module into a folder beside its place and renames it there, so that nothing half is ever found."""
    target = folder(module)
    # we hold the lock, so any such folder was left by a build that was interrupted
    for leftover in target.parent.glob(f".{module.name}-*"):
        shutil.rmtree(leftover)
    staging = target.parent / f".{target.name}"
    staging.mkdir(parents=True)
    environment = {
        **os.environ,
        "PATH": f"{go.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "GOBIN": str(staging),
        "GOFLAGS": "-buildvcs=false -mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    title = f"{module.name} {version(module)}"
    argv = [str(go), "install", "-ldflags", ldflags(module), "tool"]
    _run(console, f"building {title}", argv, module.folder, environment)
    for theirs, ours in module.binaries:
        if not (staging / theirs).is_file():
            raise BuildError(f"{title}: go built no binary {theirs}")
        (staging / theirs).rename(staging / ours)
    if target.exists():
        shutil.rmtree(target)
    staging.rename(target)


def build_all(console: Console | None = None, only: Sequence[str] | None = None) -> dict[str, Path]:
    """Builds what is missing and returns module name -> folder.

    `only` limits it to some modules (`--engine system` needs no Pulumi CLI of ours). About ten minutes on two cores
    from nothing, at once when the cache has them. Raises BuildError.
    """
    return build_missing([MODULES[name] for name in (only or MODULES)], console or Console())


def build_missing(modules: Sequence[Module], console: Console) -> dict[str, Path]:
    """Builds what the cache has not, and returns module name -> folder. Raises BuildError."""

    def say(text: str) -> None:
        console.print(text, highlight=False)

    if not all(built(module) for module in modules):
        with _exclusive(say):
            # looked at again: another clone may have built them while we waited
            missing = [module for module in modules if not built(module)]
            go = find_go(needed_go(missing), say) if missing else None
            for module in missing:
                if go:
                    _build(module, go, console)
    return {module.name: folder(module) for module in modules}


if __name__ == "__main__":
    try:
        for name, path in build_all().items():
            print(f"{name} {version(MODULES[name])} {path}")
    except BuildError as error:
        sys.exit(f"error: {error}")
