"""What launches jobs and builds: state machines and CodeBuild projects (moto)."""

from __future__ import annotations

from sandbox.providers.aws.clients import ApiError, AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.cloud.spec import Json, Name, Spec

TAGS = Tags("tags", "key", "value")


class StateMachine(Rest):
    """A state machine; where its log goes has another form in the API."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The log group inside its destination."""
        made = super().request(cx, inputs, operation)
        logging = inputs.get("loggingConfiguration") or {}
        if group := logging.get("logDestination"):
            made["loggingConfiguration"]["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]
        return made

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """None where it is gone, which the service says in words of its own."""
        try:
            return super().read(cx, id, inputs)
        except ApiError as error:
            if error.code == "StateMachineDoesNotExist":
                return None
            raise

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The creation's time is text."""
        return {**super().answer(cx, id, item, inputs), "creationDate": str(item.get("creationDate", ""))}


class Project(Rest):
    """A build project. moto has no operation that changes one: it is made again under its name."""

    def describe_keys(self, id: str, inputs: Json) -> Json:
        """By name, in a list."""
        return {"names": [id]}

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Delete it and make it."""
        self.delete(cx, id, old)
        self.create(cx, new)


TYPES: dict[str, Spec] = {
    "aws:sfn/stateMachine:StateMachine": Spec(
        name=Name("name", 80),
        replace=("name", "type"),
        json=("definition",),
        choices={"type": "stepfunctions:StateMachineType", "loggingConfiguration.level": "stepfunctions:LogLevel"},
        api=StateMachine(
            "stepfunctions",
            "create_state_machine",
            "describe_state_machine",
            "delete_state_machine",
            {"stateMachineArn": "{id}"},
            "stateMachineArn",
            outputs={"arn": "stateMachineArn", "status": "status"},
            updates="update_state_machine",
            lists=("list_state_machines", "stateMachines", "name", "stateMachineArn"),
            named="name",
        ),
    ),
    "aws:codebuild/project:Project": Spec(
        name=Name("name", 150),
        replace=("name",),
        choices={"environment.computeType": "codebuild:ComputeType", "environment.type": "codebuild:EnvironmentType"},
        api=Project(
            "codebuild",
            "create_project",
            "batch_get_projects",
            "delete_project",
            {"name": "{id}"},
            "{name}",
            "projects.0",
            tags=TAGS,
            outputs={"arn": "arn"},
            updates="update_project",
        ),
    ),
}
