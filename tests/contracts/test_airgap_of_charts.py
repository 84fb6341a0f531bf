"""Every object that the real charts render to for `full` behind a mirror, the content of their ConfigMaps too."""

import asyncio
import os

import pytest

from cli.charts import MIRROR, MIRRORED, VARIANTS
from cli.sources import template
from cli.wiring.registries import KEPT_OUT, foreign, references
from sandbox import build
from sandbox.providers.kubernetes import sources
from tests.blueprints.recorded import asked, loaded
from tests.blueprints.test_airgap import REPLACED

pytestmark = pytest.mark.slow


def test_no_chart_of_full_names_another_registry() -> None:
    if not os.environ.get("MLOPS_CHARTS"):
        pytest.skip("NOT RUN: no charts at hand (MLOPS_CHARTS)")
    try:
        build.tool("helm")
    except build.BuildError as problem:
        pytest.skip(f"NOT RUN: {problem}")
    left, walked, named = [], 0, 0
    for one in asked(loaded("full", own=VARIANTS[MIRRORED])):
        folder = None if one.manifest else sources.chart_folder(one.chart, one.version)
        assert one.manifest or folder is not None, f"{one.chart} is not at hand"
        if folder is None:
            continue
        found = [obj for obj in asyncio.run(template(folder, one)) if obj["kind"] not in KEPT_OUT]
        for obj in found:
            obj["metadata"].setdefault("namespace", one.namespace)
        walked, named = walked + len(found), named + sum(1 for obj in found for _ in references(obj))
        replaced = REPLACED.get(one.chart, "nothing")
        left += [f"{one.chart}: {problem}" for problem in foreign(found, MIRROR) if replaced not in str(problem)]
    print(f"{walked} objects, {named} references")
    assert left == []
    assert named > 100
