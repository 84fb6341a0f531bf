"""Managed Prometheus: workspaces and rule groups on moto. Alert managers and Managed Grafana: in the state file."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import MAPPED, Rest
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Name, Spec


class Workspace(Rest):
    """A workspace has an alias, which is no name: a left-over is found by its tag."""

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """moto's endpoint is AWS's own form, and gives the key back only where there is one."""
        plain = {key: value for key, value in inputs.items() if key != "loggingConfiguration"}
        return super().answer(cx, id, item, plain)

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go to the ARN."""
        return cx.arn("aps", f"workspace/{id}")

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By the tag."""
        for entry in cx.run("amp", "list_workspaces")["workspaces"]:
            if (entry.get("tags") or {}).get("mlops.dev/urn") == cx.mark:
                return str(entry["workspaceId"])
        return None


class Rules(Rest):
    """A namespace of rule groups: YAML, which the API takes as bytes. Its id is its ARN."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it."""
        answer = cx.run(
            "amp",
            "create_rule_groups_namespace",
            workspaceId=inputs["workspaceId"],
            name=inputs["name"],
            data=inputs["data"].encode(),
            tags=self.all_tags(cx, inputs) or None,
        )
        return str(answer["arn"])

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """Workspace and name stand at the end of the ARN."""
        workspace, name = id.split("/")[-2:]
        item = at(cx.maybe("amp", "describe_rule_groups_namespace", workspaceId=workspace, name=name), "ruleGroupsNamespace")
        if item is None:
            return None
        data = item.get("data", b"")
        found = {"workspaceId": workspace, "name": name, "arn": id, "data": data.decode() if isinstance(data, bytes) else data}
        self.put_tags(cx, found, MAPPED.read(item.get("tags")), inputs)
        return found

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Put other rules."""
        cx.run("amp", "put_rule_groups_namespace", workspaceId=new["workspaceId"], name=new["name"], data=new["data"].encode())

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """By workspace and name."""
        workspace, name = id.split("/")[-2:]
        cx.maybe("amp", "delete_rule_groups_namespace", workspaceId=workspace, name=name)

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By name."""
        id = cx.arn("aps", f"rulegroupsnamespace/{inputs['workspaceId']}/{inputs['name']}")
        return id if self.read(cx, id, inputs) is not None else None


_RETAG = ("tag_resource", "untag_resource", "resourceArn")

TYPES: dict[str, Spec] = {
    "aws:amp/workspace:Workspace": Spec(
        replace=("kmsKeyArn",),
        api=Workspace(
            "amp",
            "create_workspace",
            "describe_workspace",
            "delete_workspace",
            {"workspaceId": "{id}"},
            "workspaceId",
            "workspace",
            tags=MAPPED,
            marked=True,
            outputs={"arn": "arn", "prometheusEndpoint": "prometheusEndpoint"},
            updates="update_workspace_alias",
            retag=_RETAG,
        ),
    ),
    "aws:amp/ruleGroupNamespace:RuleGroupNamespace": Spec(
        name=Name("name", 64),
        replace=("workspaceId",),
        api=Rules(
            "amp",
            "create_rule_groups_namespace",
            "describe_rule_groups_namespace",
            "delete_rule_groups_namespace",
            {},
            tags=MAPPED,
            updates="put_rule_groups_namespace",
            retag=_RETAG,
        ),
    ),
    "aws:amp/alertManagerDefinition:AlertManagerDefinition": Spec(
        replace=("workspaceId",),
        references={"workspaceId": "AMP workspace"},
        id="{workspaceId}",
    ),
    "aws:grafana/workspace:Workspace": Spec(
        name=Name("name", 255),
        replace=("accountAccessType", "kmsKeyId"),
        choices={
            "accountAccessType": "grafana:AccountAccessType",
            "authenticationProviders": "grafana:AuthenticationProviderTypes",
            "permissionType": "grafana:PermissionType",
            "dataSources": "grafana:DataSourceType",
            "notificationDestinations": "grafana:NotificationDestinationType",
        },
        references={"vpcConfiguration.subnetIds": "subnet", "vpcConfiguration.securityGroupIds": "security group"},
        json=("configuration",),
        id="g-{hash:.10}",
        outputs={
            "arn": "arn:aws:grafana:{region}:{account}:/workspaces/{id}",
            "endpoint": "{id}.grafana-workspace.{region}.amazonaws.com",
        },
    ),
    "aws:grafana/roleAssociation:RoleAssociation": Spec(
        replace=("role", "workspaceId"),
        choices={"role": "grafana:Role"},
        references={"workspaceId": "Grafana workspace"},
        id="{workspaceId}/{role}",
    ),
}
