"""GKE as a stack's own cluster: private, encrypted, without the defaults that are open."""

import json
from pathlib import Path

import pytest

from components.platform import Platform
from tests.unit.own_cluster_stack import made_by
from tests.unit.recording import Recording

CLUSTER, POOL = "gcp:container/cluster:Cluster", "gcp:container/nodePool:NodePool"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return made_by(tmp_path_factory.mktemp("gke"), "gke")


def test_nodes_and_endpoint_are_private_and_secrets_encrypted(made: Recording[Platform]) -> None:
    cluster = made.one(CLUSTER).inputs
    private = cluster["privateClusterConfig"]
    assert private["enablePrivateNodes"] is True and private["enablePrivateEndpoint"] is True
    assert cluster["masterAuthorizedNetworksConfig"]["cidrBlocks"] == [{"cidrBlock": "10.64.0.0/16"}]
    assert cluster["databaseEncryption"]["state"] == "ENCRYPTED" and cluster["databaseEncryption"]["keyName"]
    assert cluster["workloadIdentityConfig"] == {"workloadPool": "mlops-trial.svc.id.goog"}
    assert cluster["datapathProvider"] == "ADVANCED_DATAPATH"  # enforces NetworkPolicies
    assert cluster["enableLegacyAbac"] is False and "masterAuth" not in cluster
    assert {"APISERVER", "SCHEDULER", "CONTROLLER_MANAGER"} <= set(cluster["loggingConfig"]["enableComponents"])
    assert cluster["deletionProtection"] is False


def test_ranges_of_the_office_replace_the_private_endpoint(tmp_path: Path) -> None:
    cluster = made_by(tmp_path, "gke", "  allowedRanges: [203.0.113.0/24]").one(CLUSTER).inputs
    assert cluster["privateClusterConfig"]["enablePrivateEndpoint"] is False
    assert cluster["masterAuthorizedNetworksConfig"]["cidrBlocks"] == [{"cidrBlock": "203.0.113.0/24"}]


def test_production_is_protected(tmp_path: Path) -> None:
    cluster = made_by(tmp_path, "gke", more="environment: prod").one(CLUSTER)
    assert cluster.protect and cluster.inputs["deletionProtection"] is True


def test_a_pool_is_that_machine_with_its_gpu_in_one_zone(made: Recording[Platform]) -> None:
    pool = made.one(POOL, "own-cluster-gpu").inputs
    config = pool["nodeConfig"]
    assert config["machineType"] == "g2-standard-48" and config["spot"] is True
    (gpu,) = config["guestAccelerators"]
    assert (gpu["type"], gpu["count"]) == ("nvidia-l4", 4)
    assert gpu["gpuDriverInstallationConfig"] == {"gpuDriverVersion": "INSTALLATION_DISABLED"}
    assert config["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
    assert config["labels"]["nvidia.com/gpu.product"] == "NVIDIA-L4"
    assert pool["autoscaling"]["totalMinNodeCount"] == 0 and pool["autoscaling"]["totalMaxNodeCount"] == 3
    assert pool["nodeLocations"] == ["europe-west3-b"]


def test_every_node_has_an_account_of_its_own_and_an_encrypted_disk(made: Recording[Platform]) -> None:
    configs = [pool.inputs["nodeConfig"] for pool in made.all(POOL)] + [made.one(CLUSTER).inputs["nodeConfig"]]
    for config in configs:
        assert config["serviceAccount"] == "demo-nodes@mlops-trial.iam.gserviceaccount.com"
        assert config["bootDiskKmsKey"] and config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
        assert config["metadata"] == {"disable-legacy-endpoints": "true"}
    roles = [r.inputs["role"] for r in made.all("IAMMember") if r.name.startswith("own-cluster")]
    assert roles == ["roles/container.defaultNodeServiceAccount"]


def test_the_services_agent_may_use_the_key(made: Recording[Platform]) -> None:
    members = [r.inputs["member"] for r in made.all("CryptoKeyIAMMember")]
    assert "serviceAccount:service-123456789012@container-engine-robot.iam.gserviceaccount.com" in members
    apis = [r.inputs["service"] for r in made.all("gcp:projects/service:Service")]
    assert "container.googleapis.com" in apis


def test_the_kubeconfig_logs_in_by_googles_plugin(made: Recording[Platform]) -> None:
    provider = made.one("pulumi:providers:kubernetes")
    (user,) = json.loads(provider.inputs["kubeconfig"])["users"]
    assert set(user["user"]) == {"exec"} and user["user"]["exec"]["command"] == "gke-gcloud-auth-plugin"
    assert made.one("StorageClass").inputs["parameters"]["disk-encryption-kms-key"]
