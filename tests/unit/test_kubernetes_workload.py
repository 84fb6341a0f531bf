"""Our own workloads are safe by default, named by nobody's chance, and re-run when their content changes."""

from typing import Any

import pulumi
import pytest

from components.kubernetes import workload
from components.kubernetes.objects import certificate, service, service_monitor
from components.kubernetes.place import SMALL, Compute, Image, Place, content_hash, image
from components.spec.base import Resources
from tests.unit.kubernetes_stack import stack
from tests.unit.recording import Recording, record


def place() -> Place:
    return Place("demo", "demo-ns", {"mlops.dev/team": "platform"}, pulumi.ResourceOptions())


def everything() -> Recording[None]:
    def build() -> None:
        template = workload.pod(place(), "server", [workload.container("demo", "demo:1", SMALL)])
        workload.deployment("demo-servers", place(), "server", template, replicas=2, object_name="demo")
        volumes = [workload.Volume("data", "1Gi", "fast")]
        workload.stateful_set("demo-set", place(), "server", template, service="demo", replicas=3, volumes=volumes)
        once = workload.pod(place(), "task", [workload.container("demo", "demo:1", SMALL)], once=True)
        workload.job("demo-job", place(), "task", once, content=["one"])
        workload.cron_job("demo-cron", place(), "task", once, schedule="0 1 * * *")

    return record(build)


@pytest.mark.parametrize("made", [everything, stack], ids=["every builder", "the systems"])
def test_every_pod_of_ours_meets_pod_security_restricted_and_more(made: Any) -> None:
    recording: Recording[Any] = made()
    found = list(recording.pods())
    assert len(found) >= 4
    for owner, spec in found:
        assert spec["securityContext"]["runAsNonRoot"] is True, owner.name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["securityContext"]["runAsUser"] > 0
        for c in [*spec["containers"], *spec.get("initContainers", [])]:
            context = c["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} == set(c["resources"]["requests"]) == set(c["resources"]["limits"])
            assert {"name": "tmp", "mountPath": "/tmp"} in c["volumeMounts"]
            assert ":" in c["image"] and not c["image"].endswith(":latest")
        assert {"name": "tmp", "emptyDir": {}} in spec["volumes"]


def test_only_the_job_that_asks_the_api_has_a_token() -> None:
    with_token = [owner.name for owner, spec in stack().pods() if spec["automountServiceAccountToken"]]
    assert with_token == ["foundation-apicheck-job"]


@pytest.mark.parametrize("made", [everything, stack], ids=["every builder", "the systems"])
def test_every_object_has_a_name_and_a_namespace(made: Any) -> None:
    cluster_scoped = {"ClusterIssuer", "Bundle", "PriorityClass"}
    recording: Recording[Any] = made()
    for r in recording.resources:
        if r.type.startswith("kubernetes:") and r.kind != "Chart":
            assert r.object_name, r.name
            assert (r.namespace is None) == (r.kind in cluster_scoped), r.name
            assert r.inputs["metadata"]["labels"]["mlops.dev/team"] == "platform"


def test_two_runs_make_the_same_graph() -> None:
    first, second = stack(), stack()
    assert {r.name: r.inputs for r in first.resources} == {r.name: r.inputs for r in second.resources}
    assert len({r.name for r in first.resources}) == len(first.resources)


def test_a_jobs_name_ends_with_the_hash_of_its_content_and_fits() -> None:
    def named(*content: str) -> str:
        def build() -> None:
            once = workload.pod(place(), "task", [workload.container("demo", "demo:1", SMALL)], once=True)
            workload.job("j" * 70, place(), "task", once, content=content)

        return record(build).one("Job").object_name

    assert named("one") == named("one") != named("two")
    assert len(named("one")) <= 63
    job = everything().one("Job")
    assert job.object_name == f"demo-job-{content_hash('one')}"
    assert "ttlSecondsAfterFinished" not in job.inputs["spec"]
    assert job.inputs["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"


def test_servers_spread_over_nodes_and_select_by_labels_that_never_change() -> None:
    deployment = everything().one("Deployment")
    selector = {"app.kubernetes.io/name": "demo", "app.kubernetes.io/component": "server"}
    assert deployment.object_name == "demo"
    assert deployment.inputs["spec"]["selector"] == {"matchLabels": selector}
    assert selector.items() <= deployment.inputs["spec"]["template"]["metadata"]["labels"].items()
    (spread,) = deployment.inputs["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"] == {"matchLabels": selector}


def test_images_are_pulled_through_the_mirror_without_their_own_registry() -> None:
    pin = Image("quay.io/minio/minio", "v1", checked="2026-11-23")
    assert image(pin) == "quay.io/minio/minio:v1"
    assert image(pin, "mirror.example/hub/") == "mirror.example/hub/minio/minio:v1"
    assert image("percona/server:8", "mirror.example") == "mirror.example/percona/server:8"
    assert image("localhost:5000/a:1", "mirror.example") == "mirror.example/a:1"
    assert image(Image("a.example/b", "1", "2026-11-23", digest="sha256:00")) == "a.example/b:1@sha256:00"


def test_the_cpu_limit_is_four_times_the_request_unless_said() -> None:
    assert Compute("250m", "1Gi").spec()["limits"] == {"cpu": "1000m", "memory": "1Gi"}
    assert Compute.of(Resources(cpu="2", memory="1Gi", cpu_limit="3")).limits() == {"cpu": "3", "memory": "1Gi"}


def test_a_monitor_finds_the_service_of_its_part_but_not_the_headless_one() -> None:
    def build() -> None:
        service("api", place(), "server", {"http": 80})
        service("peers", place(), "server", {"http": 80}, headless=True)
        service_monitor("monitor", place(), "server", port="http")
        certificate("tls", place(), issuer="ca", names=["demo.demo-ns.svc"], secret_name="demo-tls")

    made = record(build)
    wanted = made.one("ServiceMonitor").inputs["spec"]["selector"]["matchLabels"].items()
    assert wanted <= made.one("Service", "api").inputs["metadata"]["labels"].items()
    assert not wanted <= made.one("Service", "peers").inputs["metadata"]["labels"].items()
    assert made.one("Service", "peers").inputs["spec"]["clusterIP"] == "None"
    tls = made.one("Certificate").inputs
    assert tls["spec"]["dnsNames"] == ["demo.demo-ns.svc"]
    assert tls["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
