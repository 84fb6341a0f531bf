"""Workload Identity Federation (IAM API reference, projects.locations.workloadIdentityPools)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.providers.cloud.spec import Json, Spec
from sandbox.providers.gcp.spec import GcpSpec, at

_ID = r"(?!gcp-)[a-z0-9-]{4,32}"
_POOL = "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
_NAME = "projects/{number}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"


def _provider(inputs: Json, exists: Callable[[str, str], bool]) -> str | None:
    issuer = str(at(inputs, "oidc", "issuerUri") or "")
    if issuer and not issuer.startswith("https://"):
        return f"oidc.issuerUri: {issuer}: must be https"
    if "githubusercontent.com" in issuer and "assertion." not in str(inputs.get("attributeCondition")):
        return "attributeCondition: the attribute condition must reference one of the provider's claims"
    return None


TYPES: dict[str, Spec] = {
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": GcpSpec(
        replace=("workloadIdentityPoolId", "project"),
        id=_POOL,
        patterns={"workloadIdentityPoolId": _ID},
        outputs={"project": "{project}", "name": _NAME, "state": "ACTIVE"},
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": GcpSpec(
        replace=("workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project"),
        id=_POOL + "/providers/{workloadIdentityPoolProviderId}",
        patterns={"workloadIdentityPoolProviderId": _ID},
        references={"workloadIdentityPoolId": "workload identity pool"},
        rule=_provider,
        outputs={
            "project": "{project}",
            "name": _NAME + "/providers/{workloadIdentityPoolProviderId}",
            "state": "ACTIVE",
        },
    ),
}
