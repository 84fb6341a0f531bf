"""Seldon Core 2 through the composer: its licence, its broker, its models, and its simulated operator."""

from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import seldon_values
from components.kubernetes.seldon import SeldonServing
from components.platform import Platform
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

TEXT = """
domain: mlops.test
gateway: {}
login: {}
systems:
  minio: {replicas: 1}
  kafka: {brokers: 2}
  prometheus: {}
  seldon:
    acceptBslLicense: true
    mlserver: {replicas: 2, maxReplicas: 4, storage: 20Gi}
    triton: {}
    models:
      iris: {model: iris/1, requirements: [sklearn], replicas: 2}
      vision: {model: vision, requirements: [onnx], server: triton}
"""


def composed(folder: Path, text: str = TEXT) -> Recording[Platform]:
    found = stack(checked(folder, text))
    return record(lambda: Platform("platform", found))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("seldon"))


@pytest.mark.parametrize("section", ["{}", "{acceptBslLicense: false}"])
def test_without_the_acceptance_of_its_licence_it_is_refused_by_name(tmp_path: Path, section: str) -> None:
    found = messages(checked(tmp_path, f"systems: {{minio: {{replicas: 1}}, kafka: {{}}, seldon: {section}}}"))
    assert len(found) == 1, found
    assert "systems.seldon.acceptBslLicense" in found[0] and "Business Source License 1.1" in found[0] and "kserve" in found[0]


def test_a_model_for_a_server_that_is_left_out_is_refused(tmp_path: Path) -> None:
    model = "models: {vision: {model: vision, requirements: [onnx], server: triton}}"
    head = "systems: {minio: {replicas: 1}, kafka: {}, seldon: {acceptBslLicense: true, "
    (said,) = messages(checked(tmp_path, f"{head}{model}}}}}"))
    assert "systems.seldon.models.vision.server" in said and "systems.seldon.triton" in said


def test_without_a_broker_it_is_refused(tmp_path: Path) -> None:
    found = messages(checked(tmp_path, "systems: {minio: {replicas: 1}, seldon: {acceptBslLicense: true}}"))
    assert any("broker" in said or "kafka" in said for said in found), found


def test_its_user_may_make_topics_of_its_own_names_alone(made: Recording[Platform]) -> None:
    acls = made.one("KafkaUser", "seldon").inputs["spec"]["authorization"]["acls"]
    topics = {(a["resource"]["name"], a["resource"]["patternType"]) for a in acls if a["resource"]["type"] == "topic"}
    assert topics == {("seldon.", "prefix"), ("seldon-", "prefix")}
    names = [f"{seldon_values.TOPIC_PREFIX}.seldon.model.iris.inputs", "seldon-seldon-seldon-dataflow-x-KSTREAM-1-repartition"]
    assert all(name.startswith(tuple(prefix for prefix, _ in topics)) for name in names)
    groups = [a["resource"]["name"] for a in acls if a["resource"]["type"] == "group"]
    assert groups == ["seldon"] and made.all("KafkaTopic") == []


def test_copies_of_its_topics_follow_the_brokers_and_services_stay_inside(made: Recording[Platform]) -> None:
    told = made.one("Chart", "seldon-setup").inputs["values"]
    assert told["kafka"]["topics"] == {"replicationFactor": 2, "numPartitions": 1}
    assert told["security"]["kafka"]["protocol"] == "SASL_SSL"
    assert told["serverConfig"]["mlserver"]["modelVolumeStorage"] == "20Gi"
    spec = made.one("SeldonRuntime").inputs["spec"]
    types = {o["name"]: o.get("serviceType") for o in spec["overrides"]}
    assert types["seldon-scheduler"] == types["seldon-envoy"] == "ClusterIP"
    assert {"name": "hodometer", "replicas": 0} in spec["overrides"]
    assert spec["config"]["tracingConfig"] == {"disable": True}


def test_each_waits_for_what_it_needs(made: Recording[Platform]) -> None:
    assert {"seldon-crds", "kafka-user-seldon", "kafka-user-seldon-given"} <= made.waits_for("seldon-setup")
    assert "seldon-setup" in made.waits_for("seldon-runtime")
    assert "seldon-runtime" in made.waits_for("seldon-server-mlserver")
    assert {"seldon-server-mlserver", "seldon-server-triton"} <= made.waits_for("seldon-model-iris")
    for kind in ("SeldonRuntime", "Server", "Model"):
        for found in made.all(kind):
            assert found.inputs["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"


def test_models_come_from_the_bucket_and_name_what_they_require(made: Recording[Platform]) -> None:
    iris, vision = (made.one("Model", name).inputs["spec"] for name in ("iris", "vision"))
    assert (iris["storageUri"], iris["requirements"], iris["replicas"]) == ("s3://models/iris/1", ["sklearn"], 2)
    assert vision["server"] == "triton" and "server" not in iris
    assert made.leaks() == []


def test_it_is_reached_through_the_guarded_gateway(made: Recording[Platform]) -> None:
    (backend,) = made.one("HTTPRoute", "route-seldon").inputs["spec"]["rules"][0]["backendRefs"]
    assert (backend["name"], backend["port"]) == (seldon_values.MESH, seldon_values.MESH_PORT)
    assert "mlops-seldon" in {r.inputs["spec"]["targetRefs"][0]["name"] for r in made.all("SecurityPolicy")}


def test_it_is_scraped_where_there_are_metrics_and_only_there(made: Recording[Platform], tmp_path: Path) -> None:
    monitors = [r for r in made.all("PodMonitor") if r.namespace == SeldonServing.namespace]
    assert len(monitors) == len(seldon_values.monitors())
    bare = composed(tmp_path, "systems: {minio: {replicas: 1}, kafka: {}, seldon: {acceptBslLicense: true}}")
    assert bare.all("PodMonitor") == [] and bare.all("Model") == [] and len(bare.all("Server")) == 1


def test_a_broker_that_it_cannot_log_in_to_is_refused(tmp_path: Path) -> None:
    text = """
systems: {minio: {replicas: 1}, seldon: {acceptBslLicense: true}}
bringYourOwn: {broker: {address: "kafka.example.com:9093", credentials: {seldon: outside-kafka}}}
"""
    with pytest.raises(Exception, match="needs a broker with SCRAM-SHA-512"):
        composed(tmp_path, text)


CONTAINER = {"image": "registry.example/x:1", "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}}}


def config() -> dict[str, Any]:
    parts = ("seldon-scheduler", "seldon-pipelinegateway", "seldon-modelgateway", "hodometer", "seldon-envoy")
    names = (*parts, "seldon-dataflow-engine")
    components = [{"name": n, "podSpec": {"containers": [{"name": n, **CONTAINER}]}, "replicas": 1} for n in names]
    claim = {"name": "scheduler-state", "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    components[0]["volumeClaimTemplates"] = [claim]
    found = {"kafkaConfig": {"bootstrap.servers": "kafka:9093"}, "agentConfig": {"rclone": {"config": ["{}"]}}}
    return custom("SeldonConfig", "default", {"components": components, "config": found})


def server_config(name: str, able: str) -> dict[str, Any]:
    agent = {"name": "agent", **CONTAINER, "env": [{"name": "SELDON_SERVER_CAPABILITIES", "value": able}]}
    pod = {"containers": [{"name": "rclone", **CONTAINER}, agent], "serviceAccountName": "seldon-server"}
    return custom("ServerConfig", name, {"podSpec": pod, "volumeClaimTemplates": []})


def conditions(cluster: Cluster, kind: str, name: str) -> dict[str, str]:
    return {c["type"]: c["status"] for c in cluster.get(kind, "seldon", name)["status"]["conditions"]}


def test_the_simulated_operator_brings_up_what_the_component_makes(made: Recording[Platform]) -> None:
    cluster = Cluster()
    cluster.put(deployment("seldon-v2-controller-manager", "seldon"))
    cluster.up("Deployment", "seldon", "seldon-v2-controller-manager")
    for body in (config(), server_config("mlserver", "mlserver,sklearn,xgboost"), server_config("triton", "triton,python")):
        cluster.put({**body, "metadata": {**body["metadata"], "namespace": "seldon"}})
    for r in [*made.all("SeldonRuntime"), *made.all("Server"), *made.all("Model")]:
        body = {"apiVersion": r.inputs["apiVersion"], "kind": r.kind, "metadata": dict(r.inputs["metadata"])}
        cluster.put({**body, "spec": r.inputs["spec"]})
    cluster.settle(60)
    assert cluster.get("Deployment", "seldon", "hodometer")["spec"]["replicas"] == 0
    assert cluster.get("Service", "seldon", seldon_values.MESH)["spec"]["type"] == "ClusterIP"
    assert conditions(cluster, "SeldonRuntime", "seldon")["Ready"] == "False"
    for name in cluster.names("Deployment"):
        cluster.up("Deployment", "seldon", name)
    cluster.up("StatefulSet", "seldon", "seldon-scheduler")
    cluster.settle(60)
    assert conditions(cluster, "SeldonRuntime", "seldon")["Ready"] == "True"
    assert cluster.get("StatefulSet", "seldon", "mlserver")["spec"]["replicas"] == 2
    assert {"mlserver-0", "mlserver-1", "triton-0"} <= set(cluster.names("Service"))
    assert conditions(cluster, "Server", "mlserver")["Ready"] == "False"
    assert conditions(cluster, "Model", "iris")["Ready"] == "False"
    for name in ("mlserver", "triton"):
        cluster.up("StatefulSet", "seldon", name)
    cluster.settle(60)
    assert conditions(cluster, "Server", "mlserver")["Ready"] == "True"
    assert conditions(cluster, "Model", "iris")["Ready"] == "True"
    # this Triton is not able to run onnx
    assert conditions(cluster, "Model", "vision")["Ready"] == "False"
