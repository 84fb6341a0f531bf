"""Object storage on Google Cloud: a bucket a purpose, private, encrypted, versioned, with a role a consumer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import BucketAccess, Consumer
from components.spec.base import duration_seconds
from components.spec.data import Minio, Seaweedfs
from components.system import Site
from components.vertex.identity import member
from components.vertex.names import BUCKET_STEM, dns

SOFT_DELETE = 7 * 86400
"""Seconds that a deleted object can be brought back; 7 days is the service's own default (Cloud Storage, "Soft delete")."""
DELIVERY = "group:cloud-storage-analytics@google.com"
"""Who writes usage logs (Cloud Storage, "Usage logs and storage logs")."""


@dataclass
class GcsBucketArgs:
    """One bucket."""

    versioning: bool = True
    """Keep earlier versions."""
    expire_days: int = 0
    """Delete objects after this many days; 0 keeps them."""


@dataclass
class GcsBucketsArgs:
    """A set of buckets under one prefix."""

    prefix: str
    """Beginning of the names; the project's id ends them, as names are global."""
    project: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """Key that encrypts every object: projects/…/cryptoKeys/…"""
    region: str
    production: bool
    """Protect and retain the buckets."""
    buckets: dict[str, GcsBucketArgs] = field(default_factory=dict)
    """Buckets that stand although nobody asked for them, by name."""


class GcsBuckets(pulumi.ComponentResource):
    """Cloud Storage buckets with every setting of a private, encrypted store, and a role a consumer.

    A bucket is a storage.Bucket with uniform access, enforced public access prevention, our key, versions, soft delete,
    lifecycle rules and usage logs in one log bucket. `grant` makes the bucket if it is not there and binds
    roles/storage.objectUser on it, and on nothing else, to the consumer's service account. None of it can be switched off.
    Source: Cloud Storage, "Security best practices" and "IAM roles for Cloud Storage".
    """

    log_bucket: pulumi.Output[str]

    noun = "GcsBuckets"
    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.ObjectStore,)
    tiers = ("all", "platform")
    essential_type = "gcp:storage/bucket:Bucket"

    def __init__(self, name: str, args: GcsBucketsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        self._name = name
        self._args = args
        self._buckets: dict[str, gcp.storage.Bucket] = {}
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        self._opts = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions.merge(self._opts, keep)
        self._logs = self._bucket("access-logs", GcsBucketArgs(versioning=False, expire_days=90), None)
        self._delivery = gcp.storage.BucketIAMMember(
            f"{name}-access-logs-delivery",
            bucket=self._logs.name,
            role="roles/storage.objectCreator",
            member=DELIVERY,
            opts=self._opts,
        )
        self.log_bucket = self._logs.name
        for bucket, options in args.buckets.items():
            self._ensure(bucket, options)
        self.register_outputs({"logBucket": self.log_bucket})

    def _ensure(self, bucket: str, options: GcsBucketArgs | None = None) -> gcp.storage.Bucket:
        if bucket not in self._buckets:
            self._buckets[bucket] = self._bucket(bucket, options or GcsBucketArgs(), self._logs)
        return self._buckets[bucket]

    def _bucket(self, bucket: str, options: GcsBucketArgs, log_to: gcp.storage.Bucket | None) -> gcp.storage.Bucket:
        stem = dns(f"{self._args.prefix}-{bucket}", BUCKET_STEM)
        logging = gcp.storage.BucketLoggingArgs(log_bucket=log_to.name, log_object_prefix=bucket) if log_to else None
        after = pulumi.ResourceOptions(depends_on=[self._delivery]) if log_to else None
        return gcp.storage.Bucket(
            f"{self._name}-{bucket}",
            name=pulumi.Output.concat(stem, "-", self._args.project),
            location=self._args.region.upper(),
            storage_class="STANDARD",
            force_destroy=not self._args.production,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=self._args.kms_key),
            versioning=gcp.storage.BucketVersioningArgs(enabled=options.versioning),
            soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=SOFT_DELETE),
            lifecycle_rules=self._rules(options),
            logging=logging,
            opts=pulumi.ResourceOptions.merge(self._kept, after),
        )

    @staticmethod
    def _rules(options: GcsBucketArgs) -> list[gcp.storage.BucketLifecycleRuleArgs]:
        def rule(action: str, when: gcp.storage.BucketLifecycleRuleConditionArgs) -> gcp.storage.BucketLifecycleRuleArgs:
            return gcp.storage.BucketLifecycleRuleArgs(
                action=gcp.storage.BucketLifecycleRuleActionArgs(type=action), condition=when
            )

        when = gcp.storage.BucketLifecycleRuleConditionArgs

        found = [
            rule("AbortIncompleteMultipartUpload", when(age=7)),
            rule("Delete", when(days_since_noncurrent_time=90, with_state="ARCHIVED")),
        ]
        return [*found, rule("Delete", when(age=options.expire_days))] if options.expire_days else found

    def grant(self, bucket: str, consumer: Consumer) -> BucketAccess:
        """The bucket, made if need be, and the consumer's right to its objects."""
        made = self._ensure(bucket)
        if consumer.role is not None:
            consumer.ready.append(
                gcp.storage.BucketIAMMember(
                    f"{consumer.name}-bucket-{bucket}",
                    bucket=made.name,
                    role="roles/storage.objectUser",
                    member=member(consumer.role),
                    opts=self._opts,
                )
            )
        return BucketAccess(bucket=made.name, region=self._args.region, kms_key=self._args.kms_key)

    @staticmethod
    def wants(config: Minio | Seaweedfs) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> GcsBucketsArgs:
        """From `systems.minio` or `systems.seaweedfs` of the spec; servers and sizes of volumes mean nothing here."""
        network = site.contract(contracts.Network)
        config: Minio | Seaweedfs = site.config
        return GcsBucketsArgs(
            # names are global: a second store of the stack says whose it is
            prefix=site.stack.name if site.key == "minio" else f"{site.stack.name}-{site.key}",
            project=network.account_id,
            kms_key=network.kms_key,
            region=network.region,
            production=site.spec.environment == "prod",
            buckets={
                name: GcsBucketArgs(b.versioning, duration_seconds(b.expire_after) // 86400 if b.expire_after else 0)
                for name, b in config.buckets.items()
            },
        )

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """The store."""
        return [contracts.ObjectStore(None, self._args.region, self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Bucket names."""
        return {"region": self._args.region, **{f"bucket.{name}": bucket.name for name, bucket in self._buckets.items()}}
