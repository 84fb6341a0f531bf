"""KServe through the composer, and its simulated operator on what the component makes."""

from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import gateway, gateway_specs, kserve, kserve_values
from components.platform import Platform
from components.validation.problems import Problems
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

TEXT = """
domain: mlops.test
gateway: {}
login: {}
systems:
  minio: {replicas: 1}
  prometheus: {}
  kserve:
    runtimes: [sklearnserver]
    models:
      iris: {format: sklearn, model: iris/1, replicas: 2, maxReplicas: 4}
      vision: {format: onnx, model: vision, gpus: 1, runtime: kserve-tritonserver, login: false}
"""


def composed(folder: Path, text: str) -> Recording[Platform]:
    found = stack(checked(folder, text))
    return record(lambda: Platform("platform", found))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("kserve"), TEXT)


def predictor(made: Recording[Platform], name: str) -> dict[str, Any]:
    found: dict[str, Any] = made.one("InferenceService", name).inputs["spec"]["predictor"]
    return found


def test_the_controller_makes_routes_on_our_gateway_without_knative(made: Recording[Platform]) -> None:
    told = made.one("Chart", "kserve-controller").inputs["values"]["kserve"]["controller"]
    assert told["deploymentMode"] == "Standard"
    assert told["gateway"]["domain"] == "mlops.test" and told["gateway"]["urlScheme"] == "https"
    ours = f"{gateway.EnvoyGateway.namespace}/{gateway_specs.NAME}"
    assert told["gateway"]["ingressGateway"] == {"enableGatewayApi": True, "createGateway": False, "kserveGateway": ours}
    assert {"kserve-crds", "gateway-gateway"} <= made.waits_for("kserve-controller")


def test_a_model_is_read_from_the_bucket_with_key_and_trust(made: Recording[Platform]) -> None:
    spec = predictor(made, "iris")
    assert spec["model"]["storageUri"] == "s3://models/iris/1"
    storage = made.one("ClusterStorageContainer")
    assert spec["storageContainerName"] == storage.object_name
    container = storage.inputs["spec"]["container"]
    env = {item["name"]: item for item in container["env"]}
    given = made.one("Secret", "kserve-bucket-models")
    assert given.namespace == made.one("InferenceService", "iris").namespace
    assert env["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]["name"] == given.object_name
    assert env["AWS_ENDPOINT_URL"]["value"] == "https://minio.minio.svc:9000"
    mount = container["volumeMounts"][0]
    assert env["AWS_CA_BUNDLE"]["value"].startswith(mount["mountPath"])
    assert mount["name"] in {v["name"] for v in spec["volumes"]}
    assert {"kserve-storage", "kserve-account", "kserve-runtimes"} <= made.waits_for("kserve-model-iris")
    assert made.leaks() == []


def test_sizes_scale_and_gpus_are_the_specs(made: Recording[Platform]) -> None:
    iris, vision = predictor(made, "iris"), predictor(made, "vision")
    assert (iris["minReplicas"], iris["maxReplicas"]) == (2, 4)
    assert "tolerations" not in iris
    assert vision["model"]["resources"]["limits"]["nvidia.com/gpu"] == "1" and vision["model"]["runtime"] == "kserve-tritonserver"
    assert vision["tolerations"][0]["key"] == "nvidia.com/gpu"


def test_declared_models_come_in_through_the_guarded_gateway_only(made: Recording[Platform]) -> None:
    for name in ("iris", "vision"):
        metadata = made.one("InferenceService", name).inputs["metadata"]
        assert metadata["labels"]["networking.kserve.io/visibility"] == "cluster-local"
        assert metadata["annotations"]["serving.kserve.io/deploymentMode"] == "Standard"
        (backend,) = made.one("HTTPRoute", f"route-kserve-{name}").inputs["spec"]["rules"][0]["backendRefs"]
        assert (backend["name"], backend["port"]) == (f"{name}-predictor", kserve.PORT)
    guarded = {r.inputs["spec"]["targetRefs"][0]["name"] for r in made.all("SecurityPolicy")}
    assert "mlops-kserve-iris" in guarded and "mlops-kserve-vision" not in guarded


def test_only_wanted_runtimes_are_enabled_and_all_images_move_to_the_mirror() -> None:
    told = kserve_values.runtimes(["sklearnserver"], "mirror.example/hub")["kserve"]["servingruntime"]
    assert [name for name, found in told.items() if isinstance(found, dict) and not found["disabled"]] == ["sklearnserver"]
    assert all(found["image"].startswith("mirror.example/hub/") for found in told.values() if "image" in str(found))


def test_kserve_without_a_gateway_is_refused(tmp_path: Path) -> None:
    found = checked(tmp_path, "systems: {kserve: {}}\n")
    assert isinstance(found, Problems)
    assert any("needs a gateway" in p.message and "gateway: {}" in p.message for p in found), found.text()


def test_kserve_stands_without_models_of_its_own(tmp_path: Path) -> None:
    made = composed(tmp_path, "gateway: {}\nsystems: {kserve: {}}\n")
    assert made.all("InferenceService") == [] and made.all("ClusterStorageContainer") == []
    assert len([r for r in made.all("Chart") if r.name.startswith("kserve-")]) == 3


def runtime(name: str, format_: str) -> dict[str, Any]:
    container = {"name": "kserve-container", "image": f"registry.example/{name}:1", "args": ["--model_dir=/mnt/models"]}
    spec = {"supportedModelFormats": [{"name": format_, "autoSelect": True}], "containers": [container]}
    return custom("ClusterServingRuntime", name, spec)


def test_the_simulated_operator_runs_a_model_as_its_runtime_and_store_say(made: Recording[Platform]) -> None:
    cluster = Cluster()
    cluster.put(deployment("kserve-controller-manager"))
    cluster.up("Deployment", "system", "kserve-controller-manager")
    cluster.put(runtime("kserve-sklearnserver", "sklearn"))
    for r in [*made.all("InferenceService"), *made.all("ClusterStorageContainer")]:
        body = {"apiVersion": r.inputs["apiVersion"], "kind": r.kind, "metadata": dict(r.inputs["metadata"])}
        cluster.put({**body, "spec": r.inputs["spec"]})
    cluster.settle(60)
    pod = cluster.get("Deployment", "kserve", "iris-predictor")["spec"]["template"]["spec"]
    (fetch,), (server,) = pod["initContainers"], pod["containers"]
    assert fetch["args"] == ["s3://models/iris/1", "/mnt/models"]
    assert {m["name"] for m in [*fetch["volumeMounts"], *server["volumeMounts"]]} <= {v["name"] for v in pod["volumes"]}
    assert server["image"] == "registry.example/kserve-sklearnserver:1"

    def conditions(name: str) -> dict[str, str]:
        return {c["type"]: c["status"] for c in cluster.get("InferenceService", "kserve", name)["status"]["conditions"]}

    assert conditions("iris")["Ready"] == "False"
    cluster.up("Deployment", "kserve", "iris-predictor")
    cluster.settle(60)
    assert conditions("iris")["Ready"] == "True"
    # nobody here can run onnx
    assert conditions("vision")["Ready"] == "False"
    assert "vision-predictor" not in cluster.names("Deployment")
