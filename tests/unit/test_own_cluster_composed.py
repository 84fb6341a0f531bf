"""Two grounds in one stack: a fallback runs on the cloud stack's own cluster, and contracts stay on their side."""

import importlib
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest

from components.grounds import standing
from components.ordering import order
from components.platform import Platform
from components.spec.stack import Target
from tests.unit.own_cluster_stack import CLOUDS, FALLBACK, KNOWN, composed, grounds, made_by
from tests.unit.recording import record
from tests.unit.stackfiles import checked, messages, only, stack

NOUNS = {
    "eks": ("EksCluster", "AwsFoundation"),
    "gke": ("GkeCluster", "GoogleFoundation"),
    "aks": ("AksCluster", "AzureFoundation"),
}


@pytest.mark.parametrize("provisioner", sorted(CLOUDS))
def test_a_fallback_brings_the_cluster_and_runs_its_component_unchanged(tmp_path: Path, provisioner: str) -> None:
    made = composed(tmp_path, FALLBACK, CLOUDS[provisioner])
    found = grounds(made)
    cluster, foundation = NOUNS[provisioner]
    assert found["own-cluster"] == cluster and found["foundation"] == foundation
    assert found["cluster-foundation"] == "KubernetesFoundation"
    assert (found["argo"], found["mysql"], found["seaweedfs"]) == ("ArgoWorkflows", "PerconaMysql", "SeaweedfsStore")
    assert found["kafka"] in ("MskKafka", "GoogleManagedKafka", "EventHubs")
    assert made.order("own-cluster", "cluster", "argo") == sorted(made.order("own-cluster", "cluster", "argo"))
    assert made.leaks() == []
    assert made.result.outputs["platform.fallback"] == ["seaweedfs", "mysql", "argo"]


@pytest.mark.parametrize("target", sorted(CLOUDS.values()))
def test_no_cluster_is_made_where_no_row_needs_one(tmp_path: Path, target: str) -> None:
    made = composed(tmp_path, "systems: {kafka: {}, mysql: {}}", target)
    assert "own-cluster" not in grounds(made) and not made.all("pulumi:providers:kubernetes")
    assert "platform.cluster" not in made.result.outputs


@pytest.mark.parametrize("provisioner", sorted(CLOUDS))
def test_a_kubernetes_stack_stands_on_the_cluster_that_it_makes(tmp_path: Path, provisioner: str) -> None:
    made = made_by(tmp_path, provisioner)
    found = grounds(made)
    cluster, foundation = NOUNS[provisioner]
    assert (found["own-cluster"], found["cloud-base"], found["foundation"]) == (cluster, foundation, "KubernetesFoundation")
    assert made.result.outputs["platform.cluster"] == provisioner
    assert made.result.outputs["platform.target"] == "kubernetes"


def test_contracts_are_met_on_their_own_ground(tmp_path: Path) -> None:
    spec = stack(checked(tmp_path, FALLBACK + "  minio: {}\n  flink: {}\n", target="sagemaker")).spec
    found = order("sagemaker", spec)
    assert found.via["flink"]["objectStore"] == "minio"  # S3, beside Managed Flink
    met = {"database": "mysql", "objectStore": "seaweedfs", "certificates": "cluster-foundation"}
    assert found.via["argo"] == met
    where = standing(Target.SAGEMAKER, spec)
    assert (where.ground("kafka"), where.ground("argo"), where.own) == ("sagemaker", "kubernetes", True)


@pytest.mark.parametrize(
    ("target", "systems", "said"),
    [
        ("azureml", "{airflow: {}, minio: {}, postgres: {target: kubernetes}}",
         "systems.airflow: runs on the stack's own cluster here and needs an object store there, and nothing on it provides one; "
         "add systems.minio: {target: kubernetes} or systems.seaweedfs: {target: kubernetes} or bringYourOwn.objectStore"),
        ("sagemaker", "{seldon: {acceptBslLicense: true, mlserver: {}}, kafka: {}, seaweedfs: {target: kubernetes}}",
         "systems.seldon: runs on the stack's own cluster here and needs a broker there, and nothing on it provides one; "
         "add systems.kafka: {target: kubernetes} or bringYourOwn.broker"),
        ("vertex", "{argo: {}, seaweedfs: {target: kubernetes}, mysql: {}}",
         "systems.argo: runs on the stack's own cluster here and needs a database there, and nothing on it provides one; "
         "add systems.mysql: {target: kubernetes} or systems.postgres: {target: kubernetes} or bringYourOwn.database"),
    ],
)  # fmt: skip
def test_a_need_that_the_other_ground_cannot_meet_says_what_would(tmp_path: Path, target: str, systems: str, said: str) -> None:
    assert only(checked(tmp_path, f"systems: {systems}", target=target)) == f"mlops:spec.{said}"


def test_a_service_from_outside_serves_the_cluster(tmp_path: Path) -> None:
    brought = """
bringYourOwn:
  objectStore: {address: 'https://s3.corp.example', credentials: {argo: argo-store}}
systems: {argo: {}, mysql: {target: kubernetes, backup: null}, kafka: {}}
"""
    said = messages(checked(tmp_path, brought, target="sagemaker"))
    assert said == ["mlops:spec.bringYourOwn.objectStore.credentials: missing mysql; expected the name of the Secret with its "
                    "credentials in its namespace"]  # fmt: skip


def test_a_team_has_no_cluster_of_its_own(tmp_path: Path) -> None:
    spec = "tier: team\nteam: fraud\nplatformStack: {azureml: platform}\nsystems: {optuna: {}}"
    assert any("cannot have it" in text for text in messages(checked(tmp_path, spec, target="azureml")))


def test_a_plain_kubernetes_stack_imports_no_cloud() -> None:
    program = (
        "import sys\nfrom components import targets, platform\n"
        "targets.load(targets.LANDINGS['kubernetes'])\ntargets.find('kubernetes', 'cluster')\n"
        "found = [m for m in ('pulumi_aws', 'pulumi_gcp', 'pulumi_azure_native') if m in sys.modules]\nassert not found, found"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert importlib.util.find_spec("pulumi_aws") is not None


def deployed_as(folder: Path, spec: str, now: str, **before: str) -> str:
    """What a stack says that was deployed as `before` (platform.target …) and is now another; empty where it goes on."""
    made = stack(checked(folder, spec, target=now))
    said = {"outputs": {f"platform.{key}": value for key, value in before.items()}}
    resources = {"outputs": {"urn": {"type": "mlops:index:MinioStore"}}}
    calls = {**KNOWN, "pulumi:pulumi:readStackOutputs": said, "pulumi:pulumi:readStackResourceOutputs": resources}
    try:
        record(lambda: Platform("platform", made), calls=calls)
    except pulumi.RunError as error:
        return str(error)
    return ""


def test_a_changed_provisioner_of_a_deployed_stack_is_refused(tmp_path: Path) -> None:
    spec = "cluster: {provisioner: eks}\nsystems: {minio: {}}"
    said = deployed_as(tmp_path, spec, "kubernetes", target="kubernetes", cluster="existing")
    assert 'mlops:spec.cluster.provisioner: "eks", but stack demo is deployed on a cluster of "existing"' in said
    # a stack of before this key stood on an existing cluster
    assert "lost to the stack" in deployed_as(tmp_path, spec, "kubernetes", target="kubernetes")
    assert deployed_as(tmp_path, spec, "kubernetes", target="kubernetes", cluster="eks") == ""


def test_a_cloud_stack_may_take_its_first_system_to_a_cluster(tmp_path: Path) -> None:
    spec = "systems: {kafka: {}, minio: {target: kubernetes}}"
    assert deployed_as(tmp_path, spec, "sagemaker", target="sagemaker", cluster="existing") == ""


def test_a_flip_to_a_cloud_with_a_cluster_of_its_own_is_a_flip_all_the_same(tmp_path: Path) -> None:
    spec = "systems: {kafka: {}, minio: {target: kubernetes}}"
    said = deployed_as(tmp_path, spec, "sagemaker", target="kubernetes", cluster="existing")
    assert 'is deployed on "kubernetes"' in said and "minio (every bucket and its objects)" in said
