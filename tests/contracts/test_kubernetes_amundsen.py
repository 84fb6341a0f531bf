"""What we assume of Amundsen's services is what its last chart renders, and the index's certificate is valid."""

from components.kubernetes.amundsen import MODULES
from tests.contracts import reference
from tests.unit.test_kubernetes_amundsen import build


def test_the_services_are_those_of_the_last_chart() -> None:
    objects = [o for o in reference.inventory("amundsen")["objects"] if o["kind"] == "Deployment"]
    theirs = {o["name"].removeprefix("amundsen-"): o["images"] if "images" in o else o["containers"] for o in objects}
    assert set(MODULES) | {"neo4j"} == set(theirs)
    images = {i.rpartition(":")[0] for i in reference.inventory("amundsen")["images"]}
    ours = {
        c["image"].removeprefix("docker.io/").removeprefix("library/").rpartition(":")[0]
        for _, pod in build().pods()
        for c in pod["containers"]
    }
    assert images - {"appropriate/curl"} <= ours


def test_the_graph_speaks_bolt_where_the_chart_says() -> None:
    (neo4j,) = [o for o in reference.inventory("amundsen")["objects"] if o["kind"] == "Deployment" and o["name"] == "neo4j"]
    ports = {p["port"] for c in neo4j["containers"] for p in c["ports"]}
    assert build().one("Service", "amundsen-graph").inputs["spec"]["ports"][0]["port"] in ports


def test_custom_resources_are_valid_for_the_real_crds() -> None:
    assert reference.resource_errors(build().one("Certificate").inputs) == []
