"""`mlops sources`: what the stacks ask for, what is stale, and that a fetched chart is the one that was locked."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from cli import sources
from cli.charts import Wanted, collect
from cli.errors import UserError

DEMO = Wanted("demo", "1.2.3", "https://charts.example", "demo", "demo-ns", {"replicas": 2}, False, "test")


def archive(folder: Path, text: str) -> Path:
    path = folder / "demo-1.2.3.tgz"
    with tarfile.open(path, "w:gz") as made:
        for name, content in (("demo/charts/sub/Chart.yaml", "version: 9.9.9"), ("demo/Chart.yaml", text)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content.encode()))
    return path


def test_a_fetched_chart_must_be_the_one_that_was_locked(tmp_path: Path) -> None:
    entry = {"version": "1.2.3", "appVersion": "v7"}
    sources.check_archive("demo", entry, archive(tmp_path, 'version: v1.2.3\nappVersion: "7"\n'))
    with pytest.raises(UserError, match='demo: fetched appVersion "8", the lock says "v7"'):
        sources.check_archive("demo", entry, archive(tmp_path, "version: 1.2.3\nappVersion: 8\n"))


def test_what_the_lock_has_not_seen_is_stale() -> None:
    locked = {"demo": {"version": "1.2.3", "renders": {DEMO.key: {}}}}
    assert sources.stale([DEMO], locked) == []
    (line,) = sources.stale([replace(DEMO, values={"replicas": 3})], locked)
    assert "demo 1.2.3 (stack test)" in line and "no render" in line
    (line,) = sources.stale([replace(DEMO, version="2.0.0")], locked)
    assert "the lock has version 1.2.3" in line
    (line,) = sources.stale([replace(DEMO, chart="other")], locked)
    assert "the lock has version none" in line


def test_the_hash_of_a_render_is_that_of_its_values_alone() -> None:
    assert replace(DEMO, stack="other", namespace="elsewhere").key == DEMO.key != replace(DEMO, values={}).key


def test_a_chart_that_is_not_at_hand_says_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_CHARTS", raising=False)
    with pytest.raises(UserError, match=r"chart demo 1\.2\.3: not at hand.*MLOPS_CHARTS"):
        sources.lock_document([DEMO])


def test_a_lock_that_is_not_there_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mlops sources lock"):
        sources.read_lock(tmp_path / "sources.lock.json")


def test_crds_of_the_lock_are_kept_by_no_annotation_that_only_some_values_set() -> None:
    plain = {"group": "g", "plural": "things"}
    kept = {**plain, "annotations": {"helm.sh/resource-policy": "keep"}}
    assert sources.agreed([], [kept]) == [kept]
    assert sources.agreed([kept], [plain]) == sources.agreed([plain], [kept]) == [plain]


def test_a_crd_that_only_some_values_render_stays_in_the_lock() -> None:
    first, second = {"group": "a", "plural": "things"}, {"group": "b", "plural": "others"}
    assert sources.agreed([first, second], [first]) == sources.agreed([second], [first]) == [first, second]


@pytest.mark.sandbox
def test_a_render_becomes_facts_with_crds_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = tmp_path / "demo"
    (chart / "templates").mkdir(parents=True)
    (chart / "crds").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 1.2.3\nappVersion: '7'\n")
    (chart / "templates" / "all.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}\n"
        "data: {replicas: '{{ .Values.replicas }}', secret: '{{ .Values.secret }}'}\n"
        "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: hook, annotations: {helm.sh/hook: post-install}}\n"
    )
    (chart / "crds" / "crd.yaml").write_text(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: demos.example.org}\n"
        "spec: {group: example.org, scope: Namespaced, names: {kind: Demo, plural: demos},"
        " versions: [{name: v1, served: true, storage: true}]}\n"
    )
    monkeypatch.setenv("MLOPS_CHARTS", str(tmp_path))
    found = sources.lock_document([DEMO])["sources"]["demo"]
    assert (found["version"], found["appVersion"]) == ("1.2.3", "7")
    assert [c["plural"] for c in found["crds"]] == ["demos"]
    (render,) = found["renders"].values()
    assert render["namespace"] == "demo-ns"
    assert [(o["kind"], o["name"], o["keys"]) for o in render["objects"]] == [("ConfigMap", "demo", ["replicas", "secret"])]
    assert "2" not in str(render["objects"][0].get("data", ""))


def test_every_stack_and_blueprint_of_ours_is_in_the_lock() -> None:
    said: list[str] = []
    wanted = collect(say=said.append)
    assert said == []
    assert {"cert-manager", "trust-manager", "ps-operator", "strimzi-kafka-operator"} <= {w.chart for w in wanted}
    assert sources.stale(wanted, sources.read_lock()) == [], "lock stale: run `mlops sources lock`"


def test_the_lock_holds_facts_and_no_text_of_a_chart() -> None:
    for name, entry in sources.read_lock().items():
        for render in entry["renders"].values():
            for found in render["objects"]:
                assert not {"data", "stringData", "spec"} & set(found), f"{name}: {found['kind']}/{found['name']}"
