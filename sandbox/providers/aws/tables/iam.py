"""IAM roles, instance profiles and OpenID providers (moto)."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import at
from sandbox.providers.aws.tables.iam_policies import NAME, policy_text
from sandbox.providers.cloud.spec import Json, Name, Spec

TAGS = Tags()


class Role(Rest):
    """With the policies that the program lists inside the role."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it, then its inline and managed policies."""
        id = super().create(cx, inputs)
        self._policies(cx, id, {}, inputs)
        return id

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Policies only where the inputs list some: others are resources of their own."""
        plain = {
            key: value
            for key, value in inputs.items()
            if key not in ("inlinePolicies", "managedPolicyArns", "permissionsBoundary")
        }
        found = super().answer(cx, id, item, plain)
        found["assumeRolePolicy"] = policy_text(item["AssumeRolePolicyDocument"])
        if inputs.get("managedPolicyArns"):
            attached = cx.run("iam", "list_attached_role_policies", RoleName=id)["AttachedPolicies"]
            found["managedPolicyArns"] = [entry["PolicyArn"] for entry in attached]
        if inputs.get("inlinePolicies"):
            names = cx.run("iam", "list_role_policies", RoleName=id)["PolicyNames"]
            documents = {name: cx.run("iam", "get_role_policy", RoleName=id, PolicyName=name)["PolicyDocument"] for name in names}
            order = [entry.get("name") for entry in inputs["inlinePolicies"]]
            names = sorted(names, key=lambda name: order.index(name) if name in order else len(order))
            found["inlinePolicies"] = [{"name": name, "policy": policy_text(documents[name])} for name in names]
        if "permissionsBoundary" in inputs:
            found["permissionsBoundary"] = at(item, "PermissionsBoundary.PermissionsBoundaryArn")
        return {**found, "createDate": str(item.get("CreateDate", ""))}

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """One operation a property."""
        if old.get("assumeRolePolicy") != new.get("assumeRolePolicy"):
            cx.run("iam", "update_assume_role_policy", RoleName=id, PolicyDocument=new["assumeRolePolicy"])
        if any(old.get(name) != new.get(name) for name in ("description", "maxSessionDuration")):
            cx.run(
                "iam",
                "update_role",
                RoleName=id,
                Description=new.get("description", ""),
                MaxSessionDuration=new.get("maxSessionDuration"),
            )
        if old.get("permissionsBoundary") != new.get("permissionsBoundary"):
            if new.get("permissionsBoundary"):
                cx.run("iam", "put_role_permissions_boundary", RoleName=id, PermissionsBoundary=new["permissionsBoundary"])
            else:
                cx.run("iam", "delete_role_permissions_boundary", RoleName=id)
        self._policies(cx, id, old, new)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Its own policies go first; with forceDetachPolicies everybody's do."""
        self._policies(cx, id, old, {})
        if old.get("forceDetachPolicies") and self.read(cx, id, {}) is not None:
            for entry in cx.run("iam", "list_attached_role_policies", RoleName=id)["AttachedPolicies"]:
                cx.maybe("iam", "detach_role_policy", RoleName=id, PolicyArn=entry["PolicyArn"])
        super().delete(cx, id, old)

    def _policies(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        before, after = set(old.get("managedPolicyArns") or []), set(new.get("managedPolicyArns") or [])
        for arn in sorted(before - after):
            cx.maybe("iam", "detach_role_policy", RoleName=id, PolicyArn=arn)
        for arn in sorted(after - before):
            cx.run("iam", "attach_role_policy", RoleName=id, PolicyArn=arn)
        had = {entry.get("name"): entry.get("policy") for entry in old.get("inlinePolicies") or []}
        wants = {entry.get("name"): entry.get("policy") for entry in new.get("inlinePolicies") or []}
        for name in had.keys() - wants.keys():
            cx.maybe("iam", "delete_role_policy", RoleName=id, PolicyName=name)
        for name in [name for name, policy in wants.items() if had.get(name) != policy]:
            cx.run("iam", "put_role_policy", RoleName=id, PolicyName=name, PolicyDocument=wants[name])


class Profile(Rest):
    """An instance profile with at most one role."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it, then put the role in."""
        id = super().create(cx, inputs)
        self.change(cx, id, {}, inputs)
        return id

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The role stands in a list."""
        found = super().answer(cx, id, item, {key: value for key, value in inputs.items() if key != "role"})
        return {**found, "role": at(item, "Roles.0.RoleName"), "createDate": str(item.get("CreateDate", ""))}

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """One role out, the other in."""
        if old.get("role") and old.get("role") != new.get("role"):
            cx.maybe("iam", "remove_role_from_instance_profile", InstanceProfileName=id, RoleName=old["role"])
        if new.get("role") and old.get("role") != new.get("role"):
            cx.run("iam", "add_role_to_instance_profile", InstanceProfileName=id, RoleName=new["role"])

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Emptied first."""
        self.change(cx, id, old, {})
        super().delete(cx, id, old)


class Oidc(Rest):
    """An OpenID provider: the API drops the scheme of the URL."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """Nothing but what create takes."""
        return {
            "Url": inputs["url"],
            "ClientIDList": inputs["clientIdLists"],
            "ThumbprintList": inputs.get("thumbprintLists") or [],
        }

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The URL as the program has it, where both name the same host."""
        given = str(inputs.get("url", ""))
        url = item.get("Url", "")
        return {
            "arn": id,
            "url": given if given.rsplit("://", maxsplit=1)[-1] == url else f"https://{url}",
            "clientIdLists": item.get("ClientIDList", []),
            "thumbprintLists": item.get("ThumbprintList", []),
        }

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Audiences one by one, thumbprints as a whole."""
        before, after = set(old.get("clientIdLists") or []), set(new.get("clientIdLists") or [])
        for audience in sorted(after - before):
            cx.run("iam", "add_client_id_to_open_id_connect_provider", OpenIDConnectProviderArn=id, ClientID=audience)
        for audience in sorted(before - after):
            cx.run("iam", "remove_client_id_from_open_id_connect_provider", OpenIDConnectProviderArn=id, ClientID=audience)
        if old.get("thumbprintLists") != new.get("thumbprintLists"):
            thumbprints = new.get("thumbprintLists") or []
            cx.run("iam", "update_open_id_connect_provider_thumbprint", OpenIDConnectProviderArn=id, ThumbprintList=thumbprints)

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """The ARN follows from the URL."""
        arn = cx.arn("iam", f"oidc-provider/{str(inputs['url']).split('://')[-1]}", region=False)
        return arn if self.read(cx, arn, inputs) is not None else None


TYPES: dict[str, Spec] = {
    "aws:iam/role:Role": Spec(
        name=Name("name", 64, allowed=NAME),
        replace=("path", "namePrefix"),
        json=("assumeRolePolicy",),
        api=Role(
            "iam",
            "create_role",
            "get_role",
            "delete_role",
            {"RoleName": "{id}"},
            "{name}",
            "Role",
            tags=TAGS,
            names={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
            updates="update_role",
            outputs={"arn": "Arn", "uniqueId": "RoleId"},
            retag=("tag_role", "untag_role", "RoleName"),
        ),
    ),
    "aws:iam/instanceProfile:InstanceProfile": Spec(
        name=Name("name", 128, allowed=NAME),
        replace=("path",),
        api=Profile(
            "iam",
            "create_instance_profile",
            "get_instance_profile",
            "delete_instance_profile",
            {"InstanceProfileName": "{id}"},
            "{name}",
            "InstanceProfile",
            names={"name": "InstanceProfileName"},
            tags=TAGS,
            updates="add_role_to_instance_profile",
            outputs={"arn": "Arn", "uniqueId": "InstanceProfileId"},
            retag=("tag_instance_profile", "untag_instance_profile", "InstanceProfileName"),
        ),
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Spec(
        replace=("url",),
        api=Oidc(
            "iam",
            "create_open_id_connect_provider",
            "get_open_id_connect_provider",
            "delete_open_id_connect_provider",
            {"OpenIDConnectProviderArn": "{id}"},
            "OpenIDConnectProviderArn",
            tags=TAGS,
            updates="update_open_id_connect_provider_thumbprint",
            retag=("tag_open_id_connect_provider", "untag_open_id_connect_provider", "OpenIDConnectProviderArn"),
        ),
    ),
}
