"""Containers and what watches them: Artifact Registry, Cloud Run, Identity-Aware Proxy, Cloud Monitoring."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.gcp.spec import COMMON, GcpSpec
from sandbox.providers.gcp.tables.access import member

_INGRESS = (
    "INGRESS_TRAFFIC_ALL",
    "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    "INGRESS_TRAFFIC_NONE",
)


def _image(inputs: Json, exists: Callable[[str, str], bool]) -> str | None:
    """Cloud Run docs, "Deploying container images": Artifact Registry, gcr.io, or Docker Hub."""
    for index, container in enumerate((inputs.get("template") or {}).get("containers") or []):
        host = str(container.get("image")).partition("/")[0]
        if not (host.endswith(("-docker.pkg.dev", "gcr.io", "docker.io")) or "." not in host):
            return f"template.containers[{index}].image: {host} is no registry that Cloud Run pulls from"
    return None


def _uuid(values: Json) -> str:
    text = str(values["hash"])
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


TYPES: dict[str, Spec] = {
    "gcp:artifactregistry/repository:Repository": GcpSpec(
        name=Name("repositoryId", 63, lower=True, allowed=r"[a-z0-9-]"),
        replace=("location", "project", "format", "mode", "kmsKeyName", "remoteRepositoryConfig"),
        id="projects/{project}/locations/{place}/repositories/{repositoryId}",
        patterns={"repositoryId": r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"},
        choices={
            "format": ("DOCKER", "MAVEN", "NPM", "PYTHON", "APT", "YUM", "KFP", "GO", "GENERIC", "RUBY"),
            "mode": ("STANDARD_REPOSITORY", "VIRTUAL_REPOSITORY", "REMOTE_REPOSITORY"),
        },
        keys={"kmsKeyName": "gcp-sa-artifactregistry"},
        outputs={
            **COMMON,
            "location": "{place}",
            "name": "{repositoryId}",
            "registryUri": "{place}-docker.pkg.dev/{project}/{repositoryId}",
        },
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": member(
        "repository", "projects/{project}/locations/{place}/repositories/{repository}/{role}/{member}", "repository"
    ),
    "gcp:cloudrunv2/service:Service": GcpSpec(
        name=Name("name", 49, lower=True, allowed=r"[a-z0-9-]"),
        replace=("location", "project"),
        id="projects/{project}/locations/{location}/services/{name}",
        patterns={"name": r"[a-z]([-a-z0-9]{0,47}[a-z0-9])?"},
        choices={"ingress": _INGRESS, "template.vpcAccess.egress": ("ALL_TRAFFIC", "PRIVATE_RANGES_ONLY")},
        references={
            "template.serviceAccount": "service account",
            "template.vpcAccess.networkInterfaces.network": "network",
            "template.vpcAccess.networkInterfaces.subnetwork": "subnetwork",
            "template.volumes.secret.secret": "secret",
        },
        keys={"template.encryptionKey": "serverless-robot-prod"},
        rule=_image,
        outputs={
            **COMMON,
            "uri": "https://{name}-{number}.{location}.run.app",
            "urls": lambda values: [f"https://{values['name']}-{values['number']}.{values['location']}.run.app"],
            "latestReadyRevision": "{id}/revisions/{name}-00001-abc",
            "latestCreatedRevision": "{id}/revisions/{name}-00001-abc",
            "uid": _uuid,
            "generation": "1",
            "effectiveAnnotations": {},
        },
    ),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": member(
        "name", "projects/{project}/locations/{place}/services/{name}/{role}/{member}", "Cloud Run service"
    ),
    "gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember": member(
        "cloudRunServiceName",
        "projects/{project}/iap_web/cloud_run-{place}/services/{cloudRunServiceName}/{role}/{member}",
        "Cloud Run service",
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": GcpSpec(
        replace=("project",),
        id="projects/{project}/alertPolicies/{hash:.16}",
        choices={"combiner": ("AND", "OR", "AND_WITH_MATCHING_RESOURCE"), "severity": ("CRITICAL", "ERROR", "WARNING")},
        outputs={"project": "{project}", "name": "{id}", "creationRecords": [], "enabled": True},
    ),
    "gcp:monitoring/dashboard:Dashboard": GcpSpec(
        replace=("project",),
        id="projects/{number}/dashboards/{hash:.24}",
        json=("dashboardJson",),
        outputs={"project": "{project}"},
    ),
}
