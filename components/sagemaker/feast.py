"""Feature store on AWS: SageMaker Feature Store with its offline records in the object store and the Glue catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import fit
from components.sagemaker.identity import allow, attach, own_role
from components.spec.data import Feast
from components.system import Site

BUCKET = "feast"
PREFIX = "offline"
TYPES = {"string": "String", "integral": "Integral", "fractional": "Fractional"}


@dataclass
class FeatureSetArgs:
    """One feature group."""

    key: str
    event_time: str
    columns: dict[str, str]
    """Types (string, integral, fractional) by column, without the event time."""
    online: bool = True


@dataclass
class SagemakerFeatureStoreArgs:
    """The feature groups of one stack."""

    stem: str
    """Beginning of the groups' names."""
    database: str
    """Glue database of the offline tables: lower-case letters, digits and underscores."""
    bucket: contracts.BucketAccess
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role by which the offline store is written; its right to the bucket is granted beforehand."""
    kms_key: pulumi.Input[str]
    """ARN of the key for both stores."""
    region: str
    account_id: pulumi.Input[str]
    production: bool
    """Protect the groups."""
    features: dict[str, FeatureSetArgs] = field(default_factory=dict)
    """Groups by name."""


class SagemakerFeatureStore(pulumi.ComponentResource):
    """The store's role, Glue database and offline prefix, and a sagemaker.FeatureGroup for each declared set of features.

    A group has an online store under our key, and Parquet records below `offline/` of the bucket under it too, with its table
    in the Glue database. Without declared features the role, prefix and database stand, and a notebook makes groups with them.
    Source: SageMaker AI developer guide, "Create, store, and share features with Feature Store", "Adding policies to your
    IAM role". Limits: it is not Feast: no Feast repository is applied; records are put by API (PutRecord) or by Spark.
    """

    database: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.FeatureStore,)
    tiers = ("all", "platform")
    essential_type = "aws:glue/catalogDatabase:CatalogDatabase"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerFeatureStoreArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerFeatureStore", name, {}, opts)
        self._args = args
        mine = pulumi.ResourceOptions(parent=self)
        self._uri = pulumi.Output.concat("s3://", args.bucket.bucket, f"/{PREFIX}")
        database = aws.glue.CatalogDatabase(
            f"{name}-database",
            name=args.database,
            description="Offline tables of the feature groups",
            location_uri=pulumi.Output.concat(self._uri, "/"),
            opts=mine,
        )
        self.database, self.role_arn = database.name, pulumi.Output.from_input(args.role_arn)
        rights = attach(f"{name}-offline", args.role_name, self._statements(), mine)
        keep = pulumi.ResourceOptions(depends_on=[rights], protect=args.production or None)
        after = pulumi.ResourceOptions.merge(mine, keep)
        self._groups = {key: self._group(f"{name}-{key}", key, group, after) for key, group in sorted(args.features.items())}
        self.register_outputs({"database": self.database, "roleArn": self.role_arn})

    def _statements(self) -> list[Any]:
        args = self._args

        def glue(kind: str) -> pulumi.Output[str]:
            return pulumi.Output.format("arn:aws:glue:{0}:{1}:{2}", args.region, args.account_id, kind)

        bucket = pulumi.Output.concat("arn:aws:s3:::", args.bucket.bucket)
        tables = [glue("catalog"), glue(f"database/{args.database}"), glue(f"table/{args.database}/*")]
        return [
            allow(["s3:GetBucketAcl"], [bucket]),
            allow(["s3:PutObjectAcl"], [pulumi.Output.concat(bucket, f"/{PREFIX}/*")]),
            allow(["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable"], tables),
            allow(["kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"], [args.kms_key]),
        ]

    def _group(self, name: str, key: str, group: FeatureSetArgs, opts: pulumi.ResourceOptions) -> aws.sagemaker.FeatureGroup:
        args = self._args
        columns = {**{c: TYPES[t] for c, t in group.columns.items()}, group.event_time: "String"}
        return aws.sagemaker.FeatureGroup(
            name,
            feature_group_name=fit(f"{args.stem}-{key}", 64),
            description=f"Features {key}",
            record_identifier_feature_name=group.key,
            event_time_feature_name=group.event_time,
            feature_definitions=[{"feature_name": column, "feature_type": kind} for column, kind in columns.items()],
            role_arn=args.role_arn,
            online_store_config={"enable_online_store": True, "security_config": {"kms_key_id": args.kms_key}}
            if group.online
            else None,
            offline_store_config={
                "s3_storage_config": {"s3_uri": self._uri, "kms_key_id": args.kms_key},
                "data_catalog_config": {
                    "catalog": "AwsDataCatalog",
                    "database": self.database,
                    "table_name": key.replace("-", "_"),
                },
                "disable_glue_table_creation": False,
                "table_format": "Glue",
            },
            opts=opts,
        )

    @staticmethod
    def wants(config: Feast) -> contracts.Wants:
        """A bucket for the offline store; the service keeps the online one."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SagemakerFeatureStoreArgs:
        """From `systems.feast` of the spec; a repository is refused, for nothing here would apply it."""
        config: Feast = site.config
        network = site.contract(contracts.Network)
        role_name, role_arn = own_role(site)
        if config.repository is not None:
            raise pulumi.RunError(
                "systems.feast.repository: SageMaker Feature Store applies no Feast repository; declare the groups under features"
            )
        return SagemakerFeatureStoreArgs(
            stem=f"{site.stack.name}-{config.project}".replace("_", "-"),
            database=f"{site.stack.name}_{config.project}".replace("-", "_").lower(),
            bucket=site.buckets[BUCKET],
            role_name=role_name,
            role_arn=role_arn,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            production=site.spec.environment == "prod",
            features={key: FeatureSetArgs(f.key, f.event_time, dict(f.columns), f.online) for key, f in config.features.items()},
        )

    def contracts(self) -> Sequence[contracts.FeatureStore]:
        """The service's online API, by SigV4."""
        return [contracts.FeatureStore(f"https://featurestore-runtime.sagemaker.{self._args.region}.amazonaws.com:443")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where offline records lie, and each group's name."""
        groups = {f"group.{key}": made.feature_group_name for key, made in self._groups.items()}
        return {"offlineStore": self._uri, "database": self.database, "role": self.role_arn, **groups}
