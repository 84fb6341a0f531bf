"""Values between the engine's structs and plain Python: nothing is lost, and no secret comes out bare."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct

from sandbox.providers.model import Changes
from sandbox.providers.values import (
    OUTPUT,
    RESOURCE,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_TEXT,
    Secret,
    Secrets,
    compare,
    has_unknown,
    merge,
    path_text,
    unwrap,
    wrap,
)


def struct(value: dict[str, Any]) -> Struct:
    return ParseDict(value, Struct())


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def opened(value: dict[str, Any]) -> tuple[dict[str, Any], Secrets]:
    secrets = Secrets()
    return unwrap(struct(value), secrets), secrets


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": None, "b": True, "c": 0, "d": 1.5, "e": "", "f": [], "g": {}},
        {"deep": [{"x": [[1, {"y": "z"}]]}]},
        {"big": 2**53},
    ],
)
def test_plain_values_come_back_as_they_went(value: dict[str, Any]) -> None:
    plain, secrets = opened(value)
    assert plain == value and not secrets.paths
    assert MessageToDict(wrap(plain)) == MessageToDict(struct(value))


def test_whole_numbers_are_int() -> None:
    plain, _ = opened({"replicas": 3.0, "ratio": 0.5})
    assert type(plain["replicas"]) is int and plain["ratio"] == 0.5


def test_secrets_are_opened_and_closed_again_at_their_place() -> None:
    sent = {"data": secret({"password": "hunter2-long"}), "list": ["a", secret("b")], "open": "c"}
    plain, secrets = opened(sent)
    assert plain == {"data": {"password": "hunter2-long"}, "list": ["a", "b"], "open": "c"}
    assert MessageToDict(wrap(plain, secrets)) == sent
    assert secrets.under("data", "password") and secrets.under("list") and not secrets.under("open")


def test_a_secret_text_stays_secret_wherever_it_is_copied() -> None:
    _, secrets = opened({"data": secret({"password": "hunter2-long"}), "on": secret("true")})
    sent = MessageToDict(wrap({"status": {"echo": ["hunter2-long", "true"]}}, secrets))
    assert sent == {"status": {"echo": [secret("hunter2-long"), "true"]}}


def test_secrets_of_a_provider_are_marked_once() -> None:
    assert MessageToDict(wrap({"a": Secret({"b": Secret("c")}), "d": [Secret(1)]})) == {"a": secret({"b": "c"}), "d": [secret(1)]}


def test_unknown_values_pass_both_ways_and_stay_one_object() -> None:
    plain, _ = opened({"a": [UNKNOWN_TEXT]})
    assert plain["a"][0] is UNKNOWN and copy.deepcopy(plain)["a"][0] is UNKNOWN
    assert MessageToDict(wrap(plain)) == {"a": [UNKNOWN_TEXT]}
    assert has_unknown(plain) and has_unknown(Secret(UNKNOWN)) and not has_unknown({"a": ["b"]})


def test_output_values_and_references_become_what_they_stand_for() -> None:
    plain, secrets = opened(
        {
            "known": {SIGNATURE: OUTPUT, "value": "v", "secret": True},
            "later": {SIGNATURE: OUTPUT, "dependencies": ["urn"]},
            "thing": {SIGNATURE: RESOURCE, "urn": "urn:thing", "id": "id-1"},
            "component": {SIGNATURE: RESOURCE, "urn": "urn:component"},
        }
    )
    assert plain == {"known": "v", "later": UNKNOWN, "thing": "id-1", "component": "urn:component"}
    assert secrets.paths == {("known",)}


def test_what_cannot_be_sent_is_named() -> None:
    with pytest.raises(TypeError, match=r"spec\.ports\[0\]: cannot send a set"):
        wrap({"spec": {"ports": [{1}]}})


def test_paths_are_written_as_the_engine_writes_them() -> None:
    assert path_text(("metadata", "labels", "a/b", "c.d", 0, "e")) == 'metadata.labels.a/b["c.d"][0].e'


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": 1}, {"a": True}, {("a",): "update"}),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, {("a", "b"): "delete", ("a", "c"): "add"}),
        ({"a": [1, 2]}, {"a": [1]}, {("a", 1): "delete"}),
        ({"a": []}, {"a": {}}, {("a",): "update"}),
        ({"a": 1}, {"a": UNKNOWN}, {("a",): "update"}),
        ({"a": UNKNOWN}, {"a": UNKNOWN}, {("a",): "update"}),
    ],
)
def test_differences_are_found_with_their_path(old: Any, new: Any, found: dict[Any, str]) -> None:
    assert compare(old, new) == found


def test_skipped_parts_and_replacements() -> None:
    changes = Changes.between(
        {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2}, replaces=lambda path: path == ("b",), skip=lambda path: path == ("c",)
    )
    assert changes.texts() == {"a": ("update", False), "b": ("update", True)}
    assert not Changes.between({"a": 1}, {"a": 1})


def test_a_merge_patch_changes_removes_and_leaves_the_original() -> None:
    original = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert merge(original, {"a": {"b": None, "e": 3}, "d": [2]}) == {"a": {"c": 2, "e": 3}, "d": [2]}
    assert original == {"a": {"b": 1, "c": 2}, "d": [1]}
