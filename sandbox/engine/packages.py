"""Which packages an environment has: the plugins its SDKs want, and all distributions."""

from __future__ import annotations

import asyncio
import json
import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path

_LIST = (
    "import json, importlib.metadata as m; "
    "print(json.dumps(sorted({(d.metadata['Name'], d.version) for d in m.distributions() if d.metadata['Name']})))"
)


def required() -> list[tuple[str, str]]:
    """(package, version) of the installed SDKs whose plugin the engine has.

    An SDK without a plugin is left out: the engine would refuse every program, also those that do not use it.
    """
    plugins = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
    found = []
    for manifest in sorted(Path(sysconfig.get_path("purelib")).glob("pulumi_*/pulumi-plugin.json")):
        data = json.loads(manifest.read_text(encoding="utf-8"))
        name, version = data.get("name", ""), data.get("version", "").removeprefix("v")
        if data.get("resource") and (plugins / f"resource-{name}-v{version}").is_dir():
            found.append((name, version))
    return found


async def dependencies(python: str, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, version) of every distribution that this Python sees."""
    process = await asyncio.create_subprocess_exec(
        python, "-c", _LIST, env=dict(environment), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise ValueError(f"{python} could not list its packages")
    return [(str(name), str(version)) for name, version in json.loads(output)]
