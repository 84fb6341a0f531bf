"""Every rule through the real engine: kept, broken, and broken by a value that the preview does not know."""

import pytest

from tests.policies.cases import CASES, INSTANCE, KEY, LACKS, RDS
from tests.policies.conftest import ANY, Said, Trial
from tests.policies.samples import TAGS, Plan

pytestmark = [pytest.mark.sandbox, pytest.mark.parametrize("engine", [ANY], indirect=True, ids=["any"])]
UNDECIDED = "not known before up"


def about(found: list[Said], rule: str, name: str) -> list[Said]:
    """What a rule said of a resource, mandatory or not, by itself or over the stack."""
    mine = {f"{rule}{where}{how}" for where in ("", "-stack") for how in ("", "-advice")}
    return [s for s in found if s.policy in mine and s.resource == name]


def test_what_keeps_every_rule_passes_at_the_strictest_level_without_a_word(trial: Trial) -> None:
    plan = Plan()
    for case in CASES:
        plan.add(case.name, case.type, case.good)
    for lack in LACKS:
        plan.add(lack.name, lack.mended_type or lack.type, lack.props)
        for beside in lack.mended_by:
            plan.add(*beside)
    # a key of the stack's own is not known before up, but that it is a key is
    plan.add("key", KEY, {"tags": TAGS})
    plan.add("keyed", RDS, {**INSTANCE, "kmsKeyId": {"$of": "key", "output": "arn"}})
    trial.write(plan)
    code, found, text = trial.run("preview")
    assert (code, found) == (0, []), text


def test_what_breaks_a_rule_stops_the_preview_and_is_named_with_place_and_remedy(trial: Trial) -> None:
    plan = Plan()
    for case in CASES:
        plan.add(case.name, case.type, case.bad())
    for lack in LACKS:
        plan.add(lack.name, lack.type, lack.props, protect=lack.protect)
    trial.write(plan)
    code, found, text = trial.run("preview")
    assert code != 0 and "Traceback" not in text
    silent = [
        c.name
        for c in CASES
        if not any(s.mandatory and f"{c.path}: " in s.text and len(s.text) > len(c.path) for s in about(found, c.rule, c.name))
    ]
    silent += [
        lack.name
        for lack in LACKS
        if not any(s.mandatory and f"{lack.where}: " in s.text for s in about(found, lack.rule, lack.name))
    ]
    assert not silent
    # what the user sees names all three as well: resource, rule, remedy
    assert "image-pinned (kubernetes:apps/v1:Deployment: latest)" in " ".join(text.split())
    assert "Name a tag other than latest" in text


def test_what_preview_does_not_know_is_told_and_judged_before_it_is_made(trial: Trial) -> None:
    plan = Plan()
    unknown = [c for c in CASES if not c.decided]
    for case in unknown:
        plan.add(case.name, case.type, case.unknown())
    trial.write(plan)
    code, found, text = trial.run("preview")
    assert code == 0, text
    assert not [s for s in found if s.mandatory]
    silent = [c.name for c in unknown if not any(UNDECIDED in s.text for s in about(found, c.rule, c.name))]
    assert not silent
    code, found, _ = trial.run("up", "--yes", "--skip-preview")
    assert code != 0 and [s for s in found if s.mandatory]
    made = set(trial.engine.state()) & {c.name for c in unknown}
    assert not made
    # the values are known now: what up would judge, resource by resource
    code, found, _ = trial.run("preview")
    assert code != 0
    passed = [c.name for c in unknown if not any(s.mandatory and c.path in s.text for s in about(found, c.rule, c.name))]
    assert not passed


def test_the_level_on_the_root_component_decides_what_is_mandatory(trial: Trial) -> None:
    plan = Plan()
    for case in CASES:
        plan.add(case.name, case.type, case.bad())
    mandatory: dict[str, set[str]] = {}
    for level in ("baseline", "standard"):
        plan.root = {"securityLevel": level, "environment": "prod"}
        trial.write(plan)
        code, found, _ = trial.run("preview")
        assert code != 0
        rules = {c.rule for c in CASES}
        mandatory[level] = {rule for rule in rules if any(s.mandatory and s.policy.startswith(rule) for s in found)}
        told = {rule for rule in rules if any(s.policy.startswith(rule) for s in found)}
        assert told == rules
    assert mandatory["baseline"] == {
        "image-pinned", "no-plain-secret", "no-public-access", "no-public-bucket", "encrypted-at-rest", "protected-in-prod",
    }  # fmt: skip
    assert mandatory["standard"] == {c.rule for c in CASES} - {"kept-upstream"}


def test_a_stack_that_does_not_say_its_level_is_held_to_everything(trial: Trial) -> None:
    (case,) = (c for c in CASES if c.name == "minio")
    for root in (None, {"securityLevel": {"$unknown": "baseline"}}, {"environment": "dev"}):
        plan = Plan(root=root)
        plan.add(case.name, case.type, case.bad())
        trial.write(plan)
        code, found, _ = trial.run("preview")
        assert code != 0, root
        assert [s for s in about(found, "kept-upstream", "minio") if s.mandatory], root
