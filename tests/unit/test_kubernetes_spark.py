"""Spark: logs in the bucket, applications with everything wired, no secret in a resource or an event log."""

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes import truststore
from components.kubernetes.place import Compute
from components.kubernetes.spark import SparkApplicationArgs, SparkOperator, SparkOperatorArgs, operator_values
from components.kubernetes.spark_applications import STREAM, VERSION, size
from components.spec.processing import Spark, SparkJob, SparkStream
from tests.unit.kubernetes_processing import CLOUD, COMPUTE, KAFKA, LABELS, STATE, bounded, env, foreign, hardened
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, METRICS, STORE, site
from tests.unit.recording import Recording, record

ONCE = SparkApplicationArgs(COMPUTE, COMPUTE, 1, main="local:///opt/app.jar", main_class="org.example.Main", args=["--all"])
ARGS = SparkOperatorArgs(
    namespace="spark",
    labels=LABELS,
    image="registry.example/mlops/spark:4.0.4-1",
    store=STATE,
    compute=COMPUTE,
    keep_seconds=86400,
    applications={
        "events": SparkApplicationArgs(COMPUTE, Compute("1500m", "4Gi"), 3, topic="events", trigger_seconds=60),
        "nightly": SparkApplicationArgs(COMPUTE, COMPUTE, 2, main="s3a://state/nightly.py", args=[], schedule="0 2 * * *"),
        "once": ONCE,
    },
    broker=KAFKA,
    monitored=True,
)


def build(args: SparkOperatorArgs = ARGS) -> Recording[SparkOperator]:
    return record(lambda: SparkOperator("spark", args))


def history(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("Deployment", "spark-history").inputs["spec"]["template"]["spec"]
    return found


def test_event_logs_stand_in_the_bucket_and_the_history_server_reads_them_there() -> None:
    made = build()
    conf = made.one("SparkApplication", "events").inputs["spec"]["sparkConf"]
    assert conf["spark.eventLog.dir"] == "s3a://state/events" and conf["spark.eventLog.enabled"] == "true"
    lines = made.one("ConfigMap", "spark-history").inputs["data"]["history.conf"].splitlines()
    properties = dict(line.split(" ", 1) for line in lines)
    assert properties["spark.history.fs.logDirectory"] == conf["spark.eventLog.dir"]
    assert properties["spark.history.fs.cleaner.maxAge"] == "86400s"
    for key in ("endpoint", "path.style.access", "endpoint.region"):
        assert properties[f"spark.hadoop.fs.s3a.{key}"] == conf[f"spark.hadoop.fs.s3a.{key}"]


def test_the_log_folder_is_made_before_anything_looks_for_it() -> None:
    made = build()
    folder = next(c for c in history(made)["initContainers"] if c["name"] == "folder")
    assert folder["args"][-3:] == ["-mkdir", "-p", "s3a://state/events"]
    assert [c["name"] for c in history(made)["initContainers"]] == ["trust", "folder"]
    for name in ("events", "nightly", "once"):
        assert {"spark-history-server", "spark-operator", "spark-scripts"} <= made.waits_for(f"spark-application-{name}")


def test_the_history_server_is_hardened_bounded_and_trusts_the_private_authority() -> None:
    pod = history(build())
    assert hardened(pod) and bounded(pod)
    assert all(c["securityContext"]["readOnlyRootFilesystem"] for c in [*pod["initContainers"], *pod["containers"]])
    assert truststore.JAVA_OPTION in env(pod["containers"][0])["SPARK_HISTORY_OPTS"]
    assert env(pod["containers"][0])["AWS_ACCESS_KEY_ID"] == ("app-bucket", "AWS_ACCESS_KEY_ID")
    bare = history(build(replace(ARGS, store=CLOUD)))
    assert [c["name"] for c in bare["initContainers"]] == ["folder"]
    assert "AWS_ACCESS_KEY_ID" not in env(bare["containers"][0])


def test_driver_and_executors_get_credentials_by_reference_and_run_without_privilege() -> None:
    made = build()
    spec = made.one("SparkApplication", "events").inputs["spec"]
    for role in (spec["driver"], spec["executor"]):
        variables = env(role)
        assert variables["AWS_SECRET_ACCESS_KEY"] == ("app-bucket", "AWS_SECRET_ACCESS_KEY")
        assert variables["KAFKA_SASL_JAAS_CONFIG"] == ("app-kafka", "sasl.jaas.config")
        assert role["securityContext"]["allowPrivilegeEscalation"] is False and role["podSecurityContext"]["runAsNonRoot"]
        assert role["javaOptions"] == truststore.JAVA_OPTION
        mounted = {m["name"] for m in role["volumeMounts"]}
        assert mounted <= {v["name"] for v in spec["volumes"]}
        # the operator adds the volumes that the main container mounts, and no other
        assert {m["name"] for c in role["initContainers"] for m in c["volumeMounts"]} <= mounted
    assert made.leaks() == []
    assert re.search(spec["sparkConf"]["spark.redaction.regex"], "kafka.sasl.jaas.config"), "the event log would show it"


def test_a_stream_never_ends_a_job_runs_by_its_schedule_or_once() -> None:
    made = build()
    stream = made.one("SparkApplication", "events").inputs
    assert stream["spec"]["restartPolicy"]["type"] == "Always"
    assert stream["spec"]["arguments"] == ["events", "s3a://state/streams/events", "s3a://state/checkpoints/events", "60 seconds"]
    assert stream["metadata"]["annotations"]["pulumi.com/waitFor"].endswith("=RUNNING")
    nightly = made.one("ScheduledSparkApplication", "nightly").inputs["spec"]
    assert (nightly["schedule"], nightly["timeZone"], nightly["concurrencyPolicy"]) == ("0 2 * * *", "Etc/UTC", "Forbid")
    assert nightly["template"]["type"] == "Python" and nightly["template"]["restartPolicy"]["type"] == "OnFailure"
    once = made.one("SparkApplication", "once").inputs
    assert (once["spec"]["type"], once["spec"]["mainClass"], once["spec"]["arguments"]) == (
        "Scala",
        "org.example.Main",
        ["--all"],
    )
    assert once["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_the_streams_program_takes_the_arguments_that_we_give_it() -> None:
    tree = ast.parse(STREAM)
    names = next(n for n in ast.walk(tree) if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Tuple)).targets[0]
    assert isinstance(names, ast.Tuple) and len(names.elts) == 4
    read = set(re.findall(r'os\.environ\["(\w+)"\]', STREAM))
    given = {e["name"] for e in build().one("SparkApplication", "events").inputs["spec"]["driver"]["env"]}
    assert read <= given
    scripts = build().one("ConfigMap", "spark-scripts")
    assert scripts.inputs["data"] == {"stream.py": STREAM}


def test_heap_and_overhead_are_together_what_was_declared() -> None:
    found = size(Compute("1500m", "4Gi", "3"))
    assert (found["cores"], found["coreRequest"], found["coreLimit"]) == (2, "1500m", "3")
    assert int(found["memory"][:-1]) + int(found["memoryOverhead"][:-1]) == 4096


def test_metrics_only_where_the_stack_has_them() -> None:
    made = build()
    assert {m.object_name for m in made.all("PodMonitor")} == {"spark-operator", "spark-drivers"}
    assert made.one("SparkApplication", "once").inputs["spec"]["sparkConf"]["spark.ui.prometheus.enabled"] == "true"
    bare = build(replace(ARGS, monitored=False))
    assert bare.all("PodMonitor") == []
    assert bare.one("Chart").inputs["values"]["prometheus"] == {"metrics": {"enable": False}}


def test_images_move_to_the_mirror() -> None:
    given = site("spark", Spark(image="r.example/mlops/spark:4.0.4-1"), STORE, registryMirror="mirror.example/hub")
    args = SparkOperator.plan(given)
    assert args.image == "mirror.example/hub/mlops/spark:4.0.4-1"
    made = build(replace(ARGS, image=args.image, registry_mirror="mirror.example/hub"))
    assert foreign(made, "mirror.example/hub") == []
    assert made.one("SparkApplication", "once").inputs["spec"]["image"] == args.image
    assert operator_values(False, "mirror.example/hub")["image"] == {"registry": "mirror.example/hub"}


def test_the_spec_becomes_arguments_and_a_stream_needs_a_broker() -> None:
    config = Spark(
        image="r.example/spark:1",
        topics=["clicks"],
        jobs={"j": SparkJob(main="local:///j.py")},
        streams={"events": SparkStream(topic="events"), "again": SparkStream(topic="events")},
    )
    place = site("spark", config, CERTIFICATES, METRICS, STORE)
    place.buckets = {"spark": BUCKET}
    with pytest.raises(pulumi.RunError, match=r"spark\.streams: this stack has no broker"):
        SparkOperator.plan(place)
    place.brokers = {"spark": KAFKA}
    args = SparkOperator.plan(place)
    assert set(args.applications) == {"j", "events", "again"} and args.applications["events"].trigger_seconds == 60
    assert SparkOperator.wants(config) == contracts.Wants(buckets=("spark",), topics=("clicks", "events"))


def test_others_learn_where_jobs_run_and_log() -> None:
    (offer,) = build().result.contracts()
    assert isinstance(offer, contracts.BatchCompute)
    assert (offer.namespaces, offer.service_account) == (["spark"], "spark-operator-spark")
    (endpoint,) = build().result.endpoints()
    assert (endpoint.service, endpoint.port, endpoint.login) == ("spark-history", 18080, True)


def test_our_image_is_built_on_the_spark_that_the_operator_submits_with() -> None:
    folder = Path(__file__).parents[2] / "images" / "spark"
    assert f"<spark.version>{VERSION}</spark.version>" in (folder / "pom.xml").read_text()
    assert f"FROM docker.io/apache/spark:{VERSION}@sha256:" in (folder / "Dockerfile").read_text()
