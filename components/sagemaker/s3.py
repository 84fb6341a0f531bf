"""Object storage on AWS: a bucket a purpose, private, encrypted, versioned, with a policy a consumer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import BucketAccess, Consumer
from components.naming import LIMITS, fit
from components.sagemaker.identity import allow, attach
from components.spec.base import duration_seconds
from components.spec.data import Minio, Seaweedfs
from components.system import Site


@dataclass
class S3BucketArgs:
    """One bucket."""

    versioning: bool = True
    """Keep earlier versions."""
    expire_days: int = 0
    """Delete objects after this many days; 0 keeps them."""


@dataclass
class S3BucketsArgs:
    """A set of buckets under one prefix."""

    prefix: str
    """Beginning of the names; the account's number ends them, as names are global."""
    account_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key that encrypts every object."""
    region: str
    production: bool
    """Protect and retain the buckets."""
    buckets: dict[str, S3BucketArgs] = field(default_factory=dict)
    """Buckets that stand although nobody asked for them, by name."""


class S3Buckets(pulumi.ComponentResource):
    """S3 buckets with every setting of a private, encrypted store, and a policy a consumer.

    A bucket is: Bucket, BucketPublicAccessBlock (all four), BucketServerSideEncryptionConfiguration (aws:kms, bucket
    key), BucketVersioning, BucketOwnershipControls (BucketOwnerEnforced), BucketPolicy (TLS only), BucketLogging into
    one log bucket, BucketLifecycleConfiguration. `grant` makes the bucket if it is not there and attaches a role policy
    limited to it. None of it can be switched off. Source: Amazon S3 user guide, "Security best practices for Amazon S3".
    """

    log_bucket: pulumi.Output[str]

    noun = "S3Buckets"
    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.ObjectStore,)
    tiers = ("all", "platform")
    essential_type = "aws:s3/bucket:Bucket"

    def __init__(self, name: str, args: S3BucketsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        self._name = name
        self._args = args
        self._buckets: dict[str, aws.s3.Bucket] = {}
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        self._kept = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), keep)
        self._opts = pulumi.ResourceOptions(parent=self)
        self._logs = self._bucket("access-logs", S3BucketArgs(versioning=False, expire_days=90), log_to=None)
        self.log_bucket = self._logs.bucket
        for bucket, options in args.buckets.items():
            self._ensure(bucket, options)
        self.register_outputs({"logBucket": self.log_bucket})

    def _ensure(self, bucket: str, options: S3BucketArgs | None = None) -> aws.s3.Bucket:
        if bucket not in self._buckets:
            self._buckets[bucket] = self._bucket(bucket, options or S3BucketArgs(), log_to=self._logs)
        return self._buckets[bucket]

    def _bucket(self, bucket: str, options: S3BucketArgs, log_to: aws.s3.Bucket | None) -> aws.s3.Bucket:
        name = f"{self._name}-{bucket}"
        stem = fit(f"{self._args.prefix}-{bucket}", LIMITS["s3-bucket"] - 13)
        made = aws.s3.Bucket(
            name,
            bucket=pulumi.Output.concat(stem, "-", self._args.account_id),
            force_destroy=not self._args.production,
            opts=self._kept,
        )
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=made.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._opts,
        )
        aws.s3.BucketOwnershipControls(
            name,
            bucket=made.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._opts,
        )
        self._encrypt(name, made, own_key=log_to is not None)
        aws.s3.BucketVersioning(
            name,
            bucket=made.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled" if options.versioning else "Suspended"
            ),
            opts=self._opts,
        )
        # the two settings of one bucket must not race: S3 answers OperationAborted while another is under way
        after = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[closed]))
        policy = aws.s3.BucketPolicy(name, bucket=made.id, policy=self._policy(made, takes_logs=log_to is None), opts=after)
        if log_to is None:
            self._logs_policy = policy
        else:
            # S3 refuses a target that does not let its logging service write yet
            ready = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[self._logs_policy]))
            aws.s3.BucketLogging(name, bucket=made.id, target_bucket=log_to.id, target_prefix=f"{bucket}/", opts=ready)
        self._lifecycle(name, made, options)
        return made

    def _encrypt(self, name: str, bucket: aws.s3.Bucket, own_key: bool) -> None:
        # server access logs can only be delivered to a bucket with SSE-S3 (S3 user guide, "Enabling server access logging")
        by_default = (
            aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                sse_algorithm="aws:kms", kms_master_key_id=self._args.kms_key
            )
            if own_key
            else aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(sse_algorithm="AES256")
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=by_default, bucket_key_enabled=own_key
                )
            ],
            opts=self._opts,
        )

    def _policy(self, bucket: aws.s3.Bucket, takes_logs: bool) -> pulumi.Output[str]:
        everything = [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")]
        statements: list[dict[str, object]] = [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": everything,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
        if takes_logs:
            statements.append(
                {
                    "Sid": "ServerAccessLogs",
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": everything[1:],
                    "Condition": {"StringEquals": {"aws:SourceAccount": self._args.account_id}},
                }
            )
        return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})

    def _lifecycle(self, name: str, bucket: aws.s3.Bucket, options: S3BucketArgs) -> None:
        rules = [
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id="tidy",
                status="Enabled",
                filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=7
                ),
                noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                    noncurrent_days=90
                ),
                expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=options.expire_days)
                if options.expire_days
                else None,
            )
        ]
        aws.s3.BucketLifecycleConfiguration(name, bucket=bucket.id, rules=rules, opts=self._opts)

    def grant(self, bucket: str, consumer: Consumer) -> BucketAccess:
        """The bucket, made if need be, and a policy on the consumer's role that is limited to it."""
        made = self._ensure(bucket)
        if consumer.role is not None:
            objects = [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ]
            statements = [
                allow(["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], [made.arn]),
                allow(objects, [pulumi.Output.concat(made.arn, "/*")]),
                allow(
                    ["kms:Decrypt", "kms:GenerateDataKey"],
                    [self._args.kms_key],
                    {"StringEquals": {"kms:ViaService": f"s3.{self._args.region}.amazonaws.com"}},
                ),
            ]
            consumer.ready.append(attach(f"{consumer.name}-bucket-{bucket}", consumer.role, statements, self._opts))
        return BucketAccess(bucket=made.bucket, region=self._args.region, kms_key=self._args.kms_key)

    @staticmethod
    def wants(config: Minio | Seaweedfs) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> S3BucketsArgs:
        """From `systems.minio` or `systems.seaweedfs` of the spec; servers and sizes of volumes mean nothing here."""
        network = site.contract(contracts.Network)
        config: Minio | Seaweedfs = site.config
        return S3BucketsArgs(
            # names are global: a second store of the stack says whose it is
            prefix=site.stack.name if site.key == "minio" else f"{site.stack.name}-{site.key}",
            account_id=network.account_id,
            kms_key=network.kms_key,
            region=network.region,
            production=site.spec.environment == "prod",
            buckets={
                name: S3BucketArgs(b.versioning, duration_seconds(b.expire_after) // 86400 if b.expire_after else 0)
                for name, b in config.buckets.items()
            },
        )

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """The store."""
        return [contracts.ObjectStore(None, self._args.region, self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Bucket names."""
        return {"region": self._args.region, **{f"bucket.{name}": bucket.bucket for name, bucket in self._buckets.items()}}
