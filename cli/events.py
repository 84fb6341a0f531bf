"""What a preview would do and what the policies said of it, from the engine's event log."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PARTS_OF_A_REPLACEMENT = {"create-replacement", "delete-replaced"}
"""The engine tells of a replacement three times: as a whole and by its two halves."""
NO_CHANGE = {"same", "read", "refresh"}
LOSING = {"replace", "delete"}


@dataclass
class Result:
    """One stack's preview."""

    stack: str
    failed: bool = False
    changes: Counter[str] = field(default_factory=Counter)
    protected: list[str] = field(default_factory=list)
    """Protected resources that the change would replace or delete (the engine refuses to)."""
    violations: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def read_events(stack: str, lines: Iterable[str]) -> Result:
    """The result from an engine event log (one JSON object a line; what is no such line is passed over)."""
    result = Result(stack)
    for line in lines:
        try:
            event: Mapping[str, Any] = json.loads(line)
        except ValueError:
            continue  # a log cut off by a killed engine
        if metadata := (event.get("resourcePreEvent") or {}).get("metadata"):
            _note_step(result, metadata)
        elif policy := event.get("policyEvent"):
            text = f"`{policy['policyName']}` on `{name_of(policy.get('resourceUrn', ''))}`: {flat(policy['message'])}"
            (result.violations if policy["enforcementLevel"] == "mandatory" else result.advice).append(text)
        elif (diagnostic := event.get("diagnosticEvent")) and diagnostic.get("severity") == "error":
            place = f"`{name_of(diagnostic['urn'])}`: " if diagnostic.get("urn") else ""
            result.errors.append(place + flat(diagnostic["message"]))
    # the engine's own last word, which says no more than the violations do
    if len(result.errors) > 1 or result.violations:
        result.errors = [error for error in result.errors if not error.endswith("preview failed")]
    result.failed = bool(result.violations or result.errors)
    return result


def _note_step(result: Result, metadata: Mapping[str, Any]) -> None:
    operation, kind = metadata["op"], str(metadata.get("type", ""))
    if operation in NO_CHANGE or operation in PARTS_OF_A_REPLACEMENT or kind.startswith("pulumi:providers:"):
        return
    result.changes[operation] += 1
    if (metadata.get("old") or {}).get("protect") and operation in LOSING:
        result.protected.append(f"{operation} `{name_of(metadata['urn'])}`")


def flat(text: object) -> str:
    """A text on one line."""
    return " ".join(str(text).split())


def name_of(urn: str) -> str:
    """Type and name of a URN, short enough to read."""
    parts = urn.split("::", 3)
    if len(parts) < 4:
        return "the stack"
    return f"{parts[2].rpartition('$')[2]} {parts[3]}"
