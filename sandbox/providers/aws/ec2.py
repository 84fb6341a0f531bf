"""What the objects of EC2 have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.providers.aws.clients import URN_TAG, AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json

TAGS = Tags()


@dataclass(frozen=True)
class Ec2(Rest):
    """An EC2 object: created with its tags in one call, found again by them, described by id."""

    kind: str = ""
    """The resource type in ARNs and tag specifications."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Properties that only the modify operation sets -> its member."""
    modify: str = ""
    filters: str = "Filters"
    """The describe operation's parameter for filters."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it, then set what create does not take."""
        request = self.request(cx, inputs, self.creates)
        tags = TAGS.write({**self.all_tags(cx, inputs), URN_TAG: cx.mark})
        answer = cx.run("ec2", self.creates, **request, TagSpecifications=[{"ResourceType": self.kind, "Tags": tags}])
        id = str(at(answer, self.made))
        self.settle(cx, id, {}, inputs)
        return id

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Attributes and tags; everything else is replaced."""
        self.settle(cx, id, old, new)
        before, after = self.all_tags(cx, old), self.all_tags(cx, new)
        if gone := [key for key in before if key not in after]:
            cx.run("ec2", "delete_tags", Resources=[id], Tags=[{"Key": key} for key in gone])
        if after and after != before:
            cx.run("ec2", "create_tags", Resources=[id], Tags=TAGS.write(after))

    def settle(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """One modify call for each attribute that differs: the API takes one at a time."""
        for name, member in self.attributes.items():
            if new.get(name) != old.get(name) and new.get(name) is not None:
                cx.run("ec2", self.modify, **self.target(id), **{member: {"Value": new[name]}})

    def describe_keys(self, id: str, inputs: Json) -> Json:
        """EC2 describes by a list of ids: the plural of the member that deletes by one."""
        member = next(iter(self.key))
        return {member if member.endswith("s") else f"{member}s": [id]}

    def target(self, id: str) -> Json:
        """The member that names the object in the modify operation."""
        return {next(iter(self.key)): id}

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """With the ARN and owner, which EC2 seldom gives."""
        return {"arn": cx.arn("ec2", f"{self.kind}/{id}"), "ownerId": cx.account, **super().answer(cx, id, item, inputs)}

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """The object that carries our tag."""
        filters = [{"Name": f"tag:{URN_TAG}", "Values": [cx.mark]}]
        for entry in at(cx.run("ec2", self.describes, **{self.filters: filters}), self.item.rsplit(".", 1)[0]) or []:
            if at(entry, self.made.rsplit(".", 1)[-1]) and not self.dead(entry):
                return str(at(entry, self.made.rsplit(".", 1)[-1]))
        return None

    def dead(self, item: Json) -> bool:
        """Deleted objects stay visible for a while."""
        return str(item.get("State", "")) in ("deleted", "deleting")

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """As Rest, without the dead; EC2 puts lists around one object."""
        answer = cx.maybe("ec2", self.describes, **self.describe_keys(id, inputs))
        item = at(answer, self.item) if answer is not None else None
        if item is None or self.dead(item):
            return None
        found = self.answer(cx, id, item, inputs)
        self.put_tags(cx, found, TAGS.read(item.get("Tags")), inputs)
        return found
