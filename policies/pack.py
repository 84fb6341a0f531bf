"""The rules as a policy engine wants them: each once mandatory and once as advice; the stack's level decides which speaks.

Pulumi fixes a policy's enforcement when the pack starts, but how strict a stack is stands on its root component. So each
rule is two policies over the same findings: `<rule>` stops the stack, `<rule>-advice` only tells; a finding that preview
cannot decide is always told, never passed over in silence. The root component is registered first, before anything that
could be judged; a stack without one is held to every rule.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import _is_unknown

from policies import rules
from policies.exceptions import Exceptions
from policies.model import ROOT_TYPE, UNKNOWN, Facts, Finding, Resource, Rule


def plain(value: Any) -> Any:
    """A policy engine's proxied value as plain data with UNKNOWN leaves."""
    if isinstance(value, Mapping):
        target = value["__target"] if not isinstance(value, dict) else value
        return {key: plain(item) for key, item in target.items()}
    if isinstance(value, list | tuple) or type(value).__name__ == "_ListProxy":
        target = value if isinstance(value, list | tuple) else value["__target"]
        return [plain(item) for item in target]
    return UNKNOWN if _is_unknown(value) else value


def all_rules() -> list[Rule]:
    """Every rule of policies/rules, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(rules.__path__))
    return [importlib.import_module(f"policies.rules.{name}").RULE for name in names]


@dataclass
class Judge:
    """Holds the stack's facts and judges each resource once a rule."""

    exceptions: Exceptions
    facts: Facts = field(default_factory=Facts)
    _last: tuple[Any, Resource] | None = None

    def resource(self, args: ResourceValidationArgs) -> Resource:
        """The resource as rules see it; notes the root component's facts on the way."""
        key = (args.urn, id(self))
        if self._last is None or self._last[0] != key:
            options = args.opts
            made = Resource(args.resource_type, args.name, plain(args.props), args.urn, bool(options and options.protect))
            self._last = (key, made)
        found = self._last[1]
        if found.type == ROOT_TYPE:
            self.facts = Facts.of(found.props)
        return found

    def report(self, rule: Rule, resource: Resource | None, finding: Finding, advice: bool, say: ReportViolation) -> None:
        """Says the finding where this twin of the rule is the one to say it."""
        speaks_as_advice = finding.undecided or not rule.mandatory(self.facts)
        if resource is not None and self.exceptions.covers(rule.name, resource, finding.path):
            return
        if speaks_as_advice == advice:
            say(str(finding), resource.urn if resource is not None else None)


def _resource_policy(rule: Rule, judge: Judge, advice: bool) -> ResourceValidationPolicy:
    check = rule.check

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = judge.resource(args)
        if check is not None:
            for finding in check(resource, judge.facts):
                judge.report(rule, resource, finding, advice, report)

    return ResourceValidationPolicy(
        name=f"{rule.name}-advice" if advice else rule.name,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.ADVISORY if advice else EnforcementLevel.MANDATORY,
    )


def _stack_policy(rule: Rule, judge: Judge, advice: bool) -> StackValidationPolicy:
    check = rule.check_stack

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            Resource(r.resource_type, r.name, plain(r.props), r.urn, bool(r.opts and r.opts.protect)) for r in args.resources
        ]
        roots = [r for r in resources if r.type == ROOT_TYPE]
        judge.facts = Facts.of(roots[0].props) if roots else Facts()
        if check is not None:
            for resource, finding in check(resources, judge.facts):
                judge.report(rule, resource, finding, advice, report)

    return StackValidationPolicy(
        name=f"{rule.name}-stack{'-advice' if advice else ''}",
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.ADVISORY if advice else EnforcementLevel.MANDATORY,
    )


def policies() -> list[Policy]:
    """All policies of the pack."""
    judge = Judge(Exceptions.load())
    made: list[Policy] = []
    for rule in all_rules():
        for advice in (False, True):
            if rule.check is not None:
                made.append(_resource_policy(rule, judge, advice))
            if rule.check_stack is not None:
                made.append(_stack_policy(rule, judge, advice))
    return made
