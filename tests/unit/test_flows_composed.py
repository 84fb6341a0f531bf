"""Systems of workflows, pipelines, trainings and searches in one stack: their order, their grants, what they share."""

import json
from pathlib import Path

import pytest

from components.ordering import order
from components.platform import Platform
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

WHOLE = """
manifestMirror: /sources
systems: {minio: {replicas: 1}, mysql: {replicas: 1}, kubeflow: {}, katib: {}, airflow: {}, argo: {}, prometheus: {}}
"""


@pytest.fixture
def made(tmp_path: Path) -> Recording[Platform]:
    found = stack(checked(tmp_path, WHOLE))
    return record(lambda: Platform("platform", found))


def test_argo_stands_before_the_pipelines_that_share_its_definitions(tmp_path: Path) -> None:
    found = stack(checked(tmp_path, WHOLE))
    sequence = order("kubernetes", found.spec).systems
    assert sequence.index("argo") < sequence.index("kubeflow")


def test_definitions_of_argo_come_by_one_chart(made: Recording[Platform]) -> None:
    charts = [c.inputs["values"]["crds"]["install"] for c in made.all("Chart") if "argo-workflows" in c.inputs["chart"]]
    assert sorted(charts) == [False, True]


def test_each_has_a_database_user_and_a_bucket_key_of_its_own(made: Recording[Platform]) -> None:
    jobs = {j.object_name.rpartition("-")[0] for j in made.all("Job") if j.namespace == "mysql"}
    wanted = {"airflow-airflow", "argo-argo", "katib-katib", "kubeflow-mlpipeline", "kubeflow-metadb"}
    assert wanted == {name.removeprefix("sql-mysql-") for name in jobs}
    given = {(s.namespace, s.object_name) for s in made.all("Secret")}
    assert {
        ("argo", "argo-bucket-workflows"),
        ("airflow", "airflow-bucket-airflow"),
        ("kubeflow", "kubeflow-bucket-mlpipeline"),
    } <= given


def test_their_namespaces_reach_database_and_store_and_let_webhooks_in(made: Recording[Platform]) -> None:
    for name, ports in (("katib", {8443}), ("kubeflow", {9443}), ("argo", set()), ("airflow", set())):
        rules = made.one("NetworkPolicy", f"network-{name}").inputs["spec"]
        assert {p["port"] for rule in rules["ingress"] if "from" not in rule for p in rule["ports"]} == ports
        reached = json.dumps(rules["egress"])
        assert '"mysql"' in reached and (name == "katib" or '"minio"' in reached)


def test_nothing_secret_stands_outside_of_secrets(made: Recording[Platform]) -> None:
    assert made.leaks() == []
