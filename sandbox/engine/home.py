"""PULUMI_HOME of the sandbox: plugins, file backend, passphrase; and which plugin serves a package."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from sandbox.paths import ROOT
from sandbox.paths import home as sandbox_home

PROVIDERS = {
    "kubernetes": "pulumi-kubernetes",
    "aws": "pulumi-aws",
    "random": "pulumi-random",
    "gcp": "pulumi-gcp",
    "azure-native": "pulumi-azure-native",
}
"""Package name -> PyPI distribution of its SDK. A package is laid out when its SDK and a plugin for it are at hand."""
OFFICIAL = "MLOPS_OFFICIAL_PLUGINS"
_MARK = "# mlops sandbox: generated launcher"
_PASSPHRASE_BYTES = 32


def prepare(home: Path | None = None) -> Path:
    """Lay out everything a plain `pulumi` needs under the sandbox's home; PULUMI_HOME.

    Writes only what differs, so a second call costs a few reads. A plugin that somebody else put into PULUMI_HOME stays.
    """
    home = home or sandbox_home()
    pulumi = home / "pulumi"
    (home / "backend").mkdir(parents=True, exist_ok=True)
    _passphrase(home / "passphrase")
    _no_engine_log(pulumi / "logs")
    _log_in(pulumi / "credentials.json", f"file://{home / 'backend'}?metadata=skip")
    # The engine looks for a language host in PATH, beside its own binary and here; only here it is silent.
    _launcher(_plugin(pulumi, "language", "python", version("pulumi")), "sandbox.engine.language", home)
    for name, distribution in PROVIDERS.items():
        try:
            path = _plugin(pulumi, "resource", name, version(distribution))
        except PackageNotFoundError:
            continue
        official = _official(name)
        if official is not None:
            _link(path, official)
        elif _module(name) is not None and not _foreign(path):
            _launcher(path, f"sandbox.providers.{_folder(name)}", home)
    return pulumi


def which_plugin(name: str, home: Path | None = None) -> Literal["simulated", "official"]:
    """Which kind of provider serves this package (`kubernetes`, `aws`, …) in the sandbox.

    Raises KeyError for a package the sandbox does not know, LookupError where neither kind is at hand.
    """
    path = _plugin((home or sandbox_home()) / "pulumi", "resource", name, version(PROVIDERS[name]))
    if _official(name) is not None or _foreign(path):
        return "official"
    if _module(name) is None:
        raise LookupError(f"{name}: the sandbox has no provider for it; put pulumi-resource-{name} into ${OFFICIAL}")
    return "simulated"


def _folder(name: str) -> str:
    return name.removesuffix("-native").replace("-", "_")


def _module(name: str) -> Path | None:
    path = ROOT / "sandbox" / "providers" / _folder(name) / "__main__.py"
    return path if path.is_file() else None


def _plugin(pulumi: Path, kind: str, name: str, number: str) -> Path:
    return pulumi / "plugins" / f"{kind}-{name}-v{number}" / f"pulumi-{kind}-{name}"


def _official(name: str) -> Path | None:
    folder = os.environ.get(OFFICIAL)
    if not folder:
        return None
    path = Path(folder).resolve() / f"pulumi-resource-{name}"
    return path if os.access(path, os.X_OK) and path.is_file() else None


def _foreign(path: Path) -> bool:
    """True when the plugin there was not written by us: installed by the user or by the engine."""
    if path.is_symlink():
        return False  # ours, of an earlier MLOPS_OFFICIAL_PLUGINS
    try:
        with path.open("rb") as file:
            return _MARK.encode() not in file.read(200)
    except OSError:
        return False


def _link(path: Path, target: Path) -> None:
    if path.is_symlink() and path.resolve() == target.resolve():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _launcher(path: Path, module: str, home: Path) -> None:
    text = "\n".join(
        (
            "#!/bin/sh",
            _MARK,
            f': "${{MLOPS_SANDBOX_HOME:={_inside(home)}}}"',
            'export MLOPS_SANDBOX_HOME MLOPS_USER_PYTHONPATH="$PYTHONPATH"',
            # -P: the working directory is the user's project, which may have a folder of the same name
            f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -P -m {module} "$@"',
            "",
        )
    )
    if path.is_symlink():
        path.unlink()
    elif path.exists() and path.read_text(encoding="utf-8", errors="replace") == text:
        return
    _write(path, text, 0o755)


def _inside(path: Path) -> str:
    """A path for use between double quotes in sh."""
    text = str(path)
    for character in '\\"$`}':
        text = text.replace(character, "\\" + character)
    return text


def _no_engine_log(path: Path) -> None:
    """A file where the engine would make its log folder: it then keeps no log, as it does on a read-only home.

    Its automatic log writes out every message and costs far more than the work itself: 63 s of CPU against 9 s for a
    preview of 355 resources with CRDs among them. Whoever wants the log removes the file (or says `pulumi -v=9 …`).
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _passphrase(path: Path) -> None:
    if not path.exists():
        _write(path, secrets.token_urlsafe(_PASSPHRASE_BYTES) + "\n", 0o600)


def _log_in(path: Path, url: str) -> None:
    """What `pulumi login file://…` would write, for commands run with this PULUMI_HOME alone."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        data = {}
    if data.get("current") == url:
        return
    accounts = {**data.get("accounts", {}), url: {"lastValidatedAt": "0001-01-01T00:00:00Z"}}
    tokens = {**data.get("accessTokens", {}), url: ""}
    _write(path, json.dumps({**data, "current": url, "accessTokens": tokens, "accounts": accounts}, indent=4), 0o600)


def _write(path: Path, text: str, mode: int) -> None:
    """Create the file complete and with its mode from the start, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
    part.chmod(mode)
    part.replace(path)
