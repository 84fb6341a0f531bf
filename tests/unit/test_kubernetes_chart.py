"""Helm charts become resources with our values, and their CRDs stay when a stack asks for that."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.kubernetes import crds
from components.kubernetes.chart import AT_HAND, CRD, Pin, drop_crds, keep_crds, merge, render
from components.kubernetes.manifests import Source
from components.kubernetes.manifests import render as render_manifest
from tests.unit.recording import record
from tests.unit.registered import Registered

OCI = Pin("operator", "1.2.3", "oci://registry.example/charts/operator", checked="2026-11-23")
HTTP = Pin("operator", "1.2.3", "https://charts.example", checked="2026-11-23")


def rendered(pin: Pin = OCI, **options: Any) -> Registered:
    made = record(
        lambda: render("mine", pin, {"a": {"b": 1, "c": [1]}}, namespace="ns", opts=pulumi.ResourceOptions(), **options)
    )
    return made.one("Chart")


def test_the_systems_own_values_are_merged_last_maps_merge_and_lists_replace() -> None:
    assert merge({"a": {"b": 1, "c": [1]}}, {"a": {"c": [2]}, "d": 3}) == {"a": {"b": 1, "c": [2]}, "d": 3}
    chart = rendered(extra={"a": {"b": 2}, "more": True})
    assert chart.inputs["values"] == {"a": {"b": 2, "c": [1]}, "more": True}


def test_a_chart_is_taken_from_its_pin_or_from_the_mirror() -> None:
    assert rendered().inputs["chart"] == "oci://registry.example/charts/operator"
    assert rendered().inputs["version"] == "1.2.3"
    http = rendered(HTTP)
    assert (http.inputs["chart"], http.inputs["repositoryOpts"]) == ("operator", {"repo": "https://charts.example"})
    mirrored = rendered(HTTP, mirror="oci://mirror.example/charts/")
    assert mirrored.inputs["chart"] == "oci://mirror.example/charts/operator"
    assert "repositoryOpts" not in mirrored.inputs
    assert rendered(OCI, mirror="https://mirror.example").inputs["repositoryOpts"] == {"repo": "https://mirror.example"}


def test_a_chart_that_is_at_hand_is_taken_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AT_HAND, str(tmp_path))
    assert rendered(HTTP).inputs["chart"] == "operator"
    (tmp_path / "operator-1.2.3.tgz").touch()
    assert rendered(HTTP).inputs["chart"] == str(tmp_path / "operator-1.2.3.tgz")
    (tmp_path / "operator").mkdir()
    (tmp_path / "operator" / "Chart.yaml").write_text("name: operator\nversion: v1.2.3\n")
    found = rendered(HTTP, mirror="oci://mirror.example/charts")
    assert found.inputs["chart"] == str(tmp_path / "operator") and "repositoryOpts" not in found.inputs
    (tmp_path / "operator" / "Chart.yaml").write_text("name: operator\nversion: 1.3.0\n")
    with pytest.raises(
        pulumi.RunError, match=r"chart operator: MLOPS_CHARTS has version 1\.3\.0, this platform installs 1\.2\.3"
    ):
        rendered(HTTP)


def test_the_release_name_is_the_charts_own_so_that_object_names_are_known() -> None:
    assert rendered().inputs["name"] == "operator"
    assert rendered(release="other").inputs["name"] == "other"


def test_only_crds_are_kept_and_only_where_the_stack_keeps_them() -> None:
    assert rendered(keep=True).definitions_stay
    # which undoes what a chart without a switch says of its own
    assert not rendered(keep=False).definitions_stay
    assert rendered(skip_crds=True).transforms == []

    def asked(token: str, transform: Any = keep_crds) -> pulumi.ResourceTransformResult | None:
        opts = pulumi.ResourceOptions(protect=True, retain_on_delete=transform is drop_crds)
        found: pulumi.ResourceTransformResult | None = transform(
            pulumi.ResourceTransformArgs(True, token, "x", {"spec": 1}, opts)
        )
        return found

    kept = asked(CRD)
    assert kept is not None and kept.opts.retain_on_delete and kept.opts.protect and kept.props == {"spec": 1}
    dropped = asked(CRD, drop_crds)
    assert dropped is not None and dropped.opts.retain_on_delete is False and dropped.opts.protect
    assert asked("kubernetes:apps/v1:Deployment") is None


def test_no_crd_has_two_owners() -> None:
    named = [crd for owned in crds.OWNERS.values() for crd in owned]
    assert len(named) == len(set(named))


def test_an_existing_operator_is_read_and_refused_where_it_serves_another_version() -> None:
    spec = {"spec": {"group": "g", "names": {}, "scope": "Namespaced", "versions": [{"name": "v1beta2", "served": True}]}}

    def look() -> None:
        crds.existing("theirs", "kafkas.kafka.strimzi.io", "v1", pulumi.ResourceOptions())

    with pytest.raises(Exception, match=r"kafkas\.kafka\.strimzi\.io in the cluster serves v1beta2; this platform writes v1"):
        record(look, reads={"kafkas.kafka.strimzi.io": spec})
    spec["spec"]["versions"] = [{"name": "v1", "served": True}]
    made = record(look, reads={"kafkas.kafka.strimzi.io": spec})
    assert [r.read for r in made.resources] == [True]


def test_foreign_manifests_come_from_the_mirror_at_their_commit_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    directory = Source("kubeflow/katib", commit, "manifests/v1beta1", checked="2026-11-23")
    file = Source("kubeflow/katib", commit, "crd.yaml", checked="2026-11-23")

    def make(source: Source, mirror: str | None) -> Registered:
        def build() -> None:
            render_manifest("theirs", source, mirror=mirror, opts=pulumi.ResourceOptions())

        return record(build).resources[0]

    assert make(directory, "/srv/mirror/").inputs["directory"] == f"/srv/mirror/kubeflow/katib/{commit}/manifests/v1beta1"
    assert make(file, "/srv/mirror").inputs["file"] == f"/srv/mirror/kubeflow/katib/{commit}/crd.yaml"
    # neither a mirror nor a fetched copy: the repository itself, at the commit that names its content
    assert make(file, None).inputs["file"] == f"https://raw.githubusercontent.com/kubeflow/katib/{commit}/crd.yaml"
    assert make(directory, None).inputs["directory"] == f"https://github.com/kubeflow/katib//manifests/v1beta1?ref={commit}"
    monkeypatch.setenv("MLOPS_MANIFESTS", str(tmp_path))
    assert make(file, None).inputs["file"].startswith("https://")
    fetched = tmp_path / "kubeflow" / "katib" / commit / "crd.yaml"
    fetched.parent.mkdir(parents=True)
    fetched.touch()
    assert make(file, None).inputs["file"] == str(fetched)


def test_a_definition_loses_its_prose_and_what_the_api_server_drops() -> None:
    schema = {"type": "object", "description": "words", "properties": {"a": {"type": "object", "properties": {}}}}
    assert crds.slim(schema) == {"type": "object", "properties": {"a": {"type": "object"}}}
    assert crds.slim(schema, prose=True) == {"type": "object", "description": "words", "properties": {"a": {"type": "object"}}}
    # a field of that name, and data under `default`, are no prose
    named = {"properties": {"description": {"type": "string"}}, "default": {"description": "x", "properties": {}}}
    assert crds.slim(named) == named
