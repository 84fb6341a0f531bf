"""No bucket can be read by the world."""

import re
from collections.abc import Iterator, Sequence

from policies import azure, google
from policies.documents import open_statements
from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, items, undecided
from policies.pods import texts
from policies.rules.encrypted_at_rest import BUCKETS, is_of

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
BLOCK_TYPES = (BLOCK, "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock")
REMEDY = "Keep all four public-access blocks on and grant to named principals"
CLOSE = "Keep public access prevention and uniform access on and grant to named principals"
ACLS = {"public-read", "public-read-write", "authenticated-read", "website"}
GROUPS = re.compile(r"/groups/global/(AllUsers|AuthenticatedUsers)$")
ANONYMOUS = re.compile(r"\bmc\b[^\n;&|]*\b(?:anonymous|policy)\s+(?:--\S+\s+)*set\s+(?:download|upload|public)\b")
"""MinIO's client opening a bucket."""


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Blocks, ACLs, grants and policies of S3; settings of Google's buckets and Azure's accounts; MinIO's anonymous access."""
    if resource.type in BLOCK_TYPES:
        for key in BLOCKS:
            if resource.props.get(key) is UNKNOWN:
                yield undecided(key, REMEDY)
            elif resource.props.get(key) is not True:
                yield Finding(key, "is not true", REMEDY)
    elif resource.type == "aws:s3/bucketPolicy:BucketPolicy":
        yield from open_statements("policy", resource.props.get("policy"), REMEDY)
    elif resource.type.startswith("aws:s3/bucket"):
        yield from _acl(resource)
        if resource.type in BUCKETS:
            yield from open_statements("policy", resource.props.get("policy"), REMEDY)
    yield from _settings(resource)
    for path, text in texts(resource):
        if isinstance(text, str) and ANONYMOUS.search(text):
            yield Finding(path, "lets everybody read a bucket without a key", "Grant to named consumers")


def _settings(resource: Resource) -> Iterator[Finding]:
    """What buckets of Google and accounts of Azure must say of themselves."""
    google_s = {path: (closed,) for path, closed in google.CLOSED.items()} if resource.type == google.BUCKET else {}
    for wanted, remedy in ((google_s, CLOSE), (azure.BUCKETS.get(resource.type, {}), azure.REMEDY)):
        for path, good in wanted.items():
            value = resource.props.get(path)
            if value is UNKNOWN:
                yield undecided(path, remedy)
            elif value not in good:
                yield Finding(path, f"is {value!r}, not {good[0]!r}", remedy)


def _acl(resource: Resource) -> Iterator[Finding]:
    acl = resource.props.get("acl")
    if acl is UNKNOWN:
        yield undecided("acl", REMEDY)
    elif acl in ACLS:
        yield Finding("acl", f'"{acl}" is public', REMEDY)
    for path, mapping in resource.mappings:
        uri = mapping.get("uri")
        if uri is UNKNOWN:
            yield undecided(f"{path}.uri", REMEDY)
        elif any(isinstance(item, str) and GROUPS.search(item) for item in items(uri)):
            yield Finding(f"{path}.uri", f'grants to "{uri}"', REMEDY)


def check_stack(resources: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource, Finding]]:
    """Every bucket has a public-access block of its own."""
    blocks = [r for r in resources if r.type == BLOCK]
    for bucket in resources:
        if bucket.type in BUCKETS and not any(is_of(block, bucket) for block in blocks):
            yield bucket, Finding("bucket", "has no BucketPublicAccessBlock", REMEDY)


RULE = Rule("no-public-bucket", "No bucket is public.", Level.BASELINE, check, check_stack)
