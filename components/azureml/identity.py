"""One managed identity a workload, and the roles that grants assign to it."""

import hashlib
from enum import StrEnum
from typing import Optional

import pulumi
import pulumi_azure_native as azure

from components.naming import fit


class Role(StrEnum):
    """Built-in roles by their GUID (Azure RBAC documentation, "Azure built-in roles"); the narrowest that does the work."""

    BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    """Read, write and delete blobs."""
    BLOB_DATA_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
    """Manage, without the right to assign roles; given on one resource or one team's group, never on a subscription."""
    DATA_SCIENTIST = "f6c7c914-8db3-469d-8ca1-694a8f32e121"
    """Everything in an Azure ML workspace but making computes and changing the workspace."""
    EVENTS_RECEIVER = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"
    EVENTS_SENDER = "2b629674-e913-4c01-ae53-ef4638d8f975"
    FILES_CONTRIBUTOR = "69566ab7-960f-475b-8e7c-b3118f30c6bd"
    """Storage File Data Privileged Contributor: the notebooks' file share."""
    CONNECTION_APPROVER = "b556d68e-0be0-4f35-a333-ad7ee1ce17ea"
    """Azure AI Enterprise Network Connection Approver: private endpoints out of a managed network."""
    KEY_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
    """Key Vault Crypto Service Encryption User: wrap and unwrap with a key."""
    LOGS_CONTRIBUTOR = "92aaf0da-9dab-42b6-94a3-d43ce8d16293"
    """Log Analytics Contributor: send a resource's logs there."""
    IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
    """Managed Identity Operator: give an identity to a resource."""
    NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
    ZONE_CONTRIBUTOR = "b12aa53e-6015-4669-85d0-8515ebb3ae7f"
    """Private DNS Zone Contributor."""
    READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    FACTORY_CONTRIBUTOR = "673868aa-7521-48a0-acc6-0f60742d39f5"
    """Data Factory Contributor: make and run pipelines; given on one factory."""
    METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
    METRICS_READER = "b0d8363b-8ddd-447d-831f-62ca05bff136"
    """Monitoring Data Reader: query an Azure Monitor workspace."""
    PULL_IMAGES = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    PUSH_IMAGES = "8311e382-0749-4cb8-b61a-304f252e45ec"
    SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
    """Read a secret's value."""
    SECRETS_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
    """Read and write the secrets of a vault."""
    CLUSTER_ADMIN = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"
    """Azure Kubernetes Service RBAC Cluster Admin: everything in one cluster."""
    CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
    """Key Vault Crypto User: encrypt and decrypt with a key."""
    VAULT_CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"
    """Key Vault Contributor: manage a vault, without a right to what is in it; AKS asks for it to reach a private one."""
    CONFIGURATION_READER = "516239f1-63e1-4d78-a4de-a74fb236a071"
    """App Configuration Data Reader."""


def assign(
    name: str,
    role: Role,
    principal_id: pulumi.Input[str],
    scope: pulumi.Input[str],
    opts: Optional[pulumi.ResourceOptions],
) -> azure.authorization.RoleAssignment:
    """`role` for a workload's principal on `scope` (an ARM id) and what lies below."""
    return azure.authorization.RoleAssignment(
        name,
        principal_id=principal_id,
        # without it Azure looks for a principal that may not have reached every region yet, and fails
        principal_type="ServicePrincipal",
        role_definition_id=role_definition(scope, role),
        scope=scope,
        opts=opts,
    )


def role_definition(scope: pulumi.Input[str], role: Role) -> pulumi.Output[str]:
    """Id of a role's definition, which begins with the subscription that the scope is in."""
    return pulumi.Output.from_input(scope).apply(
        lambda id: f"/subscriptions/{id.split('/')[2]}/providers/Microsoft.Authorization/roleDefinitions/{role.value}"
    )


def workload_identity(
    name: str, identity_name: str, group: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> azure.managedidentity.UserAssignedIdentity:
    """The identity of one workload, named `identity_name`, in a resource group."""
    return azure.managedidentity.UserAssignedIdentity(name, resource_group_name=group, resource_name_=identity_name, opts=opts)


def client_id(identity_id: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """Client id of an identity, by which what runs as several of them says which one it means."""
    id = pulumi.Output.from_input(identity_id)
    found = azure.managedidentity.get_user_assigned_identity_output(
        resource_group_name=id.apply(lambda text: text.split("/")[4]),
        resource_name=id.apply(lambda text: text.rpartition("/")[2]),
        opts=pulumi.InvokeOutputOptions(parent=parent),
    )
    client: pulumi.Output[str] = found.client_id.apply(lambda text: text or "")
    return client


def unique(stem: str, subscription: pulumi.Input[str], limit: int, *, dashes: bool = True) -> pulumi.Output[str]:
    """A name that nobody else on Azure has: `stem` and 8 hex digits of the subscription and it, at most `limit` characters.

    `dashes` is off for the names that take letters and digits only (storage accounts, registries).
    """

    def made(id: str) -> str:
        digits = hashlib.sha256(f"{id}/{stem}".encode()).hexdigest()[:8]
        text = stem.lower() if dashes else "".join(letter for letter in stem.lower() if letter.isalnum())
        joint = "-" if dashes else ""
        return f"{text[: limit - 8 - len(joint)].rstrip('-')}{joint}{digits}"

    return pulumi.Output.from_input(subscription).apply(made)


def named(stack: str, noun: str, limit: int) -> str:
    """`<stack>-<noun>`, cut to Azure's limit for it."""
    return fit(f"{stack}-{noun}", limit)
