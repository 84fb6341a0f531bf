"""The real chart rendered with our values, where it is at hand (MLOPS_CHARTS) and helm is built."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.kubernetes.chart import Pin
from sandbox import build
from tests.contracts.reference import LOADER


def render(pin: Pin, values: Mapping[str, Any], namespace: str, folder: Path) -> list[dict[str, Any]]:
    """Every object that the chart renders; skips, saying so, where chart or helm is not at hand.

    Rendered twice, and different texts fail: what is drawn at random is drift on each preview.
    """
    root = os.environ.get("MLOPS_CHARTS")
    if not root or not (Path(root) / pin.chart / "Chart.yaml").is_file():
        pytest.skip(f"NOT RUN: the chart {pin.chart} is not at hand (MLOPS_CHARTS)")
    try:
        helm = build.tool("helm")
    except build.BuildError as problem:
        pytest.skip(f"NOT RUN: {problem}")
    file = folder / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    command = [str(helm), "template", pin.chart, str(Path(root) / pin.chart), "--namespace", namespace, "--values", str(file)]
    texts = [_run([*command, "--kube-version", "1.35.0"]) for _ in range(2)]
    assert texts[0] == texts[1], f"{pin.chart} draws something at random when it is rendered"
    return [found for found in yaml.load_all(texts[0], Loader=LOADER) if found]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def hooks(objects: list[dict[str, Any]]) -> list[str]:
    """Objects that only Helm's own lifecycle would run."""
    return [f"{o['kind']}/{o['metadata']['name']}" for o in objects if "helm.sh/hook" in (o["metadata"].get("annotations") or {})]


def containers(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every container, init containers too, by `<workload>/<container>`."""
    return {
        f"{o['metadata']['name']}/{c['name']}": c
        for o in objects
        if o["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job")
        for c in [*(o["spec"]["template"]["spec"].get("initContainers") or []), *o["spec"]["template"]["spec"]["containers"]]
    }


def unbounded(objects: list[dict[str, Any]]) -> list[str]:
    """Containers without requests or limits of CPU and memory."""
    wanted = {"cpu", "memory"}
    return [
        name
        for name, c in containers(objects).items()
        if any(not wanted <= set((c.get("resources") or {}).get(kind) or {}) for kind in ("requests", "limits"))
    ]
