"""Data catalogue on AWS: the Glue catalogue, kept up to date by a crawler, and a DataZone domain to search it by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Consumer
from components.naming import LIMITS, fit
from components.sagemaker import launch
from components.sagemaker.identity import allow, attach, own_role
from components.spec.data import Amundsen
from components.system import Site

FILLED: Mapping[str, Sequence[str]] = {
    "flume": ("flume/",),
    "sqoop": ("sqoop/",),
    "spark": ("spark/streams/",),
}
"""What other systems write for everybody to read: bucket and prefix."""
BUCKET = "catalog"
"""Beside it, a bucket for tables that no system writes."""
CRON = "0 3 * * *"
MANAGED = "arn:aws:iam::aws:policy/service-role/"


@dataclass
class GlueCatalogArgs:
    """One catalogue."""

    stem: str
    """Beginning of names."""
    database: str
    """Glue database: lower-case letters, digits and underscores."""
    domain_name: str
    """DataZone domain, at most 64 characters."""
    paths: list[pulumi.Input[str]]
    """`<bucket>/<prefix>` of what is crawled."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """The crawler's role."""
    kms_key: pulumi.Input[str]
    """ARN of the key for the catalogue, the crawler's logs and the domain."""
    region: str
    account_id: pulumi.Input[str]
    production: bool
    """Protect database and domain."""
    schedule: str = CRON
    """Cron expression of five fields, UTC, of the crawler."""
    systems: list[str] = field(default_factory=list)
    """Systems whose files are crawled."""


class GlueCatalog(pulumi.ComponentResource):
    """glue.CatalogDatabase filled by a glue.Crawler each night, encrypted by our key, and a datazone.Domain (V2).

    Creates DataCatalogEncryptionSettings of the account and region (they are one for all of it), a SecurityConfiguration, the
    database, the Crawler over what flume, sqoop and spark write and over bucket `catalog`, read only, and the domain with its
    execution and service roles, which have AWS's own policies for them. Source: AWS Glue developer guide, "Encrypting your
    Data Catalog", "Crawler prerequisites"; SageMaker Unified Studio administrator guide, "AmazonSageMakerDomainExecution
    role" and "AmazonSageMakerDomainService role". Limits: it is not Amundsen, and databuilder jobs do not run; who may enter
    the domain is said in it; the crawler drops no table of files that went, it marks it deprecated.
    """

    database: pulumi.Output[str]
    portal_url: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.Catalog,)
    tiers = ("all", "platform")
    essential_type = "aws:glue/crawler:Crawler"
    role_service = "glue.amazonaws.com"

    def __init__(self, name: str, args: GlueCatalogArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GlueCatalog", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(protect=args.production or None))
        settings = aws.glue.DataCatalogEncryptionSettings(
            f"{name}-encryption",
            data_catalog_encryption_settings={
                "connection_password_encryption": {
                    "return_connection_password_encrypted": True,
                    "aws_kms_key_id": args.kms_key,
                },
                "encryption_at_rest": {"catalog_encryption_mode": "SSE-KMS", "sse_aws_kms_key_id": args.kms_key},
            },
            opts=self._opts,
        )
        after = pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(depends_on=[settings]))
        database = aws.glue.CatalogDatabase(
            f"{name}-database", name=args.database, description="Tables of the platform's files", opts=after
        )
        self.database = database.name
        self._crawler()
        domain = self._domain()
        self.portal_url = domain.portal_url
        self.register_outputs({"database": self.database, "portalUrl": self.portal_url})

    def _crawler(self) -> None:
        args, name = self._args, self._name
        secured = aws.glue.SecurityConfiguration(
            f"{name}-security",
            name=args.stem,
            encryption_configuration={
                "cloudwatch_encryption": {"cloudwatch_encryption_mode": "SSE-KMS", "kms_key_arn": args.kms_key},
                "job_bookmarks_encryption": {"job_bookmarks_encryption_mode": "CSE-KMS", "kms_key_arn": args.kms_key},
                "s3_encryption": {"s3_encryption_mode": "SSE-KMS", "kms_key_arn": args.kms_key},
            },
            opts=self._opts,
        )
        rights = attach(f"{name}-crawl", args.role_name, self._statements(), self._opts)
        aws.glue.Crawler(
            f"{name}-crawler",
            name=args.stem,
            database_name=self.database,
            role=args.role_arn,
            description="Tables of what the platform's systems write",
            schedule=launch.schedule_expression(args.schedule),
            security_configuration=secured.name,
            s3_targets=[{"path": pulumi.Output.concat("s3://", path)} for path in args.paths],
            schema_change_policy={"delete_behavior": "DEPRECATE_IN_DATABASE", "update_behavior": "UPDATE_IN_DATABASE"},
            recrawl_policy={"recrawl_behavior": "CRAWL_EVERYTHING"},
            lineage_configuration={"crawler_lineage_settings": "DISABLE"},
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[rights])),
        )

    def _statements(self) -> list[Any]:
        args = self._args

        def glue(kind: str) -> pulumi.Output[str]:
            return pulumi.Output.format("arn:aws:glue:{0}:{1}:{2}", args.region, args.account_id, kind)

        tables = [glue("catalog"), glue(f"database/{args.database}"), glue(f"table/{args.database}/*")]
        buckets = [pulumi.Output.from_input(path).apply(lambda p: f"arn:aws:s3:::{p.partition('/')[0]}") for path in args.paths]
        objects = [pulumi.Output.concat("arn:aws:s3:::", path, "*") for path in args.paths]
        logs = pulumi.Output.format("arn:aws:logs:{0}:{1}:log-group:/aws-glue/*", args.region, args.account_id)
        return [
            allow(["s3:ListBucket", "s3:GetBucketLocation"], buckets),
            allow(["s3:GetObject"], objects),
            allow(
                ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable",
                 "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:BatchCreatePartition",
                 "glue:UpdatePartition", "glue:BatchUpdatePartition"],
                tables,
            ),
            allow(["glue:GetSecurityConfiguration"], [glue("*")]),
            allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"], [logs]),
            allow(["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"], [args.kms_key]),
        ]  # fmt: skip

    def _role(self, part: str, actions: Sequence[str], managed: str) -> tuple[aws.iam.Role, pulumi.Resource]:
        """A role that DataZone assumes in this account, with AWS's policy for it and the use of our key."""
        args, name = self._args, f"{self._name}-{part}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "datazone.amazonaws.com"},
            "Action": list(actions),
            "Condition": {"StringEquals": {"aws:SourceAccount": args.account_id}},
        }
        if "sts:TagSession" in actions:
            statement["Condition"] = {**statement["Condition"], "ForAllValues:StringLike": {"aws:TagKeys": "datazone*"}}  # type: ignore[dict-item]
        role = aws.iam.Role(
            name,
            name=fit(f"{args.stem}-{part}", LIMITS["iam-role"]),
            assume_role_policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]}),
            max_session_duration=3600,
            opts=self._opts,
        )
        attached = aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=f"{MANAGED}{managed}", opts=self._opts)
        use = allow(["kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"], [args.kms_key])
        attach(f"{name}-key", role.name, [use], self._opts)
        return role, attached

    def _domain(self) -> aws.datazone.Domain:
        args = self._args
        assume = "sts:AssumeRole"
        execution, may = self._role(
            "execution", [assume, "sts:TagSession", "sts:SetContext"], "SageMakerStudioDomainExecutionRolePolicy"
        )
        service, works = self._role("service", [assume], "SageMakerStudioDomainServiceRolePolicy")
        return aws.datazone.Domain(
            f"{self._name}-domain",
            name=args.domain_name,
            description="The platform's data",
            domain_version="V2",
            domain_execution_role=execution.arn,
            service_role=service.arn,
            kms_key_identifier=args.kms_key,
            skip_deletion_check=not args.production,
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(depends_on=[may, works])),
        )

    @staticmethod
    def wants(config: Amundsen) -> contracts.Wants:
        """Nothing: it reads what others were granted, see `plan`."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> GlueCatalogArgs:
        """From `systems.amundsen` of the spec and the systems that write files; databuilder jobs are refused."""
        config: Amundsen = site.config
        network, store = site.contract(contracts.Network), site.contract(contracts.ObjectStore)
        role_name, role_arn = own_role(site)
        if config.ingestion:
            raise pulumi.RunError(
                "systems.amundsen.ingestion: AWS has no Amundsen that databuilder jobs could fill; the crawler reads the "
                "buckets of flume, sqoop and spark, and bucket catalog"
            )
        filled = {system: places for system, places in FILLED.items() if system in site.spec.chosen()}
        # without a role a grant makes the bucket and gives no right: the crawler's own, below, is to read
        nobody = Consumer(name="amundsen", opts=site.opts)
        places = [f"{BUCKET}/", *(place for held in filled.values() for place in held)]
        paths: list[pulumi.Input[str]] = [
            pulumi.Output.concat(store.grant(place.partition("/")[0], nobody).bucket, "/", place.partition("/")[2])
            for place in places
        ]
        return GlueCatalogArgs(
            stem=f"{site.stack.name}-catalog",
            database=f"{site.stack.name}_catalog".replace("-", "_").lower(),
            domain_name=fit(f"{site.stack.name}-catalog", 64),
            paths=paths,
            role_name=role_name,
            role_arn=role_arn,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            production=site.spec.environment == "prod",
            systems=sorted(filled),
        )

    def contracts(self) -> Sequence[contracts.Catalog]:
        """The domain's portal."""
        return [contracts.Catalog(self.portal_url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The portal and the database."""
        return {"portal": self.portal_url, "database": self.database}
