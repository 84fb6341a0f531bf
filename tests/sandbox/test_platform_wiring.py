"""Every connection of a platform is true against the live objects, and one that is made false is caught and named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.wiring.registries import foreign
from tests.sandbox.platform_env import Project, project
from tests.sandbox.test_platform_blueprints import write
from tests.sandbox.wiring_env import dangling, objects, wired

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(2700)]
STACK = "sandbox"
KINDS = {"dns", "api", "image", "scrape", "webhook"}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("wiring")) as made:
        made.up(STACK)
        yield made


def test_no_connection_of_the_stack_dangles(deployed: Project) -> None:
    found = wired(deployed)
    assert [str(problem) for problem in found.problems] == []
    read = {(c.consumer.namespace, c.target.name) for c in found.connections}
    assert {("mlflow", "minio"), ("mlflow", "mysql-haproxy"), ("jupyterhub", "mysql-haproxy"), ("mysql", "minio")} <= read
    assert {flow.kind for flow in found.flows} >= KINDS
    print(f"{STACK}: {len(found.connections)} connections, flows {dict(Counter(flow.kind for flow in found.flows))}")


def test_explain_and_graph_are_drawn_from_the_live_objects(deployed: Project, tmp_path: Path) -> None:
    said = deployed.mlops("explain", "mlflow", "--stack", STACK)
    assert said.code == 0, said.text
    assert "(live objects)" in said.text
    assert (
        "reads minio: Service minio/minio port 9000; TLS, trusted by ConfigMap mlops-ca; Secret mlflow-bucket-mlflow" in said.text
    )
    assert "reads mysql: Service mysql/mysql-haproxy port 3306" in said.text and "DANGLES" not in said.text
    picture = tmp_path / "wiring.svg"
    drawn = deployed.mlops("graph", STACK, "-o", str(picture))
    assert drawn.code == 0 and "(live objects)" in drawn.text, drawn.text
    assert "mlflow reads minio" in picture.read_text()


def test_what_is_not_of_the_mirror_is_seen_in_the_live_objects(deployed: Project) -> None:
    """The stack has no mirror: everything that runs is of another registry then, and the same list is empty against its own."""
    live = objects(deployed)
    seen = {problem.at.name for problem in foreign(live, "mirror.example/hub")}
    assert {"mlflow", "minio", "kafka"} <= {name.partition("-")[0] for name in seen}


def patch(made: Project, kind: str, namespace: str, name: str, change: object) -> None:
    made.ok("kubectl", "patch", kind, name, "-n", namespace, "--type=json", "-p", json.dumps(change))


def test_a_mistake_in_the_live_objects_is_caught_and_named(deployed: Project) -> None:
    service = deployed.get("service", "minio", "-n", "minio")["spec"]["ports"]
    rules = deployed.get("networkpolicy", "mlops-wiring", "-n", "mlflow")["spec"]["egress"]
    port, egress = "/spec/ports/0/port", "/spec/egress"
    try:
        patch(deployed, "service", "minio", "minio", [{"op": "replace", "path": port, "value": 9001}])
        shut = [rule for rule in rules if "kube-system" not in json.dumps(rule)]
        patch(deployed, "networkpolicy", "mlflow", "mlops-wiring", [{"op": "replace", "path": egress, "value": shut}])
        said = dangling(deployed)
    finally:
        patch(deployed, "service", "minio", "minio", [{"op": "replace", "path": port, "value": service[0]["port"]}])
        patch(deployed, "networkpolicy", "mlflow", "mlops-wiring", [{"op": "replace", "path": egress, "value": rules}])
    wanted = (
        "port: Deployment mlflow/mlflow: env MLFLOW_S3_ENDPOINT_URL: minio.minio.svc:9000: Service minio/minio has no port 9000"
    )
    assert any(text.startswith(wanted) for text in said), said
    assert any(text.startswith("dns: Deployment mlflow/mlflow: names: no NetworkPolicy") for text in said), said
    assert dangling(deployed) == []


def test_no_connection_of_production_dangles(tmp_path: Path) -> None:
    with project(tmp_path) as made:
        made.seconds = 1800.0
        made.up(write(made, "production"))
        assert dangling(made) == []


def test_no_connection_of_a_platform_and_its_team_dangles(tmp_path: Path) -> None:
    with project(tmp_path) as made:
        made.up("platform-dev")
        made.up("fraud-dev", env=made.team("fraud"))
        found = wired(made)
        assert [str(problem) for problem in found.problems] == []
        # what the team runs reads what the platform granted it
        assert {c.target.namespace for c in found.connections if c.consumer.namespace == "fraud"} >= {"minio", "mysql"}
