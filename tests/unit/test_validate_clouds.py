"""Broken stack files of each cloud, a file a kind: told with its place, what is accepted, and the nearest match."""

from pathlib import Path

import pytest

from components.mapping import regions
from components.settings import load_file
from components.validation import managed
from components.validation.problems import Problems
from tests.unit.stackfiles import checked, messages, only, stack

FOLDER = Path(__file__).parent / "broken_stacks" / "clouds"
CLOUDS = ("sagemaker", "vertex", "azureml")
POOLS = "mlops:spec.cluster.gpuPools"
EVERYWHERE = {
    "unknown-region": (5, "mlops:spec.cloud.region", "not a region of target {cloud}; expected one such as"),
    "unknown-gpu": (7, f"{POOLS}.gpu.accelerator", "has no such GPU; expected one of"),
    "gpus-of-no-machine": (7, f"{POOLS}.gpu.count", "3: {cluster} has machines with 1 or"),
    "pool-min-over-max": (7, f"{POOLS}.gpu", "min is 3 and max 1; expected min <= nodes <= max"),
    "other-clouds-cluster": (5, "mlops:spec.cluster.provisioner", "the target is {cloud}, whose own cluster is {cluster}"),
    "broker-of-another-protocol": (8, "mlops:spec.systems.flink.topics[0]", "no broker that speaks the Kafka protocol; add"),
    "broker-on-another-ground": (
        10, "mlops:spec.systems.spark.streams.events.topic", "kafka is managed by {cloud}, where its clients log in otherwise"
    ),
    "agent-of-another-protocol": (10, "mlops:spec.systems.flume.agents.clicks.sink", 'expected "store"'),
    "format-without-image": (9, "mlops:spec.systems.kserve.models.iris.format", "{cloud} has no image of its own to serve it"),
    "definitions-of-feast": (7, "mlops:spec.systems.feast.repository", "declare them under features; leave it out"),
}  # fmt: skip
CLUSTERS = {"sagemaker": "eks", "vertex": "gke", "azureml": "aks"}
NEAREST = {
    "unknown-region": ("eu-central-1", "europe-west3", "westeurope"),
    "unknown-gpu": ("NVIDIA-A10G", "NVIDIA-L4", "NVIDIA-A100-80GB-PCIe"),
    "format-without-image": ("xgboost", "sklearn", "mlflow"),
}
TOO_LONG = "expected at most 40 characters, got 41"
CASES: dict[str, tuple[int, str, str]] = {
    **{
        f"{cloud}-{kind}": (line, path, said.format(cloud=cloud, cluster=CLUSTERS[cloud]))
        for kind, (line, path, said) in EVERYWHERE.items()
        for cloud in CLOUDS
    },
    "sagemaker-two-pools-of-one-name": (8, "", 'duplicate key "gpu"'),
    "vertex-two-pools-of-one-name": (8, "", 'duplicate key "gpu"'),
    "azureml-two-pools-of-one-name": (8, f"{POOLS}.gpua", 'two pools, "gpu-a" and "gpua", are one name to aks'),
    "sagemaker-long-pool-name": (7, f"{POOLS}.{'a' * 41}", TOO_LONG),
    "vertex-long-pool-name": (7, f"{POOLS}.{'a' * 41}", TOO_LONG),
    "azureml-long-pool-name": (7, f"{POOLS}.thirteenchars", "aks takes at most 12 characters, got 13"),
    "vertex-malformed-project": (5, "mlops:spec.cloud.project", '"Mlops_Project": expected text that matches'),
    "azureml-malformed-subscription": (5, "mlops:spec.cloud.subscription", '"my-subscription": expected text that matches'),
    "azureml-events-kept-too-long": (6, "mlops:spec.systems.kafka.topics.events.retention", "for 90d at most"),
    "vertex-gpus-of-one-instance": (7, "mlops:spec.systems.fastapi.models.fraud.gpus", "one GPU an instance; expected 0 or 1"),
    "sagemaker-gpus-without-an-instance-type": (
        7, "mlops:spec.systems.fastapi.models.fraud.instanceType", "the machine of sagemaker that has 4 GPUs"
    ),
    "sagemaker-malformed-reader": (7, "mlops:spec.systems.modelRegistry.readers[0]", '"1234": expected text that matches'),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_mistake_is_one_problem_with_its_place_and_what_is_accepted(case: str) -> None:
    line, path, said = CASES[case]
    found = load_file(FOLDER / f"{case}.yaml")
    assert isinstance(found, Problems)
    assert len(found) == 1, found.text()
    assert (found[0].line, found[0].path) == (line, path)
    assert said in found[0].message, found[0].message


@pytest.mark.parametrize("kind", NEAREST)
def test_what_was_meant_is_named(kind: str) -> None:
    for cloud, near in zip(CLOUDS, NEAREST[kind], strict=True):
        found = load_file(FOLDER / f"{cloud}-{kind}.yaml")
        assert isinstance(found, Problems) and f'did you mean "{near}"?' in found.text()


def test_every_broken_file_of_a_cloud_has_a_test() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(CASES)


def test_the_regions_of_aws_are_those_of_its_own_sdk() -> None:
    import botocore.session

    assert set(regions.AWS) == set(botocore.session.get_session().get_available_regions("ec2"))


def test_every_known_region_is_taken_and_none_is_of_two_clouds(tmp_path: Path) -> None:
    assert set(regions.REGIONS) == set(CLOUDS)
    every = [name for names in regions.REGIONS.values() for name in names]
    assert len(set(every)) == len(every)
    for cloud, names in regions.REGIONS.items():
        assert (
            stack(checked(tmp_path, f"cloud: {{region: {names[-1]}}}\nsystems: {{minio: {{}}}}", target=cloud)).region
            == names[-1]
        )


def test_what_the_clouds_serve_by_format_is_what_the_components_have_images_for() -> None:
    from components.azureml import eventhubs
    from components.sagemaker import kserve as sagemaker
    from components.vertex import kserve as vertex

    assert {cloud: set(formats) for cloud, formats in managed.OWN_IMAGES.items()} == {
        "sagemaker": set(sagemaker.FORMATS), "vertex": set(vertex.PREBUILT), "azureml": {"mlflow"}
    }  # fmt: skip
    assert eventhubs.LONGEST_HOURS == managed.LONGEST_EVENTS * 24


def test_a_model_with_an_image_of_its_own_has_any_format(tmp_path: Path) -> None:
    spec = "systems: {minio: {}, kserve: {models: {iris: {format: onnx, model: iris/1, image: ghcr.io/example/iris:1}}}}"
    for cloud in CLOUDS:
        stack(checked(tmp_path, spec, target=cloud))


@pytest.mark.parametrize(
    ("cloud", "system", "section", "key"),
    [
        ("sagemaker", "airflow", "{dags: {repository: 'https://github.com/example/dags'}}", "dags"),
        ("vertex", "airflow", "{dags: {repository: 'https://github.com/example/dags'}}", "dags"),
        ("vertex", "hadoop", "{kerberosSecretClass: kerberos}", "kerberosSecretClass"),
        ("vertex", "modelRegistry", "{readers: ['123456789012']}", "readers"),
    ],
)
def test_a_key_that_the_managed_form_has_no_use_for_is_told(
    tmp_path: Path, cloud: str, system: str, section: str, key: str
) -> None:
    said = only(checked(tmp_path, f"systems: {{minio: {{}}, {system}: {section}}}", target=cloud))
    assert said.startswith(f"mlops:spec.systems.{system}.{key}: not offered on target {cloud}") and "leave it out" in said


def test_a_topic_on_kubernetes_wants_a_broker_too_and_takes_one_from_outside(tmp_path: Path) -> None:
    spec = "systems: {seaweedfs: {}, flink: {topics: [events]}}\n"
    (said,) = [line for line in messages(checked(tmp_path, spec)) if "Kafka protocol" in line]
    assert "add systems.kafka: {}" in said
    brought = 'bringYourOwn: {broker: {address: "kafka.example:9093", credentials: {flink: flink-kafka}}}'
    found = checked(tmp_path, spec + brought)
    assert not isinstance(found, Problems) or "Kafka protocol" not in found.text()
