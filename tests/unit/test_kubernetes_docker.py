"""The registry and its builder: who may pull and push what, and that our own images are built before who runs them."""

import base64
import json
import os
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes import images
from components.kubernetes.docker import ZotRegistry, ZotRegistryArgs
from components.kubernetes.docker_config import access
from components.kubernetes.image_builder import SCRIPT
from components.kubernetes.place import Compute
from components.spec.base import System
from components.spec.data import Docker, Minio
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, METRICS, STORE, site
from tests.unit.kubernetes_stack import LABELS, consumer
from tests.unit.recording import Recording, hashed, leaves, record
from tests.unit.stackfiles import checked, messages, stack

ARGS = ZotRegistryArgs(
    namespace="docker",
    labels=LABELS,
    issuer="mlops-ca",
    bundle="mlops-ca",
    bucket=replace(BUCKET, bucket="registry", secret="docker-bucket-registry"),
    compute=Compute("250m", "1Gi"),
    host="registry.mlops.internal",
    users=["ada", "tfdv"],
    builder=Compute("1", "4Gi"),
    monitored=True,
)


@dataclass
class Made:
    registry: contracts.ImageRegistry | None = None
    secrets: list[Any] = field(default_factory=list)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two images of which the second has files in a folder."""
    for path, text in {
        "flume/Dockerfile": "FROM scratch\n",
        "tool/Dockerfile": "FROM a\nCOPY src/run.py /\n",
        "tool/src/run.py": "x",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(images, "FOLDER", tmp_path)
    return tmp_path


def made(args: ZotRegistryArgs = ARGS, then: Callable[[contracts.ImageRegistry], Any] = lambda registry: None) -> Recording[Made]:
    def build() -> Made:
        (registry,) = ZotRegistry("docker", args).contracts()
        then(registry)
        return Made(registry)

    return record(build)


def test_users_pull_everything_and_push_to_their_own_project_alone() -> None:
    rules = access(["ada", "tfdv"])
    repositories = rules["repositories"]
    assert repositories["ada/**"]["policies"] == [{"users": ["ada"], "actions": ["read", "create", "update", "delete"]}]
    assert repositories["**"] == {"defaultPolicy": ["read"]}
    assert repositories["mlops/**"]["anonymousPolicy"] == ["read"]
    assert [p["users"] for p in repositories["mlops/**"]["policies"]] == [["builder"]]
    anonymous = [name for name, rule in repositories.items() if "anonymousPolicy" in rule]
    assert anonymous == ["mlops/**"] and rules["metrics"] == {"users": ["metrics"]}


def test_images_lie_in_the_bucket_over_tls_that_is_checked() -> None:
    recording = made()
    config = json.loads(recording.one("ConfigMap", "docker-config").inputs["data"]["config.json"])
    driver = config["storage"]["storageDriver"]
    assert (driver["bucket"], driver["regionendpoint"], driver["region"]) == (
        "registry",
        "https://minio.minio.svc:9000",
        "us-east-1",
    )
    assert driver["secure"] is True and driver["skipverify"] is False
    assert config["http"]["tls"] == {"cert": "/etc/mlops/tls/tls.crt", "key": "/etc/mlops/tls/tls.key"}
    assert config["http"]["auth"]["htpasswd"]["path"] == "/etc/mlops/users/htpasswd"
    certificate = recording.one("Certificate", "docker-certificate").inputs["spec"]
    assert {"zot.docker.svc", "registry.mlops.internal"} <= set(certificate["dnsNames"])


def test_the_users_file_has_the_hashes_that_were_drawn_with_the_passwords() -> None:
    first, again = made(), made()
    lines = first.one("Secret", "docker-users").inputs["stringData"]["htpasswd"].splitlines()
    assert dict(line.split(":", 1) for line in lines) == {
        user: hashed(f"docker-{user}-password") for user in ("ada", "tfdv", "builder", "metrics", "administrator")
    }
    assert again.one("Secret", "docker-users").inputs == first.one("Secret", "docker-users").inputs
    assert first.leaks() == [] and len(first.passwords) == 5
    hashes = {hashed(name) for name in first.passwords}
    outside = [
        r.name for r in first.resources for path, v in leaves(r.inputs) if any(h in str(v) for h in hashes) and not r.secrets
    ]
    assert outside == []


def test_a_pull_secret_logs_its_consumer_in_under_both_names_of_the_registry() -> None:
    who = consumer("tfdv", "tfdv")
    recording = made(then=lambda registry: registry.grant(who))
    given = recording.one("Secret", "docker-tfdv-given")
    assert (given.namespace, given.object_name, given.inputs["type"]) == (
        "tfdv",
        "tfdv-registry",
        "kubernetes.io/dockerconfigjson",
    )
    auths = json.loads(given.inputs["stringData"][".dockerconfigjson"])["auths"]
    assert set(auths) == {"registry.mlops.internal", "zot.docker.svc:5000"}
    word = recording.passwords["docker-tfdv-password"]
    for entry in auths.values():
        assert base64.b64decode(entry["auth"]).decode() == f"tfdv:{word}"
    assert given.secrets and recording.leaks() == []
    assert "docker-chart" in recording.waits_for(given.name)


def test_who_is_no_user_is_told_how_to_become_one() -> None:
    with pytest.raises(pulumi.RunError, match=r"no user stranger \(it has ada, tfdv\).*systems\.docker\.users"):
        made(then=lambda registry: registry.grant(consumer("stranger", "x")))


def test_an_image_is_built_once_from_its_files_and_pushed_under_their_hash(folder: Path) -> None:
    def twice(registry: contracts.ImageRegistry) -> None:
        assert registry.build is not None and registry.build("tool") is registry.build("tool")

    recording = made(then=twice)
    (job,) = recording.all("Job")
    marked = images.tag(images.files("tool"))
    (client,) = job.inputs["spec"]["template"]["spec"]["containers"]
    env = {e["name"]: e["value"] for e in client["env"]}
    assert (
        env["REFERENCE"] == f"zot.docker.svc:5000/mlops/tool:{marked}"
        and env["BUILDER"] == "tcp://buildkitd.docker-build.svc:1234"
    )
    context = recording.one("ConfigMap", "docker-builder-tool-files")
    assert (
        context.inputs["data"] == {"Dockerfile": "FROM a\nCOPY src/run.py /\n", "src__run.py": "x"}
        and marked in context.object_name
    )
    (volume,) = [v for v in job.inputs["spec"]["template"]["spec"]["volumes"] if v["name"] == "files"]
    assert {"key": "src__run.py", "path": "src/run.py"} in volume["configMap"]["items"]
    assert job.namespace == "docker-build" and job.inputs["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] is True
    assert {"docker-builder-daemon", "docker-chart", "docker-builder-push"} <= recording.waits_for(job.name)


def test_a_changed_file_is_another_tag(folder: Path) -> None:
    before = images.repository("tool")
    (folder / "tool" / "src" / "run.py").write_text("y")
    assert images.repository("tool") != before and before.startswith("mlops/tool:")


def test_the_builders_job_reads_through_the_links_of_a_config_map(tmp_path: Path) -> None:
    mounted, bin_ = tmp_path / "image", tmp_path / "bin"
    (mounted / "..data" / "src").mkdir(parents=True)
    bin_.mkdir()
    (mounted / "..data" / "Dockerfile").write_text("FROM a")
    (mounted / "..data" / "src" / "run.py").write_text("x")
    (mounted / "Dockerfile").symlink_to("..data/Dockerfile")
    (mounted / "src").symlink_to("..data/src")
    (bin_ / "buildctl").write_text('#!/bin/sh\necho "$@"\n')
    (bin_ / "buildctl").chmod(stat.S_IRWXU)
    script = SCRIPT.replace("/etc/mlops/image", str(mounted)).replace("/tmp/build", str(tmp_path / "build"))
    env = {"PATH": f"{bin_}:{os.environ['PATH']}", "BUILDER": "tcp://b:1", "REFERENCE": "r/mlops/tool:1"}
    done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True, check=True, timeout=30)
    assert "name=r/mlops/tool:1,push=true" in done.stdout
    copied = sorted(p.relative_to(tmp_path / "build").as_posix() for p in (tmp_path / "build").rglob("*"))
    assert copied == ["Dockerfile", "src", "src/run.py"]
    assert not (tmp_path / "build" / "src").is_symlink() and not (tmp_path / "build" / "Dockerfile").is_symlink()


def test_the_builder_stands_apart_and_takes_known_clients_only() -> None:
    recording = made()
    space = recording.one("Namespace")
    assert (
        space.object_name == "docker-build"
        and space.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    )
    (daemon,) = recording.one("Deployment", "buildkitd").inputs["spec"]["template"]["spec"]["containers"]
    assert "--tlscacert=/etc/mlops/tls/ca.crt" in daemon["args"] and daemon["securityContext"]["runAsNonRoot"] is True
    assert "privileged" not in daemon["securityContext"]
    usages = recording.one("Certificate", "docker-builder-client").inputs["spec"]["usages"]
    assert "client auth" in usages and "server auth" not in usages
    config = recording.one("ConfigMap", "docker-builder-config").inputs["data"]["buildkitd.toml"]
    assert config == '[registry."zot.docker.svc:5000"]\n  ca = ["/etc/mlops/ca/ca.crt"]\n'
    way = recording.one("NetworkPolicy", "mlops-builder").inputs["spec"]["ingress"]
    assert way[0]["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "docker-build"}


def test_the_mirror_holds_for_the_registry_the_builder_and_what_is_built() -> None:
    recording = made(replace(ARGS, registry_mirror="mirror.example/hub"))
    assert recording.one("Chart").inputs["values"]["image"]["repository"] == "mirror.example/hub/project-zot/zot"
    (daemon,) = recording.one("Deployment", "buildkitd").inputs["spec"]["template"]["spec"]["containers"]
    assert daemon["image"].startswith("mirror.example/hub/moby/buildkit:")
    assert (
        'mirrors = ["mirror.example/hub"]' in recording.one("ConfigMap", "docker-builder-config").inputs["data"]["buildkitd.toml"]
    )


def test_a_build_starts_from_the_mirror_and_keeps_its_tag(folder: Path) -> None:
    text = (
        "ARG V=2\nFROM --platform=linux/amd64 docker.io/a/b:${V} AS parts\nFROM parts\nRUN FROM docker.io/no\nFROM quay.io/c:1\n"
    )
    (folder / "flume" / "Dockerfile").write_text(text)
    files = images.files("flume")
    assert images.bases(text) == ["docker.io/a/b:2", "quay.io/c:1"]
    moved = images.mirrored(files, "mirror.example/hub")["Dockerfile"]
    expected = text.replace("docker.io/a", "mirror.example/hub/a").replace("quay.io", "mirror.example/hub")
    assert moved == expected
    assert images.mirrored(files, None) == files


def test_without_a_builder_there_is_none() -> None:
    recording = made(replace(ARGS, builder=None))
    assert recording.result.registry is not None and recording.result.registry.build is None
    assert recording.all("Deployment") == [] and recording.all("Namespace") == []


def test_the_spec_becomes_arguments_with_the_users_that_systems_and_people_need() -> None:
    where = replace(site("docker", Docker(users=["ada"]), CERTIFICATES, METRICS, STORE), buckets={"registry": BUCKET})
    args = ZotRegistry.plan(where)
    assert args.host == "registry.mlops.internal" and "ada" in args.users and args.builder is not None
    assert ZotRegistry.wants(Docker()).buckets == ("registry",)
    with pytest.raises(pulumi.RunError, match=r"docker\.users: builder: the registry's own"):
        ZotRegistry.plan(replace(where, config=Docker(users=["builder", "ada"])))


def flume(*given: Any, **spec: Any) -> Any:
    return site("minio", Minio(), *given, **spec)


def test_an_own_image_is_the_one_that_the_stack_file_names(folder: Path) -> None:
    where = flume(images={"flume": "registry.example.com/flume:1.11"}, registryMirror="mirror.example/hub")
    assert images.own_image(where, "flume") == "mirror.example/hub/flume:1.11" and where.ready == []


def test_else_it_is_the_registrys_and_its_consumer_waits_for_the_build(folder: Path) -> None:
    seen: list[str] = []

    def use(registry: contracts.ImageRegistry) -> None:
        where = flume(registry)
        reference = images.own_image(where, "flume")
        assert len(where.ready) == 1
        pulumi.Output.from_input(reference).apply(seen.append)

    made(then=use)
    assert seen == [f"registry.mlops.internal/mlops/flume:{images.tag(images.files('flume'))}"]


def test_else_both_remedies_are_named(folder: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"systems\.docker: \{\}.*images\.flume"):
        images.own_image(flume(), "flume")


def test_an_image_without_a_dockerfile_says_so(folder: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"no images/absent/Dockerfile.*mlops:spec\.images\.absent"):
        images.files("absent")
    (folder / "flume" / "big.txt").write_text("x" * images.LIMIT)
    with pytest.raises(pulumi.RunError, match="fetch in the Dockerfile"):
        images.files("flume")


def test_every_dockerfile_of_the_checkout_fits() -> None:
    for found in sorted(images.FOLDER.glob("*/Dockerfile")):
        assert "Dockerfile" in images.files(found.parent.name)
        first = next(line for line in found.read_text().splitlines() if line.startswith("FROM"))
        assert ":latest" not in first and (":" in first or "@" in first), "a base image is pinned"


def test_an_unknown_image_in_the_stack_file_is_found(tmp_path: Path) -> None:
    (said,) = messages(checked(tmp_path, "systems: {minio: {}}\nimages: {flumee: 'x/flume:1'}"))
    assert said.startswith("mlops:spec.images.flumee: no image of ours has that name")
    assert stack(checked(tmp_path, "systems: {minio: {}, docker: {}}")).spec.systems.docker is not None
    assert issubclass(Docker, System)
