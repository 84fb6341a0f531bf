"""What one key alone cannot show: targets, tiers, needs, rings and counts that depend on each other."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from components.grounds import KUBERNETES
from components.mapping.instead import OFFERED
from components.spec.stack import PARTS, Target, Tier
from components.targets import SystemFact
from components.validation import choices, clouds, managed, own_cluster
from components.validation.case import Case, Facts
from components.validation.choices import place
from components.validation.problems import Path, meant, one_of, shown

__all__ = ["Case", "Facts", "Finding", "built_targets", "check"]

Finding = tuple[Path, str]


def check(case: Case) -> Iterator[Finding]:
    """Everything that the rules find, in the order of the spec."""
    yield from _targets(case)
    if case.tier_known:
        yield from _tier(case)
        yield from _teams(case)
        yield from _needs(case)
    yield from _bring_your_own(case)
    yield from clouds.regions(case)
    yield from own_cluster.check(case)
    yield from choices.uses(case)
    yield from choices.brought(case)
    yield from choices.images(case)
    yield from managed.check(case)
    yield from _seldon(case)
    yield from _rings(case)
    yield from _counts(case)


def built_targets(facts: Facts) -> list[str]:
    """The targets that any system is built for."""
    return list(dict.fromkeys(target for target, _ in facts))


def _targets(case: Case) -> Iterator[Finding]:
    for system, config in case.spec.chosen().items():
        path = place(system)
        if config.target is not None and config.target not in (case.target, Target.KUBERNETES):
            yield (*path, "target"), _override(case, config.target)
        elif config.target is not None and case.fact(system) is None:
            yield (*path, "target"), f"{config.target} has no {shown(system)}; leave the key out"
        elif case.fact(system) is None:
            elsewhere = [target for target, name in case.facts if name == system]
            advice = f"; or say mlops:target: {elsewhere[0]}" if elsewhere else ""
            if elsewhere[:1] == [KUBERNETES] and case.spec.tier is not Tier.TEAM:
                advice = f"; or run it on the stack's own cluster: {'.'.join(map(str, path))}: {{target: kubernetes}}"
            instead = "leave it out" if system in PARTS else f"it offers {', '.join(case.offered())}"
            if own := OFFERED.get((case.target, system)):
                instead = f"there systems.{own} offers the same"
            yield path, f"{case.target} has no {shown(system)}; {instead}{advice}"


def _override(case: Case, wanted: Target) -> str:
    return (
        f"{shown(wanted.value)}: a stack of target {case.target} has no {wanted} network and keys to run it in; "
        f"leave the key out, or put the system in a stack of target {wanted}"
    )


_TIER_KEYS = {
    "platform_stack": (Tier.TEAM,),
    "team": (Tier.TEAM, Tier.ALL),
    "teams": (Tier.PLATFORM,),
    "operators": (Tier.ALL, Tier.PLATFORM),
}
"""Keys of the spec that only some tiers have."""


def _tier(case: Case) -> Iterator[Finding]:
    spec, tier = case.spec, case.spec.tier
    for name, tiers in _TIER_KEYS.items():
        if name in spec.model_fields_set and tier not in tiers and getattr(spec, name):
            key = type(spec).model_fields[name].alias or name
            yield (key,), f"belongs in a stack of tier {' or '.join(tiers)}, and this one is {tier}; leave it out, or change tier"
    if tier is Tier.TEAM:
        if spec.team is None:
            yield ("team",), "missing: a stack of tier team says whose it is, for example team: fraud"
        if case.target not in spec.platform_stack:
            have = f"; it has one for {', '.join(spec.platform_stack)}" if spec.platform_stack else ""
            yield (
                ("platformStack",),
                f"names no platform for target {case.target}{have}; add platformStack: {{{case.target}: <platform stack>}}",
            )
    for system, fact in case.chosen().items():
        if tier not in fact.tiers:
            where = f"{spec.platform_stack.get(case.target)} " if spec.platform_stack.get(case.target) else ""
            advice = (
                f"it belongs to the platform stack {where}and its owner grants what the team needs of it"
                if tier is Tier.TEAM
                else f"it belongs in a stack of tier {' or '.join(fact.tiers)}"
            )
            yield place(system), f"a stack of tier {tier} cannot have it; {advice}"


def _teams(case: Case) -> Iterator[Finding]:
    allowed = [system for system in case.offered() if Tier.TEAM in case.facts[case.target, system].tiers]
    ground = case.target.value
    met = _met(case, ground)
    kafka = case.spec.systems.kafka
    for name, team in case.spec.teams.items() if case.spec.tier is Tier.PLATFORM else ():
        for index, system in enumerate(team.systems):
            path: Path = ("teams", name, "systems", index)
            if system not in allowed:
                yield path, f"{shown(system)}: a team cannot run it; {one_of(allowed)}{meant(system, allowed)}"
                continue
            fact = case.facts[case.target, system]
            for need in fact.needs:
                if need not in met or _unfit(case, need, fact, ground):
                    yield (
                        path,
                        f"{shown(system)} needs {_contract(need)}, and this platform has none; "
                        f"{_remedy(case, need, ground, fact)}",
                    )
        for index, topic in enumerate(team.topics):
            path = ("teams", name, "topics", index)
            if "broker" not in met:
                yield path, f"{shown(topic)}: this platform has no broker; {_remedy(case, 'broker', ground)}"
            elif kafka is not None and topic not in kafka.topics:
                known = list(kafka.topics)
                yield path, f"{shown(topic)}: no such topic under systems.kafka.topics; {one_of(known)}{meant(topic, known)}"


def _needs(case: Case) -> Iterator[Finding]:
    if case.spec.tier is Tier.TEAM:
        return  # what the platform granted meets them; its published document is the judge
    here = case.on_own_cluster()
    for system, fact in case.chosen().items():
        ground = case.ground(system)
        met = _met(case, ground)
        for need in fact.needs:
            if need not in met or _unfit(case, need, fact, ground):
                what = f"a {' or '.join(fact.engines)} database" if need in met else _contract(need)
                runs = "runs on the stack's own cluster here and " if system in here else ""
                where = " there" if runs else ""
                nobody = f"nothing {'on it' if runs else 'in this stack'} provides one"
                yield place(system), f"{runs}needs {what}{where}, and {nobody}; {_remedy(case, need, ground, fact)}"


def _unfit(case: Case, need: str, consumer: SystemFact, ground: str) -> bool:
    """Whether the ground has databases, and none that the consumer can use."""
    own = [fact for system, fact in case.chosen().items() if need in fact.provides and case.ground(system) == ground]
    return need == "database" and need not in case.spec.bring_your_own and not any(f.meets(need, consumer) for f in own)


def _met(case: Case, ground: str) -> set[str]:
    provided = {c for system, fact in case.chosen().items() if case.ground(system) == ground for c in fact.provides}
    provided |= {contract for fact in case.foundation(ground).values() for contract in fact.provides}
    # a service from outside serves the cluster where there is one
    return provided | (set(case.spec.bring_your_own) if ground == KUBERNETES or not case.on_own_cluster() else set())


def _contract(need: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in need)
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _remedy(case: Case, need: str, ground: str, consumer: SystemFact | None = None) -> str:
    options = [
        f"{'.'.join(str(step) for step in place(system))}: {case.said(system, ground)}"
        for system in case.meeting(need, consumer, ground)
    ]
    if need in BRINGABLE:
        options.append(f"bringYourOwn.{need}")
    return f"add {' or '.join(options)}" if options else f"no system of target {case.target} provides it"


BRINGABLE = ("objectStore", "database", "broker", "metrics")
"""Contracts that a service from outside can meet."""


def _bring_your_own(case: Case) -> Iterator[Finding]:
    systems = list(case.spec.chosen())
    for contract, entry in case.spec.bring_your_own.items():
        path = ("bringYourOwn", contract)
        if contract not in BRINGABLE:
            yield path, f"unknown contract; {one_of(BRINGABLE)}{meant(contract, BRINGABLE)}"
            continue
        at = KUBERNETES if case.on_own_cluster() else case.target.value
        for rival in case.meeting(contract, ground=at):
            if rival in systems and case.ground(rival) == at:
                yield path, f"systems.{rival} provides {_contract(contract)} too; keep one of the two"
        for index, system in enumerate(entry.after):
            if system not in systems:
                yield (
                    (*path, "after", index),
                    f"{shown(system)}: no such system in this stack; {one_of(systems)}{meant(system, systems)}",
                )
        for consumer in entry.credentials:
            if consumer not in systems:
                yield (
                    (*path, "credentials", consumer),
                    f"no such system in this stack; {one_of(systems)}{meant(consumer, systems)}",
                )


def _rings(case: Case) -> Iterator[Finding]:
    """A ring through bringYourOwn: a system needs what can only be reached once that system stands."""
    brought = case.spec.bring_your_own
    chosen = case.chosen()
    edges: dict[str, set[str]] = {}
    for system, fact in chosen.items():
        edges[system] = set()
        for need in fact.needs:
            if need in brought:
                edges[system].add(f"bringYourOwn.{need}")
            else:
                there = case.ground(system)
                edges[system] |= {
                    other
                    for other in case.meeting(need, ground=there)
                    if other in chosen and other != system and case.ground(other) == there
                }
    for contract, entry in brought.items():
        edges[f"bringYourOwn.{contract}"] = {system for system in entry.after if system in chosen}
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        at = next((step for step in ring if step.startswith("bringYourOwn.")), "")
        said = f"a ring, each step waiting for the next: {' -> '.join(ring)}; take one out of `after`"
        yield ("bringYourOwn", at.partition(".")[2], "after"), said


def _seldon(case: Case) -> Iterator[Finding]:
    seldon = case.spec.systems.seldon
    if seldon is None:
        return
    if not seldon.accept_bsl_license:
        yield (
            ("systems", "seldon", "acceptBslLicense"),
            "expected true: Seldon Core 2 is under the Business Source License 1.1, which allows production use only to "
            "non-profit education or by a contract with Seldon; systems.kserve serves the same models as open source",
        )
    servers = [kind for kind in ("mlserver", "triton") if getattr(seldon, kind) is not None]
    for name, model in seldon.models.items():
        if not servers or (model.server or servers[0]) not in servers:
            path = ("systems", "seldon", "models", name, "server")
            yield (
                path,
                f"{shown(model.server)}: no such server in the stack; add systems.seldon.{model.server or 'mlserver'}: {{}}",
            )


def _counts(case: Case) -> Iterator[Finding]:
    yield from choices.served(case)
    kafka = case.spec.systems.kafka
    for name, topic in kafka.topics.items() if kafka is not None else ():
        if kafka is not None and topic.replicas is not None and topic.replicas > kafka.brokers:
            path = ("systems", "kafka", "topics", name, "replicas")
            yield path, f"{topic.replicas}: expected at most {kafka.brokers}, the number of brokers"
