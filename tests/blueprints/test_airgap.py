"""With registryMirror and chartMirror set, no object of any blueprint names another registry.

Our own objects are walked as the program registers them. Of a chart is shown that the values which it gets with a mirror move
every image that it renders to without one; of `starter` and `full`, which the lock knows behind a mirror, every object is walked,
those too that operators make. The lock holds no content of a chart's ConfigMaps: tests/contracts/test_airgap_of_charts.py does.
"""

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from cli.charts import BEHIND_A_MIRROR, MIRROR, MIRRORED, VARIANTS, registrations
from cli.wiring.engine import Engine, known
from cli.wiring.registries import KEPT_OUT, assembled, foreign, references
from cli.wiring.rendered import objects as everything
from components.settings import ROOT
from components.spec.stack import Stack
from components.validation.document import Document
from components.validation.stackfile import check
from sandbox.providers.kubernetes.components import CHART, FILE
from tests.blueprints.golden import NAMES
from tests.blueprints.recorded import blueprint, loaded

CHARTS, MANIFESTS = "oci://mirror.example/charts", "https://mirror.example/manifests"
OWN = "registry.mlops.internal"
EVERYTHING = {"imageRegistry", "defaultImageRegistry"}
"""Keys of charts that move all of their images."""
GLOBAL = ("global", "image")
REPLACED = {"jenkins": "docker.io/jenkins/jenkins:"}
"""Images of charts in whose place the program puts another one, whatever the values say (jenkins.told)."""
Object = dict[str, Any]


class OfFiles(Engine):
    """Knows the objects of manifest files, after the program's own transforms; charts with a mirror the lock does not know."""

    async def _rendered(self, request: Any, transforms: Sequence[Any]) -> list[Object]:
        return [] if request.type == CHART else await super()._rendered(request, transforms)


def stack_of(name: str, **more: str) -> Stack:
    """A blueprint with a mirror."""
    spec = {"mlops:target": "kubernetes", "mlops:blueprint": name, "mlops:spec": {"registryMirror": MIRROR, **more}}
    stack = check(Document(None, {"config": spec}), f"blueprint-{name}", ROOT)
    assert isinstance(stack, Stack), stack.text()
    return stack


@functools.cache
def made(name: str) -> tuple[list[Object], dict[str, Object]]:
    """Our own objects of a mirrored blueprint, and what each chart gets, by release."""
    objects, charts = [], {}
    for request in registrations(stack_of(name, chartMirror=CHARTS, manifestMirror=MANIFESTS)):
        plain = {key: known(value) for key, value in request.object.fields.items()}
        if request.type == CHART:
            charts[str(plain["name"])] = plain
        elif request.type == FILE:
            assert str(plain["file"]).startswith(MANIFESTS), plain["file"]
        elif request.type.startswith("kubernetes:") and plain.get("kind"):
            objects.append(plain)
    return objects, charts


def rendered(name: str) -> Iterator[tuple[str, str]]:
    """(release, reference) of every image that the charts of a blueprint render to without a mirror."""
    found = blueprint(name)
    by = {one.chart: one.release for one in found.sources if not one.manifest}
    for obj in found.objects:
        if obj.source in by and obj.kind != "CustomResourceDefinition":
            whole = {"kind": obj.kind, **obj.props}
            yield from ((by[obj.source], ref) for _, ref in references(whole))


def moved(ref: str, values: Any, path: tuple[str, ...] = ()) -> bool:
    """Whether values of a chart take an image from the mirror: all of them, or this one by its name."""
    if isinstance(values, list):
        return any(moved(ref, item, path) for item in values)
    if not isinstance(values, Mapping):
        return False
    host, _, rest = ref.partition("/")
    there = f"{MIRROR}/{rest if '.' in host or ':' in host else ref}".partition("@")[0]
    if isinstance(values.get("repository"), str) and _begins(there, assembled({**values, "tag": ""})):
        return True
    if values.get("registry") == MIRROR and (path == GLOBAL or "repository" not in values):
        return True
    for key, item in values.items():
        if isinstance(item, str) and ((key in EVERYTHING and item == MIRROR) or _begins(there, item)):
            return True
        if moved(ref, item, (*path, str(key))):
            return True
    return False


def _begins(whole: str, start: str) -> bool:
    """Whether a place in the mirror, with or without a tag, is the image's or a folder of its."""
    return start.startswith(f"{MIRROR}/") and (whole == start or whole.startswith((f"{start}/", f"{start}:")))


@pytest.mark.parametrize("name", NAMES)
def test_no_object_of_ours_names_another_registry(name: str) -> None:
    objects, _ = made(name)
    assert [str(problem) for problem in foreign(objects, MIRROR, OWN)] == []
    assert sum(1 for obj in objects for _ in references(obj)) > 5


@pytest.mark.parametrize("name", NAMES)
def test_no_chart_is_told_of_another_registry(name: str) -> None:
    _, charts = made(name)
    place = {"metadata": {"name": name, "namespace": ""}}
    told = [{"kind": "ChartValues", **place, "values": chart.get("values") or {}} for chart in charts.values()]
    assert [str(problem) for problem in foreign(told, MIRROR, OWN)] == []
    assert [chart["chart"] for chart in charts.values() if not str(chart["chart"]).startswith(CHARTS)] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_values_move_every_image_that_a_chart_renders_to(name: str) -> None:
    _, charts = made(name)
    left = {(release, ref) for release, ref in rendered(name) if not moved(ref, charts[release].get("values") or {})}
    assert sorted(f"{release}: {ref}" for release, ref in left if not ref.startswith(REPLACED.get(release, "nothing"))) == []


@pytest.mark.parametrize("name", BEHIND_A_MIRROR)
def test_no_object_at_all_names_another_registry(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = [obj for obj in everything(loaded(name, own=VARIANTS[MIRRORED])) if obj["kind"] not in KEPT_OUT]
    named = Counter(obj["kind"] for obj in found for _ in references(obj))
    with capsys.disabled():
        print(f"\n{name}: {len(found)} objects, {named.total()} references in objects of {len(named)} kinds")
    assert [str(problem) for problem in foreign(found, MIRROR, OWN)] == []
    assert {"Deployment", "StatefulSet", "Job", "Prometheus", "PerconaServerMySQL"} <= set(named)


@pytest.mark.parametrize("name", ["full"])
def test_no_manifest_file_brings_an_image_of_another_registry(name: str) -> None:
    engines: list[OfFiles] = []

    def engine(found: list[Any]) -> OfFiles:
        engines.append(OfFiles(found, f"blueprint-{name}", ()))
        return engines[-1]

    registrations(stack_of(name), monitor=engine)
    objects = [obj for theirs in engines[0].theirs.values() for obj in theirs]
    assert any(obj["kind"] == "Deployment" for obj in objects)
    assert [str(problem) for problem in foreign(objects, MIRROR, OWN)] == []


def test_two_seeded_leaks_are_caught() -> None:
    objects, charts = made("starter")
    job = next(obj for obj in objects if obj["kind"] == "Job" and obj["spec"]["template"]["spec"].get("initContainers"))
    sneaked = {"name": "wait", "image": "docker.io/library/busybox:1.37"}
    pod = {**job["spec"]["template"]["spec"], "initContainers": [sneaked]}
    first = {**job, "spec": {**job["spec"], "template": {"spec": pod}}}
    config = {
        "kind": "ConfigMap",
        "metadata": {"name": "agents", "namespace": "minio"},
        "data": {"pod.yaml": "image: quay.io/minio/mc:1"},
    }
    said = [str(problem) for problem in foreign([*objects, first, config], MIRROR, OWN)]
    assert len(said) == 2
    assert "initContainers[0].image: docker.io/library/busybox:1.37 is not from mirror.example/hub" in said[1]
    assert "ConfigMap minio/agents: data.pod.yaml: quay.io/minio/mc:1" in said[0]
    assert not moved("quay.io/jetstack/x:1", {"image": {"repository": "quay.io/jetstack/x"}})
    assert not moved("quay.io/jetstack/x:1", charts["jupyterhub"]["values"])
