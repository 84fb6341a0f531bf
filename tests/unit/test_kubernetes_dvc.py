"""DVC: a configuration without secrets, a key for one bucket, and a check that runs what it says."""

import configparser
import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import images
from components.kubernetes.dvc import BUCKET, CHECK, DvcRemote, DvcRemoteArgs
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.data import Dvc
from components.spec.stack import Tier
from tests.unit import kubernetes_site
from tests.unit.kubernetes_site import STORE, site
from tests.unit.kubernetes_stack import LABELS
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

ACCESS = replace(kubernetes_site.BUCKET, bucket="dvc", secret="dvc-bucket-dvc")
ARGS = DvcRemoteArgs(
    namespace="jupyterhub",
    labels=LABELS,
    bucket=ACCESS,
    prefix="versions",
    compute=Compute("100m", "512Mi"),
    image="r.example/dvc:1",
)


def made(args: DvcRemoteArgs = ARGS) -> Recording[DvcRemote]:
    return record(lambda: DvcRemote("dvc", args))


def settings(args: DvcRemoteArgs = ARGS) -> configparser.ConfigParser:
    read = configparser.ConfigParser()
    read.read_string(made(args).one("ConfigMap").inputs["data"]["config"])
    return read


def test_the_configuration_is_one_that_dvc_reads() -> None:
    read = settings()
    remote = read["'remote \"store\"'"]
    assert dict(remote) == {
        "url": "s3://dvc/versions",
        "region": "us-east-1",
        "endpointurl": "https://minio.minio.svc:9000",
        "ssl_verify": "/etc/mlops/ca/ca.crt",
    }
    assert read["core"]["remote"] == "store" and read["core"]["analytics"] == "false"


def test_a_store_with_a_public_certificate_needs_no_bundle() -> None:
    remote = settings(replace(ARGS, bucket=replace(ACCESS, endpoint=None, ca_config_map=None)))["'remote \"store\"'"]
    assert set(remote) == {"url", "region"}


def test_the_check_takes_the_key_from_its_secret_and_the_configuration_from_its_mount() -> None:
    recording = made()
    pod = recording.one("Job").inputs["spec"]["template"]["spec"]
    (client,) = pod["containers"]
    env = {e["name"]: e.get("value") or e["valueFrom"]["secretKeyRef"]["name"] for e in client["env"]}
    assert env["AWS_SECRET_ACCESS_KEY"] == "dvc-bucket-dvc"
    mounts = {m["mountPath"]: m["name"] for m in client["volumeMounts"]}
    assert mounts[env["DVC_SYSTEM_CONFIG_DIR"]] == "config" and mounts["/etc/mlops/ca"] == "ca"
    assert "dvc-config" in recording.waits_for("dvc-check") and recording.leaks() == []


def test_without_a_check_there_is_only_the_configuration() -> None:
    recording = made(replace(ARGS, image=None))
    assert recording.all("Job") == [] and recording.one("ConfigMap")


FAKE = """\
#!/bin/sh
echo "$@" >> "$LOG"
case "$1" in
  init) mkdir -p .dvc/cache ;;
  push) cp probe "$REMOTE/probe" ;;
  pull) cp "$REMOTE/probe" probe ;;
esac
"""


@pytest.mark.parametrize(("broken", "code"), [("", 0), ("lost", 1), ("other", 1)])
def test_the_check_fails_unless_what_was_pushed_comes_back(tmp_path: Path, broken: str, code: int) -> None:
    bin_, remote = tmp_path / "bin", tmp_path / "remote"
    for folder in (bin_, remote):
        folder.mkdir()
    text = {
        "": FAKE,
        "lost": FAKE.replace('cp probe "$REMOTE/probe"', "true"),
        "other": FAKE.replace('cp probe "$REMOTE/probe"', 'echo x > "$REMOTE/probe"'),
    }
    (bin_ / "dvc").write_text(text[broken])
    (bin_ / "dvc").chmod(stat.S_IRWXU)
    env = {"PATH": f"{bin_}:{os.environ['PATH']}", "LOG": str(tmp_path / "log"), "REMOTE": str(remote)}
    for _ in range(2):
        done = subprocess.run(
            ["sh", "-c", CHECK.replace("/tmp/check", str(tmp_path / "check"))],
            env=env,
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode != 0) is bool(code)
    told = (tmp_path / "log").read_text().split("\n")
    assert told[0] == "init --quiet --no-scm" and ("pull --quiet" in told)


def test_the_spec_becomes_arguments() -> None:
    where = replace(site("dvc", Dvc(), STORE, images={"dvc": "r.example/dvc:1"}), buckets={BUCKET: ACCESS})
    args = DvcRemote.plan(where)
    assert (args.image, args.namespace, args.prefix) == ("r.example/dvc:1", "dvc", "versions")
    where = replace(site("dvc", Dvc(check=False), STORE, tier=Tier.TEAM, team="fraud"), buckets={BUCKET: ACCESS})
    assert DvcRemote.plan(where).image is None and DvcRemote.plan(where).namespace == "fraud"
    assert DvcRemote.wants(Dvc()).buckets == (BUCKET,)


def test_the_image_has_the_versions_that_were_read() -> None:
    text = images.files("dvc")["Dockerfile"]
    assert "dvc==3.67.1 dvc-s3==3.3.0" in text and "\nUSER 1000" in text


def test_without_a_registry_or_a_reference_validation_names_both_ways(tmp_path: Path) -> None:
    (said,) = messages(checked(tmp_path, "systems: {minio: {}, dvc: {}}"))
    assert "images/dvc" in said and "systems.docker: {}" in said and "images: {dvc: <reference>}" in said
    for more in ("dvc: {check: false}", "dvc: {}, docker: {}"):
        assert stack(checked(tmp_path, f"systems: {{minio: {{}}, {more}}}"))
    assert stack(checked(tmp_path, "systems: {minio: {}, dvc: {}}\nimages: {dvc: 'r.example/dvc:1'}"))


def test_in_a_stack_with_a_registry_the_image_is_built_first(tmp_path: Path) -> None:
    composed: Any = record(lambda: Platform("platform", stack(checked(tmp_path, "systems: {minio: {}, dvc: {}, docker: {}}"))))
    job = composed.one("Job", "dvc-check")
    (client,) = job.inputs["spec"]["template"]["spec"]["containers"]
    assert client["image"] == f"registry.mlops.internal/{images.repository('dvc')}"
    assert {"docker-builder-dvc-job", "minio-dvc-dvc-job"} <= composed.waits_for("dvc-check")
