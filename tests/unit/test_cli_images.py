"""`mlops images`: what a stack runs, from its program and from the lock."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli import charts, images, sources
from cli.errors import UserError
from components.settings import ROOT, load_file
from components.spec.stack import Stack
from tests.unit.stackfiles import checked, stack


@pytest.fixture(scope="module")
def sandbox() -> Stack:
    found = load_file(ROOT / "stacks" / "Pulumi.sandbox.yaml")
    assert isinstance(found, Stack)
    return found


@pytest.fixture(scope="module")
def rows(sandbox: Stack) -> list[images.Row]:
    return images.rows(sandbox)


def test_every_system_of_the_stack_and_its_foundation_has_images(sandbox: Stack, rows: list[images.Row]) -> None:
    assert {row.system for row in rows} == {*sandbox.spec.systems.chosen(), "foundation"}
    assert len({(row.image, row.system) for row in rows}) == len(rows)


def test_images_of_workloads_custom_resources_charts_and_notebooks_are_there(rows: list[images.Row]) -> None:
    found = {(row.system, row.image.rpartition(":")[0]) for row in rows}
    assert found >= {
        ("minio", "quay.io/minio/minio"),  # our own workload
        ("minio", "quay.io/minio/mc"),  # a Job of a grant
        ("mysql", "docker.io/percona/percona-server"),  # a custom resource
        ("mysql", "docker.io/percona/percona-server-mysql-operator"),  # a chart's, from the lock
        ("kafka", "quay.io/strimzi/kafka"),  # told to an operator by a variable
        ("prometheus", "quay.io/prometheus-operator/prometheus-config-reloader"),  # … and by a flag
        ("prometheus", "registry.k8s.io/kube-state-metrics/kube-state-metrics"),  # a sub-chart's
        ("jupyterhub", "quay.io/jupyter/scipy-notebook"),  # started by the hub, later
    }
    assert all(re.fullmatch(r"[a-z0-9.-]+\.[a-z]+/[^@\s<>]+:[^:/\s]+", row.image) for row in rows)


def test_no_digest_and_no_licence_is_made_up(rows: list[images.Row]) -> None:
    assert {row.digest for row in rows} == {None}  # none was read at a registry so far
    assert images.licence("quay.io/minio/minio:x") == "AGPL-3.0"
    assert images.licence("quay.io/minimal/x:1") is None
    assert any(row.licence is None for row in rows)


def test_a_digest_that_a_source_names_is_shown_and_a_malformed_one_is_not(
    sandbox: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = "sha256:" + "a" * 64
    refs = [("kafka", f"quay.io/a/b:1@{digest}"), ("kafka", "c/d:2@sha256:1"), ("kafka", f"quay.io/a/b:1@{digest}")]
    monkeypatch.setattr(images, "_references", lambda stack: iter(refs))
    assert [(row.image, row.digest) for row in images.rows(sandbox)] == [("docker.io/c/d:2", None), ("quay.io/a/b:1", digest)]


def test_values_that_the_lock_has_not_seen_are_an_error_with_advice(tmp_path: Path) -> None:
    spec = "systems:\n  prometheus: {values: {something: new}}\n"
    with pytest.raises(UserError, match=r"kube-prometheus-stack .*mlops sources lock") as caught:
        images.rows(stack(checked(tmp_path, spec)))
    assert caught.value.code == 1


def test_a_program_that_fails_is_one_line(sandbox: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(stack: Stack) -> Any:
        raise RuntimeError("not today")

    monkeypatch.setattr(charts, "registrations", broken)
    with pytest.raises(UserError, match="the program of stack sandbox fails: RuntimeError: not today"):
        images.rows(sandbox)


def test_services_of_a_cloud_run_no_image_of_ours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "read_lock", lambda: pytest.fail("read the lock"))
    images.images("sandbox-sagemaker", "json")
    assert json.loads(capsys.readouterr().out) == []


def test_the_table_says_unverified_and_json_null(
    rows: list[images.Row], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "rows", lambda stack: rows)
    images.images("sandbox", "json")
    data = json.loads(capsys.readouterr().out)
    assert [tuple(row) for row in data] == [images.COLUMNS] * len(rows) and data[0]["digest"] is None
    images.images("sandbox", "table")
    assert capsys.readouterr().out.count("unverified") == len(rows)


def test_bad_input_is_told() -> None:
    with pytest.raises(UserError, match='did you mean "sandbox"'):
        images.images("sandbx", "table")
    with pytest.raises(UserError, match="expected table, json or oci-copy"):
        images.images("sandbox", "csv")


@pytest.mark.parametrize(
    ("parent", "name", "system"),
    [
        ("urn:pulumi:s::mlops::pulumi:pulumi:Stack$mlops:index:Platform::s", "kafka", "kafka"),
        ("urn:pulumi:s::mlops::pulumi:pulumi:Stack$mlops:index:Platform$mlops:index:StrimziKafka::kafka", "any", "kafka"),
        ("urn:pulumi:s::mlops::pulumi:pulumi:Stack$mlops:index:Platform::s", "mlflow-server-x", "mlflow"),
        ("urn:pulumi:s::mlops::pulumi:pulumi:Stack$mlops:index:Platform::s", "namespace-x", "foundation"),
        ("", "stack", "foundation"),
    ],
)
def test_the_system_of_a_registration(parent: str, name: str, system: str) -> None:
    assert images.system_of(parent, name, ["kafka", "mlflow"]) == system


def test_every_image_is_copied_once_to_where_the_mirror_is_pulled_from(sandbox: Stack, rows: list[images.Row]) -> None:
    script = images.copies(rows, "mirror.example/hub/")
    assert script[:2] == ["#!/bin/sh", "set -eu"]
    pairs = [line.split()[2:] for line in script[2:]]
    assert len(pairs) == len({row.image for row in rows})
    assert [
        "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
        "mirror.example/hub/minio/minio:RELEASE.2025-09-07T16-13-09Z",
    ] in pairs
    assert all(line.startswith("crane copy ") for line in script[2:])
    assert images.copies(rows, None)[2].split()[3].startswith('"${MIRROR:?')
    digest = "sha256:" + "a" * 64
    (line,) = images.copies([images.Row("quay.io/a/b:1", digest, "x", None)], "m.example")[2:]
    assert line == f"crane copy quay.io/a/b:1@{digest} m.example/a/b:1"


def test_a_stack_with_a_mirror_is_listed_by_the_names_that_fill_it(
    sandbox: Stack, rows: list[images.Row], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mirrored = sandbox.model_copy(
        update={"spec": sandbox.spec.model_copy(update={"registry_mirror": "m.example/hub", "chart_mirror": "oci://m.example/c"})}
    )
    monkeypatch.setattr(images, "load", lambda name: mirrored)
    images.images("sandbox", "oci-copy")
    assert "crane copy quay.io/minio/mc:" in (text := capsys.readouterr().out) and " m.example/hub/minio/mc:" in text


def test_what_the_stacks_registry_builds_from_is_an_image_too() -> None:
    props = {"metadata": {"name": "f"}, "data": {"Dockerfile": "ARG V=1\nFROM docker.io/a/b:${V} AS x\nFROM x\n"}}
    assert list(images._named("kubernetes:core/v1:ConfigMap", "f", props)) == ["docker.io/a/b:1"]
