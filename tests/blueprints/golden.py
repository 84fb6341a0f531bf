"""`python -m tests.blueprints.golden [NAME ...]`: write what each blueprint becomes into golden/[<target>/]<name>.yaml.

NAME is a blueprint (on Kubernetes), or a target and a blueprint: `vertex/full`. A file holds counts of objects by kind, every chart and manifest file with its version, sizes that were chosen, and the keys
of the outputs: what a reviewer wants to see move when a blueprint, a default or a pin does; on a cloud which systems it
manages, too (golden_clouds.py). Tests compare and never write.
"""

import difflib
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cli.charts import Wanted
from tests.blueprints import golden_clouds
from tests.blueprints.recorded import Made, Recorded, blueprint, render
from tests.blueprints.recorded_clouds import CLOUDS, on_cloud

FOLDER = Path(__file__).with_name("golden")
NAMES = ("starter", "streaming-features", "gpu-training", "serving", "production", "full")
ON_CLOUDS = tuple(f"{cloud}/{name}" for cloud in CLOUDS for name in ("full", "production", "serving", "gpu-training"))
SIZES = re.compile(
    r"^(replicas|replicaCount|replication_factor|(min|max)Replicas|minAvailable|maxUnavailable|instances|size|storage|retention\w*|"
    r"partitions|parallelism|schedule|nominalQuota|nvidia\.com/gpu|pods)$"
)
"""Keys whose values say how much there is of something."""
NO_SIZES = {"metadata", "privateKey"}
"""Parts in which such a key says something else."""
LOOKS_LIKE_IT = {"ConfigMap", "Secret", "CustomResourceDefinition", "PrometheusRule"}
HEAD = "# What blueprint {name} becomes on Kubernetes. Written by `python -m tests.blueprints.golden {name}`; read it, do not edit it.\n"


def inventory(found: Recorded) -> dict[str, Any]:
    """What is written: plain data, sorted."""
    return {
        "blueprint": found.name,
        "objects": len(found.objects),
        "kinds": dict(sorted(Counter(made.kind for made in found.objects).items())),
        "charts": _sources(found, manifests=False),
        "manifests": _sources(found, manifests=True),
        "sizes": dict(sorted(_own_sizes(found.objects))),
        "exports": sorted(found.exports),
    }


def _sources(found: Recorded, manifests: bool) -> dict[str, Any]:
    wanted = [one for one in found.sources if one.manifest is manifests]
    return dict(sorted((_label(one), _source(one)) for one in wanted))


def _label(one: Wanted) -> str:
    return one.chart if one.manifest or one.release == one.chart else f"{one.chart}/{one.release}"


def _source(one: Wanted) -> dict[str, Any]:
    known = render(one)
    said: dict[str, Any] = {"version": one.version, "objects": len(known["objects"]) if known else "not in sources.lock.json"}
    if not one.manifest:
        said["namespace"] = one.namespace
        if chosen := dict(sizes(one.values)):
            said["values"] = chosen
    return said


def _own_sizes(objects: tuple[Made, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Sizes in our own objects, by kind, namespace and name."""
    for made in objects:
        if not made.source and made.kind not in LOOKS_LIKE_IT and (chosen := dict(sizes(made.props))):
            yield made.at, chosen


def sizes(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Values of the keys in SIZES with their paths, in order of the path."""
    if isinstance(value, Mapping):
        for key, item in sorted(value.items()):
            here = f"{path}.{key}" if path else str(key)
            if not isinstance(item, Mapping | list):
                if SIZES.match(str(key)) and item is not None:
                    yield here, int(item) if isinstance(item, float) and item.is_integer() else item
            elif key not in NO_SIZES:
                yield from sizes(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from sizes(item, f"{path}[{index}]")


def text(name: str) -> str:
    """The file of a blueprint as it should be now."""
    target, _, alone = name.rpartition("/")
    head = golden_clouds.HEAD.format(name=alone, target=target) if target else HEAD.format(name=name)
    found = golden_clouds.inventory(on_cloud(alone, target)) if target else inventory(blueprint(name))
    return head + yaml.safe_dump(found, sort_keys=False, width=130)


def differences(old: str, new: str) -> list[str]:
    """Lines that are gone (-) or new (+)."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "golden", "now", n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def main(names: list[str]) -> None:
    """Write the files of the blueprints named, of all by default."""
    for name in names or (*NAMES, *ON_CLOUDS):
        path = FOLDER / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(name), encoding="utf-8")
        print(f"wrote {FOLDER.name}/{name}.yaml")


if __name__ == "__main__":
    main(sys.argv[1:])
