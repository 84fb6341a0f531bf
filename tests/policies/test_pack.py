"""The pack around the rules: facts of the stack, exceptions, who speaks, and how often a rule is run."""

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy

from policies.exceptions import Exceptions, Waiver
from policies.model import ROOT_TYPE, UNKNOWN, Facts, Finding, Level, Resource, Rule
from policies.pack import Judge, all_rules, policies
from policies.reading import plain, secret_paths
from policies.rules import image_pinned
from tests.contracts import reference
from tests.unit.test_kubernetes_docker import made as registry

LOCK = Path(__file__).resolve().parents[2] / "components" / "kubernetes" / "sources.lock.json"


@pytest.mark.parametrize(
    ("root", "facts"),
    [
        ({"securityLevel": "standard", "environment": "dev"}, Facts(Level.STANDARD, "dev")),
        ({"securityLevel": "hardened", "budget": {"gpus": 2.0, "replicas": 3}}, Facts(Level.HARDENED, "prod", 2, 3)),
        ({"securityLevel": "relaxed"}, Facts()),
        ({"securityLevel": UNKNOWN, "environment": UNKNOWN, "budget": UNKNOWN, "registryMirror": UNKNOWN}, Facts()),
        ({"budget": {"gpus": "all", "replicas": True}}, Facts()),
        ({"budget": {"gpus": UNKNOWN, "replicas": None}}, Facts()),
        ({}, Facts()),
    ],
)
def test_facts_are_read_and_whatever_is_missing_counts_as_the_strictest(root: dict[str, Any], facts: Facts) -> None:
    assert Facts.of(root) == facts


def rule(level: Level, runs: list[str] | None = None) -> Rule:
    def check(resource: Resource, facts: Facts) -> Any:
        if runs is not None:
            runs.append(resource.name)
        yield Finding("spec.a[0].b", "wrong", "mend it")

    return Rule("some-rule", "Some rule.", level, check)


def asked(name: str, type: str = "kubernetes:apps/v1:Deployment", **props: Any) -> Any:
    urn = f"urn:pulumi:s::mlops::{type}::{name}"
    return SimpleNamespace(urn=urn, resource_type=type, name=name, props=props, opts=None, provider=None)


def test_the_stack_decides_which_twin_speaks() -> None:
    judge = Judge(Exceptions(), ())
    finding = Finding("a", "wrong", "mend it")
    standard = rule(Level.STANDARD)
    assert judge.speaks(standard, finding, advice=False) and not judge.speaks(standard, finding, advice=True)
    judge.note_root(Resource(ROOT_TYPE, "p", {"securityLevel": "baseline"}, urn="1"))
    assert judge.speaks(standard, finding, advice=True) and not judge.speaks(standard, finding, advice=False)
    assert judge.speaks(rule(Level.BASELINE), finding, advice=False)
    undecided = Finding("a", "unknown", "mend it", undecided=True)
    assert judge.speaks(rule(Level.BASELINE), undecided, advice=True)


def test_a_second_root_cannot_relax_the_stack() -> None:
    judge = Judge(Exceptions(), ())
    judge.note_root(Resource(ROOT_TYPE, "p", {"securityLevel": "hardened"}, urn="1"))
    judge.note_root(Resource(ROOT_TYPE, "q", {"securityLevel": "baseline"}, urn="2"))
    assert judge.facts.level is Level.HARDENED
    judge.note_root(Resource(ROOT_TYPE, "r", {}, urn="3"))
    assert judge.facts.level is None


def test_each_resource_is_judged_once_for_all_policies_and_again_when_it_comes_again() -> None:
    runs: list[str] = []
    one = rule(Level.BASELINE, runs)
    judge = Judge(Exceptions(), (one,))
    for policy in ("some-rule", "some-rule-advice"):
        judge.findings(policy, one, asked("a"))
    assert runs == ["a"]
    judge.findings("some-rule", one, asked("b"))
    judge.findings("some-rule", one, asked("b", changed=True))  # the same resource, in another request
    assert runs == ["a", "b", "b"]


def test_requests_in_several_threads_do_not_mix() -> None:
    judge = Judge(Exceptions(), (rule(Level.BASELINE),))
    mixed: list[str] = []

    def work(name: str) -> None:
        for turn in range(200):
            for policy in ("some-rule", "some-rule-advice"):
                resource, _ = judge.findings(policy, judge.rules[0], asked(name, turn=turn))
                if resource.name != name or resource.props != {"turn": turn}:
                    mixed.append(resource.name)

    threads = [threading.Thread(target=work, args=(f"r{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not mixed


def test_gpus_are_summed_over_the_run_and_the_one_too_many_is_named() -> None:
    (budget,) = (r for r in all_rules() if r.name == "budget")
    judge = Judge(Exceptions(), (budget,), Facts(Level.STANDARD, gpus=4))

    def gpus(name: str, count: int) -> list[str]:
        limits = {"limits": {"nvidia.com/gpu": count}}
        props: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [{"name": "a", "resources": limits}]}}}}
        _, found = judge.findings("budget", budget, asked(name, **props))
        return [f.problem for f in found if not f.undecided]

    assert gpus("a", 2) == [] and gpus("b", 2) == []
    assert gpus("a", 2) == []  # seen again, not counted again
    assert gpus("c", 1) == ["5 GPUs with this one (a: 2, b: 2, c: 1), the budget is 4"]


def test_secrets_are_found_in_a_remediations_view() -> None:
    from pulumi_policy.deserialize import deserialize_properties

    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "x"}
    seen = deserialize_properties({"a": {"b": [1, secret]}, "c": secret, "d": "e"}, True)
    assert sorted(secret_paths(seen)) == ["a.b[1]", "c"]
    assert plain({"a": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "b": [None, 1.0]}) == {"a": UNKNOWN, "b": [None, 1.0]}


def test_the_pack_holds_each_rule_twice_and_every_name_once() -> None:
    found = policies()
    names = [policy.name for policy in found]
    assert len(set(names)) == len(names)
    for one in all_rules():
        levels = {p.name: p.enforcement_level for p in found if isinstance(p, ResourceValidationPolicy)}
        assert levels[one.name] is EnforcementLevel.MANDATORY
        assert levels[f"{one.name}-advice"] is EnforcementLevel.ADVISORY
    assert len(all_rules()) >= 10


@pytest.mark.parametrize(
    ("waiver", "covered"),
    [
        (Waiver("r", "*", "*:n/x", "spec.containers[*].image", "why"), True),
        (Waiver("r", "*", "*", "spec.containers[0].image", "why"), True),
        (Waiver("r", "*", "*", "spec.containers*", "why"), True),
        (Waiver("r", "*", "x", "*", "why"), False),
        (Waiver("s", "*", "*", "*", "why"), False),
        (Waiver("r", "kubernetes:core/v1:Pod", "*", "*", "why"), False),
        (Waiver("r", "*", "*", "spec.containers[1].image", "why"), False),
    ],
)
def test_an_exception_covers_what_it_names_and_nothing_else(waiver: Waiver, covered: bool) -> None:
    resource = Resource("kubernetes:apps/v1:Deployment", "chart:n/x", {})
    assert Exceptions((waiver,)).covers("r", resource, "spec.containers[0].image") is covered


@pytest.mark.parametrize(
    "text", ["- {rule: r, type: t, name: n, path: p}", "- {rule: r, type: t, name: n, path: p, reason: ' '}", "- r"]
)
def test_an_exception_without_a_reason_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "exceptions.yaml").write_text(text)
    with pytest.raises(ValueError, match="every exception names"):
        Exceptions.load(tmp_path / "exceptions.yaml")


def test_every_exception_is_of_a_rule_and_of_something_that_exists() -> None:
    names = {r.name for r in all_rules()}
    sources = json.loads(LOCK.read_text(encoding="utf-8"))["sources"]
    objects = {(o["kind"], o["name"]) for s in sources.values() for r in s["renders"].values() for o in r["objects"]}
    # charts whose licence keeps them out of every blueprint, and so out of the lock
    unlocked = {(o["kind"], o["name"]) for o in reference.inventory("seldon-core-v2-setup")["objects"]}
    for waiver in Exceptions.load().waivers:
        assert waiver.rule in names
        assert waiver.name.strip("*:/") and len(waiver.reason) > 20
        if waiver.type.startswith("kubernetes:"):
            kind, name = waiver.type.rpartition(":")[2], waiver.name.rpartition("/")[2].rpartition(":")[2]
            # of a chart, or a workload of our own by the name of its resource
            assert (kind, name) in objects | unlocked | {(r.kind, r.name) for r in registry().resources}


def test_what_the_stack_builds_itself_comes_from_its_own_registry_and_no_other_host_does() -> None:
    facts = Facts.of({"ownRegistry": "registry.mlops.internal"})
    for host, good in (("registry.mlops.internal", True), ("registry.elsewhere.internal", False)):
        container = {"name": "a", "image": f"{host}/mlops/tfdv:525925f5b0f9"}
        pod = Resource("kubernetes:core/v1:Pod", "a", {"spec": {"containers": [container]}})
        assert (list(image_pinned.check(pod, facts)) == []) is good
