"""EKS as a stack's own cluster: closed, encrypted, logged, with Pod Identity; and a node group a pool."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.platform import Platform
from components.sagemaker.eks_network import ranges
from tests.unit.own_cluster_stack import made_by
from tests.unit.recording import Recording
from tests.unit.sagemaker_stack import no_wildcards, statements

CLUSTER, GROUP, ADDON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return made_by(tmp_path_factory.mktemp("eks"), "eks")


def test_the_api_server_stands_inside_and_secrets_are_encrypted_by_our_key(made: Recording[Platform]) -> None:
    cluster = made.one(CLUSTER).inputs
    key = "arn:aws:kms:cloud-base-key"
    assert cluster["vpcConfig"]["endpointPrivateAccess"] is True and cluster["vpcConfig"]["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in cluster["vpcConfig"]
    assert cluster["encryptionConfig"] == {"provider": {"keyArn": key}, "resources": ["secrets"]}
    assert set(cluster["enabledClusterLogTypes"]) == {"api", "audit", "authenticator", "controllerManager", "scheduler"}
    assert cluster["accessConfig"]["authenticationMode"] == "API"
    logs = made.one("aws:cloudwatch/logGroup:LogGroup", "own-cluster-logs").inputs
    assert logs["name"] == "/aws/eks/demo/cluster" and logs["kmsKeyId"] == key
    assert "own-cluster-logs" in made.waits_for("own-cluster-cluster")


def test_ranges_of_the_office_are_let_in_and_nobody_else(tmp_path: Path) -> None:
    vpc = made_by(tmp_path, "eks", "  allowedRanges: [203.0.113.0/24]").one(CLUSTER).inputs["vpcConfig"]
    assert vpc["endpointPublicAccess"] is True and vpc["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert vpc["endpointPrivateAccess"] is True


def test_production_is_protected_and_has_a_way_out_in_each_zone(tmp_path: Path, made: Recording[Platform]) -> None:
    prod = made_by(tmp_path, "eks", more="environment: prod")
    assert prod.one(CLUSTER).protect and prod.one(CLUSTER).inputs["deletionProtection"] is True
    assert len(prod.all("aws:ec2/natGateway:NatGateway")) == 3
    assert not made.one(CLUSTER).protect and len(made.all("aws:ec2/natGateway:NatGateway")) == 1


def test_no_node_has_a_public_address(made: Recording[Platform]) -> None:
    assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in made.all("aws:ec2/subnet:Subnet"))
    out = made.one("aws:ec2/routeTable:RouteTable", "own-cluster-network-out")
    public = [r.inputs for r in made.all("aws:ec2/route:Route") if r.inputs.get("gatewayId")]
    assert [route["routeTableId"] for route in public] == [f"{out.name}-id"]
    groups = made.all(GROUP)
    assert groups and all("out" not in str(group.inputs["subnetIds"]) for group in groups)


def test_a_pool_is_a_group_of_that_machine_with_taint_and_labels(made: Recording[Platform]) -> None:
    pool = made.one(GROUP, "own-cluster-gpu").inputs
    assert pool["instanceTypes"] == ["g5.12xlarge"] and pool["amiType"] == "AL2023_x86_64_NVIDIA"
    assert pool["scalingConfig"] == {"desiredSize": 1, "minSize": 0, "maxSize": 3}
    assert pool["capacityType"] == "SPOT"
    assert pool["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
    assert pool["labels"]["nvidia.com/gpu.product"] == "NVIDIA-A10G" and pool["labels"]["nvidia.com/gpu.present"] == "true"
    system = made.one(GROUP, "own-cluster-system").inputs
    assert "taints" not in system and system["capacityType"] == "ON_DEMAND"


def test_disks_are_encrypted_and_metadata_is_out_of_reach_of_pods(made: Recording[Platform]) -> None:
    for template in made.all("aws:ec2/launchTemplate:LaunchTemplate"):
        (disk,) = template.inputs["blockDeviceMappings"]
        assert disk["ebs"]["encrypted"] == "true" and disk["ebs"]["kmsKeyId"] == "arn:aws:kms:cloud-base-key"
        metadata = template.inputs["metadataOptions"]
        assert metadata["httpTokens"] == "required" and metadata["httpPutResponseHopLimit"] == 1
    assert len(made.all("aws:ec2/launchTemplate:LaunchTemplate")) == 2


def test_a_reservation_is_named_in_the_template(tmp_path: Path) -> None:
    pools = "  gpuPools: {h: {accelerator: NVIDIA-H100-80GB-HBM3, count: 8, purchase: reserved, reservation: cr-0a1}}"
    from tests.unit.own_cluster_stack import composed

    made = composed(tmp_path, f"cluster:\n  provisioner: eks\n{pools}\nsystems: {{seaweedfs: {{}}}}")
    asked = made.one("aws:ec2/launchTemplate:LaunchTemplate", "own-cluster-h").inputs["capacityReservationSpecification"]
    assert asked["capacityReservationTarget"] == {"capacityReservationId": "cr-0a1"}


def test_network_policies_are_enforced_before_the_first_node_stands(made: Recording[Platform]) -> None:
    settings = json.loads(made.one(ADDON, "own-cluster-vpc-cni").inputs["configurationValues"])
    assert settings["enableNetworkPolicy"] == "true"
    assert {"own-cluster-vpc-cni", "own-cluster-eks-pod-identity-agent"} <= made.waits_for("own-cluster-system")


def test_add_ons_that_act_on_aws_have_a_role_by_pod_identity(made: Recording[Platform]) -> None:
    for addon, account in (("vpc-cni", "aws-node"), ("aws-ebs-csi-driver", "ebs-csi-controller-sa")):
        (identity,) = made.one(ADDON, f"own-cluster-{addon}").inputs["podIdentityAssociations"]
        assert identity["serviceAccount"] == account
    for noun in ("cni", "volumes"):
        (trust,) = statements(made.one("aws:iam/role:Role", f"own-cluster-{noun}"))
        assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    no_wildcards(made)


def test_the_kubeconfig_holds_a_command_and_no_credential(made: Recording[Platform]) -> None:
    provider = made.one("pulumi:providers:kubernetes")
    assert "kubeconfig" in provider.secrets
    config: dict[str, Any] = json.loads(provider.inputs["kubeconfig"])
    (user,) = config["users"]
    assert set(user["user"]) == {"exec"} and user["user"]["exec"]["command"] == "aws"
    assert "get-token" in user["user"]["exec"]["args"]
    assert "context" not in provider.inputs


def test_volumes_are_encrypted_by_default(made: Recording[Platform]) -> None:
    storage = made.one("StorageClass").inputs
    assert storage["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
    assert storage["provisioner"] == "ebs.csi.aws.com"
    assert storage["parameters"]["encrypted"] == "true" and storage["parameters"]["kmsKeyId"]


def test_the_clusters_ranges_are_the_fourth_quarter() -> None:
    nodes, out = ranges("10.64.0.0/16", 3)
    assert nodes == ["10.64.192.0/20", "10.64.208.0/20", "10.64.224.0/20"]
    assert out == ["10.64.240.0/28", "10.64.240.16/28", "10.64.240.32/28"]
    with pytest.raises(ValueError, match="/20 or larger"):
        ranges("10.0.0.0/22", 3)
