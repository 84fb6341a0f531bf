"""What a cloud's managed service cannot do that a stack file asks of it: told before any program runs.

The components refuse the same by themselves; what each says of its service, and by which document, stands there.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from components.grounds import KUBERNETES
from components.spec.base import Target, duration_seconds
from components.spec.processing import Flink, Flume, Spark
from components.spec.serving import InferenceModel, ModelServices
from components.spec.stack import Tier
from components.validation.problems import Path, meant, one_of, shown

if TYPE_CHECKING:
    from components.validation.case import Case

Finding = tuple[Path, str]
OWN_IMAGES: Mapping[str, tuple[str, ...]] = {
    "sagemaker": ("xgboost",),
    "vertex": ("sklearn", "tensorflow", "xgboost"),
    "azureml": ("mlflow",),
}
"""Formats of models that the cloud serves with an image of its own; a test holds them against the components."""
NOT_OFFERED: Mapping[tuple[str, str], tuple[str, str]] = {
    ("sagemaker", "airflow"): ("dags", "MWAA follows no git repository; copy the DAGs to folder dags of bucket airflow"),
    ("vertex", "airflow"): ("dags", "Composer follows no git repository; copy the DAGs to folder dags of bucket airflow"),
    **{
        (target, "feast"): ("repository", "the cloud's feature store applies no Feast repository; declare them under features")
        for target in OWN_IMAGES
    },
    **{
        (target, "amundsen"): ("ingestion", "databuilder jobs fill an Amundsen, and the cloud's catalogue scans by itself")
        for target in OWN_IMAGES
    },
    ("vertex", "hadoop"): ("kerberosSecretClass", "a class of Secrets is Kubernetes' alone"),
    ("vertex", "modelRegistry"): ("readers", "they are AWS accounts; grant roles/aiplatform.viewer to who reads"),
}
"""Keys of a system that its managed form has no use for, and why."""
LONGEST_EVENTS = 90
"""Days that Event Hubs keeps events (Azure, "Azure Event Hubs quotas and limits", tier Premium)."""
ONE_GPU = {"vertex": "Cloud Run", "azureml": "a container app"}
"""What serves models where one instance has one GPU at most."""
IN_CONTAINERS = ("fastapi", "flask", "bentoml")
"""Systems that become one of those there."""
INSTANCES = {"sagemaker": ("instanceType", "instance_type"), "azureml": ("vmSize", "vm_size")}
"""Key of a model that names the machine, where several GPUs want one."""


def check(case: "Case") -> Iterator[Finding]:
    """Everything about the systems that a cloud manages, and about topics wherever they are read."""
    yield from _topics(case)
    for system in case.chosen():
        config = case.spec.chosen()[system]
        if (ground := case.ground(system)) == KUBERNETES:
            continue
        if (ground, system) in NOT_OFFERED:
            key, why = NOT_OFFERED[ground, system]
            name = next(name for name, field in type(config).model_fields.items() if key in (field.alias, name))
            if getattr(config, name):
                yield ("systems", system, key), f"not offered on target {ground}: {why}; leave it out"
        if isinstance(config, ModelServices) or system == "kserve":
            yield from _models(ground, system, config)
    if (kafka := case.spec.systems.kafka) is not None and case.ground("kafka") == Target.AZUREML:
        for name, topic in kafka.topics.items():
            if duration_seconds(topic.retention) > LONGEST_EVENTS * 86400:
                path = ("systems", "kafka", "topics", name, "retention")
                yield path, f"{shown(topic.retention)}: Event Hubs keeps events for {LONGEST_EVENTS}d at most"


def _models(ground: str, system: str, config: Any) -> Iterator[Finding]:
    for name, model in config.models.items():
        path: Path = ("systems", system, "models", name)
        if isinstance(model, InferenceModel) and model.image is None and model.format not in OWN_IMAGES[ground]:
            served = OWN_IMAGES[ground]
            said = f"{shown(model.format)}: {ground} has no image of its own to serve it; {one_of(served)}"
            yield (*path, "format"), f"{said}, or the model's own image{meant(model.format, served)}"
        alone = ground in ONE_GPU and system in IN_CONTAINERS
        if alone and model.gpus > 1:
            said = f"{model.gpus}: {ONE_GPU[ground]} has one GPU an instance; expected 0 or 1, or say kserve for such a model"
            yield (*path, "gpus"), said
        elif not alone and model.gpus > 1 and ground in INSTANCES and getattr(model, INSTANCES[ground][1]) is None:
            yield (*path, INSTANCES[ground][0]), f"missing: expected the machine of {ground} that has {model.gpus} GPUs"
        if ground == Target.VERTEX and system in IN_CONTAINERS and model.canary is not None:
            yield (*path, "canary"), "not offered on target vertex: gcloud run deploy --no-traffic makes a second revision"


def _read(config: Any) -> dict[Path, str]:
    """The topics that a system asks for, by where they stand in its section."""
    if isinstance(config, Flink):
        return {("topics", index): topic for index, topic in enumerate(config.topics)}
    if isinstance(config, Spark):
        found: dict[Path, str] = {("topics", index): topic for index, topic in enumerate(config.topics)}
        return found | {("streams", name, "topic"): stream.topic for name, stream in config.streams.items()}
    if isinstance(config, Flume):
        sinks: dict[Path, str] = {("agents", n, "topic"): a.topic for n, a in config.agents.items() if a.topic}
        return sinks | {("agents", n, "sourceTopic"): a.source_topic for n, a in config.agents.items() if a.source_topic}
    return {}


def _topics(case: "Case") -> Iterator[Finding]:
    """A topic is read and written by the Kafka protocol, from a broker that stands on the same ground."""
    if case.spec.tier is Tier.TEAM:
        return
    chosen = case.chosen()
    for system in chosen:
        config, ground = case.spec.chosen()[system], case.ground(system)
        brokers = [other for other in case.meeting("broker", ground=ground) if other in chosen and case.ground(other) == ground]
        brought = "broker" in case.spec.bring_your_own and ground == KUBERNETES
        asked = _read(config)
        if asked and not (brokers or brought):
            elsewhere = [other for other in chosen if "broker" in chosen[other].provides]
            place, topic = next(iter(asked.items()))
            yield ("systems", system, *place), _no_broker(case, system, topic, ground, elsewhere)
            continue
        if isinstance(config, Flume) and ground != KUBERNETES:
            yield from _agents(ground, config)


def _no_broker(case: "Case", system: str, topic: str, ground: str, elsewhere: list[str]) -> str:
    where = "the stack's own cluster" if ground == KUBERNETES and case.on_own_cluster() else f"target {ground}"
    if elsewhere:
        other = elsewhere[0]
        at = "on the stack's own cluster" if case.ground(other) == KUBERNETES else f"managed by {case.ground(other)}"
        remedy = f"{other} is {at}, where its clients log in otherwise; put both on one side by `target`"
    else:
        able = case.meeting("broker", ground=ground)
        remedy = f"add {' or '.join(f'systems.{other}: {case.said(other, ground)}' for other in able)}"
    return f"{shown(topic)}: {system} runs on {where}, which has no broker that speaks the Kafka protocol; {remedy}"


def _agents(ground: str, config: Flume) -> Iterator[Finding]:
    """What a managed agent is: Firehose and Capture write files alone; Pub/Sub has topics of its own."""
    for name, agent in config.agents.items():
        path: Path = ("systems", "flume", "agents", name, "sink")
        if agent.sink == "kafka" and ground in ("sagemaker", "azureml"):
            service = "a Firehose stream" if ground == Target.SAGEMAKER else "an event hub with Capture"
            said = f'"kafka": on {ground} an agent is {service}, which writes files and speaks no Kafka protocol'
            yield path, f'{said}; expected "store", for producers write to the broker themselves'
        if agent.sink == agent.source == "kafka" and ground == Target.VERTEX:
            yield (
                path,
                '"kafka": on vertex an agent goes by Pub/Sub, from Kafka to files or from events to Kafka; expected "store"',
            )
