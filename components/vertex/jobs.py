"""What every job of a stack runs in on Google Cloud: project, network, key, bucket and its own service account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.system import Site
from components.vertex.identity import on_project, service_agent
from components.vertex.names import dns

MACHINE = "n1-standard-4"
"""Where a launch says nothing else (Vertex AI, "Configure compute resources for training")."""


@dataclass
class VertexGround:
    """Project, network, key, bucket and account of a system's jobs."""

    stack: str
    """Begins the names."""
    region: str
    project: pulumi.Input[str]
    account: pulumi.Input[str]
    """E-mail of the service account that jobs run as; its right to the bucket is granted beforehand."""
    account_name: pulumi.Input[str]
    """The same account's full name: projects/…/serviceAccounts/…"""
    network_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    tag: pulumi.Input[str]
    """Network tag of the platform's members."""
    kms_key: pulumi.Input[str]
    production: bool
    """Protect what holds data."""
    bucket: pulumi.Input[str] = ""
    """Bucket of the jobs' inputs and outputs."""


def ground(site: Site, bucket: str = "") -> VertexGround:
    """The ground of a system's jobs: the stack's network, its account, the bucket that it was granted. RunError without one."""
    network = site.contract(contracts.Network)
    if site.role is None or site.role_arn is None:
        raise pulumi.RunError(f"{site.key}: the landing gave no service account")
    return VertexGround(
        stack=site.stack.name,
        region=network.region,
        project=network.account_id,
        account=site.role,
        account_name=site.role_arn,
        network_id=network.network_id,
        subnet_id=network.subnet_ids.apply(lambda ids: next(iter(ids))),
        tag=network.security_group_id,
        kms_key=network.kms_key,
        production=site.spec.environment == "prod",
        bucket=site.buckets[bucket].bucket if bucket else "",
    )


def uri(place: VertexGround, path: str = "") -> pulumi.Output[str]:
    """gs:// address below the jobs' bucket."""
    return pulumi.Output.concat("gs://", place.bucket, "/", path)


def vertex(place: VertexGround, collection: str, version: str = "v1") -> pulumi.Output[str]:
    """Address of a collection of Vertex AI's regional API (customJobs, models:upload …)."""
    host = f"https://{place.region}-aiplatform.googleapis.com/{version}"
    return pulumi.Output.format(f"{host}/projects/{{0}}/locations/{place.region}/{collection}", place.project)


def kept(place: VertexGround, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Options of what holds data: protected and retained in production."""
    keep = pulumi.ResourceOptions(protect=place.production or None, retain_on_delete=place.production or None)
    return pulumi.ResourceOptions.merge(opts, keep)


def attachment(name: str, noun: str, place: VertexGround, opts: pulumi.ResourceOptions) -> gcp.compute.NetworkAttachment:
    """Where Vertex AI's own machines enter the stack's network (a Private Service Connect interface).

    Vertex adds its project to the list of those that may connect, for which its service agent gets a role with three rights
    on network attachments. Source: Vertex AI, "Set up a Private Service Connect interface for Vertex AI resources"; not tried
    against a cloud.
    """
    made = gcp.compute.NetworkAttachment(
        f"{name}-attachment",
        name=dns(f"{place.stack}-{noun}", 63),
        project=place.project,
        region=place.region,
        connection_preference="ACCEPT_MANUAL",
        subnetworks=[place.subnet_id],
        description=f"Machines of {noun} in the stack's network",
        opts=opts,
    )
    role = gcp.projects.IAMCustomRole(
        f"{name}-attach",
        role_id=dns(f"{place.stack}-{noun}-attach", 64).replace("-", "_"),
        project=place.project,
        title=f"{place.stack} {noun}: enter the network",
        permissions=["compute.networkAttachments.get", "compute.networkAttachments.update", "compute.regionOperations.get"],
        opts=opts,
    )
    on_project(f"{name}-attach", role.name, service_agent("gcp-sa-aiplatform", place.project, opts), place.project, opts)
    return made


def worker_pool(image: Any, machine: Any, arguments: Any, replicas: Any = 1) -> list[dict[str, Any]]:
    """workerPoolSpecs of one pool (Vertex AI API reference, CustomJobSpec)."""
    return [
        {
            "machineSpec": {"machineType": machine},
            "replicaCount": replicas,
            "containerSpec": {"imageUri": image, "args": arguments},
        }
    ]


def safe(place: VertexGround, attached: pulumi.Input[str], output: pulumi.Input[str]) -> dict[str, Any]:
    """What no launch may say otherwise: account, network, where output goes, an end."""
    return {
        "serviceAccount": place.account,
        "pscInterfaceConfig": {"networkAttachment": attached},
        "baseOutputDirectory": {"outputUriPrefix": output},
        "scheduling": {"timeout": "86400s"},
    }


def encrypted(place: VertexGround) -> Mapping[str, Any]:
    """encryptionSpec of a Vertex AI resource."""
    return {"kmsKeyName": place.kms_key}
