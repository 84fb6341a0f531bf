"""Fault switches: which call is hit, what happens to it, and how a bad file is refused."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import FaultError, Faults, kill_engine, load

CALL = ("create", "kubernetes:apps/v1:Deployment", "web")
RULE = {"provider": "kubernetes", "action": "fail"}


def switched(folder: Path, *rules: dict[str, Any]) -> Faults:
    (folder / "faults.json").write_text(json.dumps(rules))
    return Faults("kubernetes", folder / "faults.json")


def hits(faults: Faults, calls: int, *call: str) -> list[int]:
    found = []
    for number in range(1, calls + 1):
        try:
            faults.before(*(call or CALL))
        except FaultError:
            found.append(number)
    return found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [1]),
        ({"nth": 3}, [3]),
        ({"nth": 2, "times": 2}, [2, 3]),
        ({"nth": 4, "times": 0}, [4, 5, 6]),
        ({"type": "kubernetes:apps/v1:*", "name": "w?b", "op": "create"}, [1]),
        ({"type": "*:StatefulSet"}, []),
        ({"name": "api"}, []),
        ({"op": "delete"}, []),
        ({"provider": "aws"}, []),
    ],
)
def test_a_rule_hits_the_calls_it_names(tmp_path: Path, rule: dict[str, Any], expected: list[int]) -> None:
    assert hits(switched(tmp_path, {**RULE, **rule}), 6) == expected


def test_calls_of_another_type_are_not_counted(tmp_path: Path) -> None:
    faults = switched(tmp_path, {**RULE, "name": "web", "nth": 2})
    assert hits(faults, 5, "create", "t", "other") == []
    assert hits(faults, 3) == [2]


def test_no_file_means_no_fault_and_next_to_no_time(tmp_path: Path) -> None:
    faults = Faults("kubernetes", tmp_path / "faults.json")
    start = time.perf_counter()
    for _ in range(1000):
        faults.before(*CALL)
        assert faults.after(*CALL) == []
    assert time.perf_counter() - start < 0.5


def test_a_changed_file_starts_counting_anew_and_a_removed_one_ends_it(tmp_path: Path) -> None:
    faults = switched(tmp_path, {**RULE, "nth": 2})
    assert hits(faults, 3) == [2]
    switched(tmp_path, {**RULE, "nth": 1, "message": "another"})
    assert hits(faults, 3) == [1]
    (tmp_path / "faults.json").unlink()
    assert hits(faults, 3) == []


@pytest.mark.parametrize(("action", "text"), [("fail", "failed"), ("conflict", "409"), ("throttle", "429")])
def test_a_failure_says_what_it_stands_for(tmp_path: Path, action: str, text: str) -> None:
    with pytest.raises(FaultError, match=text) as caught:
        switched(tmp_path, {**RULE, "action": action}).before(*CALL)
    assert caught.value.action == action
    assert "web" in str(caught.value)


def test_the_given_message_is_used(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match=r"^quota exceeded$"):
        switched(tmp_path, {**RULE, "message": "quota exceeded"}).before(*CALL)


async def test_delays_add_up_and_come_before_a_failure(tmp_path: Path) -> None:
    slow = {**RULE, "action": "delay", "seconds": 0.05}
    faults = switched(tmp_path, slow, slow, RULE)
    start = time.monotonic()
    with pytest.raises(FaultError):
        await faults.before_async(*CALL)
    assert 0.1 <= time.monotonic() - start < 5


def test_what_the_caller_must_do_itself_is_given_back_after_the_call(tmp_path: Path) -> None:
    faults = switched(
        tmp_path, {**RULE, "action": "drift", "message": '{"spec": {"replicas": 7}}'}, {**RULE, "action": "not-ready"}
    )
    faults.before(*CALL)
    drift, unready = faults.after(*CALL)
    assert drift.patch() == {"spec": {"replicas": 7}}
    assert unready.action == "not-ready"
    assert faults.after(*CALL) == []


@pytest.mark.parametrize("message", ["", "[1]", "replicas: 7"])
def test_a_drift_without_a_merge_patch_is_refused(tmp_path: Path, message: str) -> None:
    (rule,) = switched(tmp_path, {**RULE, "action": "drift", "message": message}).after(*CALL)
    with pytest.raises(FaultError, match="merge patch"):
        rule.patch()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "not readable as JSON"),
        ("{}", "expected a list of rules, found dict"),
        ("[1]", r"\[0\]: expected an object, found int"),
        ('[{"provider": "aws", "action": "fail", "nht": 1}]', r"\[0\].nht: unknown field; accepted: action, provider, type"),
        ('[{"provider": "aws", "action": "burn"}]', r"\[0\].action: 'burn'; accepted: fail, delay"),
        (
            '[{"provider": "oci", "action": "fail"}]',
            r"\[0\].provider: 'oci'; accepted: kubernetes, aws, gcp, azure-native, random, operators",
        ),
        ('[{"action": "fail"}]', r"\[0\].provider: None"),
        ('[{"provider": "aws", "action": "fail", "op": "destroy"}]', r"\[0\].op: 'destroy'"),
        ('[{"provider": "aws", "action": "fail", "nth": "2"}]', r"\[0\].nth: '2' is not of type int"),
        ('[{"provider": "aws", "action": "fail", "nth": 0}]', "nth counts from 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(text)
    with pytest.raises(FaultError, match=told) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_only_an_engine_is_ever_killed() -> None:
    parent = os.getppid()
    with pytest.raises(FaultError, match=f"not the engine but .* \\({parent}\\)"):
        kill_engine()
    os.kill(parent, 0)  # still there
