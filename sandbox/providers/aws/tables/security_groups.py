"""EC2 security groups and their rules, inside the group or as resources of their own (moto)."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.clients import URN_TAG, AwsContext
from sandbox.providers.aws.ec2 import TAGS, Ec2
from sandbox.providers.aws.rest import Rest
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.model import Failure

_ANY = "-1"


class SecurityGroup(Ec2):
    """The default rule that lets everything out is removed, as the real provider does; inline rules are applied."""

    def settle(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Revoke and authorize what differs in each direction."""
        if not old:
            cx.maybe("ec2", "revoke_security_group_egress", GroupId=id, IpPermissions=[_permission(_EVERYTHING, id)])
        for direction in ("ingress", "egress"):
            before, after = old.get(direction) or [], new.get(direction) or []
            if gone := [_permission(rule, id) for rule in before if rule not in after]:
                cx.maybe("ec2", f"revoke_security_group_{direction}", GroupId=id, IpPermissions=gone)
            if added := [_permission(rule, id) for rule in after if rule not in before]:
                cx.run("ec2", f"authorize_security_group_{direction}", GroupId=id, IpPermissions=added)

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Inline rules are compared only where the program has some: separate rule resources are not the group's."""
        found = {
            "arn": cx.arn("ec2", f"security-group/{id}"),
            "ownerId": cx.account,
            "name": item.get("GroupName"),
            "description": item.get("Description"),
            "vpcId": item.get("VpcId"),
        }
        for direction, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if inputs.get(direction):
                live = [_permission_key(entry) for entry in _single(item.get(member, []))]
                asked = [_permission_key(entry) for rule in inputs[direction] for entry in _single([_permission(rule, id)])]
                same = sorted(live) == sorted(asked)
                found[direction] = inputs[direction] if same else [_rule(entry, id) for entry in item.get(member, [])]
        return found


class DefaultGroup(SecurityGroup):
    """The group that AWS makes with each VPC: adopted, emptied of its rules, given those of the program, never deleted."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Find it and take everything out that the program does not want."""
        id = self.find(cx, inputs)
        if id is None:
            raise Failure(f'vpcId: there is no VPC "{inputs.get("vpcId")}" with a default security group')
        group = at(cx.run("ec2", "describe_security_groups", GroupIds=[id]), "SecurityGroups.0")
        for direction, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if group.get(member):
                cx.run("ec2", f"revoke_security_group_{direction}", GroupId=id, IpPermissions=group[member])
        self.settle(cx, id, {"adopted": True}, inputs)
        if tags := self.all_tags(cx, inputs):
            cx.run("ec2", "create_tags", Resources=[id], Tags=TAGS.write(tags))
        return id

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By its fixed name in the VPC."""
        filters = [{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": [inputs.get("vpcId", "")]}]
        found = at(cx.run("ec2", "describe_security_groups", Filters=filters), "SecurityGroups.0.GroupId")
        return str(found) if found else None

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """It goes with its VPC."""


_EVERYTHING: Json = {"protocol": _ANY, "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}


def _permission(rule: Json, group: str) -> Json:
    """An inline rule as an IpPermission."""
    found: Json = {"IpProtocol": str(rule.get("protocol", _ANY)).replace("all", _ANY)}
    if found["IpProtocol"] != _ANY:
        found |= {"FromPort": rule.get("fromPort"), "ToPort": rule.get("toPort")}
    note = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*(rule.get("securityGroups") or []), *([group] if rule.get("self") else [])]
    lists = {
        "IpRanges": [{"CidrIp": cidr, **note} for cidr in rule.get("cidrBlocks") or []],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **note} for cidr in rule.get("ipv6CidrBlocks") or []],
        "PrefixListIds": [{"PrefixListId": id, **note} for id in rule.get("prefixListIds") or []],
        "UserIdGroupPairs": [{"GroupId": id, **note} for id in groups],
    }
    return found | {name: entries for name, entries in lists.items() if entries}


def _single(permissions: list[Json]) -> list[Json]:
    """One entry for each source: the API merges rules of equal ports."""
    names = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
    return [
        {**entry, **dict.fromkeys(names), name: [source]}
        for entry in permissions
        for name in names
        for source in entry.get(name) or []
    ]


def _permission_key(entry: Json) -> str:
    sources = [entry.get(name) for name in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")]
    flat = [
        next(iter(source[0].get(key) for key in ("CidrIp", "CidrIpv6", "PrefixListId", "GroupId") if key in source[0]))
        for source in sources
        if source
    ]
    return f"{entry.get('IpProtocol')} {entry.get('FromPort')} {entry.get('ToPort')} {flat}"


def _rule(entry: Json, group: str) -> Json:
    """An IpPermission as an inline rule."""
    pairs = [pair["GroupId"] for pair in entry.get("UserIdGroupPairs") or []]
    found = {
        "protocol": entry.get("IpProtocol"),
        "fromPort": entry.get("FromPort", 0),
        "toPort": entry.get("ToPort", 0),
        "cidrBlocks": [item["CidrIp"] for item in entry.get("IpRanges") or []],
        "ipv6CidrBlocks": [item["CidrIpv6"] for item in entry.get("Ipv6Ranges") or []],
        "securityGroups": [pair for pair in pairs if pair != group],
    }
    return {
        **{key: value for key, value in found.items() if value not in ([], None)},
        **({"self": True} if group in pairs else {}),
    }


class Rule(Rest):
    """`vpc.SecurityGroupIngressRule` and `EgressRule`: one source each, with an id and tags of its own."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Authorize; the answer has the rule's id."""
        if len(given := [name for name in _SOURCES if inputs.get(name)]) != 1:
            raise Failure(f"exactly one of {', '.join(_SOURCES)} is needed, given: {', '.join(given) or 'none'}")
        tags = TAGS.write({**self.all_tags(cx, inputs), URN_TAG: cx.mark})
        answer = cx.run(
            "ec2",
            self.creates,
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_source(inputs)],
            TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}],
        )
        return str(at(answer, "SecurityGroupRules.0.SecurityGroupRuleId"))

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """The rule with this id."""
        answer = cx.maybe("ec2", "describe_security_group_rules", SecurityGroupRuleIds=[id])
        item = at(answer, "SecurityGroupRules.0")
        if item is None:
            return None
        found = {
            "securityGroupRuleId": id,
            "arn": cx.arn("ec2", f"security-group-rule/{id}"),
            "securityGroupId": item.get("GroupId"),
            "ipProtocol": item.get("IpProtocol"),
            "cidrIpv4": item.get("CidrIpv4"),
            "cidrIpv6": item.get("CidrIpv6"),
            "prefixListId": item.get("PrefixListId"),
            "referencedSecurityGroupId": at(item, "ReferencedGroupInfo.GroupId"),
        }
        if item.get("IpProtocol") != _ANY:
            found |= {"fromPort": item.get("FromPort"), "toPort": item.get("ToPort")}
        self.put_tags(cx, found, TAGS.read(item.get("Tags")), inputs)
        return found

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """A changed rule is revoked and authorized anew only by replacement; here tags and description change."""
        before, after = self.all_tags(cx, old), self.all_tags(cx, new)
        if gone := [key for key in before if key not in after]:
            cx.run("ec2", "delete_tags", Resources=[id], Tags=[{"Key": key} for key in gone])
        if after and after != before:
            cx.run("ec2", "create_tags", Resources=[id], Tags=TAGS.write(after))

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Revoked by its id."""
        cx.maybe("ec2", self.deletes, GroupId=old["securityGroupId"], SecurityGroupRuleIds=[id])

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By our tag among the group's rules."""
        filters = [{"Name": "group-id", "Values": [inputs["securityGroupId"]]}]
        for entry in cx.run("ec2", "describe_security_group_rules", Filters=filters)["SecurityGroupRules"]:
            if {"Key": URN_TAG, "Value": cx.mark} in (entry.get("Tags") or []):
                return str(entry["SecurityGroupRuleId"])
        return None


_SOURCES = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


def _source(inputs: Json) -> Json:
    found: Json = {"IpProtocol": inputs["ipProtocol"]}
    if inputs["ipProtocol"] != _ANY:
        found |= {"FromPort": inputs.get("fromPort"), "ToPort": inputs.get("toPort")}
    note = {"Description": inputs["description"]} if inputs.get("description") else {}
    for name, (member, key) in _SOURCES.items():
        if inputs.get(name):
            found[member] = [{key: inputs[name], **note}]
    return found


class OldRule(Rest):
    """`ec2.SecurityGroupRule`: the older resource, several sources in one, without an id in the API."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Authorize in the direction that `type` says."""
        rule = _permission(_old(inputs), inputs["securityGroupId"])
        cx.run("ec2", f"authorize_security_group_{inputs['type']}", GroupId=inputs["securityGroupId"], IpPermissions=[rule])
        return f"sgrule-{inputs['securityGroupId']}-{inputs['type']}-{inputs['protocol']}-{inputs['fromPort']}-{inputs['toPort']}"

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """There as long as the group has all of its sources."""
        group = at(cx.maybe("ec2", "describe_security_groups", GroupIds=[inputs.get("securityGroupId", id)]), "SecurityGroups.0")
        if group is None:
            return None
        member = "IpPermissions" if inputs.get("type") == "ingress" else "IpPermissionsEgress"
        live = {_permission_key(entry) for entry in _single(group.get(member, []))}
        asked = {_permission_key(entry) for entry in _single([_permission(_old(inputs), inputs["securityGroupId"])])}
        return {} if asked <= live else None

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Revoke the same sources."""
        rule = _permission(_old(old), old["securityGroupId"])
        cx.maybe("ec2", f"revoke_security_group_{old['type']}", GroupId=old["securityGroupId"], IpPermissions=[rule])


def _old(inputs: Json) -> Json:
    source = inputs.get("sourceSecurityGroupId")
    return {**inputs, "securityGroups": [source] if source else []}


def _rule_spec(direction: str) -> Spec:
    name = f"security_group_{direction}"
    api: Any = Rule(
        "ec2", f"authorize_{name}", "describe_security_group_rules", f"revoke_{name}", {"GroupId": "{securityGroupId}"}
    )
    forcing = (
        "securityGroupId",
        "ipProtocol",
        "fromPort",
        "toPort",
        "cidrIpv4",
        "cidrIpv6",
        "prefixListId",
        "referencedSecurityGroupId",
        "description",
    )
    return Spec(replace=forcing, api=api, delete_first=True)


TYPES: dict[str, Spec] = {
    "aws:ec2/securityGroup:SecurityGroup": Spec(
        name=Name("name", 255),
        replace=("vpcId", "description", "namePrefix"),
        defaults={"description": "Managed by Pulumi"},
        api=SecurityGroup(
            "ec2",
            "create_security_group",
            "describe_security_groups",
            "delete_security_group",
            {"GroupId": "{id}"},
            "GroupId",
            "SecurityGroups.0",
            names={"name": "GroupName"},
            kind="security-group",
        ),
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Spec(
        replace=("vpcId",),
        api=DefaultGroup(
            "ec2",
            "create_security_group",
            "describe_security_groups",
            "delete_security_group",
            {"GroupId": "{id}"},
            "GroupId",
            "SecurityGroups.0",
            kind="security-group",
        ),
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": Spec(
        replace=("*",),
        delete_first=True,
        api=OldRule("ec2", "authorize_security_group_ingress", "describe_security_groups", "revoke_security_group_ingress", {}),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule_spec("ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule_spec("egress"),
}
