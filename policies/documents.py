"""Policy documents of clouds: who may do what with which resource."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.model import UNKNOWN, Finding, items, undecided
from policies.ranges import wide

NARROWING = {
    "aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "aws:sourcevpce", "aws:sourcevpc",
    "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "kms:calleraccount", "aws:userid",
}  # fmt: skip
"""Conditions that leave only somebody of "everybody" (aws:SecureTransport does not)."""
_AGAINST = ("not", "ifexists")


def statements(document: Any) -> list[Mapping[str, Any]] | None:
    """The statements of a document given as text or as a mapping; None where it is no document."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return None
    if not isinstance(parsed, Mapping):
        return None
    return [s for s in items(parsed.get("Statement")) if isinstance(s, Mapping)]


def texts(value: Any) -> list[str]:
    """One text or a list of them, as a list."""
    return [item for item in items(value) if isinstance(item, str)]


def open_statements(path: str, document: Any, remedy: str) -> Iterator[Finding]:
    """Statements that allow everybody something; a document that preview does not know is undecided."""
    if document is None:
        return
    if document is UNKNOWN:
        yield undecided(path, remedy)
        return
    found = statements(document)
    if found is None:
        yield Finding(path, "is not a policy document", remedy)
        return
    for index, statement in enumerate(found):
        if statement.get("Effect") == "Allow" and everybody(statement) and not narrowed(statement.get("Condition")):
            yield Finding(f"{path}.Statement[{index}]", "allows everybody", remedy)


def everybody(statement: Mapping[str, Any]) -> bool:
    """Whether a statement speaks of everybody (or of everybody but some)."""
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    listed: Sequence[Any] = list(principal.values()) if isinstance(principal, Mapping) else [principal]
    return any("*" in texts(item) for item in listed)


def narrowed(condition: Any) -> bool:
    """Whether a condition leaves only known callers."""
    if not isinstance(condition, Mapping):
        return False
    for operator, tests in condition.items():
        if any(word in str(operator).lower() for word in _AGAINST) or not isinstance(tests, Mapping):
            continue
        for key, values in tests.items():
            name = str(key).lower()
            if name == "aws:sourceip" and texts(values) and not any(wide(value) for value in texts(values)):
                return True
            if name in NARROWING and texts(values) and "*" not in texts(values):
                return True
    return False
