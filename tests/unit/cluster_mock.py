"""What the clouds compute of a cluster of the stack's own, for the recording mock."""

from typing import Any

SERVER = "https://own-cluster.example"
AUTHORITY = "Q0E="
EKS, TEMPLATE = "aws:eks/cluster:Cluster", "aws:ec2/launchTemplate:LaunchTemplate"
ACCOUNT = "gcp:serviceaccount/account:Account"
GKE = "gcp:container/cluster:Cluster"


def made(kind: str, name: str, state: dict[str, Any]) -> dict[str, Any]:
    """The state of a new resource, with what its service would have filled in."""
    if kind == EKS:
        issuer = "https://oidc.eks.example/id/1"
        return {
            **state,
            "endpoint": SERVER,
            "certificateAuthority": {"data": AUTHORITY},
            "identities": [{"oidcs": [{"issuer": issuer}]}],
        }
    if kind == ACCOUNT:
        return {**state, "email": f"{state['accountId']}@mlops-trial.iam.gserviceaccount.com"}
    if kind == TEMPLATE:
        return {**state, "latestVersion": 1}
    if kind == GKE:
        return {
            **state,
            "endpoint": "10.0.0.2",
            "masterAuth": {**(state.get("masterAuth") or {}), "clusterCaCertificate": AUTHORITY},
        }
    return state
