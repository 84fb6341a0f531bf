"""APIs, service accounts, IAM members, keys and secrets.

Names: Cloud KMS "Create a key ring", IAM "Create service accounts", Secret Manager "Create a secret" (Google Cloud docs).
"""

from __future__ import annotations

from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.gcp.invokes import agent_domain
from sandbox.providers.gcp.spec import COMMON, GcpSpec

_ACCOUNT = r"[a-z][-a-z0-9]{4,28}[a-z0-9]"
_KMS = r"[A-Za-z0-9_-]{1,63}"
_SECRET = r"[A-Za-z0-9_-]{1,255}"


def _agent(values: Json) -> str:
    return f"service-{values['number']}@{agent_domain(str(values['service']))}.iam.gserviceaccount.com"


def _version(values: Json) -> str:
    return str(values["id"]).rpartition("/")[2]


def member(target: str, id: str, reference: str = "", *, replace: tuple[str, ...] = ()) -> GcpSpec:
    """One principal's role on a thing: nothing of it can change in place."""
    return GcpSpec(
        replace=(target, "member", "role", "condition", "project", "location", *replace),
        id=id,
        references={target: reference} if reference else {},
        members=("member",),
        patterns={"role": r"(projects/[^/]+/|organizations/\d+/)?roles/[A-Za-z0-9_.]+"},
        outputs={"etag": "{hash:.12}", "project": "{project}", "location": "{place}"},
    )


TYPES: dict[str, Spec] = {
    "gcp:projects/service:Service": GcpSpec(
        replace=("service", "project"),
        id="{project}/{service}",
        patterns={"service": r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(googleapis\.com|goog)"},
        outputs={"project": "{project}"},
    ),
    "gcp:projects/serviceIdentity:ServiceIdentity": GcpSpec(
        replace=("service", "project"),
        id="projects/{project}/services/{service}",
        outputs={
            "project": "{project}",
            "email": _agent,
            "member": lambda values: f"serviceAccount:{_agent(values)}",
        },
    ),
    "gcp:projects/iAMMember:IAMMember": member("project", "{project}/{role}/{member}"),
    "gcp:serviceaccount/account:Account": GcpSpec(
        name=Name("accountId", 30, lower=True, allowed=r"[a-z0-9-]"),
        replace=("project",),
        id="projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
        patterns={"accountId": _ACCOUNT},
        outputs={
            **COMMON,
            "email": "{accountId}@{project}.iam.gserviceaccount.com",
            "member": "serviceAccount:{accountId}@{project}.iam.gserviceaccount.com",
            "name": "{id}",
            "uniqueId": lambda values: str(10**20 + int(str(values["hash"])[:16], 16)),
        },
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": member("serviceAccountId", "{serviceAccountId}/{role}/{member}", "service account"),
    "gcp:kms/keyRing:KeyRing": GcpSpec(
        name=Name("name", 63, allowed=r"[A-Za-z0-9_-]"),
        replace=("location", "project"),
        id="projects/{project}/locations/{location}/keyRings/{name}",
        patterns={"name": _KMS},
        outputs={"project": "{project}"},
    ),
    "gcp:kms/cryptoKey:CryptoKey": GcpSpec(
        name=Name("name", 63, allowed=r"[A-Za-z0-9_-]"),
        replace=("keyRing", "purpose", "destroyScheduledDuration", "importOnly"),
        id="{keyRing}/cryptoKeys/{name}",
        patterns={"name": _KMS, "rotationPeriod": r"\d+(\.\d{1,9})?s"},
        references={"keyRing": "key ring"},
        outputs={**COMMON, "purpose": "ENCRYPT_DECRYPT"},
    ),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": member("cryptoKeyId", "{cryptoKeyId}/{role}/{member}", "crypto key"),
    "gcp:secretmanager/secret:Secret": GcpSpec(
        name=Name("secretId", 255, allowed=r"[A-Za-z0-9_-]"),
        replace=("replication", "project"),
        id="projects/{project}/secrets/{secretId}",
        patterns={"secretId": _SECRET},
        keys={"replication.userManaged.replicas.customerManagedEncryption.kmsKeyName": "gcp-sa-secretmanager"},
        outputs={**COMMON, "name": "projects/{number}/secrets/{secretId}"},
    ),
    "gcp:secretmanager/secretVersion:SecretVersion": GcpSpec(
        replace=("secret", "secretData", "secretDataWoVersion"),
        id="{secret}/versions/1",
        references={"secret": "secret"},
        write_only=("secretDataWo",),
        outputs={"name": "{id}", "version": _version, "enabled": True, "project": "{project}"},
    ),
    "gcp:secretmanager/regionalSecret:RegionalSecret": GcpSpec(
        name=Name("secretId", 255, allowed=r"[A-Za-z0-9_-]"),
        replace=("location", "project"),
        id="projects/{project}/locations/{location}/secrets/{secretId}",
        patterns={"secretId": _SECRET},
        keys={"customerManagedEncryption.kmsKeyName": "gcp-sa-secretmanager"},
        outputs={**COMMON, "name": "projects/{number}/locations/{location}/secrets/{secretId}"},
    ),
    "gcp:secretmanager/regionalSecretVersion:RegionalSecretVersion": GcpSpec(
        replace=("secret", "secretData", "secretDataWoVersion"),
        id="{secret}/versions/1",
        references={"secret": "regional secret"},
        write_only=("secretDataWo",),
        outputs={"name": "{id}", "version": _version, "enabled": True, "location": "{place}"},
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": member("secretId", "{secretId}/{role}/{member}", "secret"),
    "gcp:secretmanager/regionalSecretIamMember:RegionalSecretIamMember": member(
        "secretId", "{secretId}/{role}/{member}", "regional secret"
    ),
}
