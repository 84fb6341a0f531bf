"""What holds data is encrypted at rest."""

from collections.abc import Iterator, Mapping, Sequence

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided

FLAGS: Mapping[str, Sequence[str]] = {
    "aws:rds/instance:Instance": ("storageEncrypted",),
    "aws:rds/cluster:Cluster": ("storageEncrypted",),
    "aws:efs/fileSystem:FileSystem": ("encrypted",),
    "aws:ebs/volume:Volume": ("encrypted",),
}
"""Settings that must be true."""
KEYS: Mapping[str, Sequence[str]] = {
    "aws:rds/instance:Instance": ("kmsKeyId",),
    "aws:msk/cluster:Cluster": ("encryptionInfo.encryptionAtRestKmsKeyArn",),
    "aws:sagemaker/domain:Domain": ("kmsKeyId",),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId",),
    "aws:amp/workspace:Workspace": ("kmsKeyArn",),
}
"""Settings that must name a key (its value may be unknown in preview: that it is set is what counts)."""
REMEDY = "Encrypt it with the stack's key (kms)"
BUCKET = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Databases, brokers, volumes, domains, logs; MSK in transit too."""
    for key in FLAGS.get(resource.type, ()):
        value = at(resource.props, key)
        if value is UNKNOWN:
            yield undecided(key, REMEDY)
        elif value is not True:
            yield Finding(key, "is not true", REMEDY)
    for key in KEYS.get(resource.type, ()):
        if not at(resource.props, key):
            yield Finding(key, "names no key", REMEDY)
    if resource.type == "aws:msk/cluster:Cluster":
        transit = at(resource.props, "encryptionInfo.encryptionInTransit.clientBroker")
        if transit is UNKNOWN:
            yield undecided("encryptionInfo.encryptionInTransit.clientBroker", "Set it to TLS")
        elif transit not in ("TLS", None):
            yield Finding("encryptionInfo.encryptionInTransit.clientBroker", f'is "{transit}"', "Set it to TLS")


def check_stack(resources: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, Finding]]:
    """Every bucket has an encryption configuration of its own."""
    configured = [r for r in resources if r.type == BUCKET]
    names = {r.props.get("bucket") for r in configured if isinstance(r.props.get("bucket"), str)}
    for bucket in resources:
        if bucket.type == "aws:s3/bucket:Bucket":
            name = bucket.props.get("bucket")
            if name not in names and not any(c.name == bucket.name for c in configured):
                yield bucket, Finding("bucket", "has no BucketServerSideEncryptionConfiguration", REMEDY)


RULE = Rule("encrypted-at-rest", "Stores are encrypted at rest.", Level.BASELINE, check, check_stack)
