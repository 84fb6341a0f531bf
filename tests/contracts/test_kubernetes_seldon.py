"""What we tell Seldon's charts exists in them, what they render is what our transforms change, and all of it is valid."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.contracts import BrokerAccess, BucketAccess
from components.kubernetes import seldon, seldon_values
from components.kubernetes.place import Compute
from components.kubernetes.seldon_values import SeldonServerArgs, SeldonSizes
from components.spec.base import quantity_value
from policies.exceptions import Exceptions
from policies.model import Facts, Resource
from tests.contracts import reference, rendering
from tests.contracts.test_policies_of_charts import rules
from tests.unit.recording import settled
from tests.unit.test_kubernetes_seldon import composed

MIRROR = "mirror.example/hub"
SERVERS = {
    "mlserver": SeldonServerArgs(2, 4, "20Gi", Compute("500m", "2Gi")),
    "triton": SeldonServerArgs(1, 1, "10Gi", Compute("1", "4Gi")),
}
SETUP = seldon_values.setup(SeldonSizes(Compute("100m", "1Gi"), Compute("200m", "3Gi"), SERVERS), 3, 2, MIRROR)
BROKER = BrokerAccess("kafka-kafka-bootstrap.kafka.svc:9093", "SCRAM-SHA-512", [], "seldon", "seldon-kafka", "mlops-ca")
BUCKET = BucketAccess("models", "us-east-1", "https://minio.minio.svc:9000", "seldon-models", "mlops-ca")
KUBERNETES_TYPES = {"SeldonConfig": seldon_values.CONFIG_TYPE, "ServerConfig": seldon_values.SERVER_CONFIG_TYPE}


@pytest.mark.parametrize("pin", [seldon.CRDS, seldon.SETUP])
def test_the_pin_is_the_version_whose_values_we_checked(pin: Any) -> None:
    known = reference.index(pin.chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])


def test_every_value_we_set_exists_in_the_chart() -> None:
    assert reference.unknown_values("seldon-core-v2-setup", SETUP) == []


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return rendering.render(seldon.SETUP, SETUP, "seldon", tmp_path_factory.mktemp("seldon"))


@pytest.fixture(scope="module")
def told(rendered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The chart's objects after our transforms."""
    return [changed(found) for found in rendered]


def changed(found: dict[str, Any]) -> dict[str, Any]:
    """One object as the engine would send it."""
    kind = KUBERNETES_TYPES.get(found["kind"], f"kubernetes:{found['apiVersion']}:{found['kind']}")

    def build() -> pulumi.Output[Any]:
        args = pulumi.ResourceTransformArgs(custom=True, type_=kind, name="x", props=found, opts=pulumi.ResourceOptions())
        done = [
            transform(args)
            for transform in (
                seldon_values.configured(BROKER, BUCKET, "fast"),
                seldon_values.served(BUCKET, "fast"),
                seldon_values.bounded,
            )
        ]
        taken = [result.props for result in done if result is not None]
        assert len(taken) <= 1
        return pulumi.Output.from_input(taken[0] if taken else found)

    result: dict[str, Any] = settled(build)
    return result


def one(objects: list[dict[str, Any]], kind: str, name: str) -> Any:
    (found,) = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name]
    return found


def pods(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Every pod spec by its component, server or workload."""
    found = {c["name"]: c["podSpec"] for c in one(objects, "SeldonConfig", "default")["spec"]["components"]}
    found |= {o["metadata"]["name"]: o["spec"]["podSpec"] for o in objects if o["kind"] == "ServerConfig"}
    return found | {o["metadata"]["name"]: o["spec"]["template"]["spec"] for o in objects if o["kind"] == "Deployment"}


def test_it_has_no_hooks_and_every_image_comes_from_the_mirror(rendered: list[dict[str, Any]]) -> None:
    assert rendering.hooks(rendered) == []
    images = [c["image"] for pod in pods(rendered).values() for c in pod["containers"]]
    assert len(images) >= 13 and all(image.startswith(f"{MIRROR}/") for image in images)


def test_every_pod_is_bounded_and_unprivileged(told: list[dict[str, Any]]) -> None:
    found = pods(told)
    assert set(found) == {
        "seldon-scheduler", "seldon-pipelinegateway", "seldon-modelgateway", "hodometer", "seldon-envoy",
        "seldon-dataflow-engine", "mlserver", "triton", "seldon-v2-controller-manager",
    }  # fmt: skip
    for name, pod in found.items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["containers"]:
            resources = container["resources"]
            # hodometer has no pods
            assert name == "hodometer" or quantity_value(resources["limits"]["cpu"]) >= 0.2, (name, container["name"])
            assert {"cpu", "memory"} <= set(resources["requests"]) & set(resources["limits"]), container["name"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_those_that_talk_to_kafka_do_so_as_our_user_with_our_ca(told: list[dict[str, Any]]) -> None:
    clients = set()
    for name, pod in pods(told).items():
        env = {e["name"]: e.get("value") for c in pod["containers"] for e in c.get("env") or []}
        if "KAFKA_SECURITY_PROTOCOL" in env or "SELDON_KAFKA_SECURITY_PROTOCOL" in env:
            clients.add(pod["containers"][0]["name"])
            protocol = env.get("KAFKA_SECURITY_PROTOCOL") or env["SELDON_KAFKA_SECURITY_PROTOCOL"]
            user = env.get("KAFKA_CLIENT_SASL_USERNAME") or env["SELDON_KAFKA_SASL_USERNAME"]
            secret = env.get("KAFKA_CLIENT_SASL_SECRET_NAME") or env["SELDON_KAFKA_SASL_SECRET"]
            ca = env.get("KAFKA_BROKER_TLS_CA_LOCATION") or env["SELDON_KAFKA_TLS_BROKER_CA_PATH"]
            assert (protocol, user, secret) == ("SASL_SSL", "seldon", "seldon-kafka"), name
            mount = next(m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "kafka-ca")
            assert ca == f"{mount['mountPath']}/ca.crt"
            assert {"name": "kafka-ca", "configMap": {"name": "mlops-ca"}} in pod["volumes"]
    assert clients == set(seldon_values.KAFKA_CLIENTS)
    config = one(told, "SeldonConfig", "default")["spec"]["config"]
    assert config["kafkaConfig"]["bootstrap.servers"] == BROKER.bootstrap
    assert config["kafkaConfig"]["topics"] == {"numPartitions": "3", "replicationFactor": "2"}
    text = json.dumps(told)
    assert "seldon-kafka-bootstrap" not in text and "seldon-rclone-gs-public" not in text, "something of the chart's is left"


def test_rclone_reads_our_store_with_the_key_from_its_secret(told: list[dict[str, Any]]) -> None:
    (text,) = one(told, "SeldonConfig", "default")["spec"]["config"]["agentConfig"]["rclone"]["config"]
    remote = json.loads(text)
    assert remote["name"] == seldon_values.REMOTE and remote["parameters"]["endpoint"] == BUCKET.endpoint
    assert all(isinstance(value, str) for value in remote["parameters"].values()), "the agent reads a map of texts"
    for name in seldon_values.SERVERS:
        pod = pods(told)[name]
        first = pod["containers"][0]
        env = {e["name"]: e for e in first["env"]}
        assert first["name"] == "rclone"
        assert env["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "seldon-models"
        mount = next(m for m in first["volumeMounts"] if m["name"] == "store-ca")
        assert env["RCLONE_CA_CERT"]["value"] == f"{mount['mountPath']}/ca.crt"


def test_claims_have_the_stacks_storage_class_and_size(told: list[dict[str, Any]]) -> None:
    (claim,) = one(told, "ServerConfig", "mlserver")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast" and claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    scheduler = next(c for c in one(told, "SeldonConfig", "default")["spec"]["components"] if c["name"] == "seldon-scheduler")
    assert [c["spec"]["storageClassName"] for c in scheduler["volumeClaimTemplates"]] == ["fast"]


def test_what_is_scraped_has_the_port_that_we_name(rendered: list[dict[str, Any]]) -> None:
    found = pods(rendered)
    where = {"seldon-server": "mlserver"}
    for _, part, port, _ in seldon_values.monitors():
        pod = found[where.get(part, part)]
        assert port in {p.get("name") for c in pod["containers"] for p in c.get("ports") or []}, part


def test_the_chart_has_the_components_and_servers_that_we_name(rendered: list[dict[str, Any]]) -> None:
    assert {o["metadata"]["name"] for o in rendered if o["kind"] == "ServerConfig"} == set(seldon_values.SERVERS)
    names = {c["name"] for c in one(rendered, "SeldonConfig", "default")["spec"]["components"]}
    assert {o["name"] for o in seldon_values.runtime()["overrides"]} <= names
    # its rights end with its namespace
    assert not {o["kind"] for o in rendered} & {"ClusterRole", "ClusterRoleBinding"}


def test_custom_resources_are_valid_for_the_real_crds(tmp_path: Path) -> None:
    reference.root()
    kinds = {"SeldonRuntime", "Server", "Model"}
    found = [r for r in composed(tmp_path).resources if r.kind in kinds or (r.kind == "KafkaUser" and r.object_name == "seldon")]
    assert {r.kind for r in found} == kinds | {"KafkaUser"}
    errors = {f"{r.kind}/{r.object_name}": reference.resource_errors(r.inputs) for r in found}
    assert {name: said for name, said in errors.items() if said} == {}


def test_the_charts_own_after_our_transforms_are_too(told: list[dict[str, Any]]) -> None:
    found = [o for o in told if o["kind"] in KUBERNETES_TYPES]
    errors = {f"{o['kind']}/{o['metadata']['name']}": reference.resource_errors(o) for o in found}
    assert {name: said for name, said in errors.items() if said} == {}


def test_what_is_rendered_breaks_no_policy_but_that_of_licences(told: list[dict[str, Any]]) -> None:
    excepted, said = Exceptions.load(), []
    for found in told:
        kind = f"kubernetes:{found['apiVersion']}:{found['kind']}"
        resource = Resource(kind, f"seldon-setup:seldon/{found['metadata']['name']}", found)
        for rule in rules():
            for finding in rule.check(resource, Facts(registry_mirror=MIRROR)):
                if not excepted.covers(rule.name, resource, finding.path):
                    said.append((rule.name, found["kind"], finding.path, finding.problem))
    assert {rule for rule, *_ in said} == {"kept-upstream"}, said
    # MLServer and Triton are not under the BSL
    assert all("/seldonio/seldon" in problem for *_, problem in said)
