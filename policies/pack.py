"""The rules as a policy engine wants them: each once mandatory and once as advice; the stack's level decides which speaks.

Pulumi fixes a policy's enforcement when the pack starts, but how strict a stack is stands on its root component. So each
rule is two policies over the same findings: `<rule>` stops the stack, `<rule>-advice` only tells; a finding that preview
cannot decide is always told, never passed over in silence. The root component is registered first, before anything that
could be judged; a stack without one is held to every rule.
"""

import importlib
import pkgutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies import rules
from policies.exceptions import Exceptions
from policies.model import ROOT_TYPE, Facts, Finding, Resource, Rule
from policies.reading import plain, secret_paths


def all_rules() -> list[Rule]:
    """Every rule of policies/rules, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(rules.__path__))
    return [importlib.import_module(f"policies.rules.{name}").RULE for name in names]


@dataclass
class _Current(threading.local):
    """What the policies of one request share; the policy server answers in several threads."""

    urn: str = ""
    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    resource: Resource | None = None
    asked: set[str] = field(default_factory=set)


@dataclass
class Judge:
    """Holds the stack's facts, and judges each resource once for all policies."""

    exceptions: Exceptions
    rules: Sequence[Rule]
    facts: Facts = field(default_factory=Facts)
    _roots: dict[str, Facts] = field(default_factory=dict)
    _secrets: dict[str, frozenset[str]] = field(default_factory=dict)
    _taken: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    _current: _Current = field(default_factory=_Current)

    def note_secrets(self, args: ResourceValidationArgs) -> None:
        """Keeps which inputs are secret: the engine shows that to remediations alone, and asks them first."""
        self._secrets[args.urn] = frozenset(secret_paths(args.props))

    def findings(self, policy: str, rule: Rule, args: ResourceValidationArgs) -> tuple[Resource, Sequence[Finding]]:
        """The findings of one rule. The first policy that asks about a resource makes all of them."""
        current = self._current
        # a policy that asks a second time means another request about the same resource
        if current.resource is None or current.urn != args.urn or policy in current.asked:
            resource = Resource(
                type=args.resource_type,
                name=args.name,
                props=plain(args.props),
                urn=args.urn,
                protect=bool(args.opts and args.opts.protect),
                secrets=self._secrets.get(args.urn, frozenset()),
                provider=plain(args.provider.props) if args.provider else {},
            )
            self.note_root(resource)
            current.urn, current.resource, current.asked = args.urn, resource, set()
            current.findings = {r.name: tuple(self.judge(r, resource)) for r in self.rules}
        current.asked.add(policy)
        return current.resource, current.findings[rule.name]

    def note_root(self, resource: Resource) -> None:
        """Takes the stack's facts from its root component; from the stricter where a program registers several."""
        if resource.type == ROOT_TYPE:
            self._roots[resource.urn] = Facts.of(resource.props)
            self.facts = max(self._roots.values(), key=lambda facts: (facts.level is None, facts.level or 0))

    def judge(self, rule: Rule, resource: Resource) -> Sequence[Finding]:
        """What a rule finds in a resource, without what is excepted."""
        found = list(rule.check(resource, self.facts))
        if rule.measure is not None and rule.check_total is not None:
            taken = self._taken.setdefault(rule.name, {})
            if amount := rule.measure(resource):
                taken[resource.urn] = (resource.name, amount)
                found += rule.check_total(resource, _by_name(taken), self.facts)
            else:
                taken.pop(resource.urn, None)
        return [f for f in found if not self.exceptions.covers(rule.name, resource, f.path)]

    def speaks(self, rule: Rule, finding: Finding, advice: bool) -> bool:
        """Whether this twin of the rule is the one to say it."""
        return advice == (finding.undecided or not rule.mandatory(self.facts))


def _by_name(taken: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """Amounts by resource name; those of one name are told apart by their URN."""
    names = [name for name, _ in taken.values()]
    return {name if names.count(name) == 1 else urn: amount for urn, (name, amount) in taken.items()}


def _resource_policy(rule: Rule, judge: Judge, advice: bool) -> ResourceValidationPolicy:
    name = f"{rule.name}-advice" if advice else rule.name

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource, found = judge.findings(name, rule, args)
        for finding in found:
            if judge.speaks(rule, finding, advice):
                report(str(finding), resource.urn)

    return ResourceValidationPolicy(name=name, description=rule.description, validate=validate, enforcement_level=_level(advice))


def _stack_policy(rule: Rule, judge: Judge, advice: bool) -> StackValidationPolicy:
    check = rule.check_stack

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        # these are the resources' outputs; the root component's inputs were noted when it came by
        resources = [
            Resource(
                type=r.resource_type,
                name=r.name,
                props=plain(r.props),
                urn=r.urn,
                protect=bool(r.opts and r.opts.protect),
                depends={key: [d.urn for d in found] for key, found in (r.property_dependencies or {}).items()},
            )
            for r in args.resources
        ]
        for resource, finding in check(resources, judge.facts) if check is not None else ():
            excepted = judge.exceptions.covers(rule.name, resource, finding.path)
            if not excepted and judge.speaks(rule, finding, advice):
                report(str(finding), resource.urn)

    return StackValidationPolicy(
        name=f"{rule.name}-stack{'-advice' if advice else ''}",
        description=rule.description,
        validate=validate,
        enforcement_level=_level(advice),
    )


def _level(advice: bool) -> EnforcementLevel:
    return EnforcementLevel.ADVISORY if advice else EnforcementLevel.MANDATORY


def _secrets_reader(judge: Judge) -> ResourceValidationPolicy:
    def remediate(args: ResourceValidationArgs) -> None:
        judge.note_secrets(args)

    return ResourceValidationPolicy(
        name="secrets-reader",
        description="Notes which values are secret, for no-plain-secret; changes nothing.",
        remediate=remediate,
        enforcement_level=EnforcementLevel.REMEDIATE,
    )


def policies() -> list[Policy]:
    """All policies of the pack."""
    judge = Judge(Exceptions.load(), all_rules())
    made: list[Policy] = [_secrets_reader(judge)]
    for rule in judge.rules:
        made += [_resource_policy(rule, judge, advice) for advice in (False, True)]
        if rule.check_stack is not None:
            made += [_stack_policy(rule, judge, advice) for advice in (False, True)]
    return made
