"""A team stack's side of the fence: reads what the platform published for it."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes import core

from components.contracts import Certificates
from components.kubernetes.foundation import CA
from components.kubernetes.teams import CONTRACT, DOCUMENT
from components.published import Published

ABSENT = frozenset({"kms_key"})
"""Fields of an access that Kubernetes never sets."""


class PublishedOnCluster(Published):
    """The document, and beside what was granted the platform's certificates: their names are the same everywhere."""

    def contracts(self) -> dict[type, Any]:
        """As Published, and Certificates; a platform without them fails the run by name."""
        self.field("contracts", "Certificates", "issuer")
        return {**super().contracts(), Certificates: Certificates(issuer=CA, bundle=CA)}


def read(team: str, platform: str, opts: pulumi.ResourceOptions) -> Published:
    """The document of ConfigMap `mlops-contract` in the team's namespace, with the team's own rights.

    The run fails where the ConfigMap is not there, holds no document, or is another platform's.
    """
    found = core.v1.ConfigMap.get("contract", f"{team}/{CONTRACT}", opts)

    def check(data: Mapping[str, str] | None) -> str:
        text = (data or {}).get(DOCUMENT)
        if not text:
            raise pulumi.RunError(
                f'ConfigMap {team}/{CONTRACT} has no "{DOCUMENT}": run `pulumi up` of platform stack "{platform}", '
                f"with {team} under mlops:spec.teams."
            )
        actual = json.loads(text).get("platform")
        if actual != platform:
            raise pulumi.RunError(
                f'mlops:spec.platformStack.kubernetes: "{platform}", but the cluster of this kubeconfig carries "{actual}"'
            )
        return text

    return PublishedOnCluster(pulumi.Output.unsecret(found.data.apply(check)), platform, team, ABSENT)
