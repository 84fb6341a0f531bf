"""Node groups of a cluster on EKS: one without GPUs, one for each pool with GPUs."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.mapping.accelerators import SYSTEM_POOL
from components.nodes import GPU, GpuNodesArgs, gpu_labels, system_labels

ORDINARY, ACCELERATED = "AL2023_x86_64_STANDARD", "AL2023_x86_64_NVIDIA"
"""Amazon Linux 2023 as EKS optimises it; the second with NVIDIA's driver and container toolkit."""
CAPACITY = {"onDemand": "ON_DEMAND", "spot": "SPOT", "reserved": "ON_DEMAND"}
"""A reservation (On-Demand Capacity Reservation) is told of in the launch template; capacity blocks are not offered."""


@dataclass
class Nodes:
    """What all node groups of a cluster share."""

    name: str
    prefix: str
    cluster: pulumi.Input[str]
    group: pulumi.Input[str]
    """Security group of the cluster."""
    role: pulumi.Input[str]
    """ARN."""
    subnets: pulumi.Input[list[str]]
    key: pulumi.Input[str]
    """ARN of the key that encrypts the disks."""
    disk: int
    """GiB."""
    opts: pulumi.ResourceOptions


def system(nodes: Nodes, machine: str, least: int, most: int) -> aws.eks.NodeGroup:
    """The group without GPUs, whose size an autoscaler may change between the bounds."""
    return _group(nodes, SYSTEM_POOL, machine, (least, least, most), system_labels(), ORDINARY, "ON_DEMAND", None, None)


def accelerated(nodes: Nodes, pool: str, args: GpuNodesArgs) -> aws.eks.NodeGroup:
    """The group of a GPU pool; its nodes take no pod that does not ask for GPUs."""
    taint = aws.eks.NodeGroupTaintArgs(key=GPU, value="present", effect="NO_SCHEDULE")
    return _group(
        nodes,
        pool,
        args.machine,
        (args.nodes, args.least, args.most),
        gpu_labels(pool, args),
        ACCELERATED,
        CAPACITY[args.purchase],
        taint,
        args.reservation,
    )


def _group(
    nodes: Nodes,
    pool: str,
    machine: str,
    sizes: tuple[int, int, int],
    labels: Mapping[str, str],
    image: str,
    capacity: str,
    taint: aws.eks.NodeGroupTaintArgs | None,
    reservation: str | None,
) -> aws.eks.NodeGroup:
    desired, least, most = sizes
    template = _template(nodes, pool, reservation)
    return aws.eks.NodeGroup(
        f"{nodes.name}-{pool}",
        cluster_name=nodes.cluster,
        node_group_name=pool,
        node_role_arn=nodes.role,
        subnet_ids=nodes.subnets,
        scaling_config=aws.eks.NodeGroupScalingConfigArgs(desired_size=desired, min_size=least, max_size=most),
        update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
        ami_type=image,
        instance_types=[machine],
        capacity_type=capacity,
        labels=dict(labels),
        taints=[taint] if taint else None,
        launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
            id=template.id, version=template.latest_version.apply(lambda number: str(int(number)))
        ),
        tags={"Name": f"{nodes.prefix}-{pool}"},
        # how many there are at a time is the autoscaler's business
        opts=pulumi.ResourceOptions.merge(nodes.opts, pulumi.ResourceOptions(ignore_changes=["scalingConfig.desiredSize"])),
    )


def _template(nodes: Nodes, pool: str, reservation: str | None) -> aws.ec2.LaunchTemplate:
    """Encrypted disks; instance metadata version 2, out of reach of pods (a hop limit of 1)."""
    reserved = None
    if reservation:
        by = "capacity_reservation_resource_group_arn" if reservation.startswith("arn:") else "capacity_reservation_id"
        target = aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(**{by: reservation})
        reserved = aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
            capacity_reservation_preference="capacity-reservations-only", capacity_reservation_target=target
        )
    return aws.ec2.LaunchTemplate(
        f"{nodes.name}-{pool}",
        name=f"{nodes.prefix}-{pool}",
        update_default_version=True,
        vpc_security_group_ids=[nodes.group],
        block_device_mappings=[
            aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                device_name="/dev/xvda",
                ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                    volume_type="gp3",
                    volume_size=nodes.disk,
                    encrypted="true",
                    kms_key_id=nodes.key,
                    delete_on_termination="true",
                ),
            )
        ],
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
        capacity_reservation_specification=reserved,
        opts=nodes.opts,
    )
