"""The lineage job over whole blueprints: its wiring holds against what the program makes, and a mistake in it is seen."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.lineage import rows, run_of, template
from cli.wiring.check import check
from cli.wiring.rendered import objects
from components.spec.shared import Lineage
from components.spec.stack import Stack
from tests.blueprints.recorded import loaded


def with_lineage(name: str, **more: Any) -> Stack:
    stack = loaded(name)
    return stack.model_copy(update={"spec": stack.spec.model_copy(update={"lineage": Lineage(**more)})})


@pytest.fixture(scope="module")
def made() -> list[dict[str, Any]]:
    return objects(with_lineage("starter"))


def own(found: list[dict[str, Any]]) -> dict[str, Any]:
    return next(o for o in found if o["kind"] == "CronJob" and o["metadata"]["name"] == "lineage")


def test_no_connection_of_the_job_dangles(made: list[dict[str, Any]]) -> None:
    wiring = check(made, secrets=True)
    assert [str(problem) for problem in wiring.problems] == []
    read = {(c.target.namespace, c.target.name, c.port) for c in wiring.connections if c.consumer.namespace == "lineage"}
    assert read == {
        ("minio", "minio", 9000),
        ("mlflow", "mlflow", 5000),
        ("monitoring", "kube-prometheus-stack-prometheus", 9090),
    }
    scraped = [flow for flow in wiring.flows if flow.kind == "scrape" and "lineage/" in flow.target]
    assert scraped


@pytest.mark.parametrize(
    ("mistake", "kind"),
    [
        (("METRICS_URL", "http://kube-prometheus-stack-promtheus.monitoring.svc:9090"), "host"),
        (("STORE_ENDPOINT", "https://minio.minio.svc:9001"), "port"),
    ],
)
def test_a_mistake_in_a_steps_address_is_caught(made: list[dict[str, Any]], mistake: tuple[str, str], kind: str) -> None:
    wrong = copy.deepcopy(made)
    pod = own(wrong)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    for step in [*pod.get("initContainers", []), *pod["containers"]]:
        for variable in step["env"]:
            if variable["name"] == mistake[0]:
                variable["value"] = mistake[1]
    found = [problem for problem in check(wrong).problems if problem.at.namespace == "lineage"]
    assert [problem.where for problem in found] == [f"env {mistake[0]}"], (kind, [str(problem) for problem in found])


def test_a_namespace_that_is_shut_is_caught(made: list[dict[str, Any]]) -> None:
    wrong = copy.deepcopy(made)
    policy = next(o for o in wrong if o["kind"] == "NetworkPolicy" and o["metadata"]["namespace"] == "mlflow")
    for rule in policy["spec"]["ingress"]:
        rule["from"] = [p for p in rule.get("from", []) if "lineage" not in str(p)]
    assert {problem.kind for problem in check(wrong).problems if problem.at.namespace == "lineage"} == {"ingress"}


def test_the_command_lists_each_step_with_its_connection(made: list[dict[str, Any]]) -> None:
    cron = template(made)
    assert cron is not None and template([o for o in made if o is not cron]) is None
    found = {key: lines for key, _, lines in rows(cron, check(made))}
    assert list(found) == ["store", "track", "observe"]
    assert found["store"] == ["minio/minio:9000, TLS by ConfigMap mlops-ca, Secret lineage-bucket-lineage"]
    assert found["track"] == ["mlflow/mlflow:5000, TLS by ConfigMap mlops-ca, Secret lineage-mlflow"]


def test_a_run_is_the_template_under_a_name_of_its_own_and_dangles_nowhere(made: list[dict[str, Any]]) -> None:
    job = run_of(own(made), datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC))
    assert job["metadata"]["name"] == "lineage-20261124-010203" and job["metadata"]["ownerReferences"][0]["name"] == "lineage"
    assert job["spec"] == own(made)["spec"]["jobTemplate"]["spec"]
    alone = copy.deepcopy(job)
    del alone["metadata"]["ownerReferences"]
    assert [str(p) for p in check([*made, alone]).problems] == []
