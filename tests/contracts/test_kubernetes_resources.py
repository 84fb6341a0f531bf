"""Every custom resource that our components make is valid for the real CRD, unknown fields refused."""

from dataclasses import replace

import pytest

from tests.contracts import reference
from tests.unit.kubernetes_stack import KAFKA, MYSQL, stack
from tests.unit.registered import Registered

GROUPS = ("cert-manager.io", "trust.cert-manager.io", "ps.percona.com", "kafka.strimzi.io", "monitoring.coreos.com")


def _custom(found: list[Registered]) -> list[Registered]:
    return [r for r in found if str(r.inputs.get("apiVersion", "")).split("/")[0] in GROUPS]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({}, id="three of each"),
        pytest.param(
            {"mysql": replace(MYSQL, replicas=1, monitored=False), "kafka": replace(KAFKA, brokers=1, monitored=False)},
            id="one of each",
        ),
        pytest.param(
            {"mysql": replace(MYSQL, storage_class="fast"), "kafka": replace(KAFKA, storage_class="fast", protect=True)},
            id="a storage class",
        ),
    ],
)
def test_custom_resources_are_valid_for_the_real_crds(made: dict[str, object]) -> None:
    reference.root()
    found = _custom(stack(**made).resources)  # type: ignore[arg-type]
    kinds = {r.kind for r in found}
    assert {"Certificate", "ClusterIssuer", "Bundle", "PerconaServerMySQL", "Kafka", "KafkaNodePool", "KafkaTopic"} <= kinds
    assert "KafkaUser" in kinds
    errors = {f"{r.kind}/{r.object_name}": reference.resource_errors(r.inputs) for r in found}
    assert {name: said for name, said in errors.items() if said} == {}


def test_the_check_refuses_an_unknown_field_and_a_wrong_type() -> None:
    body = {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "spec": {"partition": 1, "replicas": "three"}}
    said = " ".join(reference.resource_errors(body))
    assert "partition" in said and "three" in said
