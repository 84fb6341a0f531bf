"""Fault switches: make the Nth call of a simulated provider or operator fail, wait, conflict, drift or lose its engine.

`home()/faults.json` holds a list of rules (fields of `Rule`); it may be written, changed and removed while processes
run. Counters live in each process and start anew when the file changes. Without the file a check costs one `stat`.

    faults = Faults("kubernetes")
    faults.before("create", "kubernetes:core/v1:ConfigMap", "settings")  # may sleep, may raise FaultError
    ...the call...
    for rule in faults.after("create", "kubernetes:core/v1:ConfigMap", "settings"):
        ...  # rule.action is "drift" or "not-ready": the caller's part
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import os
import signal
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sandbox.paths import home

PROVIDERS = ("kubernetes", "aws", "gcp", "azure-native", "random", "operators")
OPERATIONS = ("create", "update", "delete", "read", "check", "*")
BEFORE = ("fail", "delay", "conflict", "throttle")
AFTER = ("drift", "not-ready", "kill-engine")


_JSON_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,)}


class FaultError(Exception):
    """An injected failure, or a faults.json that cannot be used. `action` is fail, conflict or throttle."""

    def __init__(self, message: str, action: str = "fail") -> None:
        super().__init__(message)
        self.action = action


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of faults.json."""

    action: str
    """fail, delay, conflict, throttle; after the call: drift, not-ready, kill-engine."""
    provider: str
    type: str = "*"
    """Glob on the type token (`kubernetes:apps/v1:*`), or on the kind for operators."""
    name: str = "*"
    """Glob on the logical name of the resource, or the object's name for operators."""
    op: str = "*"
    nth: int = 1
    """The first matching call that is hit, from 1."""
    times: int = 1
    """How many matching calls from there on; 0 means all."""
    seconds: float = 0
    """Length of a delay."""
    message: str = ""
    """Text of the failure; for drift a JSON merge patch of the live object."""

    def matches(self, op: str, type_: str, name: str) -> bool:
        """True when this rule counts such a call."""
        return self.op in (op, "*") and fnmatch.fnmatchcase(type_, self.type) and fnmatch.fnmatchcase(name, self.name)

    def patch(self) -> dict[str, Any]:
        """The merge patch of a drift."""
        try:
            value = json.loads(self.message)
        except json.JSONDecodeError as error:
            raise FaultError(
                f"faults.json: message: {self.message!r} is not JSON ({error}); a drift needs a merge patch"
            ) from None
        if not isinstance(value, dict):
            raise FaultError(f"faults.json: message: {self.message!r}: a drift needs a JSON object as its merge patch")
        return value


def load(path: Path) -> list[Rule]:
    """The rules of a file, or FaultError naming what is wrong with it."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FaultError(f"{path}: not readable as JSON: {error}") from None
    if not isinstance(entries, list):
        raise FaultError(f"{path}: expected a list of rules, found {type(entries).__name__}")
    return [_rule(entry, f"{path}[{index}]") for index, entry in enumerate(entries)]


def _rule(entry: Any, where: str) -> Rule:
    if not isinstance(entry, dict):
        raise FaultError(f"{where}: expected an object, found {type(entry).__name__}")
    known = {item.name: item for item in fields(Rule)}
    for key, value in entry.items():
        if key not in known:
            raise FaultError(f"{where}.{key}: unknown field; accepted: {', '.join(known)}")
        wanted = _JSON_TYPES[str(known[key].type)]
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise FaultError(f"{where}.{key}: {value!r} is not of type {known[key].type}")
    choices = {"action": BEFORE + AFTER, "provider": PROVIDERS, "op": OPERATIONS}
    for key, accepted in choices.items():
        value = entry.get(key, "*" if key == "op" else None)
        if value not in accepted:
            raise FaultError(f"{where}.{key}: {value!r}; accepted: {', '.join(accepted)}")
    if entry.get("nth", 1) < 1 or entry.get("times", 1) < 0:
        raise FaultError(f"{where}: nth counts from 1, times from 0 (0 = every call)")
    return Rule(**entry)


class Faults:
    """The fault switches of one provider in this process."""

    def __init__(self, provider: str, path: Path | None = None) -> None:
        self.provider = provider
        self.path = path or home() / "faults.json"
        self._stamp: tuple[int, int, int] | None = None
        self._rules: list[tuple[Rule, list[int]]] = []

    def _firing(self, actions: tuple[str, ...], op: str, type_: str, name: str) -> list[Rule]:
        try:
            stat = os.stat(self.path)
        except OSError:
            self._stamp = None
            return []
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if stamp != self._stamp:
            self._rules = [(rule, [0]) for rule in load(self.path) if rule.provider == self.provider]
            self._stamp = stamp
        firing = []
        for rule, count in self._rules:
            if rule.action in actions and rule.matches(op, type_, name):
                count[0] += 1
                if count[0] >= rule.nth and (rule.times == 0 or count[0] < rule.nth + rule.times):
                    firing.append(rule)
        return firing

    def _delay(self, op: str, type_: str, name: str) -> tuple[float, FaultError | None]:
        seconds, error = 0.0, None
        for rule in self._firing(BEFORE, op, type_, name):
            if rule.action == "delay":
                seconds += rule.seconds
            elif error is None:
                error = FaultError(rule.message or _TEXTS[rule.action].format(op=op, type=type_, name=name), rule.action)
        return seconds, error

    def before(self, op: str, type_: str, name: str) -> None:
        """Call this first: sleeps for a delay, raises FaultError for fail, conflict and throttle."""
        seconds, error = self._delay(op, type_, name)
        if seconds:
            time.sleep(seconds)
        if error:
            raise error

    async def before_async(self, op: str, type_: str, name: str) -> None:
        """`before` for code on an event loop."""
        seconds, error = self._delay(op, type_, name)
        if seconds:
            await asyncio.sleep(seconds)
        if error:
            raise error

    def after(self, op: str, type_: str, name: str) -> list[Rule]:
        """Call this when the call has succeeded and before its result is told to anyone.

        kill-engine fires here. Rules with the actions drift and not-ready are given back for the caller to act on.
        """
        firing = self._firing(AFTER, op, type_, name)
        if any(rule.action == "kill-engine" for rule in firing):
            kill_engine()
        return [rule for rule in firing if rule.action != "kill-engine"]


_TEXTS = {
    "fail": "injected fault: {op} of {type} {name} failed",
    "conflict": "injected fault: 409 Conflict: {type} {name} was changed by somebody else meanwhile",
    "throttle": "injected fault: 429 Too Many Requests: {op} of {type} {name} was throttled",
}


def kill_engine() -> None:
    """SIGKILL to the engine, which is the parent of a plugin's process; nothing else is ever killed."""
    import psutil

    parent = psutil.Process().parent()
    if parent is None or not parent.name().startswith("pulumi"):
        found = f"{parent.name()} ({parent.pid})" if parent else "none"
        raise FaultError(f"kill-engine: the parent of this process is not the engine but {found}")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(timeout=10)
