"""The lineage job in a whole platform: its steps are what the stack has, its grants are its own, its pod is confined."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import mlflow, optuna
from components.kubernetes.lineage_steps import KAFKA
from components.mapping.lineage import CONTRACTS, STEPS, lacking, steps, takes
from components.platform import Platform
from components.targets import TABLE
from policies.exceptions import Exceptions
from policies.model import Facts, Level, Resource
from policies.pack import all_rules
from tests.contracts import reference
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

FULL = """
manifestMirror: /srv/manifests
lineage: {records: 50, prediction: {path: /predict, body: {inputs: [[1]]}}}
images: {dvc: "ghcr.io/example/dvc:1"}
systems:
  minio: {replicas: 1}
  mysql: {replicas: 1}
  kafka: {brokers: 1, controllers: 1}
  spark: {image: "ghcr.io/example/spark:4.0.4-1"}
  dvc: {}
  mlflow: {}
  prometheus: {}
  optuna: {}
  feast: {}
  fastapi: {models: {fraud: {model: fraud/1}}}
"""
SMALL = """
lineage: {schedule: "0 5 * * *"}
systems:
  minio: {replicas: 1}
  mysql: {replicas: 1}
  mlflow: {}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    spec = stack(checked(tmp_path_factory.mktemp("stack"), FULL))
    return record(lambda: Platform("platform", spec))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    spec = stack(checked(tmp_path_factory.mktemp("stack"), SMALL))
    return record(lambda: Platform("platform", spec))


def job(made: Recording[Platform]) -> Any:
    return next(r for r in made.all("CronJob") if r.namespace == "lineage").inputs["spec"]


def pod(made: Recording[Platform]) -> Any:
    return job(made)["jobTemplate"]["spec"]["template"]["spec"]


def run_steps(made: Recording[Platform]) -> dict[str, Any]:
    return {c["name"]: c for c in [*(pod(made).get("initContainers") or []), *pod(made)["containers"]]}


def variables(step: Any) -> dict[str, Any]:
    return {e["name"]: e.get("value") or next(iter(e["valueFrom"].values())) for e in step["env"]}


def test_a_stack_with_everything_has_every_step_in_order(made: Recording[Platform]) -> None:
    assert list(run_steps(made)) == [step.key for step in STEPS]
    assert made.result is not None and "lineage.steps" in made.result.outputs


def test_steps_without_their_system_are_left_out(small: Recording[Platform]) -> None:
    assert list(run_steps(small)) == ["store", "track"]
    assert not [r for kind in ("Role", "RoleBinding", "PodMonitor") for r in small.all(kind) if r.object_name == "lineage"]
    volumes = {v["name"] for v in pod(small)["volumes"]}
    assert not {"token", "batch", "dvc"} & volumes


def test_nothing_runs_it_but_a_schedule_or_a_person(made: Recording[Platform], small: Recording[Platform]) -> None:
    assert job(made)["suspend"] is True and job(small)["suspend"] is False and job(small)["schedule"] == "0 5 * * *"
    # a step that failed is looked at, not tried again
    assert job(made)["jobTemplate"]["spec"]["backoffLimit"] == 0 and pod(made)["restartPolicy"] == "Never"
    assert not [r for r in made.all("Job") if r.namespace == "lineage"]


def test_every_step_has_its_own_credentials_by_reference_and_no_others(made: Recording[Platform]) -> None:
    wanted = {
        "produce": {"lineage-kafka"}, "consume": {"lineage-kafka"}, "process": set(), "store": {"lineage-bucket-lineage"},
        "version": {"lineage-bucket-lineage"}, "materialise": set(), "train": {"lineage-database-optuna"},
        "track": {"lineage-mlflow"}, "serve": set(), "observe": set(),
    }  # fmt: skip
    given = {r.object_name for r in made.all("Secret") if r.namespace == "lineage"}
    for key, step in run_steps(made).items():
        named = {e["valueFrom"]["secretKeyRef"]["name"] for e in step["env"] if "secretKeyRef" in e.get("valueFrom", {})}
        assert named == wanted[key] and named <= given, key
    assert not [v for v in pod(made)["volumes"] if "secret" in v]
    assert made.leaks() == []


def test_the_token_is_there_for_the_two_steps_that_call_with_it(made: Recording[Platform]) -> None:
    assert pod(made)["automountServiceAccountToken"] is False
    having = {key for key, step in run_steps(made).items() if any(m["name"] == "token" for m in step["volumeMounts"])}
    assert having == {"process", "materialise"}
    bound = {(r.namespace, r.inputs["roleRef"]["name"]) for r in made.all("RoleBinding") if r.object_name == "lineage"}
    assert bound == {("spark", "lineage"), ("feast", "feast-writer")}
    (rule,) = next(r for r in made.all("Role") if r.object_name == "lineage").inputs["rules"]
    assert rule["resources"] == ["sparkapplications"] and rule["verbs"] == ["create", "get"]


def test_every_step_trusts_what_it_calls_by_tls(made: Recording[Platform]) -> None:
    mounted = {v["name"]: v["configMap"]["name"] for v in pod(made)["volumes"] if v["name"].startswith("ca-")}
    for key, step in run_steps(made).items():
        paths = {m["mountPath"]: m["name"] for m in step["volumeMounts"]}
        told = [value for value in variables(step).values() if value == "/etc/mlops/ca/ca.crt"]
        # the API server's authority comes with the token
        assert key == "process" or (told and mounted[paths["/etc/mlops/ca"]] == "mlops-ca") or key == "version", key
    config = next(r for r in made.all("ConfigMap") if r.namespace == "lineage" and r.object_name == "dvc-config")
    assert "ssl_verify = /etc/mlops/ca/ca.crt" in config.inputs["data"]["config"]


def test_pods_are_confined_and_every_volume_is_named_once(made: Recording[Platform]) -> None:
    template = pod(made)
    assert template["securityContext"]["runAsNonRoot"] is True and template["serviceAccountName"] == "lineage"
    names = [v["name"] for v in template["volumes"]]
    assert len(names) == len(set(names))
    for step in run_steps(made).values():
        assert step["securityContext"]["readOnlyRootFilesystem"] is True
        assert step["securityContext"]["capabilities"]["drop"] == ["ALL"]
        assert step["resources"]["limits"]["memory"] == "1Gi"
        assert {m["name"] for m in step["volumeMounts"]} <= set(names)
    space = next(r for r in made.all("Namespace") if r.object_name == "lineage")
    assert space.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_its_namespace_reaches_what_it_tries_and_no_more(made: Recording[Platform]) -> None:
    policy = next(r for r in made.all("NetworkPolicy") if r.namespace == "lineage").inputs["spec"]
    reached = {
        peer["namespaceSelector"]["matchLabels"].get("kubernetes.io/metadata.name")
        for rule in policy["egress"]
        for peer in rule.get("to") or []
        if "namespaceSelector" in peer
    }
    wanted = {"minio", "mysql", "kafka", "spark", "mlflow", "monitoring", "optuna", "feast", "serving", "cert-manager"}
    assert reached == wanted | {"kube-system"}


def test_images_are_those_that_the_project_pins(made: Recording[Platform]) -> None:
    found = {key: step["image"] for key, step in run_steps(made).items()}
    kafka, python = f"{KAFKA.repository}:{KAFKA.tag}", f"{mlflow.IMAGE.repository}:{mlflow.IMAGE.tag}"
    assert found["produce"] == found["consume"] == kafka
    assert found["version"] == "ghcr.io/example/dvc:1" and found["train"] == f"{optuna.IMAGE.repository}:{optuna.IMAGE.tag}"
    assert {image for key, image in found.items() if key not in ("produce", "consume", "version", "train")} == {python}
    # the tag is one that the operator's chart of that version names
    assert f"{kafka}\n" in reference_text()


def reference_text() -> str:
    """The images of Strimzi's chart as the lock has them, a line each."""
    lock = (Path(__file__).parents[2] / "components" / "kubernetes" / "sources.lock.json").read_text(encoding="utf-8")
    return lock.replace("\\n", "\n").replace('"', "\n")


def test_the_batch_job_runs_as_a_user_of_its_own_beside_the_operator(made: Recording[Platform]) -> None:
    text = next(r for r in made.all("ConfigMap") if r.object_name == "lineage-batch").inputs["data"]["job.json"]
    found = json.loads(text)
    assert reference.resource_errors(found) == []
    assert found["metadata"]["namespace"] == "spark" and found["spec"]["arguments"][:3] == ["@RUN@", "lineage", "50"]
    env = variables(found["spec"]["driver"])
    named = {value["name"] for value in env.values() if isinstance(value, dict)}
    assert named == {"lineage-spark-kafka", "lineage-spark-bucket-lineage"}
    assert named <= {r.object_name for r in made.all("Secret") if r.namespace == "spark"}
    user = next(r for r in made.all("KafkaUser") if r.object_name == "lineage-spark").inputs["spec"]["authorization"]["acls"]
    assert {a["resource"]["name"] for a in user if a["resource"]["type"] == "topic"} == {"lineage"}
    script = next(r for r in made.all("ConfigMap") if r.namespace == "spark" and r.object_name == "lineage-scripts")
    assert list(script.inputs["data"]) == ["batch.py"]
    # what stands in Spark's namespace waits for Spark, whose namespace is made with it
    secret = next(r for r in made.all("Secret") if r.object_name == "lineage-spark-kafka")
    assert "spark-operator" in secret.depends_on


def test_the_prediction_is_asked_as_the_stack_says(made: Recording[Platform]) -> None:
    env = variables(run_steps(made)["serve"])
    assert env["SERVING_URL"] == "http://fastapi-fraud.serving.svc:8000"
    assert (env["SERVING_PATH"], json.loads(env["SERVING_BODY"])) == ("/predict", {"inputs": [[1]]})


def test_the_last_step_is_scraped(made: Recording[Platform]) -> None:
    monitor = next(r for r in made.all("PodMonitor") if r.namespace == "lineage").inputs
    assert reference.resource_errors(monitor) == []
    labels = job(made)["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (step,) = pod(made)["containers"]
    assert step["name"] == "observe" and step["ports"] == [{"name": "metrics", "containerPort": 8000}]


def test_the_policies_are_content(made: Recording[Platform]) -> None:
    facts, exceptions = Facts(level=Level.STANDARD, environment="dev"), Exceptions.load()
    judged = [r for r in made.resources if r.name.split("-")[0] == "lineage"]
    said = [
        f"{rule.name}: {r.type} {r.name}: {finding}"
        for r in judged
        for resource in [Resource(r.type, r.name, r.inputs, protect=r.protect, secrets=frozenset(r.secrets))]
        for rule in all_rules()
        # the landing's transform writes the labels of ownership, and mocks do not run it
        if rule.mandatory(facts) and rule.name != "ownership"
        for finding in rule.check(resource, facts)
        if not exceptions.covers(rule.name, resource, finding.path)
    ]
    assert said == [] and "CronJob" in {r.kind for r in judged}


def test_the_catalogue_is_consistent() -> None:
    assert {c for step in STEPS for c in step.contracts} < set(CONTRACTS)
    assert set(TABLE["kubernetes", "lineage"].optional) == set(CONTRACTS)
    known = [step.key for step in STEPS]
    for number, step in enumerate(STEPS):
        assert set(step.takes) <= set(known[:number]), step.key
    job_steps = steps({"objectStore", "tracking"}, [])
    assert [step.key for step in job_steps] == ["store", "track"] and takes(job_steps[1], job_steps) == "store"
    assert lacking({"objectStore", "tracking"}, [])["version"] == ("dvc",)


def test_a_cloud_stack_is_told_where_the_job_can_run(tmp_path: Path) -> None:
    found = messages(checked(tmp_path, "lineage: {}\nsystems: {minio: {}}", target="sagemaker"))
    assert found == [
        'mlops:spec.lineage: sagemaker has no "lineage"; leave it out; or run it on the stack\'s own cluster: '
        "lineage: {target: kubernetes}"
    ]
