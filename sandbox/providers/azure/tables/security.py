"""Key vaults, managed identities, role assignments, and the configuration store."""

from __future__ import annotations

import time
from typing import Any

from sandbox.providers.azure.arm import DASHED, WORDS, Kind, NameRule, kind
from sandbox.providers.azure.shapes import guid
from sandbox.providers.cloud.spec import Name, Spec

_VAULTS = "Microsoft.KeyVault/vaults"
_ITEM = NameRule(1, 127, r"[A-Za-z0-9-]+", "letters, digits and dashes")
_CREDENTIALS = "Microsoft.ManagedIdentity/userAssignedIdentities"


def _created(_: dict[str, Any]) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


KINDS = {
    "keyvault:Vault": kind(
        _VAULTS,
        "vaultName",
        NameRule(3, 24, *DASHED),
        inside={"properties.vaultUri": "https://{vaultName}.vault.azure.net/", "properties.provisioningState": "Succeeded"},
    ),
    "keyvault:Key": kind(
        f"{_VAULTS}/keys",
        "keyName",
        _ITEM,
        path=_VAULTS + "/{vaultName}/keys/{keyName}",
        replace=("properties.kty", "properties.keySize"),
        outputs={
            "keyUri": "https://{vaultName}.vault.azure.net/keys/{keyName}",
            "keyUriWithVersion": "https://{vaultName}.vault.azure.net/keys/{keyName}/{hash:.32}",
        },
        located=False,
    ),
    "keyvault:Secret": kind(
        f"{_VAULTS}/secrets",
        "secretName",
        _ITEM,
        path=_VAULTS + "/{vaultName}/secrets/{secretName}",
        inside={
            "properties.secretUri": "https://{vaultName}.vault.azure.net/secrets/{secretName}",
            "properties.secretUriWithVersion": "https://{vaultName}.vault.azure.net/secrets/{secretName}/{hash:.32}",
        },
        located=False,
    ),
    "managedidentity:UserAssignedIdentity": kind(
        _CREDENTIALS,
        "resourceName",
        NameRule(3, 128, *WORDS),
        outputs={
            "principalId": lambda values: guid(values["id"], "principal"),
            "clientId": lambda values: guid(values["id"], "client"),
            "tenantId": "{tenant}",
        },
    ),
    "managedidentity:FederatedIdentityCredential": kind(
        f"{_CREDENTIALS}/federatedIdentityCredentials",
        "federatedIdentityCredentialResourceName",
        NameRule(3, 120, *WORDS),
        path=_CREDENTIALS + "/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}",
        located=False,
    ),
    "authorization:RoleAssignment": Kind(
        "Microsoft.Authorization/roleAssignments",
        Spec(
            name=Name("roleAssignmentName", 260, allowed=r".", joint="", digits=8),
            replace=("*",),
            id="{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
            outputs={
                "name": "{roleAssignmentName}",
                "type": "Microsoft.Authorization/roleAssignments",
                "createdOn": _created,
                "updatedOn": _created,
            },
        ),
        NameRule(36, 36, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a GUID"),
        auto="uuid",
    ),
    "appconfiguration:ConfigurationStore": kind(
        "Microsoft.AppConfiguration/configurationStores",
        "configStoreName",
        NameRule(5, 50, r"[A-Za-z0-9-]+", "letters, digits and dashes"),
        outputs={"endpoint": "https://{configStoreName}.azconfig.io"},
    ),
    "appconfiguration:KeyValue": kind(
        "Microsoft.AppConfiguration/configurationStores/keyValues",
        "keyValueName",
        NameRule(1, 1024, r"[^%]+", "anything but a percent sign"),
        path="Microsoft.AppConfiguration/configurationStores/{configStoreName}/keyValues/{keyValueName}",
        outputs={"key": "{keyValueName}"},
        located=False,
    ),
}
