"""A stack file, laid over its blueprint, to a typed stack or to every problem at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

from components.spec.base import label
from components.spec.stack import Stack, Target, Tier
from components.targets import TABLE
from components.validation import blueprints, rules, secrets, shape
from components.validation.blueprints import Layers
from components.validation.document import Document, Unreadable, read
from components.validation.problems import Path, Problem, Problems, kind, meant, nearest, one_of, shown, written

PROJECT = "mlops"
"""Pulumi project, and so the namespace of the configuration keys."""
CONFIG = ("target", "blueprint", "spec")
TOP = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")
"""Keys that the Pulumi CLI knows at the top of a stack file."""


@dataclass
class _Report:
    """Collects problems and finds each its file and line."""

    document: Document
    layers: Layers = field(default_factory=lambda: Layers((), ()))
    items: list[Problem] = field(default_factory=list)

    def add(self, path: Path, message: str) -> None:
        """A problem at a path of the stack file."""
        self.items.append(Problem(written(path), message, self.document.file, self.document.line(path)))

    def add_spec(self, spec_at: Path, path: Path, message: str) -> None:
        """A problem at a path of the merged spec: placed in the file that has most of the path, the stack file first."""
        places = [(self.document, (*spec_at, *path)), *((layer, ("spec", *path)) for layer in self.layers.documents)]
        depths = [
            document.depth(full) - (len(full) - len(path)) if document.depth(full) >= len(full) - len(path) else -1
            for document, full in places
        ]
        document, full = places[depths.index(max(depths))] if max(depths) > 0 else places[0]
        self.items.append(Problem(written((f"{PROJECT}:spec", *path)), message, document.file, document.line(full)))

    def sorted(self) -> tuple[Problem, ...]:
        """In the order of the stack file, then of its blueprints."""
        unique = dict.fromkeys(self.items)
        return tuple(sorted(unique, key=lambda p: (p.file != self.document.file, p.file or "", p.line or 0)))


def check(document: Document, name: str, root: File, facts: rules.Facts = TABLE) -> Stack | Problems:
    """The stack that a document describes, or what is wrong with it.

    `root` is the project's directory (blueprints/ and stacks/ lie in it), `facts` the table of what is built.
    """
    report = _Report(document)
    stack = _check(report, name, root, facts)
    if stack is None or report.items:
        return Problems(name, report.sorted())
    return stack


def _check(report: _Report, name: str, root: File, facts: rules.Facts) -> Stack | None:
    try:
        label(name)
    except ValueError as error:
        report.add((), f"stack name {shown(name)}: {error}")
    config = _config(report)
    if config is None:
        return None
    for path in secrets.find_plain(report.document.data.get("config"), ("config",)):
        report.add(path, _PLAIN_SECRET)
    target = _target(report, config, facts)
    spec_at, own = config.get("spec", (("config", f"{PROJECT}:spec"), {}))
    _blueprint(report, config, root)
    if "spec" not in config and "blueprint" not in config:
        report.add(("config", f"{PROJECT}:spec"), "missing; expected a mapping with tier, systems …")
        return None
    if not isinstance(own, dict):
        report.add(spec_at, f"expected a mapping with tier, systems …, got {kind(own)}")
        return None
    encrypted = _encrypted(report, spec_at, own)
    base = report.layers.spec(target.value if target else None)
    merged = blueprints.merge(base, _with_meant_systems(report, spec_at, own, base))
    outcome = shape.check(merged)
    for path, message in outcome.findings:
        if not any(path[: len(hidden)] == hidden or hidden[: len(path)] == path for hidden in encrypted):
            report.add_spec(spec_at, path, message)
    if outcome.spec is None or target is None:
        return None
    case = rules.Case(name, target, outcome.spec, facts, tier_known=not outcome.wrong_below(("tier",)))
    for path, message in (*rules.check(case), *_no_systems(case), *_on_platform(case, root)):
        if path not in _ABSENCES or not outcome.wrong_below(path):
            report.add_spec(spec_at, path, message)
    named = config["blueprint"][1] if "blueprint" in config else None
    return Stack(name=name, target=target, blueprint=named if isinstance(named, str) else None, spec=outcome.spec)


_ABSENCES: tuple[Path, ...] = (("team",), ("platformStack",), ("systems",))
"""Where a rule misses something: nothing is missed where it only was misspelt, and that has been said."""
_PLAIN_SECRET = (
    "a secret in plain text (value not shown); leave it out, for passwords are generated, or name an existing Secret; "
    "a provider's own setting is encrypted by `pulumi config set --secret`"
)
_ENCRYPTED = (
    f"an encrypted value cannot stand in {PROJECT}:spec; name an existing Secret "
    "(bringYourOwn.<contract>.credentials, a chart's existingSecret) in its place"
)


def _config(report: _Report) -> dict[str, tuple[Path, Any]] | None:
    """Our configuration keys, without the project's name, with the path each stands at; None where there is no `config`."""
    data = report.document.data
    expected = f"expected `config:` with {', '.join(f'{PROJECT}:{key}' for key in CONFIG)}"
    # the CLI's own salt is no configuration: with or without it an empty file is told in the same words
    if data is None or (isinstance(data, dict) and data.get("config") is None and set(data) <= set(TOP)):
        report.add((), f"the file is empty of configuration; {expected}")
        return None
    if not isinstance(data, dict):
        report.add((), f"expected a mapping at the top, got {kind(data)}; {expected}")
        return None
    for key in data:
        if key not in TOP:
            report.add((key,), f"unknown key at the top of a stack file{meant(key, TOP)} (accepted: {', '.join(TOP)})")
    if not isinstance(config := data.get("config"), dict):
        report.add(("config",), f"expected a mapping with {', '.join(f'{PROJECT}:{key}' for key in CONFIG)}, got {kind(config)}")
        return None
    found: dict[str, tuple[Path, Any]] = {}
    for key, value in config.items():
        namespace, _, rest = key.rpartition(":")
        if namespace not in ("", PROJECT):
            continue
        if rest not in CONFIG:
            report.add(("config", key), f"unknown key{meant(rest, CONFIG)} (accepted: {', '.join(CONFIG)})")
        elif rest in found:
            report.add(("config", key), f"given twice, as {rest} and {PROJECT}:{rest}")
        else:
            found[rest] = (("config", key), value)
    return found


def _target(report: _Report, config: dict[str, tuple[Path, Any]], facts: rules.Facts) -> Target | None:
    """The target, or where it is wrong the one that was meant, so that the rest can be checked; None where nobody knows."""
    built = rules.built_targets(facts)
    path, value = config.get("target", (("config", f"{PROJECT}:target"), None))
    if value is None:
        report.add(path, f"missing; {one_of(built)}")
    elif value in built:
        return Target(value)
    elif isinstance(value, str) and value in list(Target):
        report.add(path, f"{shown(value)}: planned, not built yet; {one_of(built)}")
    elif isinstance(value, str):
        report.add(path, f"{shown(value)}: unknown target; {one_of(built)}{meant(value, built)}")
        near = nearest(value, built)
        return Target(near) if near else None
    else:
        report.add(path, f"{one_of(built)}, got {kind(value)}")
    return None


def _blueprint(report: _Report, config: dict[str, tuple[Path, Any]], root: File) -> None:
    if "blueprint" not in config:
        return
    path, value = config["blueprint"]
    if not isinstance(value, str):
        report.add(path, f"expected the name of a blueprint, got {kind(value)}")
        return
    asked = Problem(written(path), "", report.document.file, report.document.line(path))
    report.layers = blueprints.load(value, root / "blueprints", asked)
    report.items += report.layers.problems
    for layer in report.layers.documents:
        for found in secrets.find_plain(layer.data):
            report.items.append(Problem(written(found), _PLAIN_SECRET, layer.file, layer.line(found)))


def _encrypted(report: _Report, spec_at: Path, own: Any) -> list[Path]:
    found = list(secrets.find_encrypted(own))
    for path in found:
        report.add_spec(spec_at, path, _ENCRYPTED)
    return found


def _with_meant_systems(report: _Report, spec_at: Path, own: dict[str, Any], base: Any) -> dict[str, Any]:
    """`kafka:` with nothing behind it turns a blueprint's kafka off; where there is none, defaults were meant.

    Returns the stack's own spec with those defaults, so that nothing else is reported for want of that system.
    """
    systems = own.get("systems")
    inherited = base.get("systems")
    if not isinstance(systems, dict):
        return own
    turned_off = inherited if isinstance(inherited, dict) else {}
    meant_defaults = [key for key, value in systems.items() if value is None and turned_off.get(key) is None]
    for key in meant_defaults:
        message = f"nothing to turn off, for no blueprint has it; {key}: {{}} takes every default"
        report.add_spec(spec_at, ("systems", key), message)
    return {**own, "systems": {**systems, **{key: {} for key in meant_defaults}}}


def _no_systems(case: rules.Case) -> Iterator[rules.Finding]:
    if case.tier_known and not case.spec.systems.chosen() and not (case.spec.tier is Tier.PLATFORM and case.spec.teams):
        yield ("systems",), f"the stack has none; {case.target} offers {', '.join(case.offered())}"


def _on_platform(case: rules.Case, root: File) -> Iterator[rules.Finding]:
    """A team's stack against its platform's file, where that lies beside it; else the published document judges."""
    spec = case.spec
    platform_name = spec.platform_stack.get(case.target)
    if spec.tier is not Tier.TEAM or platform_name is None or spec.team is None:
        return
    file = stack_file(platform_name, root)
    try:
        found = check(read(file, file.name), platform_name, root, case.facts) if file.is_file() else None
    except Unreadable:
        return
    if not isinstance(found, Stack):
        return
    at: Path = ("platformStack", case.target.value)
    if found.spec.tier is not Tier.PLATFORM or found.target is not case.target:
        is_a = f"a stack of tier {found.spec.tier} and target {found.target}"
        yield at, f"{shown(platform_name)} is {is_a}; expected tier platform and target {case.target}"
        return
    team = found.spec.teams.get(spec.team)
    if team is None:
        teams = list(found.spec.teams)
        yield ("team",), f"{shown(spec.team)}: {platform_name} has no such team; {one_of(teams)}{meant(spec.team, teams)}"
        return
    for system, fact in case.chosen().items():
        if system not in team.systems and Tier.TEAM in fact.tiers:
            grants = ", ".join(team.systems) or "none"
            advice = f"its owner adds it under {PROJECT}:spec.teams.{spec.team}.systems"
            yield ("systems", system), f"{platform_name} does not grant it to team {spec.team} (granted: {grants}); {advice}"


def stack_file(name: str, root: File) -> File:
    """Where the stack file of that name lies."""
    return root / "stacks" / f"Pulumi.{name}.yaml"
