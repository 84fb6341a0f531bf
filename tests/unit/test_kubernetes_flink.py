"""Flink: state in the bucket, a JobManager that may fail, the private CA trusted, no secret in the open."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components import contracts
from components.kubernetes import truststore
from components.kubernetes.flink import FlinkCluster, FlinkClusterArgs, FlinkJobArgs, operator_values
from components.kubernetes.flink_cluster import memory
from components.kubernetes.place import Compute
from components.spec.processing import Flink, FlinkJob
from tests.unit.kubernetes_processing import CLOUD, COMPUTE, KAFKA, LABELS, STATE, bounded, env, foreign, hardened
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, METRICS, STORE, site
from tests.unit.recording import Recording, record

ARGS = FlinkClusterArgs(
    namespace="flink",
    labels=LABELS,
    state=STATE,
    job_managers=2,
    job_manager=COMPUTE,
    task_manager=Compute("1", "4Gi", "2"),
    slots=2,
    checkpoint_seconds=60,
    savepoint_seconds=86400,
    jobs={"clicks": FlinkJobArgs("https://jars.example/clicks.jar", ["--window", "5m"], 4, "savepoint", "org.example.Clicks")},
    broker=KAFKA,
    monitored=True,
)


def build(args: FlinkClusterArgs = ARGS) -> Recording[FlinkCluster]:
    return record(lambda: FlinkCluster("flink", args))


def cluster(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("FlinkDeployment").inputs["spec"]
    return found


def pods(made: Recording[Any]) -> list[dict[str, Any]]:
    """Pod specs of JobManager and TaskManager."""
    spec = cluster(made)
    return [spec[role]["podTemplate"]["spec"] for role in ("jobManager", "taskManager")]


def test_state_and_leader_stand_in_the_bucket() -> None:
    config = cluster(build())["flinkConfiguration"]
    assert config["state.checkpoints.dir"] == "s3://state/checkpoints"
    assert config["state.savepoints.dir"] == "s3://state/savepoints"
    assert (config["high-availability.type"], config["high-availability.storageDir"]) == ("kubernetes", "s3://state/ha")
    assert config["execution.checkpointing.interval"] == "60 s"
    assert (config["s3.endpoint"], config["s3.path.style.access"]) == ("https://minio.minio.svc:9000", "true")


def test_a_clouds_own_store_needs_no_endpoint_no_key_and_no_trust_store() -> None:
    spec = cluster(build(replace(ARGS, state=CLOUD)))
    config, pod = spec["flinkConfiguration"], spec["taskManager"]["podTemplate"]["spec"]
    assert not {"s3.endpoint", "s3.path.style.access", "env.java.opts.all"} & set(config)
    assert config["s3.endpoint.region"] == "eu-central-1"
    assert pod["initContainers"] == [] and "AWS_ACCESS_KEY_ID" not in env(pod["containers"][0])


def test_the_credentials_come_from_the_granted_secrets() -> None:
    made = build()
    pod = pods(made)[1]
    variables = env(pod["containers"][0])
    assert variables["AWS_SECRET_ACCESS_KEY"] == ("app-bucket", "AWS_SECRET_ACCESS_KEY")
    assert variables["KAFKA_BOOTSTRAP_SERVERS"] == KAFKA.bootstrap and variables["KAFKA_TOPICS"] == "events,clicks"
    kafka = next(v for v in pod["volumes"] if v["name"] == "kafka")
    assert kafka["secret"]["secretName"] == "app-kafka"
    assert made.leaks() == []
    assert not {"s3.access-key", "s3.secret-key"} & set(cluster(made)["flinkConfiguration"])


def test_job_and_task_managers_trust_the_private_authority() -> None:
    spec = cluster(build())
    assert spec["flinkConfiguration"]["env.java.opts.all"] == f"-Djavax.net.ssl.trustStore={truststore.STORE}"
    for pod in pods(build()):
        (init,) = pod["initContainers"]
        assert {v["name"]: v for v in pod["volumes"]}["ca"]["configMap"] == {"name": "mlops-ca"}
        assert {m["mountPath"] for m in pod["containers"][0]["volumeMounts"]} >= {truststore.STORE_PATH}
        assert init["image"] == spec["image"]
        assert hardened(pod) and bounded(pod)


@pytest.mark.skipif(not shutil.which("keytool") or not shutil.which("openssl"), reason="NOT RUN: no keytool or openssl here")
def test_the_trust_store_holds_every_certificate_of_the_bundle(tmp_path: Path) -> None:
    home = Path(shutil.which("keytool") or "").resolve().parents[1]
    bundle = tmp_path / "ca.crt"
    for name in ("one", "two"):
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", f"/CN={name}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        bundle.write_text((bundle.read_text() if bundle.exists() else "") + made.stdout)
    variables = {"STORE": str(tmp_path / "store"), "BUNDLE": str(bundle), "WORK": str(tmp_path), "JAVA_HOME": str(home)}
    for _ in range(2):  # a restarted init container does it again
        subprocess.run(truststore.COMMAND, env={**variables, "PATH": "/usr/bin:/bin"}, check=True, capture_output=True)
    listed = subprocess.run(
        ["keytool", "-list", "-keystore", variables["STORE"], "-storepass", "changeit"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Keystore type: JKS" in listed
    assert [line.split(",")[0] for line in sorted(listed.splitlines()) if line.startswith("mlops-")] == [
        "mlops-ca-1",
        "mlops-ca-2",
    ]
    assert listed.count("trustedCertEntry") > 2, "the public authorities are gone"


def test_a_cluster_is_made_once_the_webhook_answers() -> None:
    made = build()
    assert {"flink-operator", "flink-webhook-check", "flink-webhook-keystore"} <= made.waits_for("flink-cluster")
    assert made.one("FlinkDeployment").inputs["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Running"
    values = made.one("Chart").inputs["values"]
    secret = made.one("Secret", "flink-webhook-keystore")
    assert values["webhook"]["keystore"] == {
        "useDefaultPassword": False,
        "passwordSecretRef": {"name": secret.object_name, "key": "password"},
    }
    assert secret.inputs["stringData"]["password"] == made.passwords["flink-webhook-password"]


def test_a_declared_job_runs_on_the_cluster_and_leaves_savepoints() -> None:
    made = build()
    job = made.one("FlinkSessionJob")
    assert job.inputs["spec"] == {
        "deploymentName": "flink",
        "job": {
            "jarURI": "https://jars.example/clicks.jar",
            "args": ["--window", "5m"],
            "parallelism": 4,
            "upgradeMode": "savepoint",
            "state": "running",
            "entryClass": "org.example.Clicks",
        },
        "flinkConfiguration": {"kubernetes.operator.periodic.savepoint.interval": "86400 s"},
    }
    assert "flink-cluster" in made.waits_for(job.name)


def test_memory_and_cpu_are_bounded_as_declared() -> None:
    spec = cluster(build())
    assert (spec["jobManager"]["replicas"], spec["jobManager"]["resource"]) == (2, {"cpu": 0.5, "memory": "1024m"})
    assert spec["taskManager"]["resource"] == {"cpu": 1, "memory": "4096m"}
    assert [p["containers"][0]["resources"]["limits"]["memory"] for p in pods(build())] == ["1Gi", "4Gi"]
    config = spec["flinkConfiguration"]
    assert config["kubernetes.jobmanager.cpu.limit-factor"] == "4"
    assert config["kubernetes.taskmanager.cpu.limit-factor"] == "2"
    assert memory(Compute("1", "1.5Gi")) == "1536m"


def test_metrics_only_where_the_stack_has_them() -> None:
    made = build()
    assert {m.object_name for m in made.all("PodMonitor")} == {"flink-cluster", "flink-operator"}
    assert cluster(made)["flinkConfiguration"]["metrics.reporter.prom.port"] == "9249"
    for pod in pods(made):
        assert [(p["name"], p["containerPort"]) for p in pod["containers"][0]["ports"]] == [("metrics", 9249)]
    bare = build(replace(ARGS, monitored=False))
    assert bare.all("PodMonitor") == []
    assert "metrics" not in bare.one("Chart").inputs["values"]
    assert "metrics.reporter.prom.port" not in cluster(bare)["flinkConfiguration"]


def test_images_move_to_the_mirror() -> None:
    made = build(replace(ARGS, registry_mirror="mirror.example/hub"))
    assert foreign(made, "mirror.example/hub") == []
    assert cluster(made)["image"] == "mirror.example/hub/library/flink:2.2.1-scala_2.12-java17"
    assert operator_values(True, "mirror.example/hub")["image"] == {
        "repository": "mirror.example/hub/apache/flink-kubernetes-operator",
        "tag": "1.15.0",
    }


def test_the_stack_files_values_come_last() -> None:
    made = build(replace(ARGS, values={"flinkConfiguration": {"state.backend.type": "hashmap"}}))
    config = cluster(made)["flinkConfiguration"]
    assert config["state.backend.type"] == "hashmap" and config["high-availability.type"] == "kubernetes"


def test_the_spec_becomes_arguments() -> None:
    config = Flink(topics=["events"], savepoint_interval=None, jobs={"j": FlinkJob(jar="https://h/j.jar")})
    place = site("flink", config, CERTIFICATES, METRICS, STORE)
    place.buckets = {"flink": BUCKET}
    place.brokers = {"flink": KAFKA}
    args = FlinkCluster.plan(place)
    assert (args.checkpoint_seconds, args.savepoint_seconds, args.monitored) == (60, None, True)
    assert args.state is BUCKET and args.broker is KAFKA
    assert args.jobs == {"j": FlinkJobArgs("https://h/j.jar", [], 1, "savepoint", None)}
    assert FlinkCluster.wants(config) == contracts.Wants(buckets=("flink",), topics=("events",))
    assert json.dumps(operator_values(True, None), sort_keys=True) == json.dumps(operator_values(True, None), sort_keys=True)


def test_others_learn_the_address_of_the_rest_api() -> None:
    made = build()
    (offer,) = made.result.contracts()
    assert isinstance(offer, contracts.StreamProcessor)
    (endpoint,) = made.result.endpoints()
    assert (endpoint.host, endpoint.service, endpoint.port, endpoint.login) == ("flink", "flink-rest", 8081, True)
