"""Clusters for jobs in an Azure ML workspace."""

from dataclasses import dataclass
from typing import NamedTuple

import pulumi
import pulumi_azure_native as azure


class WorkspaceRef(NamedTuple):
    """A workspace as its children name it."""

    name: pulumi.Input[str]
    group: pulumi.Input[str]


@dataclass
class NodesArgs:
    """A cluster's nodes; there are none while nobody asks for one."""

    vm_size: str
    max_nodes: int = 4


def cluster(
    name: str,
    compute_name: str,
    workspace: WorkspaceRef,
    identity_id: pulumi.Input[str],
    nodes: NodesArgs,
    opts: pulumi.ResourceOptions,
) -> azure.machinelearningservices.Compute:
    """An AmlCompute cluster in the workspace's managed network, whose jobs run as the identity.

    No public address, no SSH, no local accounts. Source: Azure Machine Learning documentation, "Create an Azure Machine
    Learning compute cluster".
    """
    return azure.machinelearningservices.Compute(
        name,
        resource_group_name=workspace.group,
        workspace_name=workspace.name,
        compute_name=compute_name,
        identity=azure.machinelearningservices.ManagedServiceIdentityArgs(
            type="UserAssigned", user_assigned_identities=[identity_id]
        ),
        properties=azure.machinelearningservices.AmlComputeArgs(
            compute_type="AmlCompute",
            disable_local_auth=True,
            properties=azure.machinelearningservices.AmlComputePropertiesArgs(
                vm_size=nodes.vm_size,
                vm_priority="Dedicated",
                os_type="Linux",
                enable_node_public_ip=False,
                remote_login_port_public_access="Disabled",
                scale_settings=azure.machinelearningservices.ScaleSettingsArgs(
                    min_node_count=0, max_node_count=nodes.max_nodes, node_idle_time_before_scale_down="PT15M"
                ),
            ),
        ),
        opts=opts,
    )
