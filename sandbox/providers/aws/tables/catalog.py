"""Glue's catalogue and EventBridge Scheduler on moto; DataZone in the state file, because moto has none."""

from __future__ import annotations

from sandbox.providers.aws.clients import ApiError, AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import from_api, to_api
from sandbox.providers.cloud.spec import Api, Json, Name, Spec

_TAGS = Tags("Tags", mapped=True)


class Database(Rest):
    """A database, whose properties the API wants in a block of their own. moto keeps its tags where nobody can read them."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it."""
        cx.run("glue", "create_database", DatabaseInput=self._block(cx, inputs), Tags=self.all_tags(cx, inputs) or None)
        return str(inputs["name"])

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """All properties again."""
        cx.run("glue", "update_database", Name=id, DatabaseInput=self._block(cx, new))

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """With what the API does not say of it."""
        own = {"name": id, "arn": cx.arn("glue", f"database/{id}"), "catalogId": cx.account}
        return {**super().answer(cx, id, item, inputs), **own}

    @staticmethod
    def _block(cx: AwsContext, inputs: Json) -> Json:
        shape = cx.input("glue", "create_database").members["DatabaseInput"]
        return dict(to_api(shape, {key: value for key, value in inputs.items() if key not in ("tags", "region", "catalogId")}))


class Crawler(Rest):
    """A crawler: its targets are lists of the program, one structure of the API."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The targets together."""
        targets = {key: value for key, value in inputs.items() if key.endswith("Targets")}
        plain = {key: value for key, value in inputs.items() if key not in targets}
        found = super().request(cx, plain, operation)
        return {**found, "Targets": to_api(cx.input("glue", operation).members["Targets"], targets)}

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The schedule is an object there, the targets a structure."""
        plain = {key: value for key, value in inputs.items() if key != "schedule" and not key.endswith("Targets")}
        found = super().answer(cx, id, item, plain)
        targets = {key: value for key, value in inputs.items() if key.endswith("Targets")}
        found |= from_api(targets, item.get("Targets") or {})
        if "schedule" in inputs:
            found["schedule"] = (item.get("Schedule") or {}).get("ScheduleExpression")
        return {**found, "arn": cx.arn("glue", f"crawler/{id}")}

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """moto has no operation that changes a crawler: the change stands in the record alone."""

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go to the ARN."""
        return cx.arn("glue", f"crawler/{id}")


class Encryption(Api):
    """The catalogue's encryption: one for account and region, put, and put back."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Put it; the account is its id."""
        shape = cx.input("glue", "put_data_catalog_encryption_settings").members["DataCatalogEncryptionSettings"]
        settings = to_api(shape, inputs["dataCatalogEncryptionSettings"])
        cx.run("glue", "put_data_catalog_encryption_settings", DataCatalogEncryptionSettings=settings)
        return cx.account

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """As the program spells it."""
        live = cx.run("glue", "get_data_catalog_encryption_settings").get("DataCatalogEncryptionSettings")
        given = inputs.get("dataCatalogEncryptionSettings") or {}
        return {"catalogId": id, "dataCatalogEncryptionSettings": from_api(given, live)} if live else None

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Putting again replaces it."""
        self.create(cx, new)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """As a new account has it."""
        open_ = {
            "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
        }
        cx.run("glue", "put_data_catalog_encryption_settings", DataCatalogEncryptionSettings=open_)


class Security(Rest):
    """How crawlers and jobs encrypt; blocks of the program are lists of the API."""

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The name is all that is looked at: it can only be replaced."""
        return {"name": id}


class Schedule(Rest):
    """A schedule in a group; the group's name and its own are its id."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it."""
        cx.run("scheduler", "create_schedule", **self.request(cx, inputs, "create_schedule"))
        return f"{inputs.get('groupName', 'default')}/{inputs['name']}"

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """By group and name."""
        item = cx.maybe("scheduler", "get_schedule", **_place(id))
        if item is None:
            return None
        return {**super().answer(cx, id, item, inputs), "arn": item["Arn"], "name": id.partition("/")[2]}

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """All properties again."""
        cx.run("scheduler", "update_schedule", **{**self.request(cx, new, "update_schedule"), **_place(id)})

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Gone afterwards."""
        try:
            cx.maybe("scheduler", "delete_schedule", **_place(id))
        except ApiError as error:
            if "not exist" not in str(error):
                raise

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By name."""
        id = f"{inputs.get('groupName', 'default')}/{inputs['name']}"
        return id if self.read(cx, id, inputs) is not None else None


def _place(id: str) -> Json:
    group, _, name = id.partition("/")
    return {"GroupName": group, "Name": name}


TYPES: dict[str, Spec] = {
    "aws:glue/catalogDatabase:CatalogDatabase": Spec(
        name=Name("name", 255, lower=True, allowed=r"[a-z0-9_]"),
        replace=("catalogId",),
        api=Database(
            "glue", "create_database", "get_database", "delete_database", {"Name": "{id}"}, "{name}", "Database",
            updates="update_database",
        ),
    ),
    "aws:glue/crawler:Crawler": Spec(
        name=Name("name", 255, allowed=r"[\w.-]"),
        choices={
            "schemaChangePolicy.deleteBehavior": "glue:DeleteBehavior",
            "schemaChangePolicy.updateBehavior": "glue:UpdateBehavior",
            "recrawlPolicy.recrawlBehavior": "glue:RecrawlBehavior",
        },
        references={"databaseName": "Glue database"},
        api=Crawler(
            "glue", "create_crawler", "get_crawler", "delete_crawler", {"Name": "{id}"}, "{name}", "Crawler",
            names={"securityConfiguration": "CrawlerSecurityConfiguration"},
            tags=_TAGS,
            tagged=lambda cx, id, item: cx.run("glue", "get_tags", ResourceArn=cx.arn("glue", f"crawler/{id}")).get("Tags"),
            retag=("tag_resource", "untag_resource", "ResourceArn"),
            updates="update_crawler",
        ),
    ),
    "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings": Spec(
        replace=("catalogId",),
        choices={
            "dataCatalogEncryptionSettings.encryptionAtRest.catalogEncryptionMode": "glue:CatalogEncryptionMode",
        },
        api=Encryption(),
    ),
    "aws:glue/securityConfiguration:SecurityConfiguration": Spec(
        name=Name("name", 255, allowed=r"[\w.-]"),
        replace=("*",),
        api=Security(
            "glue", "create_security_configuration", "get_security_configuration", "delete_security_configuration",
            {"Name": "{id}"}, "{name}", "SecurityConfiguration",
        ),
    ),
    "aws:scheduler/schedule:Schedule": Spec(
        name=Name("name", 64, allowed=r"[\w.-]"),
        replace=("groupName", "namePrefix"),
        defaults={"groupName": "default", "state": "ENABLED"},
        choices={"flexibleTimeWindow.mode": "scheduler:FlexibleTimeWindowMode", "state": "scheduler:ScheduleState"},
        api=Schedule("scheduler", "create_schedule", "get_schedule", "delete_schedule", {}, updates="update_schedule"),
    ),
    "aws:datazone/domain:Domain": Spec(
        name=Name("name", 64),
        replace=("domainVersion", "kmsKeyIdentifier"),
        choices={"domainVersion": ("V1", "V2")},
        id="dzd-{hash:.13}",
        outputs={
            "arn": "arn:aws:datazone:{region}:{account}:domain/{id}",
            "portalUrl": "https://{id}.sagemaker.{region}.on.aws",
            "rootDomainUnitId": "{hash:.14}",
        },
    ),
}  # fmt: skip
