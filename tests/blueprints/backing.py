"""`python -m tests.blueprints.backing [BLUEPRINT]`: what of a blueprint on sagemaker the sandbox makes by real API calls.

API-backed types are calls to moto, whose answers can be read back through boto3; schema-only ones are checked against the
installed SDK and kept as state. For an API-backed type with a setting that encrypts, closes, logs or keeps, the list names
the tests that read it back (READ), or says that none does.
"""

import re
import sys
from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.tables import table
from tests.blueprints.recorded_clouds import CLOUD, on_cloud
from tests.unit.recording import leaves

SECURITY = re.compile(
    r"(kms|encrypt|sse|public|unauthenticated|clientBroker|isolation|networkAccess|accessMode|deletionProtection|"
    r"terminationProtection|retention|loggingConfiguration|logging_|scanOnPush|imageTagMutability|httpTokens|versioningConfig)",
    re.IGNORECASE,
)
"""Inputs that encrypt, close, log or keep."""
PLATFORM, DATA, MODEL = (f"tests/sandbox/test_platform_sagemaker{part}.py" for part in ("", "_data", "_model"))
READ: Mapping[str, str] = {
    "aws:cloudwatch/logGroup:LogGroup": MODEL,
    "aws:codebuild/project:Project": MODEL,
    "aws:ecr/repository:Repository": MODEL,
    "aws:emr/securityConfiguration:SecurityConfiguration": DATA,
    "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings": DATA,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": DATA,
    "aws:msk/cluster:Cluster": PLATFORM,
    "aws:rds/instance:Instance": PLATFORM,
    "aws:s3/bucketObjectv2:BucketObjectv2": DATA,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": PLATFORM,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": PLATFORM,
    "aws:s3/bucketVersioning:BucketVersioning": PLATFORM,
    "aws:sagemaker/domain:Domain": PLATFORM,
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": MODEL,
    "aws:scheduler/schedule:Schedule": DATA,
    "aws:sfn/stateMachine:StateMachine": MODEL,
}
"""The test file that reads a type's security settings back through boto3."""
UNREAD: Mapping[str, str] = {
    "aws:amp/workspace:Workspace": "no test yet",
    "aws:ec2/subnet:Subnet": "no test yet",
    "aws:eks/cluster:Cluster": "no test yet",
    "aws:emrserverless/application:Application": "its encryption: no test yet; its network is read back",
    "aws:glue/securityConfiguration:SecurityConfiguration": "no test yet; the crawler's use of it is read back",
    "aws:sagemaker/model:Model": "moto keeps no isolation; its network is read back",
}
"""API-backed types with such settings that nothing reads back, and what is known of them."""


def backing(name: str) -> dict[str, dict[str, Any]]:
    """By type of the cloud's own package: how many, whether API-backed, and the paths of its security settings."""
    known = table()
    found: dict[str, dict[str, Any]] = {}
    for resource in on_cloud(name, "sagemaker").resources:
        if not resource.type.startswith(CLOUD):
            continue
        spec = known.get(resource.type)
        row = found.setdefault(resource.type, {"count": 0, "api": spec is not None and spec.api is not None, "security": set()})
        row["count"] += 1
        row["security"] |= {re.sub(r"\.\d+(?=\.|$)", "", path) for path, _ in leaves(resource.inputs) if SECURITY.search(path)}
    return dict(sorted(found.items()))


def unread(name: str) -> set[str]:
    """API-backed types of a blueprint with a security setting that no test reads back."""
    return {kind for kind, row in backing(name).items() if row["api"] and row["security"] and kind not in READ}


def main(names: list[str]) -> None:
    """Print the list of the blueprints named, of full by default."""
    for name in names or ["full"]:
        rows = backing(name)
        for said, api in (("API-backed", True), ("schema-only", False)):
            kinds = {kind: row for kind, row in rows.items() if row["api"] is api}
            print(f"{name}: {said}: {sum(row['count'] for row in kinds.values())} resources of {len(kinds)} types")
            for kind, row in kinds.items():
                by = f"read back by {READ[kind]}" if kind in READ else UNREAD.get(kind, "not read back")
                print(f"  {row['count']:3}  {kind}{f'  {by}' if api and row['security'] else ''}")


if __name__ == "__main__":
    main(sys.argv[1:])
