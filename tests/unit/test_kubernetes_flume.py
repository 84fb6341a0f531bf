"""Flume: events survive the pod, credentials stay out of the configuration, an agent without its sink is refused."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components import contracts
from components.kubernetes import flume_config, truststore
from components.kubernetes.flume import FlumeAgentArgs, FlumeAgents, FlumeAgentsArgs
from components.spec.processing import Flume, FlumeAgent
from tests.unit.kubernetes_processing import CLOUD, COMPUTE, KAFKA, LABELS, STATE, bounded, env, foreign, hardened
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, site
from tests.unit.recording import Recording, record

ARGS = FlumeAgentsArgs(
    namespace="flume",
    labels=LABELS,
    image="registry.example/mlops/flume:1.11.0-1",
    agents={
        "clicks": FlumeAgentArgs("http", "kafka", 2, 1_000_000, topic="clicks"),
        "archive": FlumeAgentArgs("kafka", "store", 1, 5000, source_topic="events"),
    },
    storage="10Gi",
    compute=COMPUTE,
    broker=KAFKA,
    store=STATE,
    storage_class="fast",
)


def build(args: FlumeAgentsArgs = ARGS) -> Recording[FlumeAgents]:
    return record(lambda: FlumeAgents("flume", args))


def conf(made: Recording[Any], agent: str) -> dict[str, str]:
    """flume.conf as Java's Properties read it: the last of a key holds."""
    text = made.one("ConfigMap", f"flume-{agent}").inputs["data"]["flume.conf"]
    return dict(line.split(" = ", 1) for line in text.splitlines())


def pod(made: Recording[Any], agent: str) -> dict[str, Any]:
    found: dict[str, Any] = made.one("StatefulSet", f"flume-{agent}").inputs["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("agent", ["clicks", "archive"])
def test_events_wait_in_files_on_a_volume_of_their_own(agent: str) -> None:
    made = build()
    found = conf(made, agent)
    assert found["agent.channels.wait.type"] == "file"
    claims = made.one("StatefulSet", f"flume-{agent}").inputs["spec"]["volumeClaimTemplates"]
    assert [(c["metadata"]["name"], c["spec"]["storageClassName"]) for c in claims] == [("channel", "fast")]
    mounted = {m["name"]: m["mountPath"] for m in pod(made, agent)["containers"][0]["volumeMounts"]}
    for key in ("checkpointDir", "backupCheckpointDir", "dataDirs"):
        assert found[f"agent.channels.wait.{key}"].startswith(f"{mounted['channel']}/")
    assert len({found[f"agent.channels.wait.{key}"] for key in ("checkpointDir", "backupCheckpointDir", "dataDirs")}) == 3
    assert found["agent.sources.in.channels"] == "wait" == found["agent.sinks.out.channel"]


def test_a_kafka_sink_waits_for_every_copy_and_logs_in_over_tls() -> None:
    found = conf(build(), "clicks")
    assert found["agent.sinks.out.kafka.topic"] == "clicks"
    assert found["agent.sinks.out.kafka.producer.acks"] == "all"
    assert found["agent.sinks.out.kafka.producer.security.protocol"] == "SASL_SSL"
    assert found["agent.sinks.out.kafka.producer.ssl.truststore.location"] == flume_config.CA_FILE


def test_a_kafka_sources_group_is_one_that_the_broker_lets_it_read() -> None:
    found = conf(build(), "archive")
    assert found["agent.sources.in.kafka.topics"] == "events"
    assert found["agent.sources.in.kafka.consumer.group.id"] == "app-archive", "rights are to groups named after the user"
    assert not [key for key in found if key.endswith(".port")], "it listens nowhere"


def test_a_file_sink_writes_below_the_agents_own_folder_of_the_bucket() -> None:
    made = build()
    found = conf(made, "archive")
    assert found["agent.sinks.out.hdfs.path"] == "s3a://state/archive/%Y/%m/%d"
    root = ElementTree.fromstring(made.one("ConfigMap", "flume-archive").inputs["data"]["core-site.xml"])
    settings = {p.findtext("name"): p.findtext("value") for p in root.findall("property")}
    assert settings["fs.s3a.endpoint"] == "https://minio.minio.svc:9000" and settings["fs.s3a.path.style.access"] == "true"
    init = pod(made, "archive")["initContainers"]
    assert [c["name"] for c in init] == ["trust"] and truststore.JAVA_OPTION in pod(made, "archive")["containers"][0]["args"]
    assert "initContainers" not in pod(made, "clicks"), "it writes to no store"
    assert "initContainers" not in pod(build(replace(ARGS, store=CLOUD)), "archive"), "its authority is public"


def test_credentials_are_put_in_from_the_environment() -> None:
    made = build()
    variables = env(pod(made, "archive")["containers"][0])
    assert variables["KAFKA_SASL_JAAS_CONFIG"] == ("app-kafka", "sasl.jaas.config")
    assert variables["AWS_SECRET_ACCESS_KEY"] == ("app-bucket", "AWS_SECRET_ACCESS_KEY")
    for agent in ARGS.agents:
        named = set(re.findall(r"\$\{env\['(\w+)'\]\}", "\n".join(conf(made, agent).values())))
        assert named <= set(env(pod(made, agent)["containers"][0]))
        assert conf(made, agent)["agent.configfilters.env.type"] == "env"
    assert "AWS_SECRET_ACCESS_KEY" not in env(pod(made, "clicks")["containers"][0]), "it needs no bucket"
    assert made.leaks() == []


def test_agents_are_hardened_bounded_and_probed() -> None:
    made = build()
    for agent in ARGS.agents:
        found = pod(made, agent)
        assert hardened(found) and bounded(found)
        assert found["automountServiceAccountToken"] is False
        assert found["containers"][0]["readinessProbe"]["httpGet"]["port"] == "metrics"
        assert found["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
    assert foreign(made, "registry.example") == []


def test_only_who_listens_has_an_address() -> None:
    made = build()
    service = made.one("Service", "flume-clicks").inputs["spec"]
    assert [(p["name"], p["port"]) for p in service["ports"]] == [("http", 8080)]
    assert conf(made, "clicks")["agent.sources.in.port"] == "8080"
    assert {s.object_name for s in made.all("Service")} == {"flume-clicks", "flume-clicks-peers", "flume-archive-peers"}


def test_a_changed_line_restarts_the_pods_and_the_stack_files_lines_hold() -> None:
    def note(made: Recording[Any]) -> str:
        template = made.one("StatefulSet", "flume-clicks").inputs["spec"]["template"]
        return str(template["metadata"]["annotations"]["mlops.dev/configuration"])

    own = build(replace(ARGS, values={"clicks": {"agent.sinks.out.kafka.producer.acks": "1"}}))
    assert conf(own, "clicks")["agent.sinks.out.kafka.producer.acks"] == "1"
    assert note(own) != note(build()) == note(build())


def test_everything_says_that_its_upstream_is_retired_and_prod_keeps_the_channels() -> None:
    made = build(replace(ARGS, protect=True))
    for r in made.all("StatefulSet"):
        assert r.inputs["metadata"]["labels"]["mlops.dev/upstream"] == "retired"
        assert r.protect and r.retain


@pytest.mark.parametrize(
    "wrong",
    [{"source": "kafka"}, {"sink": "kafka"}, {"topic": "x"}, {"source": "http", "source_topic": "x"}, {"source": "scribe"}],
)
def test_an_agent_says_its_topics_exactly_where_it_needs_them(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FlumeAgent(**wrong)


def test_an_agent_whose_broker_or_store_is_not_there_is_refused() -> None:
    config = Flume(image="r.example/flume:1", agents={"a": FlumeAgent(sink="kafka", topic="events"), "b": FlumeAgent()})
    assert FlumeAgents.wants(config) == contracts.Wants(buckets=("flume",), topics=("events",))
    place = site("flume", config, CERTIFICATES)
    with pytest.raises(pulumi.RunError, match=r"agents\.a: this stack has no broker"):
        FlumeAgents.plan(place)
    place.brokers = {"flume": KAFKA}
    with pytest.raises(pulumi.RunError, match=r"agents\.b: this stack has no object store"):
        FlumeAgents.plan(place)
    place.buckets = {"flume": BUCKET}
    args = FlumeAgents.plan(place)
    assert args.agents["a"].topic == "events" and args.store is BUCKET and not args.protect
    only_kafka = Flume(image="r.example/flume:1", agents={"a": FlumeAgent(sink="kafka", topic="events")})
    assert FlumeAgents.wants(only_kafka).buckets == ()


def test_our_image_verifies_what_it_downloads_and_runs_as_the_pods_user() -> None:
    text = (Path(__file__).parents[2] / "images" / "flume" / "Dockerfile").read_text()
    assert "gpg --batch --verify" in text and "mvn -B -C" in text
    assert "USER 10001" in text and pod(build(), "clicks")["securityContext"]["runAsUser"] == 10001
    assert all(re.search(r":[\w.-]+( AS \w+)?$", line) for line in text.splitlines() if line.startswith("FROM"))
