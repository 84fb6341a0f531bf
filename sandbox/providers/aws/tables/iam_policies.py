"""IAM policies: managed ones, inline ones of a role, and attachments (moto)."""

from __future__ import annotations

import json
from typing import Any

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.cloud.spec import Json, Name, Spec

TAGS = Tags()
NAME = r"[\w+=,.@-]"
"""What names in IAM may hold."""


def policy_text(document: Any) -> str:
    """botocore parses policy documents; inputs are text."""
    return document if isinstance(document, str) else json.dumps(document)


class Policy(Rest):
    """A managed policy: each change is a new default version, and only five may exist."""

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The document stands in the default version."""
        found = super().answer(cx, id, item, {key: value for key, value in inputs.items() if key != "policy"})
        version = cx.run("iam", "get_policy_version", PolicyArn=id, VersionId=item["DefaultVersionId"])
        return {**found, "policy": policy_text(version["PolicyVersion"]["Document"])}

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """The last version goes once the new one is the default."""
        before = cx.run("iam", "get_policy", PolicyArn=id)["Policy"]["DefaultVersionId"]
        cx.run("iam", "create_policy_version", PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)
        cx.run("iam", "delete_policy_version", PolicyArn=id, VersionId=before)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Versions that are not the default go first."""
        for version in (cx.maybe("iam", "list_policy_versions", PolicyArn=id) or {}).get("Versions", []):
            if not version["IsDefaultVersion"]:
                cx.maybe("iam", "delete_policy_version", PolicyArn=id, VersionId=version["VersionId"])
        super().delete(cx, id, old)


class RolePolicy(Rest):
    """An inline policy of a role; its id is `role:name`."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Put it."""
        cx.run("iam", "put_role_policy", RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """By role and name."""
        role, _, name = id.partition(":")
        answer = cx.maybe("iam", "get_role_policy", RoleName=role, PolicyName=name)
        return None if answer is None else {"role": role, "name": name, "policy": policy_text(answer["PolicyDocument"])}

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Put again."""
        self.create(cx, new)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """By role and name."""
        role, _, name = id.partition(":")
        cx.maybe("iam", "delete_role_policy", RoleName=role, PolicyName=name)


class Attachment(Rest):
    """A managed policy on a role; its id is `role/policy ARN`."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Attach."""
        cx.run("iam", "attach_role_policy", RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """Among the role's attachments."""
        role, _, arn = id.partition("/")
        answer = cx.maybe("iam", "list_attached_role_policies", RoleName=role)
        attached = [entry["PolicyArn"] for entry in (answer or {}).get("AttachedPolicies", [])]
        return {"role": role, "policyArn": arn} if arn in attached else None

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Detach."""
        role, _, arn = id.partition("/")
        cx.maybe("iam", "detach_role_policy", RoleName=role, PolicyArn=arn)


TYPES: dict[str, Spec] = {
    "aws:iam/policy:Policy": Spec(
        name=Name("name", 128, allowed=NAME),
        replace=("path", "description", "namePrefix"),
        json=("policy",),
        api=Policy(
            "iam",
            "create_policy",
            "get_policy",
            "delete_policy",
            {"PolicyArn": "{id}"},
            "Policy.Arn",
            "Policy",
            tags=TAGS,
            names={"name": "PolicyName", "policy": "PolicyDocument"},
            updates="create_policy_version",
            named="name",
            outputs={"arn": "Arn", "policyId": "PolicyId"},
            retag=("tag_policy", "untag_policy", "PolicyArn"),
            lists=("list_policies", "Policies", "PolicyName", "Arn"),
            list_with={"Scope": "Local", "MaxItems": 1000},
        ),
    ),
    "aws:iam/rolePolicy:RolePolicy": Spec(
        name=Name("name", 128, allowed=NAME),
        replace=("role",),
        json=("policy",),
        api=RolePolicy("iam", "put_role_policy", "get_role_policy", "delete_role_policy", {}),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Spec(
        replace=("role", "policyArn"),
        api=Attachment("iam", "attach_role_policy", "list_attached_role_policies", "detach_role_policy", {}),
    ),
}
