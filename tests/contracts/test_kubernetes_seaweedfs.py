"""What we tell SeaweedFS' chart exists in it, and what we assume of it is what it renders."""

from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.place import Compute
from components.kubernetes.seaweedfs import CHART, CLIENT
from components.kubernetes.seaweedfs_values import (
    FILER_PORT,
    IDENTITIES,
    INTERNAL,
    KEYS,
    MASTER_PORT,
    PORT,
    SERVER,
    chart_values,
    filer,
    masters,
)
from tests.contracts import reference, rendering


def values(mirror: str | None = None, storage_class: str | None = None) -> dict[str, Any]:
    return chart_values(
        replicas=3, copies=2, masters=3, gateways=2, storage="10Gi", metadata_storage="5Gi", storage_class=storage_class,
        compute=Compute("500m", "1Gi"), monitored=True, mirror=mirror,
    )  # fmt: skip


def test_every_value_we_set_exists_in_the_chart() -> None:
    found = set(reference.unknown_values(CHART.chart, values("mirror.example", "fast")))
    # read by filer-statefulset.yaml, which values.yaml does not show; variables of any name may stand
    probes = {f"filer.{kind}Probe.tcpSocket" for kind in ("readiness", "liveness")}
    variables = {name for name in found if ".extraEnvironmentVars." in name}
    assert found - probes - variables == set()


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])
    assert CLIENT.tag == str(known["app_version"])


def rendered(folder: Path, **changed: Any) -> list[dict[str, Any]]:
    return rendering.render(CHART, values(**changed), "seaweedfs", folder)


def test_the_real_chart_renders_the_same_twice_bounded_without_hooks_roles_and_secrets(tmp_path: Path) -> None:
    objects = rendered(tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert not {"Secret", "Certificate", "Issuer", "ClusterRole", "Job"} & {o["kind"] for o in objects}
    assert "jwt" not in str([o for o in objects if o["kind"] == "ConfigMap" and "dashboard" not in o["metadata"]["name"]]).lower()
    for monitor in (o for o in objects if o["kind"] == "ServiceMonitor"):
        assert reference.resource_errors(monitor) == []


def test_the_real_pods_are_restricted_and_keep_their_data_on_claims(tmp_path: Path) -> None:
    workloads = [o for o in rendered(tmp_path) if o["kind"] in ("Deployment", "StatefulSet")]
    assert {w["metadata"]["name"] for w in workloads} == {f"seaweedfs-{p}" for p in ("master", "volume", "filer", "s3")}
    for workload in workloads:
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["seccompProfile"]
        assert all(c["securityContext"]["readOnlyRootFilesystem"] is True for c in pod["containers"])
        assert not [v for v in pod["volumes"] if "hostPath" in v]
        assert pod["serviceAccountName"] == "seaweedfs"
        names = [v["name"] for v in pod["volumes"]]
        assert len(names) == len(set(names)) and "internal-tls" in names
        claims = workload["spec"].get("volumeClaimTemplates", [])
        assert bool(claims) is (workload["kind"] == "StatefulSet")
    (account,) = [o for o in rendered(tmp_path) if o["kind"] == "ServiceAccount"]
    assert account["automountServiceAccountToken"] is False


def test_the_real_gateway_speaks_tls_with_our_certificate_and_asks_for_a_key(tmp_path: Path) -> None:
    containers = rendering.containers(rendered(tmp_path))
    gateway = containers["seaweedfs-s3/seaweedfs"]
    command = gateway["command"][-1]
    for flag in (
        "-key.file=/etc/mlops/server/tls.key",
        "-cert.file=/etc/mlops/server/tls.crt",
        f"-port={PORT}",
        "-config=/etc/sw/",
    ):
        assert flag in command
    assert "-port.https" not in command and gateway["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    objects = rendered(tmp_path)
    (pod,) = [o["spec"]["template"]["spec"] for o in objects if o["kind"] == "Deployment"]
    assert {v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v} == {IDENTITIES, INTERNAL, SERVER}
    refs = {e["valueFrom"]["secretKeyRef"]["name"] for e in gateway["env"] if "secretKeyRef" in e.get("valueFrom", {})}
    assert refs == {KEYS}
    assert "httpGet" not in containers["seaweedfs-filer/seaweedfs"]["readinessProbe"]


def test_the_addresses_that_we_use_are_the_real_services(tmp_path: Path) -> None:
    services = {
        o["metadata"]["name"]: [p["port"] for p in o["spec"]["ports"]] for o in rendered(tmp_path) if o["kind"] == "Service"
    }
    assert PORT in services["seaweedfs-s3"] and FILER_PORT in services["seaweedfs-filer-client"]
    assert MASTER_PORT in services["seaweedfs-master"] and filer("x") == f"seaweedfs-filer-client.x:{FILER_PORT}"
    filer_pod = rendering.containers(rendered(tmp_path))["seaweedfs-filer/seaweedfs"]
    assert f"-master={masters(3, 'seaweedfs')} " in filer_pod["command"][-1]


@pytest.mark.parametrize(
    ("mirror", "expected"), [(None, "chrislusf/seaweedfs:4.44"), ("m.example", "m.example/chrislusf/seaweedfs:4.44")]
)
def test_images_move_to_the_mirror(tmp_path: Path, mirror: str | None, expected: str) -> None:
    assert {c["image"] for c in rendering.containers(rendered(tmp_path, mirror=mirror)).values()} == {expected}


def test_the_real_claims_have_the_storage_class(tmp_path: Path) -> None:
    sets = [o for o in rendered(tmp_path, storage_class="fast") if o["kind"] == "StatefulSet"]
    assert {c["spec"]["storageClassName"] for o in sets for c in o["spec"]["volumeClaimTemplates"]} == {"fast"}
