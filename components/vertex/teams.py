"""A team's fence on Google Cloud: a deployer, limited to what bears the team's name, and the document of its grants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.published import document
from components.spec.stack import Stack
from components.spec.team import Team
from components.system import TeamGrants
from components.vertex.identity import member, on_project, workload_account

OWNED = {
    "run": ("roles/run.admin", "run.googleapis.com/Service", "locations/{0}/services/"),
    "images": ("roles/artifactregistry.repoAdmin", "artifactregistry.googleapis.com/Repository", "locations/{0}/repositories/"),
    "notebooks": ("roles/notebooks.admin", "notebooks.googleapis.com/Instance", "locations/{0}-"),
}
"""What a team makes itself: noun -> (role, resource type, where its names begin)."""


def secret_name(platform: str, team: str) -> str:
    """Id of the Secret Manager secret that holds a team's document."""
    return f"mlops-{platform}-{team}-contract"


@dataclass
class GoogleTeamAccessArgs:
    """One team of a platform."""

    team: str
    stem: str
    """Beginning of the names of the team's things."""
    region: str
    project: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    secret_id: str
    """Id of the document's secret."""
    contract: pulumi.Input[str]
    """The document (JSON), names and addresses only."""
    deployers: list[str] = field(default_factory=list)
    """Who may act as the team's deployer, as IAM names them; whoever the project's owners name if empty."""
    accounts: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """Full names of the service accounts made ahead for the team's workloads, by system: the only ones it may use."""

    @staticmethod
    def build(
        stack: Stack,
        name: str,
        team: Team,
        met: Mapping[type, Any],
        grants: TeamGrants,
        accounts: Mapping[str, gcp.serviceaccount.Account],
    ) -> "GoogleTeamAccessArgs":
        """From what the platform granted."""
        network: contracts.Network = met[contracts.Network]
        given: dict[str, Mapping[str, Any]] = {
            "databases": grants.databases,
            "buckets": grants.buckets,
            "brokers": grants.brokers,
        }
        own: dict[str, Any] = {"accounts": {key: {"email": a.email, "name": a.name} for key, a in accounts.items()}}
        domain = stack.spec.cloud.identity_domain
        return GoogleTeamAccessArgs(
            team=name,
            stem=f"{stack.name}-{name}",
            region=stack.region,
            project=network.account_id,
            kms_key=network.kms_key,
            secret_id=secret_name(stack.name, name),
            contract=document(stack.name, name, met, given, own),
            deployers=[f"user:{user}@{domain}" for user in team.users] if domain else [],
            accounts={key: account.name for key, account in accounts.items()},
        )


class GoogleTeamAccess(pulumi.ComponentResource):
    """Deployer account and contract secret of a team.

    The deployer may make Cloud Run services, their image repositories and notebooks whose names begin with the team's, run
    them as the team's own workload accounts, and read the team's document; it has no right to IAM, keys, the network or
    other teams' documents. Source: IAM, "Resource attributes for conditions" and "Attach service accounts to resources"; not
    tried against a cloud.
    """

    deployer: pulumi.Output[str]
    secret: pulumi.Output[str]

    def __init__(self, name: str, args: GoogleTeamAccessArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GoogleTeamAccess", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        account = workload_account(
            f"{name}-deployer", f"{args.stem}-deployer", f"Deploys for team {args.team}", args.project, mine
        )
        secret = self._document(name, args, mine)
        gcp.secretmanager.SecretIamMember(
            f"{name}-contract",
            secret_id=secret.id,
            project=args.project,
            role="roles/secretmanager.secretAccessor",
            member=member(account.email),
            opts=mine,
        )
        for noun, (role, kind, within) in OWNED.items():
            places = pulumi.Output.format("projects/{0}/{1}", args.project, within.format(args.region))
            names = pulumi.Output.concat(places, "" if noun == "notebooks" else f"{args.team}-")
            only = pulumi.Output.format("resource.type == '{0}' && resource.name.startsWith('{1}')", kind, names)
            on_project(f"{name}-{noun}", role, account.email, args.project, mine, only=(f"{args.team}-own", only))
        for system, full_name in args.accounts.items():
            gcp.serviceaccount.IAMMember(
                f"{name}-runs-{system}",
                service_account_id=full_name,
                role="roles/iam.serviceAccountUser",
                member=member(account.email),
                opts=mine,
            )
        for who in args.deployers:
            gcp.serviceaccount.IAMMember(
                f"{name}-as-{who.partition(':')[2].partition('@')[0]}",
                service_account_id=account.name,
                role="roles/iam.serviceAccountTokenCreator",
                member=who,
                opts=mine,
            )
        self.deployer = account.email
        self.secret = secret.id
        self.register_outputs({"deployer": self.deployer, "secret": self.secret})

    @staticmethod
    def _document(name: str, args: GoogleTeamAccessArgs, opts: pulumi.ResourceOptions) -> gcp.secretmanager.Secret:
        encryption = gcp.secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(kms_key_name=args.kms_key)
        secret = gcp.secretmanager.Secret(
            f"{name}-contract",
            secret_id=args.secret_id,
            project=args.project,
            labels={"mlops-document": "true"},
            replication=gcp.secretmanager.SecretReplicationArgs(
                user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
                    replicas=[
                        gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(
                            location=args.region, customer_managed_encryption=encryption
                        )
                    ]
                )
            ),
            opts=opts,
        )
        gcp.secretmanager.SecretVersion(f"{name}-contract", secret=secret.id, secret_data=args.contract, opts=opts)
        return secret
