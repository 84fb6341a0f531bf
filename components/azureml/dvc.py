"""Versions of data on Azure: a DVC remote in the object store, an identity that reaches it, and its configuration to fetch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, named
from components.azureml.place import AzurePlaceArgs, place_of
from components.spec.data import Dvc
from components.system import Site

BUCKET = "dvc"
REMOTE = "store"


@dataclass
class AzureDvcRemoteArgs:
    """One remote."""

    secret_name: str
    """Name of the vault's entry with `.dvc/config`."""
    bucket: contracts.BucketAccess
    prefix: str
    """Below which all objects lie."""
    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Identity that jobs and notebooks version data with; its right to the container is granted beforehand."""
    place: AzurePlaceArgs


class AzureDvcRemote(pulumi.ComponentResource):
    """A DVC remote in a container of its own: `.dvc/config` in the vault, and an identity for jobs that push and pull.

    Who versions data copies the entry's value to `.dvc/config` (`az keyvault secret show --name <stack>-dvc-config`) and needs
    no key: DVC takes the Entra identity that it runs under, and the identity is given to a compute or a job. The entry is no
    secret; the vault is where a private network keeps such a text. Source: DVC's own configuration schema
    (dvc/config_schema.py). Limits: nothing tries the remote at deployment, for nothing of ours runs there; objects that no
    commit names stay until `dvc gc --cloud`.
    """

    url: pulumi.Output[str]
    config: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "azure-native:keyvault:Secret"
    identity = True

    def __init__(self, name: str, args: AzureDvcRemoteArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzureDvcRemote", name, {}, opts)
        mine, place = pulumi.ResourceOptions(parent=self), args.place
        account = pulumi.Output.from_input(args.bucket.account or "").apply(lambda id: id.rpartition("/")[2])
        self.url = pulumi.Output.concat("azure://", args.bucket.bucket, f"/{args.prefix}")
        text: pulumi.Output[Any] = pulumi.Output.concat(
            f"[core]\n    remote = {REMOTE}\n    analytics = false\n    check_update = false\n"
            f"['remote \"{REMOTE}\"']\n    url = ",
            self.url,
            "\n    account_name = ",
            account,
            "\n",
        )
        secret: pulumi.Output[str] = pulumi.Output.secret(text)
        kept = azure.keyvault.Secret(
            f"{name}-config",
            resource_group_name=place.group,
            vault_name=place.vault_name,
            secret_name=args.secret_name,
            properties=azure.keyvault.SecretPropertiesArgs(value=secret, content_type="text/plain"),
            opts=mine,
        )
        assign(f"{name}-config", Role.SECRETS_USER, args.principal_id, kept.id, mine)
        self.config = kept.name
        self._identity = args.identity_id
        self.register_outputs({"url": self.url, "config": self.config})

    @staticmethod
    def wants(config: Dvc) -> contracts.Wants:
        """A container for the versions."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzureDvcRemoteArgs:
        """From `systems.dvc` of the spec."""
        config: Dvc = site.config
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("dvc: the landing gave no identity")
        return AzureDvcRemoteArgs(
            secret_name=named(site.stack.name, "dvc-config", 127),
            bucket=site.buckets[BUCKET],
            prefix=config.prefix,
            principal_id=site.role,
            identity_id=site.role_arn,
            place=place_of(site.contract(contracts.Network), site.namespace),
        )

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where the remote, its configuration and its identity are."""
        return {"url": self.url, "config": self.config, "identity": self._identity}
