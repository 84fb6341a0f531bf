"""Rendering real sources with the real tools: `helm template`, `kubectl kustomize`."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sandbox.build import tool
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.manifests import parse
from sandbox.providers.model import Failure

Object = dict[str, Any]


async def run(arguments: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """Standard output of a tool. Raises Failure with its last words when it fails."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        raise
    if process.returncode:
        words = err.decode(errors="replace").strip().removeprefix("Error: ")
        raise Failure(f"{Path(arguments[0]).name} {arguments[1]}: {words[-2000:]}")
    return out.decode()


@asynccontextmanager
async def private_file(text: str, suffix: str) -> AsyncIterator[str]:
    """A file only we can read, gone afterwards: values and kubeconfigs hold secrets."""
    with tempfile.NamedTemporaryFile("w", prefix="mlops-", suffix=suffix) as file:
        file.write(text)
        file.flush()
        yield file.name


async def helm_template(
    cluster: Cluster | None, chart: Path, release: str, namespace: str, values: dict[str, Any], crds: bool
) -> list[Object]:
    """The objects of a chart, without hooks. `lookup` asks the cluster where there is one."""
    arguments = [str(tool("helm")), "template", release, str(chart), "--namespace", namespace or "default", "--no-hooks"]
    arguments += ["--include-crds"] if crds else ["--skip-crds"]
    async with private_file(json.dumps(values), ".json") as file, private_file(_kubeconfig(cluster), ".kubeconfig") as login:
        arguments += ["--values", file]
        if cluster is not None:
            arguments += ["--dry-run=server", "--kubeconfig", login, *await capabilities(cluster)]
        return parse(await run(arguments, _HOME), f"chart {chart}")


# helm must neither read nor write the user's own configuration
_HOME = {"HELM_CONFIG_HOME": "/nonexistent", "HELM_PLUGINS": "/nonexistent"}


def _kubeconfig(cluster: Cluster | None) -> str:
    return cluster.connection.kubeconfig if cluster else "{}"


async def capabilities(cluster: Cluster) -> list[str]:
    """The options that tell a chart what the cluster is (its version and kinds), as the official provider does."""
    version = await cluster.api.call("GET", "/version")
    kinds = await cluster.discovery.kinds()
    groups = {api_version for api_version, _ in kinds}
    names = sorted(groups | {f"{api_version}/{kind}" for api_version, kind in kinds})
    return ["--kube-version", str(version["gitVersion"]), "--api-versions", ",".join(names)]


async def kustomize(folder: Path) -> list[Object]:
    """The objects of a kustomization, or of a plain manifest file."""
    if folder.is_file():
        return parse(folder.read_text(), str(folder))
    helm = str(tool("helm"))
    arguments = [str(tool("kubectl")), "kustomize", str(folder), "--enable-helm", "--helm-command", helm]
    return parse(await run([*arguments, "--load-restrictor", "LoadRestrictionsNone"]), f"kustomization {folder}")
