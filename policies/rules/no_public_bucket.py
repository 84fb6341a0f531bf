"""No bucket can be read by the world."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, undecided

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
REMEDY = "Keep all four public-access blocks on and grant to named principals"
ACLS = {"public-read", "public-read-write", "authenticated-read", "website"}


def open_statement(document: object) -> bool:
    """Whether a policy document allows everybody something without a condition."""
    if not isinstance(document, Mapping):
        return False
    statements: Any = document.get("Statement") or []
    for statement in statements if isinstance(statements, list) else [statements]:
        everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        if statement.get("Effect") == "Allow" and everybody and not statement.get("Condition"):
            return True
    return False


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Public-access blocks, ACLs and bucket policies of S3."""
    if resource.type == "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":
        for key in BLOCKS:
            if resource.props.get(key) is UNKNOWN:
                yield undecided(key, REMEDY)
            elif resource.props.get(key) is not True:
                yield Finding(key, "is not true", REMEDY)
    elif resource.type.startswith("aws:s3/bucket") and resource.props.get("acl") in ACLS:
        yield Finding("acl", f'"{resource.props["acl"]}" is public', REMEDY)
    elif resource.type == "aws:s3/bucketPolicy:BucketPolicy":
        document = resource.props.get("policy")
        if document is UNKNOWN:
            yield undecided("policy", REMEDY)
            return
        try:
            parsed = json.loads(document) if isinstance(document, str) else document
        except ValueError:
            yield Finding("policy", "is not JSON", REMEDY)
            return
        if open_statement(parsed):
            yield Finding("policy", "allows everybody without a condition", REMEDY)


def check_stack(resources: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, Finding]]:
    """Every bucket has a public-access block of its own."""
    blocks = [r for r in resources if r.type == "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"]
    names = {r.props.get("bucket") for r in blocks if isinstance(r.props.get("bucket"), str)}
    for bucket in resources:
        if bucket.type != "aws:s3/bucket:Bucket":
            continue
        name = bucket.props.get("bucket")
        if name not in names and not any(block.name == bucket.name for block in blocks):
            yield bucket, Finding("bucket", "has no BucketPublicAccessBlock", REMEDY)


RULE = Rule("no-public-bucket", "No bucket is public.", Level.BASELINE, check, check_stack)
