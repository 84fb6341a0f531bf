"""What somebody tries who wants to get past a rule, and what must not be taken for it."""

import json
from typing import Any

import pytest

from policies.model import UNKNOWN, Facts, Level, Resource
from policies.pods import gpus, images
from tests.policies.cases import BUCKET, CONFIG_MAP, DEPLOYMENT
from tests.policies.samples import DIGEST, IMAGE, SECURE, TAGS, changed, custom, deployment, metadata, pod
from tests.policies.test_rules import RULES, breaks, findings, said

FIRST = "spec.template.spec.containers[0]"
JOB = "kubernetes:batch/v1:Job"


@pytest.mark.parametrize(
    ("ref", "bad"),
    [
        (IMAGE, False),
        (f"quay.io/example/server@{DIGEST}", False),
        (f"quay.io/example/server:latest@{DIGEST}", False),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/server:1", False),
        ("python:3.11-slim", False),
        ("quay.io/example/server@sha256:123", True),  # no digest
        ("quay.io/example/server@", True),
        ("quay.io:443/example/server", True),  # a port is no tag
        ("python", True),
        ("python:stable", True),
        ("python:1.2-latest", True),
        ("docker.io.evil.example/server:1", True),
        ("evil.amazonaws.com/server:1", True),
        ("localhost/server:1", True),
    ],
)
def test_an_image_is_pinned_and_from_a_known_registry(ref: str, bad: bool) -> None:
    assert breaks("image-pinned", DEPLOYMENT, deployment("x", image=ref)) is bad


def test_a_mirror_is_held_to_by_its_whole_name() -> None:
    facts = Facts(Level.STANDARD, registry_mirror="mirror.example/mlops")
    assert not breaks("image-pinned", DEPLOYMENT, deployment("x", image="mirror.example/mlops/server:1"), facts)
    for ref in (IMAGE, "mirror.example/mlops-evil/server:1", "mirror.example/server:1"):
        assert breaks("image-pinned", DEPLOYMENT, deployment("x", image=ref), facts)


def test_images_are_found_wherever_they_are_named() -> None:
    operator = deployment(
        "x",
        args=["--prometheus-config-reloader=quay.io/prometheus-operator/reloader:v1", "--log-level=info"],
        env=[{"name": "STRIMZI_KAFKA_IMAGES", "value": "4.0.0=quay.io/strimzi/kafka:a\n4.1.0=quay.io/strimzi/kafka:b"}],
    )
    found = [ref for _, ref in images(Resource(DEPLOYMENT, "x", operator))]
    assert found == [IMAGE, *(f"quay.io/strimzi/kafka:{t}" for t in "ab"), "quay.io/prometheus-operator/reloader:v1"]
    cluster = custom("x", imageName="ghcr.io/cnpg/postgresql:17", sidecar={"initImage": "busybox:1"}, imagePullPolicy="Always")
    found = [ref for _, ref in images(Resource("kubernetes:postgresql.cnpg.io/v1:Cluster", "x", cluster))]
    assert found == ["ghcr.io/cnpg/postgresql:17", "busybox:1"]
    values = {"image": {"registry": "evil.example", "repository": "a/b", "tag": "1"}, "other": {"image": {"repository": "c"}}}
    release = Resource("kubernetes:helm.sh/v3:Release", "x", {"values": values})
    assert [ref for _, ref in images(release)] == ["evil.example/a/b:1"]


@pytest.mark.parametrize(
    ("ref", "bad"),
    [
        ("quay.io/minio/minio:RELEASE", True),
        ("mirror.example/quay.io/minio/minio@sha256:0", True),
        ("docker.io/bitnami/redis:7", True),
        ("ours.example/sqoop:1.4.7", True),
        ("quay.io/minio/mc-not-minio:1", False),
        ("quay.io/example/myflume-tools:1", False),
        ("ghcr.io/bitnami-labs/sealed-secrets-controller:1", False),
    ],
)
def test_a_retired_upstream_is_known_by_whole_names(ref: str, bad: bool) -> None:
    assert breaks("kept-upstream", DEPLOYMENT, deployment("x", image=ref)) is bad


def test_a_workload_that_says_its_upstream_is_retired_is_believed_and_told_once() -> None:
    for image, path in ((IMAGE, "metadata.labels.mlops.dev/upstream"), ("quay.io/minio/minio:1", f"{FIRST}.image")):
        labelled = changed(deployment("x", image=image), "metadata.labels.'mlops.dev/upstream'", "retired")
        assert [f.path for f in said("kept-upstream", DEPLOYMENT, labelled)] == [path]


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (f"{FIRST}.securityContext.runAsNonRoot", False),  # the pod's own true does not help
        (f"{FIRST}.securityContext.capabilities.add", ["SYS_ADMIN"]),
        (f"{FIRST}.securityContext.seccompProfile", {"type": "Unconfined"}),
        (f"{FIRST}.securityContext.procMount", "Unmasked"),
        (f"{FIRST}.securityContext.windowsOptions", {"hostProcess": True}),
        (f"{FIRST}.ports", [{"containerPort": 80, "hostPort": 80}]),
        ("spec.template.spec.volumes", [{"name": "v", "hostPath": {"path": "/"}}]),
        ("spec.template.spec.hostPID", True),
        ("spec.template.spec.initContainers", [{"name": "i", "securityContext": {"privileged": True, "runAsUser": 5}}]),
        ("spec.template.spec.initContainers", [{"name": "i", "securityContext": {"runAsUser": 0.0}}]),
    ],
)
def test_privilege_is_found_in_every_disguise(change: str, value: Any) -> None:
    good = changed(deployment("x"), "spec.template.spec.securityContext", {"runAsNonRoot": True, "runAsUser": 1000})
    assert not breaks("no-privilege", DEPLOYMENT, good)
    assert breaks("no-privilege", DEPLOYMENT, changed(good, change, value))


def test_a_user_of_the_pod_is_enough_and_nothing_is_not() -> None:
    bare = changed(deployment("x"), f"{FIRST}.securityContext", None)
    assert breaks("no-privilege", DEPLOYMENT, bare)
    assert not breaks("no-privilege", DEPLOYMENT, changed(bare, "spec.template.spec.securityContext", {"runAsUser": 1000}))
    assert breaks("no-privilege", DEPLOYMENT, changed(bare, "spec.template.spec.securityContext", {"runAsUser": 0}))
    patch = {"metadata": metadata("x"), "spec": {"template": {"spec": {"containers": [{"name": "a", "image": IMAGE}]}}}}
    assert not said("no-privilege", "kubernetes:apps/v1:DeploymentPatch", patch)
    privileged = changed(patch, f"{FIRST}.securityContext", {"privileged": True})
    assert breaks("no-privilege", "kubernetes:apps/v1:DeploymentPatch", privileged)


@pytest.mark.parametrize(
    ("name", "value", "bad"),
    [
        ("PGPASSWORD", "hunter22", True),
        ("dbPassword", "hunter22", True),
        ("AWS_SECRET_ACCESS_KEY", "wJalr", True),
        ("SPRING_DATASOURCE_URL", "jdbc:mysql://root:hunter22@db/x", True),
        ("REDIS", "redis://:hunter22@cache:6379", True),
        ("NOTE", "token ghp_" + "a" * 36, True),
        ("EXTRA", "-----BEGIN RSA PRIVATE KEY-----", True),
        ("JAAS", 'ScramLoginModule required username="u" password="hunter22";', True),
        ("PASSWORD_FILE", "/etc/secrets/password", False),
        ("TOKEN", "/var/run/token", False),
        ("PASSWORD", "$(FROM_SECRET)", False),
        ("DB_PASSWORD", "", False),
        ("URL", "http://user:$(PASSWORD)@db/x", False),
        ("KEYBOARD", "qwertyui", False),
        ("USE_TOKEN", "true", False),
        ("COMPASS", "north-east", False),
        ("JAAS", 'username="u" password="${file:/x:password}";', False),
    ],
)
def test_credentials_in_variables(name: str, value: str, bad: bool) -> None:
    env = [{"name": name, "value": value}]
    assert breaks("no-plain-secret", DEPLOYMENT, deployment("x", env=env)) is bad
    # operators take variables in other shapes
    assert breaks("no-plain-secret", "kubernetes:ray.io/v1:RayJob", custom("x", envVars={name: value})) is bad


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("--db-password=hunter22", True),
        ("mysql -u root --password=hunter22 -e 'x'", True),
        ("--password=$(PASSWORD)", False),
        ("--token-file=/x", False),
        ('mysql --password="$MYSQL_PASSWORD"', False),
    ],
)
def test_credentials_in_arguments(text: str, bad: bool) -> None:
    assert breaks("no-plain-secret", JOB, {"spec": {"template": {"spec": pod(command=["sh", "-c"], args=[text])}}}) is bad


def test_what_pulumi_keeps_secret_is_found_whatever_its_name_and_value() -> None:
    env: Any = {"secrets": frozenset({f"{FIRST}.env[0].value"})}
    for value in ("innocent", UNKNOWN):
        assert breaks("no-plain-secret", DEPLOYMENT, deployment("x", env=[{"name": "A", "value": value}]), **env)
        assert breaks("no-plain-secret", CONFIG_MAP, {"data": {"a": value}}, secrets=frozenset({"data"}))
    assert not breaks("no-plain-secret", "kubernetes:core/v1:Secret", {"data": {"password": "x"}}, secrets=frozenset({"data"}))


def test_gpus_are_counted_over_copies_groups_and_stack() -> None:
    limits = {"limits": {"nvidia.com/gpu": "2", "memory": "1Gi"}}
    assert gpus(deployment("x", resources=limits)) == 4
    assert gpus({"spec": {"replicas": 0, "template": {"spec": pod(resources=limits)}}}) == 0
    assert (
        gpus({"spec": {"parallelism": 3, "template": {"spec": pod(resources={"requests": {"nvidia.com/mig-1g.5gb": 1}})}}}) == 3
    )
    assert gpus({"spec": {"template": {"spec": pod(resources={"limits": {"amd.com/gpu": 1}})}}}) == 1
    check = RULES["budget"].check_total
    assert check is not None
    one = Resource(DEPLOYMENT, "b", {})
    assert not list(check(one, {"a": 8, "b": 8}, Facts()))
    (over,) = check(one, {"a": 8, "b": 9}, Facts())
    assert "17 GPUs" in over.problem and "a: 8" in over.problem
    quota = {"spec": {"hard": {"requests.nvidia.com/gpu": 99}, "replicas": 99}}
    assert not said("budget", "kubernetes:core/v1:ResourceQuota", quota)


def test_tags_may_come_from_the_provider() -> None:
    provider = {"defaultTags": json.dumps({"tags": TAGS})}
    assert not said("ownership", BUCKET, {"bucket": "b"}, provider=provider)
    assert breaks("ownership", BUCKET, {"bucket": "b"}, provider={"defaultTags": "not json"})
    assert [f.undecided for f in said("ownership", BUCKET, {"bucket": "b"}, provider={"defaultTags": UNKNOWN})] == [True]


def test_a_new_version_of_a_custom_resource_holds_the_same_data() -> None:
    for version in ("v1", "v1beta2", "v2"):
        pool = Resource(f"kubernetes:kafka.strimzi.io/{version}:KafkaNodePool", "x", {"metadata": metadata("x")})
        assert findings(RULES["protected-in-prod"], pool)
        assert not findings(RULES["protected-in-prod"], pool, Facts(Level.HARDENED, environment="dev"))


def test_resources_left_out_are_the_limits() -> None:
    limits = {"limits": {"cpu": "1", "memory": "1Gi"}}
    assert not said("resources-set", DEPLOYMENT, deployment("x", resources=limits))
    zero = {"limits": {"memory": "1Gi"}, "requests": {"cpu": "0m", "memory": "1Gi"}}
    assert breaks("resources-set", DEPLOYMENT, deployment("x", resources=zero))
    off = custom("x", mysql={"resources": limits}, orchestrator={"enabled": False})
    assert not said("resources-set", "kubernetes:ps.percona.com/v1:PerconaServerMySQL", off)
    on = changed(off, "spec.orchestrator.enabled", True)
    assert breaks("resources-set", "kubernetes:ps.percona.com/v1:PerconaServerMySQL", on)


def test_data_that_looks_like_a_pod_is_none() -> None:
    crd = {"spec": {"versions": [{"schema": {"containers": [{"image": "x", "privileged": True}]}}]}}
    for rule in ("image-pinned", "no-privilege", "resources-set"):
        assert not said(rule, "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", crd)
    assert SECURE["runAsNonRoot"] is True
