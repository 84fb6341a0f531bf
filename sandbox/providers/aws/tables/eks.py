"""EKS: clusters and node groups on moto, add-ons, access entries and Pod Identity in the state file.

The API server of every cluster is the sandbox's own, so that what is sent to it is judged by a real one. moto keeps no access
configuration and no deletion protection, and has no operation that changes a cluster: those stand in the record.
"""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import MAPPED, Rest
from sandbox.providers.cloud.own import api_server
from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.model import Failure


class Cluster(Rest):
    """A cluster, whose API server is the sandbox's."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The blocks as the API names them."""
        vpc = inputs["vpcConfig"]
        network = {
            "subnetIds": vpc["subnetIds"],
            "securityGroupIds": vpc.get("securityGroupIds") or [],
            "endpointPrivateAccess": bool(vpc.get("endpointPrivateAccess")),
            "endpointPublicAccess": vpc.get("endpointPublicAccess", True),
            "publicAccessCidrs": vpc.get("publicAccessCidrs") or ["0.0.0.0/0"],
        }
        found: Json = {"name": inputs["name"], "roleArn": inputs["roleArn"], "resourcesVpcConfig": network}
        if encryption := inputs.get("encryptionConfig"):
            provider = {"keyArn": encryption["provider"]["keyArn"]}
            found["encryptionConfig"] = [{"resources": encryption["resources"], "provider": provider}]
        if logs := inputs.get("enabledClusterLogTypes"):
            found["logging"] = {"clusterLogging": [{"types": logs, "enabled": True}]}
        return found | ({"version": inputs["version"]} if inputs.get("version") else {})

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """What the service computes, with the sandbox's address and authority; settings that moto keeps."""
        server, authority = api_server()
        if not server:
            raise Failure("the sandbox's control plane is not there, which a simulated cluster stands on: `mlops sandbox up`")
        vpc = item.get("resourcesVpcConfig") or {}
        kept = {name: vpc.get(name) for name in ("endpointPrivateAccess", "endpointPublicAccess", "subnetIds")}
        return {
            "name": id,
            "arn": item["arn"],
            "roleArn": item["roleArn"],
            "clusterId": id,
            "endpoint": server,
            "certificateAuthority": {"data": authority},
            "identities": [{"oidcs": [{"issuer": item["identity"]["oidc"]["issuer"]}]}],
            "createdAt": str(item.get("createdAt", "")),
            "platformVersion": item.get("platformVersion", ""),
            "status": item["status"],
            **({"vpcConfig": kept} if inputs else {}),
            **({} if inputs.get("version") else {"version": item.get("version")}),
        }

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """moto changes no cluster: it stands in the record alone."""

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Refused while it is protected, as EKS does."""
        if old.get("deletionProtection"):
            raise Failure(f"cluster {id} is protected: switch deletionProtection off first")
        super().delete(cx, id, old)

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By name."""
        return str(inputs["name"]) if cx.maybe("eks", "describe_cluster", name=inputs["name"]) else None


class NodeGroup(Rest):
    """A node group, `<cluster>:<name>`."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """Names differ here and there."""
        template = inputs.get("launchTemplate") or {}
        sizes = inputs["scalingConfig"]
        found: Json = {
            "clusterName": inputs["clusterName"],
            "nodegroupName": inputs["nodeGroupName"],
            "nodeRole": inputs["nodeRoleArn"],
            "subnets": inputs["subnetIds"],
            "scalingConfig": {name: int(sizes[name]) for name in ("minSize", "maxSize", "desiredSize")},
            "labels": inputs.get("labels") or {},
            "taints": inputs.get("taints") or [],
        }
        for name in ("amiType", "capacityType", "instanceTypes"):
            if inputs.get(name):
                found[name] = inputs[name]
        return found | ({"launchTemplate": {"id": template["id"], "version": template["version"]}} if template else {})

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """The id is made of both names."""
        super().create(cx, inputs)
        return f"{inputs['clusterName']}:{inputs['nodeGroupName']}"

    @staticmethod
    def _render(key: Any, id: str, inputs: Json) -> Json:
        cluster, _, name = id.partition(":")
        return {"clusterName": cluster, "nodegroupName": name}

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Settings that a program compares, and where it stands."""
        cluster, _, name = id.partition(":")
        return {
            "clusterName": cluster,
            "nodeGroupName": name,
            "arn": item["nodegroupArn"],
            "status": item["status"],
            "scalingConfig": item.get("scalingConfig"),
            "labels": item.get("labels") or None,
            "resources": [{"autoscalingGroups": (item.get("resources") or {}).get("autoScalingGroups") or []}],
            "releaseVersion": item.get("releaseVersion", ""),
            "version": item.get("version", ""),
            "diskSize": 0,
        }

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """moto resizes no group: made again under its name."""
        self.delete(cx, id, old)
        self.create(cx, new)

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By its names."""
        id = f"{inputs['clusterName']}:{inputs['nodeGroupName']}"
        return id if cx.maybe("eks", "describe_nodegroup", **self._render(None, id, {})) else None


_ARN = "arn:aws:eks:{region}:{account}"

TYPES: dict[str, Spec] = {
    "aws:eks/cluster:Cluster": Spec(
        name=Name("name", 100, allowed=r"[\w-]"),
        replace=(
            "name", "roleArn", "vpcConfig.subnetIds", "encryptionConfig", "bootstrapSelfManagedAddons",
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
        ),
        choices={"accessConfig.authenticationMode": "eks:AuthenticationMode", "enabledClusterLogTypes": "eks:LogType"},
        references={"vpcConfig.subnetIds": "subnet", "vpcConfig.securityGroupIds": "security group"},
        api=Cluster(
            "eks", "create_cluster", "describe_cluster", "delete_cluster", {"name": "{id}"}, "{name}", "cluster", tags=MAPPED,
            updates="update_cluster_config",
        ),
    ),
    "aws:eks/nodeGroup:NodeGroup": Spec(
        name=Name("nodeGroupName", 63, allowed=r"[\w-]"),
        replace=("clusterName", "nodeRoleArn", "subnetIds", "amiType", "capacityType", "instanceTypes", "launchTemplate.id"),
        choices={"amiType": "eks:AMITypes", "capacityType": "eks:CapacityTypes", "taints.effect": "eks:TaintEffect"},
        references={"clusterName": "EKS cluster", "subnetIds": "subnet", "launchTemplate.id": "launch template"},
        api=NodeGroup(
            "eks", "create_nodegroup", "describe_nodegroup", "delete_nodegroup", {}, "", "nodegroup", tags=MAPPED,
            updates="update_nodegroup_config",
        ),
    ),
    "aws:eks/addon:Addon": Spec(
        replace=("clusterName", "addonName"),
        references={"clusterName": "EKS cluster"},
        json=("configurationValues",),
        id="{clusterName}:{addonName}",
        outputs={"arn": _ARN + ":addon/{clusterName}/{addonName}/{hash:.8}", "addonVersion": "v0.0.0-simulated"},
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Spec(
        name=Name("name", 128),
        references={"vpcSecurityGroupIds": "security group"},
        id="lt-{hash:.17}",
        outputs={
            "arn": "arn:aws:ec2:{region}:{account}:launch-template/{id}", "latestVersion": 1, "defaultVersion": 1,
        },
    ),
}  # fmt: skip
