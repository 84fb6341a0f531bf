"""What we give upstream charts exists in them, and what we assume of them is what they render."""

import pytest

from components.kubernetes import crds, foundation, kafka, mysql
from components.kubernetes.chart import Pin
from tests.contracts import reference

CASES = {
    "cert-manager": (foundation.CERT_MANAGER, foundation.cert_manager_values(True, "mirror.example/hub")),
    "trust-manager": (foundation.TRUST_MANAGER, foundation.trust_manager_values(True, "mirror.example/hub")),
    "ps-operator": (mysql.OPERATOR, mysql.operator_values("mirror.example/hub")),
    "strimzi-kafka-operator": (kafka.OPERATOR, kafka.operator_values("mirror.example/hub")),
}


@pytest.mark.parametrize("chart", CASES)
def test_every_value_we_set_exists_in_the_chart(chart: str) -> None:
    _, values = CASES[chart]
    assert reference.unknown_values(chart, values) == []
    assert reference.schema_errors(chart, values) == []


def test_a_value_that_no_chart_has_is_found() -> None:
    assert reference.unknown_values("cert-manager", {"webhook": {"replicas": 2}}) == ["webhook.replicas"]
    assert reference.schema_errors("cert-manager", {"replicaCountt": 2}) != []


@pytest.mark.parametrize("chart", CASES)
def test_the_pin_is_the_version_whose_values_we_checked(chart: str) -> None:
    pin: Pin = CASES[chart][0]
    known = reference.index(chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])


OWN_GROUP = {"kubeflow-trainer": "trainer.kubeflow.org"}
"""Of charts whose index also lists the definitions of sub-charts that we switch off."""


@pytest.mark.parametrize("chart", sorted(crds.OWNERS))
def test_the_owner_table_names_the_crds_that_the_chart_brings(chart: str) -> None:
    if chart == "kube-prometheus-stack":
        files = sorted((reference.root() / "crds" / "monitoring.coreos.com").glob("*.yaml"))
        assert sorted(crds.OWNERS[chart]) == [f"{f.stem}.monitoring.coreos.com" for f in files]
        return
    named = [f.removeprefix("crds/").removesuffix(".yaml").split("/") for f in reference.index(chart)["crds"]]
    mine = [(group, plural) for group, plural in named if group == OWN_GROUP.get(chart, group)]
    assert sorted(crds.OWNERS[chart]) == sorted(f"{plural}.{group}" for group, plural in mine)


def test_the_operators_deployments_and_webhook_ports_are_those_that_the_charts_render() -> None:
    deployments = {
        chart: [o["name"] for o in reference.inventory(chart)["objects"] if o["kind"] == "Deployment"] for chart in CASES
    }
    assert deployments == {
        "cert-manager": ["cert-manager", "cert-manager-cainjector", "cert-manager-webhook"],
        "trust-manager": ["trust-manager"],
        "ps-operator": ["ps-operator"],
        "strimzi-kafka-operator": ["strimzi-cluster-operator"],
    }
    ports = {
        p["port"]
        for chart in ("cert-manager", "trust-manager")
        for o in reference.inventory(chart)["objects"]
        for c in o.get("containers", [])
        for p in c.get("ports", [])
        if p["name"] in ("https", "webhook")
    }
    assert ports == set(foundation.KubernetesFoundation.webhooks)


def test_the_images_of_operators_move_to_the_mirror() -> None:
    assert CASES["cert-manager"][1]["imageRegistry"] == "mirror.example/hub"
    assert CASES["strimzi-kafka-operator"][1]["defaultImageRegistry"] == "mirror.example/hub"
    assert CASES["ps-operator"][1]["image"]["repository"] == "mirror.example/hub/percona/percona-server-mysql-operator"
    assert reference.inventory("ps-operator")["images"] == ["percona/percona-server-mysql-operator:1.1.0"]
