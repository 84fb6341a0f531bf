"""Most types are one object with a create, a describe and a delete operation: `Rest` needs only their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.aws.clients import URN_TAG, AwsContext
from sandbox.providers.aws.shapes import at, from_api, to_api
from sandbox.providers.cloud.spec import Api, Json, Template


@dataclass(frozen=True)
class Tags:
    """How a service spells tags: the request's parameter, and the names in a list entry (none: tags are a map)."""

    parameter: str = "Tags"
    key: str = "Key"
    value: str = "Value"
    mapped: bool = False

    def write(self, tags: Mapping[str, Any]) -> Any:
        """Tags as a request has them."""
        return dict(tags) if self.mapped else [{self.key: key, self.value: value} for key, value in tags.items()]

    def read(self, answer: Any) -> Json:
        """Tags of an answer, without ours."""
        if not self.mapped:
            answer = {entry[self.key]: entry.get(self.value, "") for entry in answer or []}
        return {key: value for key, value in (answer or {}).items() if key != URN_TAG}


MAPPED = Tags("tags", mapped=True)


@dataclass(frozen=True)
class Rest(Api):
    """Operations of one type. `key` maps request members to templates over `id` and the inputs."""

    service: str
    creates: str
    describes: str
    deletes: str
    key: Mapping[str, str]
    made: str = ""
    """Where the create's answer has the id; a template over the inputs when it starts with a brace."""
    item: str = ""
    """Where the describe's answer has the object."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Properties whose API member has other letters."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Computed outputs -> path in the object."""
    tags: Tags | None = None
    tagged: Callable[[AwsContext, str, Json], Any] | None = None
    """Reads the tags where the describe does not give them: (context, id, object) -> answer."""
    retag: tuple[str, str, str] | None = None
    """(operation that adds tags, operation that removes them, member that names the object)."""
    updates: str = ""
    marked: bool = False
    """Without a name of its own, the object carries a tag by which `find` knows it."""
    describe_key: Mapping[str, str] | None = None
    """`key` of the describe operation, where it is another."""
    delete_with: Mapping[str, Any] = field(default_factory=dict)
    lists: tuple[str, str, str, str] | None = None
    """(operation, path of the list, member with the name, member with the id): how `find` looks for a left-over."""
    list_with: Mapping[str, Any] = field(default_factory=dict)
    named: str = ""
    """The input that `lists` compares."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The parameters of an operation, from the inputs by the operation's input shape."""
        own = {key: value for key, value in inputs.items() if key not in ("tags", "region")}
        return dict(to_api(cx.input(self.service, operation), own, self.names))

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it, with its tags in the same call, so that an interrupted create leaves nothing nameless."""
        request = self.request(cx, inputs, self.creates)
        tags = {**self.all_tags(cx, inputs), **({URN_TAG: cx.mark} if self.marked else {})}
        if self.tags and tags:
            request[self.tags.parameter] = self.tags.write(tags)
        answer = cx.run(self.service, self.creates, **request)
        if self.made.startswith("{"):
            return self.made.format_map(Template(inputs))
        return str(at(answer, self.made))

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """The object's properties as the inputs spell them, computed outputs and tags."""
        answer = cx.maybe(self.service, self.describes, **self.describe_keys(id, inputs))
        item = at(answer, self.item) if answer is not None else None
        if item is None or item == []:
            return None
        found = self.answer(cx, id, item, inputs)
        if self.tags:
            raw = self.tagged(cx, id, item) if self.tagged else item.get(self.tags.parameter)
            self.put_tags(cx, found, self.tags.read(raw), inputs)
        return found

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Properties and computed outputs of one described object."""
        found: Json = from_api({key: value for key, value in inputs.items() if key not in ("tags", "region")}, item, self.names)
        for output, path in self.outputs.items():
            if (value := at(item, path)) is not None:
                found[output] = value
        return found

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Send all properties that the update operation knows, then the tags."""
        if self.updates and any(old.get(key) != new.get(key) for key in {*old, *new} - {"tags"}):
            self.change(cx, id, old, new)
        before, after = self.all_tags(cx, old), self.all_tags(cx, new)
        if self.tags and self.retag and before != after:
            adds, removes, member = self.retag
            target = {member: self.tag_target(cx, id, new)}
            if gone := [key for key in before if key not in after]:
                cx.run(self.service, removes, **target, **{_other(cx.input(self.service, removes), target): gone})
            if after:
                cx.run(self.service, adds, **target, **{_other(cx.input(self.service, adds), target): self.tags.write(after)})

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Apply changed inputs other than tags."""
        cx.run(self.service, self.updates, **{**self.request(cx, new, self.updates), **self.keys(id, new)})

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """What the tag operations call the object."""
        return id

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Gone afterwards."""
        cx.maybe(self.service, self.deletes, **{**self.keys(id, old), **self.delete_with})

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """An object of the same name: names of most services are unique, and the state file says that this one is ours."""
        if self.lists is None:
            id = self.made.format_map(Template(inputs)) if self.made.startswith("{") else ""
            return id if id and self.read(cx, id, inputs) is not None else None
        operation, path, name, member = self.lists
        for entry in at(cx.run(self.service, operation, **self.list_with), path) or []:
            if entry.get(name) == inputs.get(self.named):
                return str(entry[member])
        return None

    def describe_keys(self, id: str, inputs: Json) -> Json:
        """`keys` for the describe operation."""
        return self._render(self.key if self.describe_key is None else self.describe_key, id, inputs)

    def keys(self, id: str, inputs: Json) -> Json:
        """The members that name the object in a request; a template in brackets gives a list."""
        return self._render(self.key, id, inputs)

    @staticmethod
    def _render(key: Mapping[str, str], id: str, inputs: Json) -> Json:
        values = Template({**inputs, "id": id})
        return {
            member: [text[1:-1].format_map(values)] if text.startswith("[") else text.format_map(values)
            for member, text in key.items()
        }

    def all_tags(self, cx: AwsContext, inputs: Json) -> Json:
        """The resource's tags over the provider's default ones."""
        default = cx.call.config.get("defaultTags")
        default = default.get("tags") if isinstance(default, Mapping) else None
        return {**(default or {}), **(inputs.get("tags") or {})}

    def put_tags(self, cx: AwsContext, found: Json, tags: Json, inputs: Json) -> None:
        """`tagsAll` as they are; `tags` without the default ones that the resource does not repeat."""
        default = {key: value for key, value in self.all_tags(cx, {}).items() if key not in (inputs.get("tags") or {})}
        own = {key: value for key, value in tags.items() if default.get(key) != value}
        found["tagsAll"] = tags
        if own or inputs.get("tags"):
            found["tags"] = own


def _other(shape: Any, target: Mapping[str, Any]) -> str:
    """The one required member of a tag operation beside the one that names the object."""
    return str(next(member for member in shape.required_members if member not in target))
