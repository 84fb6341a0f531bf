"""Blueprints: partial specs by name, each over at most one other; maps merge, lists and everything else are replaced.

What a blueprint says under `on.<target>` is laid over its `spec` on that target alone, and null takes something out there: a
gateway that only Kubernetes has, GPUs that a cloud does not sell, what a system needs on the stack's own cluster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from components.spec.base import Target
from components.validation.document import Document, Unreadable, read
from components.validation.problems import Problem, kind, meant, one_of, shown

KEYS = ("description", "extends", "spec", "on")
_SUFFIX = ".yaml"


def merge(base: Any, over: Any) -> Any:
    """`over` laid over `base`: mappings key by key, anything else (lists, null) replaced. Neither is changed."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: merge(base[key], value) if key in base else value for key, value in over.items()}}
    return over


def instead(base: Any, over: Any) -> Any:
    """As merge, but what `over` says is null is taken out: a target's own part of a blueprint may lack something."""
    if isinstance(base, dict) and isinstance(over, dict):
        kept = {key: value for key, value in base.items() if not (key in over and over[key] is None)}
        laid = {key: instead(kept.get(key), value) for key, value in over.items() if value is not None}
        return {**kept, **laid}
    return over


@dataclass(frozen=True)
class Layers:
    """A blueprint with what it extends, nearest first, and what was wrong on the way."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]

    def spec(self, target: str | None = None) -> Any:
        """The merged `spec` of all layers, with what each says of the target."""
        merged: Any = {}
        for document in reversed(self.documents):
            merged = merge(merged, document.data.get("spec") or {})
            merged = instead(merged, (document.data.get("on") or {}).get(target) or {})
        return merged


def names(folder: File) -> list[str]:
    """The blueprints that a folder holds."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))


def load(name: str, folder: File, asked_at: Problem) -> Layers:
    """The blueprint of that name and all that it extends; `asked_at` is where it was named, for what is reported there."""
    documents: list[Document] = []
    problems: list[Problem] = []
    seen: list[str] = []
    wanted: str | None = name
    while wanted is not None:
        if wanted in seen:
            ring = " -> ".join([*seen[seen.index(wanted) :], wanted])
            problems.append(_at(asked_at, f"blueprints extend each other in a ring: {ring}"))
            break
        known = names(folder)
        if wanted not in known:
            problems.append(_at(asked_at, f"{shown(wanted)}: unknown blueprint; {one_of(known)}{meant(wanted, known)}"))
            break
        seen.append(wanted)
        shown_as = f"{folder.name}/{wanted}{_SUFFIX}"
        try:
            document = read(folder / f"{wanted}{_SUFFIX}", shown_as)
        except Unreadable as error:
            problems.append(error.problem)
            break
        problems += _check(document)
        if not _mergeable(document.data):
            break
        documents.append(document)
        wanted = document.data.get("extends")
        asked_at = Problem("extends", "", shown_as, document.line(("extends",)))
        if wanted is not None and not isinstance(wanted, str):
            problems.append(_at(asked_at, f"expected the name of one blueprint, got {kind(wanted)}"))
            break
    return Layers(tuple(documents), tuple(problems))


def _check(document: Document) -> Sequence[Problem]:
    data, file = document.data, document.file
    if not isinstance(data, dict):
        return [Problem("", f"expected a mapping with the keys {', '.join(KEYS)}, got {kind(data)}", file)]
    found = [
        Problem(str(key), f"unknown key{meant(key, KEYS)} (accepted: {', '.join(KEYS)})", file, document.line((key,)))
        for key in data
        if key not in KEYS
    ]
    if not isinstance(data.get("spec", {}), dict):
        found.append(Problem("spec", f"expected a mapping, got {kind(data['spec'])}", file, document.line(("spec",))))
    by_target = data.get("on", {})
    if not isinstance(by_target, dict):
        found.append(Problem("on", f"expected a mapping by target, got {kind(by_target)}", file, document.line(("on",))))
        return found
    targets = [target.value for target in Target]
    for target, over in by_target.items():
        at = document.line(("on", target))
        if target not in targets:
            found.append(Problem(f"on.{target}", f"unknown target; {one_of(targets)}{meant(str(target), targets)}", file, at))
        elif not isinstance(over, dict):
            found.append(Problem(f"on.{target}", f"expected a mapping, got {kind(over)}", file, at))
    return found


def _mergeable(data: Any) -> bool:
    """Whether the document's parts are the mappings that layers are merged from."""
    if not isinstance(data, dict):
        return False
    spec, by_target = data.get("spec", {}), data.get("on", {})
    return all(isinstance(part, dict) for part in (spec, by_target, *(by_target.values() if isinstance(by_target, dict) else ())))


def _at(place: Problem, message: str) -> Problem:
    return Problem(place.path, message, place.file, place.line)
