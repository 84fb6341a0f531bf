"""SageMaker models, endpoint configurations, endpoints and pipelines on moto, and what scales and watches endpoints.

moto keeps no tags of SageMaker's, so those stay in the record.
"""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Name, Spec


class Endpoint(Rest):
    """An endpoint. moto has no operation that changes one: it is made again under its name."""

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Delete it and make it."""
        self.delete(cx, id, old)
        self.create(cx, new)


class Capacity(Rest):
    """A scalable target; its id is the resource's, which describe takes as a list beside the namespace."""

    def describe_keys(self, id: str, inputs: Json) -> Json:
        """By resource, within the namespace."""
        return {"ServiceNamespace": inputs.get("serviceNamespace", "sagemaker"), "ResourceIds": [id]}


class ScalingPolicy(Rest):
    """A scaling policy; moto's describe does not look at names."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The name under its own, for dimensions have a `name` too."""
        plain = {key: value for key, value in inputs.items() if key != "name"}
        return {**super().request(cx, plain, operation), "PolicyName": inputs["name"]}

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """The one of that name."""
        if not inputs:
            return None
        found = cx.run("application-autoscaling", self.describes, **self.describe_keys(id, inputs))
        for item in at(found, "ScalingPolicies") or []:
            if item.get("PolicyName") == id:
                plain = {key: value for key, value in inputs.items() if key != "name"}
                return {**self.answer(cx, id, item, plain), "name": id}
        return None


class Alarm(Rest):
    """A metric alarm; its dimensions are a map here and a list there."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """Dimensions as a list."""
        plain = {key: value for key, value in inputs.items() if key not in ("name", "dimensions")}
        listed = [{"Name": key, "Value": value} for key, value in (inputs.get("dimensions") or {}).items()]
        return {**super().request(cx, plain, operation), "AlarmName": inputs["name"], "Dimensions": listed or None}

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Dimensions as a map."""
        plain = {key: value for key, value in inputs.items() if key != "dimensions"}
        found = super().answer(cx, id, item, plain)
        if inputs.get("dimensions"):
            found["dimensions"] = {entry["Name"]: entry["Value"] for entry in item.get("Dimensions") or []}
        return found

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Put again."""
        self.create(cx, new)


_POLICY = {"PolicyName": "{id}", "ServiceNamespace": "{serviceNamespace}", "ResourceId": "{resourceId}"}

TYPES: dict[str, Spec] = {
    "aws:sagemaker/model:Model": Spec(
        name=Name("name", 63),
        replace=("*",),
        references={"vpcConfig.subnets": "subnet", "vpcConfig.securityGroupIds": "security group"},
        api=Rest(
            "sagemaker",
            "create_model",
            "describe_model",
            "delete_model",
            {"ModelName": "{id}"},
            "{name}",
            names={"name": "ModelName"},
            outputs={"arn": "ModelArn"},
        ),
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Spec(
        name=Name("name", 63),
        replace=("*",),
        choices={"dataCaptureConfig.captureOptions.captureMode": "sagemaker:CaptureMode"},
        api=Rest(
            "sagemaker",
            "create_endpoint_config",
            "describe_endpoint_config",
            "delete_endpoint_config",
            {"EndpointConfigName": "{id}"},
            "{name}",
            names={"name": "EndpointConfigName", "kmsKeyArn": "KmsKeyId"},
            outputs={"arn": "EndpointConfigArn"},
        ),
    ),
    "aws:sagemaker/endpoint:Endpoint": Spec(
        name=Name("name", 63),
        replace=("name",),
        api=Endpoint(
            "sagemaker",
            "create_endpoint",
            "describe_endpoint",
            "delete_endpoint",
            {"EndpointName": "{id}"},
            "{name}",
            names={"name": "EndpointName"},
            outputs={"arn": "EndpointArn"},
            updates="update_endpoint",
        ),
    ),
    "aws:sagemaker/pipeline:Pipeline": Spec(
        name=Name("pipelineName", 256),
        replace=("pipelineName",),
        json=("pipelineDefinition",),
        api=Rest(
            "sagemaker",
            "create_pipeline",
            "describe_pipeline",
            "delete_pipeline",
            {"PipelineName": "{id}"},
            "{pipelineName}",
            outputs={"arn": "PipelineArn"},
            updates="update_pipeline",
        ),
    ),
    "aws:appautoscaling/target:Target": Spec(
        replace=("resourceId", "scalableDimension", "serviceNamespace"),
        api=Capacity(
            "application-autoscaling",
            "register_scalable_target",
            "describe_scalable_targets",
            "deregister_scalable_target",
            {"ServiceNamespace": "{serviceNamespace}", "ResourceId": "{id}", "ScalableDimension": "{scalableDimension}"},
            "{resourceId}",
            "ScalableTargets.0",
            updates="register_scalable_target",
        ),
    ),
    "aws:appautoscaling/policy:Policy": Spec(
        name=Name("name", 255),
        replace=("name", "resourceId", "scalableDimension", "serviceNamespace"),
        api=ScalingPolicy(
            "application-autoscaling",
            "put_scaling_policy",
            "describe_scaling_policies",
            "delete_scaling_policy",
            {**_POLICY, "ScalableDimension": "{scalableDimension}"},
            "{name}",
            describe_key={"ServiceNamespace": "{serviceNamespace}", "ResourceId": "{resourceId}"},
            outputs={"arn": "PolicyARN"},
            updates="put_scaling_policy",
        ),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Spec(
        name=Name("name", 255),
        replace=("name",),
        api=Alarm(
            "cloudwatch",
            "put_metric_alarm",
            "describe_alarms",
            "delete_alarms",
            {"AlarmNames": "[{id}]"},
            "{name}",
            "MetricAlarms.0",
            names={"name": "AlarmName"},
            outputs={"arn": "AlarmArn"},
            updates="put_metric_alarm",
        ),
    ),
}
