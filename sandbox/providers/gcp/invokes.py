"""Functions of the package that programs call (`gcp.organizations.get_project()`): a few, computed here."""

from __future__ import annotations

from collections.abc import Callable

from rapidfuzz import process

from sandbox.providers.cloud.spec import Json
from sandbox.providers.cloud.store import Store
from sandbox.providers.gcp.context import GcpContext, number_of
from sandbox.providers.model import CheckFailed, Failure
from sandbox.providers.values import Secret

AGENTS = {
    "sqladmin.googleapis.com": "gcp-sa-cloud-sql",
    "aiplatform.googleapis.com": "gcp-sa-aiplatform",
    "dataproc.googleapis.com": "dataproc-accounts",
    "composer.googleapis.com": "cloudcomposer-accounts",
    "pubsub.googleapis.com": "gcp-sa-pubsub",
    "dataflow.googleapis.com": "dataflow-service-producer-prod",
    "securesourcemanager.googleapis.com": "gcp-sa-sourcemanager",
}
"""API -> domain of its service agent where it is not gcp-sa-<first part of the API's name> (IAM docs, "Service agents")."""


def agent_domain(service: str) -> str:
    """Domain, without .iam.gserviceaccount.com, of an API's service agent."""
    return AGENTS.get(service, f"gcp-sa-{service.partition('.')[0]}")


def services_of(domain: str) -> list[str]:
    """The APIs whose service agent has this domain."""
    return [service for service, agent in AGENTS.items() if agent == domain] or [
        f"{domain.removeprefix('gcp-sa-')}.googleapis.com"
    ]


def invoke(cx: GcpContext, store: Store) -> Json:
    """The result of the function that `cx.call` names. Raises Failure for one the simulation does not have."""
    token = cx.call.type
    function = FUNCTIONS.get(token)
    if function is None:
        near = process.extractOne(token, list(FUNCTIONS), score_cutoff=80)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise Failure(f"the simulated gcp provider has no function {token}{hint}; it has: {', '.join(sorted(FUNCTIONS))}")
    return function(cx, {key: value for key, value in cx.call.inputs.items() if value is not None}, store)


def _client_config(cx: GcpContext, _: Json, __: Store) -> Json:
    where = f"projects/{cx.gcp_project}/regions/{cx.region}/zones/"
    return {
        "id": where,
        "project": cx.gcp_project,
        "region": cx.region,
        "zone": "",
        "accessToken": Secret("simulated-access-token"),
        "defaultLabels": dict(cx.values()["defaultLabels"]),
    }


def _project(cx: GcpContext, inputs: Json, _: Store) -> Json:
    project = str(inputs.get("projectId") or cx.gcp_project)
    return {
        "id": f"projects/{project}",
        "projectId": project,
        "name": project,
        "number": number_of(project),
        "autoCreateNetwork": False,
        "billingAccount": "",
        "deletionPolicy": "",
        "effectiveLabels": {},
        "folderId": "",
        "labels": {},
        "orgId": "",
        "pulumiLabels": {},
        "tags": {},
    }


def _storage_agent(cx: GcpContext, inputs: Json, _: Store) -> Json:
    project = str(inputs.get("project") or cx.gcp_project)
    email = f"service-{number_of(project)}@gs-project-accounts.iam.gserviceaccount.com"
    return {"id": email, "emailAddress": email, "member": f"serviceAccount:{email}", "project": project}


def _logging_key(cx: GcpContext, inputs: Json, _: Store) -> Json:
    project = str(inputs.get("project") or cx.gcp_project)
    return {
        "id": f"projects/{project}/cmekSettings",
        "name": f"projects/{project}/cmekSettings",
        "project": project,
        "kmsKeyName": "",
        "kmsKeyVersionName": "",
        "serviceAccountId": f"cmek-p{number_of(project)}@gcp-sa-logging.iam.gserviceaccount.com",
    }


def _secret_version(cx: GcpContext, inputs: Json, store: Store) -> Json:
    secret = cx.path(str(inputs["secret"]))
    path = secret if "/" in secret else f"projects/{inputs.get('project') or cx.gcp_project}/secrets/{secret}"
    found = store.by_id("gcp:secretmanager/secretVersion:SecretVersion", f"{path}/versions/{inputs.get('version') or '1'}")
    kept = (found.outputs if found else {}).get("published")
    if found is None or not isinstance(kept, str):
        raise CheckFailed([("secret", f'there is no Secret Manager secret "{path}" with a version that was published')])
    return {
        "id": found.id,
        "name": found.id,
        "secret": path,
        "project": cx.gcp_project,
        "version": "1",
        "secretData": Secret(kept),
        "createTime": "2026-01-01T00:00:00Z",
        "destroyTime": "",
        "enabled": True,
        "isSecretDataBase64": False,
    }


FUNCTIONS: dict[str, Callable[[GcpContext, Json, Store], Json]] = {
    "gcp:logging/getProjectCmekSettings:getProjectCmekSettings": _logging_key,
    "gcp:organizations/getClientConfig:getClientConfig": _client_config,
    "gcp:organizations/getProject:getProject": _project,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _storage_agent,
    "gcp:secretmanager/getSecretVersion:getSecretVersion": _secret_version,
}
