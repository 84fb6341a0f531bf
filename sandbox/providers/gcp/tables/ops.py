"""Logs, source code, custom roles, and where Google's own machines enter a network (the products' API references)."""

from __future__ import annotations

from sandbox.providers.cloud.spec import Json, Spec
from sandbox.providers.gcp.spec import COMMON, RFC1035, GcpSpec
from sandbox.providers.gcp.tables.access import member

_SOURCE = "projects/{project}/locations/{location}/"


def _hosts(values: Json) -> list[dict[str, str]]:
    end = f"{values['number']}.{values['location']}.sourcemanager.dev"
    stem = values["instanceId"]
    kinds = {"html": "", "api": "-api", "gitHttp": "-git", "gitSsh": "-ssh"}
    return [{key: f"{stem}{suffix}-{end}" for key, suffix in kinds.items()}]


def _uris(values: Json) -> list[dict[str, str]]:
    instance = str(values["instance"]).rpartition("/")[2]
    host = f"https://{instance}{{}}-{values['number']}.{values['location']}.sourcemanager.dev"
    path = f"{values['project']}/{values['repositoryId']}"
    return [{"html": f"{host.format('')}/{path}", "gitHttps": f"{host.format('-git')}/{path}.git", "api": host.format("-api")}]


TYPES: dict[str, Spec] = {
    "gcp:compute/networkAttachment:NetworkAttachment": GcpSpec(
        replace=("project", "region", "connectionPreference", "name"),
        id="projects/{project}/regions/{region}/networkAttachments/{name}",
        patterns={"name": RFC1035},
        choices={"connectionPreference": ("ACCEPT_AUTOMATIC", "ACCEPT_MANUAL", "INVALID")},
        references={"subnetworks": "subnetwork"},
        outputs={**COMMON, "selfLink": "https://www.googleapis.com/compute/v1/{id}", "kind": "compute#networkAttachment"},
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": GcpSpec(
        replace=("roleId", "project"),
        id="projects/{project}/roles/{roleId}",
        patterns={"roleId": r"[a-zA-Z0-9_.]{3,64}", "permissions": r"[a-z]+(\.[A-Za-z]+){2}"},
        outputs={"project": "{project}", "name": "{id}", "deleted": False},
    ),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": GcpSpec(
        replace=("bucketId", "location", "project"),
        id="projects/{project}/locations/{location}/buckets/{bucketId}",
        patterns={"bucketId": r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"},
        keys={"cmekSettings.kmsKeyName": "cmek-p{number}@gcp-sa-logging"},
        outputs={"name": "{id}", "lifecycleState": "ACTIVE"},
    ),
    "gcp:logging/projectSink:ProjectSink": GcpSpec(
        replace=("name", "project", "uniqueWriterIdentity"),
        id="projects/{project}/sinks/{name}",
        patterns={"name": r"[A-Za-z0-9._-]{1,100}", "destination": r"[a-z]+\.googleapis\.com/.+"},
        outputs={"project": "{project}", "writerIdentity": ""},
    ),
    "gcp:securesourcemanager/instance:Instance": GcpSpec(
        replace=("instanceId", "location", "project", "kmsKey", "privateConfig"),
        id=_SOURCE + "instances/{instanceId}",
        patterns={"instanceId": r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"},
        keys={"kmsKey": "gcp-sa-sourcemanager"},
        outputs={**COMMON, "name": "{id}", "state": "ACTIVE", "hostConfigs": _hosts},
    ),
    "gcp:securesourcemanager/instanceIamMember:InstanceIamMember": member(
        "instanceId", _SOURCE + "instances/{instanceId}/{role}/{member}", "source manager"
    ),
    "gcp:securesourcemanager/repository:Repository": GcpSpec(
        replace=("repositoryId", "location", "project", "instance"),
        id=_SOURCE + "repositories/{repositoryId}",
        patterns={"repositoryId": r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"},
        references={"instance": "source manager"},
        outputs={"project": "{project}", "name": "{id}", "uid": "{hash:.16}", "uris": _uris},
    ),
    "gcp:securesourcemanager/repositoryIamMember:RepositoryIamMember": member(
        "repositoryId", _SOURCE + "repositories/{repositoryId}/{role}/{member}", "source repository"
    ),
    "gcp:securesourcemanager/branchRule:BranchRule": GcpSpec(
        replace=("branchRuleId", "repositoryId", "location", "project"),
        id=_SOURCE + "repositories/{repositoryId}/branchRules/{branchRuleId}",
        references={"repositoryId": "source repository"},
        outputs={"project": "{project}", "name": "{id}", "uid": "{hash:.16}"},
    ),
}
