"""What a stack may say of the cluster that it makes, and the words that tell it otherwise."""

from pathlib import Path

import pytest

from components.mapping.accelerators import CATALOGUE, PROVISIONERS, pool_name
from tests.unit.stackfiles import checked, messages, only, stack

EKS = "cluster:\n  provisioner: eks\n"
SYSTEMS = "systems: {seaweedfs: {}}"


@pytest.mark.parametrize(
    ("cluster", "path", "said"),
    [
        ("gpuPools: {a: {accelerator: NVIDIA-A10}}", "cluster.gpuPools.a.accelerator",
         'eks has no such GPU; expected one of Tesla-T4, NVIDIA-A10G'),
        ("gpuPools: {a: {accelerator: NVIDIA-A10}}", "cluster.gpuPools.a.accelerator", 'did you mean "NVIDIA-A10G"?'),
        ("gpuPools: {a: {accelerator: NVIDIA-A10G, count: 2}}", "cluster.gpuPools.a.count",
         "2: eks has machines with 1 or 4 or 8 of NVIDIA-A10G"),
        ("gpuPools: {system: {accelerator: NVIDIA-A10G}}", "cluster.gpuPools.system", "no two pools have the same"),
        ("gpuPools: {a: {accelerator: NVIDIA-A10G, members: [n]}}", "cluster.gpuPools.a.members", "only for an existing cluster"),
        ("context: prod", "cluster.context", "only for an existing cluster"),
        ("allowedRanges: [0.0.0.0/0]", "cluster.allowedRanges[0]", "expected a range of /16 or smaller"),
        ("gpuPools: {a: {accelerator: NVIDIA-A10G, min: 2, nodes: 1}}", "cluster.gpuPools.a", "nodes is 1, but min is 2"),
        ("gpuPools: {a: {accelerator: NVIDIA-A10G, purchase: reserved}}", "cluster.gpuPools.a", "go together"),
    ],
)  # fmt: skip
def test_a_wrong_cluster_is_told_by_path_and_what_is_accepted(tmp_path: Path, cluster: str, path: str, said: str) -> None:
    found = only(checked(tmp_path, f"{EKS}  {cluster}\n{SYSTEMS}"))
    assert found.startswith(f"mlops:spec.{path}: ") and said in found


def test_two_pools_of_one_name_are_two_keys_of_one_mapping(tmp_path: Path) -> None:
    pools = "  gpuPools:\n    a: {accelerator: NVIDIA-A10G}\n    a: {accelerator: NVIDIA-L4}\n"
    assert any("a" in text for text in messages(checked(tmp_path, f"{EKS}{pools}{SYSTEMS}")))


def test_two_pools_that_aks_calls_alike_are_told(tmp_path: Path) -> None:
    pools = "gpuPools: {a-b: {accelerator: Tesla-T4}, ab: {accelerator: Tesla-T4}}"
    said = messages(checked(tmp_path, f"cluster:\n  provisioner: aks\n  {pools}\n{SYSTEMS}"))
    assert any("two pools" in text for text in said), said


def test_a_name_too_long_for_the_service_is_told(tmp_path: Path) -> None:
    pools = "gpuPools: {training-large: {accelerator: Tesla-T4}}"
    said = only(checked(tmp_path, f"cluster:\n  provisioner: aks\n  {pools}\n{SYSTEMS}"))
    assert "aks takes at most 12 characters, got 13" in said
    assert stack(checked(tmp_path, f"{EKS}  {pools}\n{SYSTEMS}")).provisioner == "eks"


@pytest.mark.parametrize(("target", "given"), [("sagemaker", "gke"), ("vertex", "eks"), ("azureml", "gke")])
def test_another_clouds_cluster_is_refused(tmp_path: Path, target: str, given: str) -> None:
    said = only(checked(tmp_path, f"cluster: {{provisioner: {given}}}\nsystems: {{mysql: {{}}}}", target=target))
    assert f'cluster.provisioner: "{given}"' in said and PROVISIONERS[given] in said


def test_a_cloud_stack_makes_its_own_by_itself(tmp_path: Path) -> None:
    said = only(checked(tmp_path, "cluster: {provisioner: eks}\nsystems: {mysql: {}}", target="sagemaker"))
    assert "leave the key out" in said


@pytest.mark.parametrize(("provisioner", "region"), [("eks", "westeurope"), ("gke", "eu-central-1"), ("aks", "europe-west3")])
def test_a_region_of_another_cloud_is_told(tmp_path: Path, provisioner: str, region: str) -> None:
    said = only(checked(tmp_path, f"cloud: {{region: {region}}}\ncluster: {{provisioner: {provisioner}}}\n{SYSTEMS}"))
    assert f'"{region}": not a region of the cloud of cluster.provisioner {provisioner}' in said


def test_keys_of_an_own_cluster_mean_nothing_on_an_existing_one(tmp_path: Path) -> None:
    said = messages(checked(tmp_path, f"cluster: {{version: '1.34', gpuPools: {{a: {{accelerator: X, min: 0}}}}}}\n{SYSTEMS}"))
    assert [text.split(":")[1].removeprefix("spec.") for text in said] == ["cluster.version", "cluster.gpuPools.a.min"] or len(
        said
    ) == 2


def test_the_network_has_room_for_the_nodes(tmp_path: Path) -> None:
    said = messages(checked(tmp_path, f"cloud: {{network: {{cidr: 10.0.0.0/22, zones: 4}}}}\n{EKS}{SYSTEMS}"))
    assert len(said) == 2 and any("/20 or larger" in text for text in said) and any("expected 2 or 3" in text for text in said)


def test_every_accelerator_says_when_it_was_checked_and_where() -> None:
    for rows in CATALOGUE.values():
        for row in rows.values():
            assert row.source and row.checked == "2026-11-23" and row.machines
    assert all(row.attached for row in CATALOGUE["gke"].values())
    assert pool_name("aks", "a-b") == "ab" and pool_name("eks", "a-b") == "a-b"
