"""Model services through the composer: from an image or from files in the store, scaled, guarded, canaried."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import model_scripts
from components.platform import Platform
from components.validation.problems import Problems
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

TEXT = """
domain: mlops.test
gateway: {}
login: {}
systems:
  minio: {replicas: 1}
  prometheus: {}
  fastapi:
    models:
      fraud:
        model: fraud/3
        maxReplicas: 6
        login: false
        canary: {weight: 10, model: fraud/4}
  flask:
    models:
      spam: {image: "ghcr.io/acme/spam:1.2", gpus: 2, secretNames: [spam-keys], health: /alive, environment: {MODE: fast}}
  bentoml: {models: {llm: {image: "ghcr.io/acme/llm:2.0"}}}
  tfserving: {models: {digits: {model: digits, replicas: 3}}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    found = stack(checked(tmp_path_factory.mktemp("serving"), TEXT))
    return record(lambda: Platform("platform", found))


def pod(made: Recording[Platform], name: str) -> dict[str, Any]:
    spec: dict[str, Any] = made.one("Deployment", name).inputs["spec"]["template"]["spec"]
    return spec


def env(container: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


def test_a_model_without_an_image_is_fetched_and_served_by_our_own_server(made: Recording[Platform]) -> None:
    spec = pod(made, "fastapi-fraud")
    (fetch,), (server,) = spec["initContainers"], spec["containers"]
    told = env(fetch)
    assert (told["MODEL_BUCKET"], told["MODEL_PREFIX"]) == ("models", "fraud/3")
    assert told["MODEL_PATH"] == env(server)["MODEL_PATH"]
    assert told["AWS_ACCESS_KEY_ID"]["secretKeyRef"]["name"] == "fastapi-bucket-models"
    assert told["AWS_CA_BUNDLE"].startswith(next(m["mountPath"] for m in fetch["volumeMounts"] if m["name"] == "store-ca"))
    assert server["image"] == fetch["image"] and server["image"].startswith("ghcr.io/mlflow/mlflow:")
    scripts = made.one("ConfigMap", "fastapi-scripts").inputs["data"]
    assert f"{server['command'][1].split(':')[0]}.py" in scripts and "fetch_model.py" in scripts
    assert "AWS_SECRET_ACCESS_KEY" not in env(server), "the server needs no key of the store"
    assert made.leaks() == []


def test_an_image_is_run_as_it_is(made: Recording[Platform]) -> None:
    spec = pod(made, "flask-spam")
    assert "initContainers" not in spec
    (server,) = spec["containers"]
    assert server["image"] == "ghcr.io/acme/spam:1.2" and "command" not in server
    assert server["envFrom"] == [{"secretRef": {"name": "spam-keys"}}] and env(server)["MODE"] == "fast"
    assert {server[kind]["httpGet"]["path"] for kind in ("readinessProbe", "livenessProbe", "startupProbe")} == {"/alive"}


def test_a_bento_keeps_its_home_where_it_may_write(made: Recording[Platform]) -> None:
    (server,) = pod(made, "bentoml-llm")["containers"]
    told = env(server)
    assert (told["BENTOML_HOME"], told["BENTOML_DO_NOT_TRACK"]) == ("/tmp/bentoml", "true")
    assert "/tmp" in {mount["mountPath"] for mount in server["volumeMounts"]}


def test_gpus_are_asked_for_and_their_nodes_tolerated(made: Recording[Platform]) -> None:
    spec = pod(made, "flask-spam")
    resources = spec["containers"][0]["resources"]
    assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"] == "2"
    assert spec["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert "tolerations" not in pod(made, "fastapi-fraud")


def test_only_what_may_grow_has_an_autoscaler_and_then_nobody_else_counts(made: Recording[Platform]) -> None:
    (found,) = made.all("HorizontalPodAutoscaler")
    spec = found.inputs["spec"]
    assert (spec["scaleTargetRef"]["name"], spec["minReplicas"], spec["maxReplicas"]) == ("fastapi-fraud", 2, 6)
    assert "replicas" not in made.one("Deployment", "fastapi-fraud").inputs["spec"]
    assert made.one("Deployment", "tfserving-digits").inputs["spec"]["replicas"] == 3


def test_a_canary_has_its_own_files_and_its_share(made: Recording[Platform]) -> None:
    assert env(pod(made, "fastapi-fraud-canary")["initContainers"][0])["MODEL_PREFIX"] == "fraud/4"
    backends = made.one("HTTPRoute", "route-fastapi-fraud").inputs["spec"]["rules"][0]["backendRefs"]
    assert {item["name"]: item["weight"] for item in backends} == {"fastapi-fraud": 90, "fastapi-fraud-canary": 10}
    for name in ("fastapi-fraud", "fastapi-fraud-canary"):
        selector = made.one("Service", name).inputs["spec"]["selector"]
        others = [
            d for d in made.all("Deployment") if selector.items() <= d.inputs["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert [d.object_name for d in others] == [name]


def test_each_version_has_a_budget_and_a_monitor_on_a_port_of_its_service(made: Recording[Platform]) -> None:
    names = {"fastapi-fraud", "fastapi-fraud-canary", "flask-spam", "bentoml-llm", "tfserving-digits"}
    assert names <= {r.object_name for r in made.all("PodDisruptionBudget")}
    monitors = {r.object_name: r.inputs["spec"] for r in made.all("ServiceMonitor") if r.namespace == "serving"}
    assert set(monitors) == names
    for name, spec in monitors.items():
        service = made.one("Service", name).inputs
        assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert spec["endpoints"][0]["port"] in {p["name"] for p in service["spec"]["ports"]}
    assert monitors["tfserving-digits"]["endpoints"][0]["path"] == "/monitoring/prometheus/metrics"


def test_only_models_that_say_so_are_open(made: Recording[Platform]) -> None:
    guarded = {r.inputs["spec"]["targetRefs"][0]["name"] for r in made.all("SecurityPolicy")}
    assert {"mlops-flask-spam", "mlops-bentoml-llm", "mlops-tfserving-digits"} <= guarded
    assert "mlops-fastapi-fraud" not in guarded


def test_tensorflow_serving_finds_model_and_monitoring(made: Recording[Platform]) -> None:
    (server,) = pod(made, "tfserving-digits")["containers"]
    flags = dict(part.removeprefix("--").split("=", 1) for part in server["command"][1:])
    assert flags["model_base_path"] == env(server)["MODEL_PATH"] and flags["model_name"] == "digits"
    assert flags["rest_api_port"] == str(server["ports"][0]["containerPort"])
    assert server["readinessProbe"]["httpGet"]["path"] == "/v1/models/digits"
    folder, _, file = flags["monitoring_config_file"].rpartition("/")
    assert folder in {m["mountPath"] for m in server["volumeMounts"]}
    assert file in made.one("ConfigMap", "tfserving-scripts").inputs["data"]


def test_another_build_of_tensorflow_serving_runs_with_the_same_command(tmp_path: Path) -> None:
    text = 'systems: {minio: {replicas: 1}, tfserving: {models: {m: {model: m, gpus: 1, image: "docker.io/tensorflow/serving:2.20.0-gpu"}}}}'
    found = stack(checked(tmp_path, text))
    (server,) = pod(record(lambda: Platform("platform", found)), "tfserving-m")["containers"]
    assert server["image"].endswith("-gpu") and server["command"][0] == "tensorflow_model_server"


def test_pods_are_restricted_and_bounded(made: Recording[Platform]) -> None:
    for r, spec in made.pods():
        if r.namespace != "serving":
            continue
        assert spec["securityContext"]["runAsNonRoot"] is True and spec["automountServiceAccountToken"] is False
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])


@pytest.mark.parametrize(
    ("systems", "said"),
    [
        ("{flask: {}}", "systems.flask.models: missing: nothing to serve"),
        ("{bentoml: {models: {llm: {model: llm}}}, minio: {}}", "systems.bentoml.models.llm.image: missing"),
        ("{fastapi: {models: {m: {}}}, minio: {}}", "systems.fastapi.models.m: neither image nor model"),
        ("{fastapi: {models: {m: {model: x}}}}", "systems.fastapi.models.m.model: needs an object store"),
        (
            '{flask: {models: {m: {image: "a/b:1", replicas: 3, maxReplicas: 2}}}}',
            "maxReplicas: 2: expected at least replicas, 3",
        ),
        ("{fastapi: {models: {m: {model: ../etc}}}, minio: {}}", "systems.fastapi.models.m.model"),
    ],
)
def test_what_cannot_be_served_is_said(tmp_path: Path, systems: str, said: str) -> None:
    found = checked(tmp_path, f"systems: {systems}\n")
    assert isinstance(found, Problems)
    assert any(said in message for message in messages(found)), found.text()


class Store:
    """A bucket, as far as the fetcher asks."""

    def __init__(self, keys: list[str]):
        self.keys = keys

    def get_paginator(self, name: str) -> "Store":
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": key}]} for key in self.keys if key.startswith(Prefix)]

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_text(f"{bucket}/{key}")


def fetch(monkeypatch: pytest.MonkeyPatch, folder: Path, keys: list[str]) -> Path:
    fake: Any = types.ModuleType("boto3")
    fake.client = lambda kind, **options: Store(keys)
    monkeypatch.setitem(sys.modules, "boto3", fake)
    target = folder / "models" / "fraud"
    given = {"MODEL_BUCKET": "models", "MODEL_PREFIX": "fraud/3/", "MODEL_REGION": "r", "MODEL_PATH": str(target)}
    for key, value in given.items():
        monkeypatch.setenv(key, value)
    exec(compile(model_scripts.FETCH, "fetch_model.py", "exec"), {"__name__": "__main__"})
    return target


def test_the_fetcher_copies_what_lies_below_the_prefix_and_nothing_out_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = ["fraud/3/MLmodel", "fraud/3/data/model.pkl", "fraud/3/data/", "fraud/30/other", "fraud/3/../../escape"]
    target = fetch(monkeypatch, tmp_path, keys)
    found = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert found == ["models/fraud/MLmodel", "models/fraud/data/model.pkl"]
    assert (target / "MLmodel").read_text() == "models/fraud/3/MLmodel"


def test_the_fetcher_fails_where_there_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"s3://models/fraud/3/: nothing there"):
        fetch(monkeypatch, tmp_path, ["fraud/30/other"])


@pytest.mark.parametrize("text", [model_scripts.READ, model_scripts.FASTAPI, model_scripts.FLASK])
def test_scripts_are_python(text: str) -> None:
    compile(text, "script", "exec")
