"""RDS instances, subnet groups and parameter groups (moto)."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.model import Failure

TAGS = Tags()
_IDENTIFIER = r"[a-z0-9-]"
_BATCH = 20  # parameters that one modify call takes


def _tags(cx: AwsContext, arn: str) -> Any:
    return cx.run("rds", "list_tags_for_resource", ResourceName=arn).get("TagList")


class Instance(Rest):
    """A database instance. Request and answer spell many properties differently."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """Write-only passwords are the password."""
        found = super().request(cx, inputs, operation)
        if inputs.get("passwordWo"):
            found["MasterUserPassword"] = inputs["passwordWo"]
        if operation == "modify_db_instance":
            exports = inputs.get("enabledCloudwatchLogsExports")
            found.pop("CloudwatchLogsExportConfiguration", None)
            if exports is not None:
                found["CloudwatchLogsExportConfiguration"] = {"EnableLogTypes": exports}
            return {**found, "ApplyImmediately": True}
        return found

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Flattened as the program has it."""
        host, port = at(item, "Endpoint.Address") or "", at(item, "Endpoint.Port") or 0
        secret = item.get("MasterUserSecret")
        found: Json = {
            name: item[member]
            for name, member in _ANSWERS.items()
            if item.get(member) is not None
            and (name in inputs or name in ("username", "engine", "engineVersion", "kmsKeyId", "port"))
        }
        secrets = (
            [
                {
                    "secretArn": secret["SecretArn"],
                    "kmsKeyId": secret.get("KmsKeyId", ""),
                    "secretStatus": secret.get("SecretStatus", ""),
                }
            ]
            if secret
            else []
        )
        return {
            **found,
            "identifier": item["DBInstanceIdentifier"],
            "dbSubnetGroupName": at(item, "DBSubnetGroup.DBSubnetGroupName"),
            "parameterGroupName": at(item, "DBParameterGroups.0.DBParameterGroupName"),
            "vpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in item.get("VpcSecurityGroups") or []],
            "masterUserSecrets": secrets,
            "address": host,
            "port": port,
            "endpoint": f"{host}:{port}",
            "arn": item["DBInstanceArn"],
            "resourceId": item.get("DbiResourceId", ""),
            "status": item.get("DBInstanceStatus", ""),
            "engineVersionActual": item.get("EngineVersion", ""),
            "availabilityZone": item.get("AvailabilityZone", ""),
        }

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Refuses, as the real provider does, when nobody said what happens to the data."""
        final = old.get("finalSnapshotIdentifier")
        if not old.get("skipFinalSnapshot") and not final:
            raise Failure(f"{id}: finalSnapshotIdentifier is required when skipFinalSnapshot is not true")
        if old.get("skipFinalSnapshot"):
            cx.maybe("rds", "delete_db_instance", DBInstanceIdentifier=id, SkipFinalSnapshot=True)
        else:
            cx.maybe("rds", "delete_db_instance", DBInstanceIdentifier=id, FinalDBSnapshotIdentifier=final)

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go to the ARN."""
        return cx.arn("rds", f"db:{id}")


_ANSWERS = {
    "allocatedStorage": "AllocatedStorage",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "dbName": "DBName",
    "deletionProtection": "DeletionProtection",
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "instanceClass": "DBInstanceClass",
    "kmsKeyId": "KmsKeyId",
    "licenseModel": "LicenseModel",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "monitoringInterval": "MonitoringInterval",
    "multiAz": "MultiAZ",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled",
    "port": "DbInstancePort",
    "publiclyAccessible": "PubliclyAccessible",
    "storageEncrypted": "StorageEncrypted",
    "storageType": "StorageType",
    "username": "MasterUsername",
}
_REQUESTS = {
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "username": "MasterUsername",
    "password": "MasterUserPassword",
    "parameterGroupName": "DBParameterGroupName",
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "caCertIdentifier": "CACertificateIdentifier",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
}


class ParameterGroup(Rest):
    """Parameters are set after the group is made."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it, then set them."""
        id = super().create(cx, inputs)
        self.change(cx, id, {}, inputs)
        return id

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Only parameters that the program sets are looked at: a family has hundreds."""
        found = super().answer(cx, id, item, {key: value for key, value in inputs.items() if key != "parameters"})
        if asked := inputs.get("parameters"):
            live = {entry["ParameterName"]: entry for entry in self._parameters(cx, id)}
            found["parameters"] = [
                {**entry, "value": live[entry["name"]].get("ParameterValue", entry["value"])}
                for entry in asked
                if entry["name"] in live
            ]
        return found

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Set what differs, reset what is gone."""
        before = {entry["name"]: entry for entry in old.get("parameters") or []}
        after = {entry["name"]: entry for entry in new.get("parameters") or []}
        wanted = [_parameter(entry) for name, entry in after.items() if before.get(name) != entry]
        for start in range(0, len(wanted), _BATCH):
            cx.run("rds", "modify_db_parameter_group", DBParameterGroupName=id, Parameters=wanted[start : start + _BATCH])

    def _parameters(self, cx: AwsContext, id: str) -> list[Json]:
        found: list[Json] = cx.run("rds", "describe_db_parameters", DBParameterGroupName=id)["Parameters"]
        return found

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go to the ARN."""
        return cx.arn("rds", f"pg:{id}")


def _parameter(entry: Json) -> Json:
    return {
        "ParameterName": entry["name"],
        "ParameterValue": str(entry["value"]),
        "ApplyMethod": entry.get("applyMethod", "immediate"),
    }


class SubnetGroup(Rest):
    """Subnets come back as objects."""

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Their ids."""
        subnets = [entry["SubnetIdentifier"] for entry in item.get("Subnets") or []]
        return {
            **super().answer(cx, id, item, {key: value for key, value in inputs.items() if key != "subnetIds"}),
            "subnetIds": subnets,
        }

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go to the ARN."""
        return cx.arn("rds", f"subgrp:{id}")


_RETAG = ("add_tags_to_resource", "remove_tags_from_resource", "ResourceName")
_DESCRIBED = {"description": "Managed by Pulumi"}

TYPES: dict[str, Spec] = {
    "aws:rds/instance:Instance": Spec(
        name=Name("identifier", 63, lower=True, allowed=_IDENTIFIER),
        replace=(
            "engine",
            "username",
            "dbName",
            "kmsKeyId",
            "storageEncrypted",
            "availabilityZone",
            "dbSubnetGroupName",
            "characterSetName",
            "timezone",
            "snapshotIdentifier",
            "identifierPrefix",
            "port",
        ),
        write_only=("passwordWo",),
        api=Instance(
            "rds",
            "create_db_instance",
            "describe_db_instances",
            "delete_db_instance",
            {"DBInstanceIdentifier": "{id}"},
            "{identifier}",
            "DBInstances.0",
            names=_REQUESTS,
            tags=TAGS,
            updates="modify_db_instance",
            retag=_RETAG,
            tagged=lambda cx, id, item: item.get("TagList"),
        ),
    ),
    "aws:rds/subnetGroup:SubnetGroup": Spec(
        name=Name("name", 255, lower=True, allowed=r"[a-z0-9._-]"),
        replace=("namePrefix",),
        defaults=_DESCRIBED,
        api=SubnetGroup(
            "rds",
            "create_db_subnet_group",
            "describe_db_subnet_groups",
            "delete_db_subnet_group",
            {"DBSubnetGroupName": "{id}"},
            "{name}",
            "DBSubnetGroups.0",
            names={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
            tags=TAGS,
            outputs={"arn": "DBSubnetGroupArn", "vpcId": "VpcId"},
            updates="modify_db_subnet_group",
            retag=_RETAG,
            tagged=lambda cx, id, item: _tags(cx, item["DBSubnetGroupArn"]),
        ),
    ),
    "aws:rds/parameterGroup:ParameterGroup": Spec(
        name=Name("name", 255, lower=True, allowed=_IDENTIFIER),
        replace=("family", "description", "namePrefix"),
        defaults=_DESCRIBED,
        api=ParameterGroup(
            "rds",
            "create_db_parameter_group",
            "describe_db_parameter_groups",
            "delete_db_parameter_group",
            {"DBParameterGroupName": "{id}"},
            "{name}",
            "DBParameterGroups.0",
            tags=TAGS,
            retag=_RETAG,
            names={"name": "DBParameterGroupName", "family": "DBParameterGroupFamily"},
            updates="modify_db_parameter_group",
            outputs={"arn": "DBParameterGroupArn"},
            tagged=lambda cx, id, item: _tags(cx, item["DBParameterGroupArn"]),
        ),
    ),
}
