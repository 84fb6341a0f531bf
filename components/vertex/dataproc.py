"""What the clusters of Dataproc share: private, encrypted machines of their own account, that keep what they hold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.spec.base import Resources, quantity_value
from components.vertex.identity import on_project
from components.vertex.jobs import VertexGround
from components.vertex.names import dns

IMAGE = "2.2-debian12"
"""Read in public programs on 2026-11-23 (Spark 3.5); Dataproc's own list of images was not read, newer ones may exist."""
WORK = "roles/dataproc.worker"
SIZES, GIB_A_CORE = (4, 8, 16, 32, 48, 64, 80), 4
"""Of n2-standard machines (Compute Engine, "General-purpose machine family"); Dataproc's guide begins at four cores."""


@dataclass
class ClusterSize:
    """Machines of a cluster."""

    masters: int
    """1, or 3 for high availability."""
    workers: int
    """At least 2."""
    machine_type: str
    storage_gib: int
    """Boot disk of each worker in GiB, which HDFS lies on."""


def machine(resources: Resources) -> str:
    """The smallest n2-standard machine that holds the resources."""
    cores, gib = quantity_value(resources.cpu), quantity_value(resources.memory) / 2**30
    return f"n2-standard-{next((size for size in SIZES if size >= cores and size * GIB_A_CORE >= gib), SIZES[-1])}"


def gibibytes(storage: str) -> int:
    """Whole GiB of a quantity, 100 at least, for the system stands on the same disk."""
    return max(100, math.ceil(quantity_value(storage) / 2**30))


def cluster(
    name: str,
    noun: str,
    place: VertexGround,
    size: ClusterSize,
    opts: pulumi.ResourceOptions,
    *,
    components: Sequence[str] = (),
    properties: Mapping[str, pulumi.Input[str]] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> gcp.dataproc.Cluster:
    """dataproc.Cluster `<stack>-<noun>`: no public addresses, our key on every disk, shielded machines, OS Login, no gateway.

    Its machines run as the ground's account, which may do Dataproc's work and nothing else, are members of the platform's
    network, and write logs. Source: Dataproc, "Network configuration", "Customer-managed encryption keys", "Shielded VMs".
    """
    works = on_project(f"{name}-work", WORK, place.account, place.project, opts)
    config = gcp.dataproc
    disk = {"boot_disk_type": "pd-balanced"}
    return config.Cluster(
        f"{name}-cluster",
        name=dns(f"{place.stack}-{noun}", 51),
        project=place.project,
        region=place.region,
        graceful_decommission_timeout="3600s",
        cluster_config=config.ClusterClusterConfigArgs(
            cluster_tier="CLUSTER_TIER_STANDARD",
            staging_bucket=place.bucket,
            temp_bucket=place.bucket,
            encryption_config=config.ClusterClusterConfigEncryptionConfigArgs(kms_key_name=place.kms_key),
            endpoint_config=config.ClusterClusterConfigEndpointConfigArgs(enable_http_port_access=False),
            gce_cluster_config=config.ClusterClusterConfigGceClusterConfigArgs(
                subnetwork=place.subnet_id,
                internal_ip_only=True,
                service_account=place.account,
                service_account_scopes=["cloud-platform"],
                tags=[place.tag],
                metadata={"enable-oslogin": "true", "block-project-ssh-keys": "true", **(metadata or {})},
                shielded_instance_config=config.ClusterClusterConfigGceClusterConfigShieldedInstanceConfigArgs(
                    enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
                ),
            ),
            master_config=config.ClusterClusterConfigMasterConfigArgs(
                num_instances=size.masters,
                machine_type=size.machine_type,
                disk_config=config.ClusterClusterConfigMasterConfigDiskConfigArgs(boot_disk_size_gb=100, **disk),
            ),
            worker_config=config.ClusterClusterConfigWorkerConfigArgs(
                num_instances=size.workers,
                machine_type=size.machine_type,
                disk_config=config.ClusterClusterConfigWorkerConfigDiskConfigArgs(boot_disk_size_gb=size.storage_gib, **disk),
            ),
            software_config=config.ClusterClusterConfigSoftwareConfigArgs(
                image_version=IMAGE,
                optional_components=list(components) or None,
                override_properties={
                    "dataproc:dataproc.logging.stackdriver.enable": "true",
                    "dataproc:dataproc.monitoring.stackdriver.enable": "true",
                    **(properties or {}),
                },
            ),
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[works])),
    )
