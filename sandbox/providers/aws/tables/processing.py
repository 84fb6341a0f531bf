"""Services that move and process data: EMR Serverless, Firehose and parts of EMR and DMS on moto, the rest in the state file.

moto has no MWAA, no serverless replication of DMS, and cannot delete an application of Managed Flink.
"""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import MAPPED, Rest, Tags
from sandbox.providers.cloud.spec import Json, Name, Spec

_TAGS = Tags()


class Serverless(Rest):
    """An application of EMR Serverless: it has to be stopped before it can go, and is listed for a while after."""

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """Terminated ones are gone."""
        found = super().read(cx, id, inputs)
        return None if found is None or found.pop("state", "") == "TERMINATED" else found

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """moto knows the engine by its name in capitals."""
        return {**super().request(cx, inputs, operation), "type": str(inputs["type"]).upper()}

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The API says "Spark" where the program says "spark"; moto keeps nothing of monitoring."""
        found = super().answer(cx, id, item, {key: value for key, value in inputs.items() if key != "type"})
        return {**found, "type": inputs.get("type", str(item["type"]).lower()), "state": item["state"]}

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Stop, then delete."""
        if self.read(cx, id, {}) is not None:
            cx.run("emr-serverless", "stop_application", applicationId=id)
            super().delete(cx, id, old)

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """A started application takes no change in moto: it stands in the record alone."""

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By name, the living."""
        for entry in cx.run("emr-serverless", "list_applications")["applications"]:
            if entry.get("name") == inputs.get("name") and entry["state"] != "TERMINATED":
                return str(entry["id"])
        return None

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go to the ARN."""
        return cx.arn("emr-serverless", f"/applications/{id}")


class Stream(Rest):
    """A delivery stream, whose blocks the API names and nests otherwise."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The blocks as the API wants them."""
        found: Json = {
            "DeliveryStreamName": inputs["name"],
            "DeliveryStreamType": "MSKAsSource" if inputs.get("mskSourceConfiguration") else "DirectPut",
            "ExtendedS3DestinationConfiguration": _extended(inputs["extendedS3Configuration"]),
        }
        if source := inputs.get("mskSourceConfiguration"):
            login = source["authenticationConfiguration"]
            found["MSKSourceConfiguration"] = {
                "MSKClusterARN": source["mskClusterArn"],
                "TopicName": source["topicName"],
                "AuthenticationConfiguration": {"RoleARN": login["roleArn"], "Connectivity": login["connectivity"]},
            }
        if (encryption := inputs.get("serverSideEncryption")) and encryption.get("enabled"):
            key = {"KeyARN": encryption["keyArn"]} if encryption.get("keyArn") else {}
            found["DeliveryStreamEncryptionConfigurationInput"] = {"KeyType": encryption["keyType"], **key}
        return found

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The address; settings are compared with the record."""
        arn = item["DeliveryStreamARN"]
        return {"name": id.rsplit("/", 1)[-1], "arn": arn, "destinationId": "destinationId-000000000001", "versionId": "1"}

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """The change of a destination stands in the record alone."""

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go by name."""
        return id.rsplit("/", 1)[-1]

    @staticmethod
    def _render(key: Any, id: str, inputs: Json) -> Json:
        """The id is the ARN, the API asks for the name."""
        return {"DeliveryStreamName": id.rsplit("/", 1)[-1]}

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By name."""
        id = cx.arn("firehose", f"deliverystream/{inputs['name']}")
        return id if self.read(cx, id, inputs) is not None else None


def _extended(given: Json) -> Json:
    found: Json = {"RoleARN": given["roleArn"], "BucketARN": given["bucketArn"]}
    plain = {"prefix": "Prefix", "errorOutputPrefix": "ErrorOutputPrefix", "compressionFormat": "CompressionFormat"}
    found |= {member: given[name] for name, member in plain.items() if given.get(name)}
    found["BufferingHints"] = {
        "IntervalInSeconds": given.get("bufferingInterval", 300),
        "SizeInMBs": given.get("bufferingSize", 5),
    }
    if key := given.get("kmsKeyArn"):
        found["EncryptionConfiguration"] = {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}
    if logs := given.get("cloudwatchLoggingOptions"):
        found["CloudWatchLoggingOptions"] = {
            "Enabled": logs.get("enabled", False),
            "LogGroupName": logs.get("logGroupName", ""),
            "LogStreamName": logs.get("logStreamName", ""),
        }
    return found


class EmrSecurity(Rest):
    """A security configuration of EMR: a name and JSON."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The JSON's member has another name."""
        return {"Name": inputs["name"], "SecurityConfiguration": inputs["configuration"]}

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """As given."""
        return {"name": id, "configuration": item.get("SecurityConfiguration"), "creationDate": str(item["CreationDateTime"])}


class SubnetGroup(Rest):
    """A subnet group of DMS; moto describes by a filter."""

    def describe_keys(self, id: str, inputs: Json) -> Json:
        """By id."""
        return {"Filters": [{"Name": "replication-subnet-group-id", "Values": [id]}]}

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """With its ARN and network."""
        subnets = [entry["SubnetIdentifier"] for entry in item.get("Subnets") or []]
        return {
            "replicationSubnetGroupId": id,
            "replicationSubnetGroupDescription": item.get("ReplicationSubnetGroupDescription"),
            "replicationSubnetGroupArn": cx.arn("dms", f"subgrp:{id}"),
            "subnetIds": subnets or inputs.get("subnetIds"),
            "vpcId": item.get("VpcId", ""),
        }


_VPC = {"subnetIds": "subnet", "securityGroupIds": "security group"}


def _under(block: str) -> dict[str, str]:
    return {f"{block}.{key}": kind for key, kind in _VPC.items()}


_DMS_ARN = "arn:aws:dms:{region}:{account}"

TYPES: dict[str, Spec] = {
    "aws:emrserverless/application:Application": Spec(
        name=Name("name", 64),
        replace=("releaseLabel", "type", "name"),
        choices={"architecture": "emr-serverless:Architecture"},
        references=_under("networkConfiguration"),
        api=Serverless(
            "emr-serverless", "create_application", "get_application", "delete_application", {"applicationId": "{id}"},
            "applicationId", "application", tags=MAPPED, outputs={"arn": "arn"}, updates="update_application",
        ),
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": Spec(
        name=Name("name", 64),
        replace=("mskSourceConfiguration", "kinesisSourceConfiguration", "destination"),
        choices={
            "extendedS3Configuration.compressionFormat": "firehose:CompressionFormat",
            "serverSideEncryption.keyType": "firehose:KeyType",
            "mskSourceConfiguration.authenticationConfiguration.connectivity": "firehose:Connectivity",
        },
        references={"mskSourceConfiguration.mskClusterArn": "MSK cluster"},
        api=Stream(
            "firehose", "create_delivery_stream", "describe_delivery_stream", "delete_delivery_stream", {},
            "DeliveryStreamARN", "DeliveryStreamDescription", tags=_TAGS,
            tagged=lambda cx, id, item: cx.run(
                "firehose", "list_tags_for_delivery_stream", DeliveryStreamName=id.rsplit("/", 1)[-1]
            ).get("Tags"),
            retag=("tag_delivery_stream", "untag_delivery_stream", "DeliveryStreamName"),
            updates="update_destination",
        ),
    ),
    "aws:emr/securityConfiguration:SecurityConfiguration": Spec(
        name=Name("name", 256, allowed=r"[\w.-]"),
        replace=("*",),
        json=("configuration",),
        api=EmrSecurity(
            "emr", "create_security_configuration", "describe_security_configuration", "delete_security_configuration",
            {"Name": "{id}"}, "{name}",
        ),
    ),
    "aws:emr/cluster:Cluster": Spec(
        name=Name("name", 256),
        replace=("releaseLabel", "serviceRole", "securityConfiguration", "ec2Attributes", "kerberosAttributes"),
        references={"ec2Attributes.subnetId": "subnet"},
        json=("configurationsJson",),
        id="j-{hash:.13}",
        outputs={
            "arn": "arn:aws:elasticmapreduce:{region}:{account}:cluster/{id}",
            "masterPublicDns": "ip-10-64-0-10.{region}.compute.internal",
            "clusterState": "WAITING",
        },
    ),
    "aws:emr/blockPublicAccessConfiguration:BlockPublicAccessConfiguration": Spec(
        replace=("region",), id="current",
    ),
    "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup": Spec(
        name=Name("replicationSubnetGroupId", 255, lower=True),
        references={"subnetIds": "subnet"},
        api=SubnetGroup(
            "dms", "create_replication_subnet_group", "describe_replication_subnet_groups", "delete_replication_subnet_group",
            {"ReplicationSubnetGroupIdentifier": "{id}"}, "{replicationSubnetGroupId}", "ReplicationSubnetGroups.0",
            names={"replicationSubnetGroupId": "ReplicationSubnetGroupIdentifier"},
        ),
    ),
    "aws:dms/endpoint:Endpoint": Spec(
        name=Name("endpointId", 255),
        replace=("endpointType", "engineName"),
        choices={"sslMode": "dms:DmsSslModeValue", "endpointType": ("source", "target")},
        outputs={"endpointArn": _DMS_ARN + ":endpoint:{hash:.26}"},
    ),
    "aws:dms/s3Endpoint:S3Endpoint": Spec(
        name=Name("endpointId", 255),
        replace=("endpointType",),
        choices={
            "encryptionMode": ("SSE_S3", "SSE_KMS"),
            "dataFormat": ("csv", "parquet"),
            "parquetVersion": ("parquet-1-0", "parquet-2-0"),
        },
        outputs={"endpointArn": _DMS_ARN + ":endpoint:{hash:.26}", "engineDisplayName": "Amazon S3", "status": "active"},
    ),
    "aws:dms/replicationConfig:ReplicationConfig": Spec(
        name=Name("replicationConfigIdentifier", 255),
        choices={"replicationType": "dms:MigrationTypeValue"},
        json=("tableMappings", "replicationSettings"),
        references={"computeConfig.vpcSecurityGroupIds": "security group"},
        id=_DMS_ARN + ":replication-config:{hash:.26}",
        outputs={"arn": "{id}"},
    ),
    "aws:kinesisanalyticsv2/application:Application": Spec(
        name=Name("name", 128, allowed=r"[\w.-]"),
        replace=("applicationMode", "runtimeEnvironment"),
        choices={
            "runtimeEnvironment": "kinesisanalyticsv2:RuntimeEnvironment",
            "applicationMode": "kinesisanalyticsv2:ApplicationMode",
            "applicationConfiguration.applicationEncryptionConfiguration.keyType": "kinesisanalyticsv2:KeyType",
        },
        references=_under("applicationConfiguration.vpcConfiguration"),
        id="arn:aws:kinesisanalytics:{region}:{account}:application/{name}",
        outputs={"arn": "{id}", "status": "READY", "versionId": 1},
    ),
    "aws:mwaa/environment:Environment": Spec(
        name=Name("name", 80),
        replace=("kmsKey", "networkConfiguration.subnetIds", "endpointManagement"),
        choices={
            "webserverAccessMode": "mwaa:WebserverAccessMode",
            "endpointManagement": "mwaa:EndpointManagement",
        },
        references=_under("networkConfiguration"),
        outputs={
            "arn": "arn:aws:airflow:{region}:{account}:environment/{name}",
            "webserverUrl": "{hash:.8}-vpce.c1.{region}.airflow.amazonaws.com",
            "status": "AVAILABLE",
        },
    ),
    "aws:sagemaker/featureGroup:FeatureGroup": Spec(
        name=Name("featureGroupName", 64),
        replace=("recordIdentifierFeatureName", "eventTimeFeatureName", "roleArn", "offlineStoreConfig"),
        choices={"featureDefinitions.featureType": "sagemaker:FeatureType"},
        outputs={"arn": "arn:aws:sagemaker:{region}:{account}:feature-group/{featureGroupName}"},
    ),
}  # fmt: skip
