"""What we tell the charts of the GPU operator and of Kueue exists in them; our queues are valid for the real CRDs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.wiring.registries import foreign
from components.kubernetes import gpu_operator, kueue
from components.kubernetes.cluster import GpuComputeCluster
from components.kubernetes.place import Compute
from components.spec.team import GpuSharing
from tests.contracts import reference, rendering
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.test_kubernetes_cluster import ARGS, CUT, SLICED, build

KUEUE = kueue.chart_values("mlops-ca", "mlops-ca", ["fraud", "jupyterhub"], Compute("250m", "512Mi"), True, None)


def gpu_values(sharing: GpuSharing, mirror: str | None = None) -> dict[str, Any]:
    return gpu_operator.chart_values(sharing, True, False, True, mirror)


@pytest.mark.parametrize("sharing", [GpuSharing(), SLICED, CUT])
def test_every_value_we_set_exists_in_the_charts(sharing: GpuSharing) -> None:
    found = set(reference.unknown_values(gpu_operator.CHART.chart, gpu_values(sharing, "mirror.example/hub")))
    # of the sub-chart's own values.yaml, which the parent's does not repeat
    below = {
        f"node-feature-discovery.{k}"
        for k in ("image", "postDeleteCleanup", "gc.resources", "master.resources", "worker.resources")
    }
    assert found == below
    nfd = gpu_values(sharing, "mirror.example/hub")["node-feature-discovery"]
    # it has no limit of cores
    assert set(reference.unknown_values("node-feature-discovery", nfd)) == {
        f"{p}.resources.limits.cpu" for p in ("gc", "master", "worker")
    }
    # the API's own TLSConfig, of which values.yaml has one setting
    tls = "metrics.serviceMonitor.tlsConfig"
    assert set(reference.unknown_values(kueue.CHART.chart, KUEUE)) == {f"{tls}.ca", f"{tls}.serverName"}


@pytest.mark.parametrize("pin", [gpu_operator.CHART, kueue.CHART])
def test_the_pins_are_the_versions_whose_values_we_checked(pin: Any) -> None:
    known = reference.index(pin.chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])
    assert reference.index("kueue")["app_version"] == kueue.VERSION


@pytest.mark.parametrize("kind", ["ClusterQueue", "ResourceFlavor"])
def test_our_queues_and_flavors_are_valid_for_the_real_crds(kind: str) -> None:
    found = build().all(kind)
    assert found and {r.object_name: reference.resource_errors(r.inputs) for r in found} == {r.object_name: [] for r in found}


def test_a_local_queue_is_valid_for_the_real_crd() -> None:
    queue = {"apiVersion": kueue.API, "kind": "LocalQueue", "spec": {"clusterQueue": kueue.SHARED}}
    assert reference.resource_errors(queue) == []
    assert reference.resource_errors({**queue, "spec": {"queue": "x"}}) != []


@pytest.mark.parametrize("sharing", [GpuSharing(), SLICED, CUT])
def test_the_real_gpu_operator_renders_bounded_and_shares_as_we_said(sharing: GpuSharing, tmp_path: Path) -> None:
    objects = rendering.render(gpu_operator.CHART, gpu_values(sharing), "compute", tmp_path)
    # a clean-up of a kind that we do not make, and which v4.Chart does not run
    assert rendering.hooks(objects) == ["Job/gpu-operator-cleanup-gpucluster"]
    assert set(rendering.unbounded(objects)) == {"gpu-operator-cleanup-gpucluster/cleanup-gpucluster"}
    (policy,) = [o for o in objects if o["kind"] == "ClusterPolicy"]
    assert reference.resource_errors(policy) == []
    spec = policy["spec"]
    assert spec["toolkit"]["enabled"] is False and spec["dcgmExporter"]["serviceMonitor"]["enabled"] is True
    assert all(spec[part]["resources"]["limits"]["memory"] for part in ("devicePlugin", "gfd", "dcgmExporter", "migManager"))
    maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
    if sharing is SLICED:
        assert spec["devicePlugin"]["config"] == {"name": "mlops-device-plugin", "default": "mlops"}
        assert yaml.safe_load(maps["mlops-device-plugin"]["mlops"])["sharing"]["timeSlicing"]["resources"][0]["replicas"] == 3
    if sharing is CUT:
        assert spec["mig"]["strategy"] == "mixed" and spec["migManager"]["config"] == {
            "name": "mlops-mig",
            "default": "all-disabled",
        }
        assert yaml.safe_load(maps["mlops-mig"]["config.yaml"])["mig-configs"]["mlops"][0]["mig-devices"] == {"2g.20gb": 3}


def test_every_image_of_the_gpu_operator_moves_to_the_mirror(tmp_path: Path) -> None:
    objects = rendering.render(gpu_operator.CHART, gpu_values(GpuSharing(), "mirror.example/hub"), "compute", tmp_path)
    images = {c["image"] for c in rendering.containers(objects).values()}
    assert images and all(ref.startswith("mirror.example/hub/") for ref in images)
    (policy,) = [o["spec"] for o in objects if o["kind"] == "ClusterPolicy"]
    assert policy["ccManager"]["repository"] == "mirror.example/hub/nvidia/cloud-native"
    # parts that are off, too: whoever turns one on pulls from the mirror
    assert [str(problem) for problem in foreign(objects, "mirror.example/hub")] == []


def test_the_real_kueue_renders_the_same_twice_with_our_issuer_and_namespaces(tmp_path: Path) -> None:
    objects = rendering.render(kueue.CHART, KUEUE, "compute", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    kinds = {o["kind"] for o in objects}
    assert "Secret" not in kinds and "Issuer" not in kinds
    certificates = [o for o in objects if o["kind"] == "Certificate"]
    assert certificates and {o["spec"]["issuerRef"]["name"] for o in certificates} == {"mlops-ca"}
    assert all(reference.resource_errors(o) == [] for o in certificates)
    (monitor,) = [o for o in objects if o["kind"] == "ServiceMonitor"]
    assert reference.resource_errors(monitor) == []
    tls = monitor["spec"]["endpoints"][0]["tlsConfig"]
    assert tls["insecureSkipVerify"] is False and tls["serverName"] in {n for o in certificates for n in o["spec"]["dnsNames"]}
    (deployment,) = [o for o in objects if o["kind"] == "Deployment"]
    (manager,) = deployment["spec"]["template"]["spec"]["containers"]
    assert manager["image"] == f"registry.k8s.io/kueue/kueue:{kueue.VERSION}"
    ports = {p["name"]: p["containerPort"] for p in manager["ports"]}
    assert {ports["visibility"], ports["webhook-server"]} == set(GpuComputeCluster.webhooks)
    pods = [w for o in objects if o["kind"] == "MutatingWebhookConfiguration" for w in o["webhooks"] if w["name"] == "mpod.kb.io"]
    assert pods[0]["namespaceSelector"]["matchExpressions"][0]["values"] == ["fraud", "jupyterhub"]
    (config,) = [o["data"] for o in objects if o["kind"] == "ConfigMap"]
    assert yaml.safe_load(config["controller_manager_config.yaml"])["internalCertManagement"] == {"enable": False}


def test_the_kinds_that_we_make_are_of_the_version_that_is_stored() -> None:
    for kind in ("ClusterQueue", "LocalQueue", "ResourceFlavor"):
        files = (reference.root() / "crds" / "kueue.x-k8s.io").glob("*.yaml")
        found = [yaml.load(f.read_text(), Loader=reference.LOADER)["spec"] for f in files]
        (spec,) = [s for s in found if s["names"]["kind"] == kind]
        assert [v["name"] for v in spec["versions"] if v["storage"]] == [kueue.API.rpartition("/")[2]]


def test_what_the_simulated_operators_say_is_valid_for_the_real_crds() -> None:
    cluster = Cluster()
    for name in ("kueue", "gpu-operator"):
        cluster.put(deployment(name))
        cluster.up("Deployment", "system", name)
    cluster.put(custom("ClusterPolicy", "cluster-policy", {}))
    cluster.put(custom("ClusterQueue", "team-a", kueue.cluster_queue("8", "32Gi", "nvidia.com/gpu", {"train": 2}, ["team"])))
    cluster.put(custom("LocalQueue", "mlops", {"clusterQueue": "team-a"}))
    cluster.settle()
    for kind, namespace, name in (
        ("ClusterPolicy", "", "cluster-policy"),
        ("ClusterQueue", "", "team-a"),
        ("LocalQueue", "team", "mlops"),
    ):
        said = {**cluster.get(kind, namespace, name)}
        assert said["status"]
        # the smallest ClusterPolicy lacks what the chart writes
        body = {k: v for k, v in said.items() if kind != "ClusterPolicy" or k != "spec"}
        errors = [e for e in reference.resource_errors(body) if "'spec' is a required" not in e]
        assert errors == []


def test_a_cluster_without_gpus_still_has_a_valid_queue() -> None:
    (queue,) = build(replace(ARGS, pools={}, teams={}, namespaces=[])).all("ClusterQueue")
    assert reference.resource_errors(queue.inputs) == []
