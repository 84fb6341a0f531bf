"""Our own Grafana dashboards, as files in dashboards/: one ConfigMap each, found by the sidecar through its label.

A file holds rows: a title, a unit and what is asked (boards.py makes Grafana's model of them). Each names the source of its
metric names in its description.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi_kubernetes import core

from components.kubernetes import boards
from components.kubernetes.place import Place

LABEL = {"grafana_dashboard": "1"}
"""What the sidecar selects; kube-prometheus-stack puts the same on its dashboards."""
FOLDER = {"grafana_folder": "MLOps"}
GENERAL = ("platform", "gpu", "certificates")
"""Dashboards of no single system."""
KINDS = {
    "training": {"cluster", "kubeflow", "katib", "ray"},
    "serving": {"fastapi", "flask", "bentoml", "tfserving", "kserve"},
}
"""Dashboards over what several systems do, and the systems of which one is enough."""

_FILES = Path(__file__).with_name("dashboards")


def every() -> list[str]:
    """All that there are, by name."""
    return sorted(file.stem for file in _FILES.glob("*.yaml"))


def names(systems: Sequence[str]) -> list[str]:
    """Dashboards for these systems: the general ones, then those of training and serving, then each system's own."""
    there = set(every())
    shared = [name for name, members in KINDS.items() if members & set(systems)]
    return [*GENERAL, *shared, *(system for system in systems if system in there - KINDS.keys())]


def load(name: str) -> dict[str, Any]:
    """One dashboard as Grafana reads it. Raises FileNotFoundError where there is none of that name."""
    # some thirty files, of which libyaml reads one in a few milliseconds
    reader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return boards.model(f"mlops-{name}", yaml.load((_FILES / f"{name}.yaml").read_text(encoding="utf-8"), Loader=reader))


def config_map(name: str, place: Place, dashboard: str, opts: pulumi.ResourceOptions | None = None) -> core.v1.ConfigMap:
    """The ConfigMap of one dashboard; `name` is the resource's."""
    found = place.meta(f"mlops-dashboard-{dashboard}", notes=FOLDER)
    found.labels = {**place.labels, **LABEL}
    content = json.dumps(load(dashboard), separators=(",", ":"))
    return core.v1.ConfigMap(name, metadata=found, data={f"mlops-{dashboard}.json": content}, opts=opts or place.opts)
