"""When an object counts as ready: the await rules on recorded statuses, and the waitFor expressions."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.providers.kubernetes import conditions
from sandbox.providers.kubernetes.conditions import Verdict, rule_for
from sandbox.providers.kubernetes.jsonpath import waits
from sandbox.providers.kubernetes.podreasons import reasons, selector_text
from sandbox.providers.model import Failure

YES, NO = {"status": "True"}, {"status": "False"}


def verdict(api_version: str, kind: str, status: dict[str, Any], generation: int = 1, **more: Any) -> Verdict:
    rule = rule_for({"apiVersion": api_version, "kind": kind})
    assert rule is not None
    metadata = {"name": "x", "generation": generation, **more.pop("metadata", {})}
    return rule({"apiVersion": api_version, "kind": kind, "metadata": metadata, "status": status, **more})


def deployment(generation: int, revision: str, replicas: int = 2, **status: Any) -> Verdict:
    annotations = {"annotations": {"deployment.kubernetes.io/revision": revision}}
    return verdict("apps/v1", "Deployment", status, generation, metadata=annotations, spec={"replicas": replicas})


DONE = [{"type": "Available", **YES}, {"type": "Progressing", **YES, "reason": "NewReplicaSetAvailable"}]
ROLLING = [{"type": "Available", **YES}, {"type": "Progressing", **YES, "reason": "ReplicaSetUpdated"}]


def test_a_deployment_is_ready_when_its_newest_pods_are() -> None:
    assert not deployment(1, "1").ready, "not seen by the controller"
    whole = {"observedGeneration": 1, "updatedReplicas": 2, "readyReplicas": 2}
    assert deployment(1, "1", **whole, conditions=DONE).ready
    assert deployment(1, "1", **whole, conditions=ROLLING).ready, "the first revision does not roll"
    assert not deployment(1, "1", **{**whole, "readyReplicas": 1}, conditions=DONE).ready
    assert not deployment(2, "2", **whole, conditions=DONE).ready, "status of the generation before"
    second = {**whole, "observedGeneration": 2}
    assert not deployment(2, "2", **second, conditions=ROLLING).ready
    assert deployment(2, "2", **second, conditions=DONE).ready
    assert deployment(1, "1", 0, observedGeneration=1, conditions=DONE).ready, "scaled to nothing"
    stuck = deployment(2, "2", **second, conditions=[{"type": "Progressing", **NO, "reason": "Deadline", "message": "too slow"}])
    assert "[Deadline] too slow" in stuck.message


def test_a_stateful_set_is_ready_when_all_pods_are_of_the_newest_revision() -> None:
    spec: dict[str, Any] = {"spec": {"replicas": 2}}
    whole = {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "currentReplicas": 2}
    same = {"currentRevision": "a", "updateRevision": "a"}
    assert verdict("apps/v1", "StatefulSet", {**whole, **same}, **spec).ready
    assert not verdict("apps/v1", "StatefulSet", {**whole, **same, "readyReplicas": 1}, **spec).ready
    assert not verdict("apps/v1", "StatefulSet", {**whole, **same, "updateRevision": "b"}, **spec).ready
    assert not verdict("apps/v1", "StatefulSet", {**whole, **same}, generation=2, **spec).ready
    by_hand = {"spec": {"replicas": 2, "updateStrategy": {"type": "OnDelete"}}}
    old = {**whole, **same, "updateRevision": "b", "observedGeneration": 2, "currentReplicas": 0}
    assert verdict("apps/v1", "StatefulSet", old, generation=2, **by_hand).ready


def test_a_daemon_set_is_ready_on_every_node_it_wants() -> None:
    counts = ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady", "desiredNumberScheduled")
    whole = {"observedGeneration": 1, **dict.fromkeys(counts, 3)}
    assert verdict("apps/v1", "DaemonSet", whole).ready
    for count in counts[:-1]:
        assert not verdict("apps/v1", "DaemonSet", {**whole, count: 2}).ready, count
    assert verdict("apps/v1", "DaemonSet", {"observedGeneration": 1, **dict.fromkeys(counts, 0)}).ready, "no node matches"


def test_a_job_is_ready_when_complete_and_fails_for_good() -> None:
    assert verdict("batch/v1", "Job", {"startTime": "t", "conditions": [{"type": "Complete", **YES}]}).ready
    running = verdict("batch/v1", "Job", {"startTime": "t", "active": 1})
    assert (running.ready, running.failed) == (False, False)
    failed = verdict(
        "batch/v1", "Job", {"conditions": [{"type": "Failed", **YES, "reason": "BackoffLimitExceeded", "message": "m"}]}
    )
    assert failed == Verdict(False, "[BackoffLimitExceeded] m", failed=True)


def test_pods_volumes_quotas_and_definitions() -> None:
    ready = [{"type": kind, **YES} for kind in ("PodScheduled", "Initialized", "Ready")]
    assert verdict("v1", "Pod", {"conditions": ready}).ready
    assert not verdict("v1", "Pod", {"conditions": ready[:2]}).ready
    assert verdict("v1", "Pod", {"phase": "Succeeded"}).ready
    assert verdict("v1", "PersistentVolume", {"phase": "Available"}).ready
    assert not verdict("v1", "PersistentVolume", {"phase": "Pending"}).ready
    assert verdict("v1", "ResourceQuota", {"hard": {"pods": "1"}}, spec={"hard": {"pods": "1"}}).ready
    assert not verdict("v1", "ResourceQuota", {}, spec={"hard": {"pods": "1"}}).ready
    definition = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert verdict(*definition, {"conditions": [{"type": "Established", **YES}]}).ready
    taken = verdict(
        *definition, {"conditions": [{"type": "NamesAccepted", **NO, "reason": "ListKindConflict", "message": "taken"}]}
    )
    assert taken.failed
    assert not verdict("networking.k8s.io/v1", "Ingress", {}).ready
    assert rule_for({"apiVersion": "v1", "kind": "ConfigMap"}) is None
    assert rule_for({"apiVersion": "kafka.strimzi.io/v1", "kind": "Kafka"}) is None, "not awaited, as by the official provider"
    token = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token"}
    assert rule_for(token) is conditions.token_secret
    assert rule_for({**token, "type": "Opaque"}) is None


def test_a_claim_that_waits_for_its_first_consumer_is_not_waited_for() -> None:
    pending, bound = {"status": {"phase": "Pending"}}, {"status": {"phase": "Bound"}}
    assert not conditions.claim("Immediate", False)(pending).ready
    assert conditions.claim("Immediate", False)(bound).ready
    assert conditions.claim("WaitForFirstConsumer", False)(pending).ready
    assert conditions.claim("WaitForFirstConsumer", True)(bound).ready


def test_services_and_their_endpoints() -> None:
    def part(*ready: bool, **more: bool) -> dict[str, Any]:
        return {"endpoints": [{"conditions": {"ready": state, **more}} for state in ready]}

    assert conditions.endpoints([part(True), part(True)]).ready
    assert not conditions.endpoints([part(True, False)]).ready
    assert conditions.endpoints([part(True), part(False, terminating=True)]).ready
    assert "does not target any Pods" in conditions.endpoints([]).message
    assert conditions.wants_endpoints({"spec": {"selector": {"a": "b"}}})
    for spec in ({}, {"selector": {"a": "b"}, "clusterIP": "None"}, {"selector": {"a": "b"}, "type": "ExternalName"}):
        assert not conditions.wants_endpoints({"spec": spec})
    assert not conditions.service({"spec": {"type": "LoadBalancer"}, "status": {}}).ready
    assert conditions.service({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "i"}]}}}).ready


def test_the_heuristic_goes_by_the_ready_condition() -> None:
    custom = {"metadata": {"generation": 2}, "status": {"observedGeneration": 2}}
    assert conditions.heuristic(custom).ready
    assert not conditions.heuristic({**custom, "status": {"observedGeneration": 1}}).ready
    assert not conditions.heuristic({**custom, "status": {"conditions": [{"type": "Ready", **NO, "message": "m"}]}}).ready
    assert conditions.heuristic({**custom, "status": {"conditions": [{"type": "Ready", **YES}]}}).ready
    assert not conditions.heuristic({**custom, "status": {"conditions": [{"type": "Stalled", **YES}]}}).ready


def test_timeouts_come_from_options_then_the_annotation_then_the_kind() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job"}
    assert conditions.timeout(job, 7, "9") == 7
    assert conditions.timeout(job, 0, "9") == 9
    assert conditions.timeout(job, 0, "soon") == 600
    assert conditions.timeout({"apiVersion": "v1", "kind": "PersistentVolumeClaim"}, 0, "") == 300


OBJECT = {
    "metadata": {"generation": 2, "annotations": {"a.b/c": "x"}},
    "status": {"phase": "Running", "count": 3, "ok": True, "conditions": [{"type": "A", **NO}, {"type": "Ready", **YES}]},
}
EXPRESSIONS = [
    ("jsonpath={.status.phase}=Running", True),
    ("jsonpath={.status.phase}=Pending", False),
    ("jsonpath={.status.phase}", True),
    ("jsonpath={.status.absent}", False),
    ("jsonpath={ .status.count }=3", True),
    ("jsonpath={.status.ok}=true", True),
    ("jsonpath={.metadata.annotations['a.b/c']}=x", True),
    ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', True),
    ('jsonpath={.status.conditions[?(@.type=="A")].status}=True', False),
    ("jsonpath={$.status.conditions[0].type}=A", True),
    ("jsonpath={.status.conditions[-1].type}=Ready", True),
    ("jsonpath={.status.conditions[*].type}=A", True),
    ("jsonpath={..phase}=Running", True),
    ("jsonpath={.status.conditions}", True),
    ("condition=Ready", True),
    ("condition=ready=True", True),
    ("condition=A", False),
    ("condition=A=False", True),
    ("condition=Absent", False),
]


@pytest.mark.parametrize(("expression", "met"), EXPRESSIONS, ids=[text for text, _ in EXPRESSIONS])
def test_wait_expressions(expression: str, met: bool) -> None:
    (wait,) = waits(expression)
    assert wait.matches(OBJECT)[0] is met


def test_a_wait_expression_does_not_trust_a_status_of_an_older_generation() -> None:
    (wait,) = waits("jsonpath={.status.phase}=Running")
    assert not wait.matches({**OBJECT, "status": {**OBJECT["status"], "observedGeneration": 1}})[0]
    (wait,) = waits("condition=Ready")
    assert not wait.matches({**OBJECT, "status": {**OBJECT["status"], "observedGeneration": 1}})[0]


def test_several_wait_expressions_are_a_json_array() -> None:
    assert len(waits('["condition=Ready", "jsonpath={.status.phase}=Running"]')) == 2


@pytest.mark.parametrize(
    "expression",
    [
        "Ready",
        "[]",
        "jsonpath=.status.phase",
        "jsonpath={.status.phase}=",
        "jsonpath={.a[}=1",
        "jsonpath={.a[1:2]}",
        "jsonpath={a}",
    ],
)
def test_malformed_wait_expressions_are_named(expression: str) -> None:
    with pytest.raises(Failure, match=r"annotation pulumi\.com/waitFor"):
        waits(expression)


def test_pods_tell_why_they_are_not_ready() -> None:
    pod = {
        "metadata": {"name": "p", "namespace": "n"},
        "status": {
            "conditions": [{"type": "PodScheduled", **NO, "reason": "Unschedulable", "message": "0/3 nodes are available"}],
            "containerStatuses": [
                {"name": "c", "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}},
                {"name": "d", "ready": False, "state": {}, "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}},
                {"name": "e", "ready": True},
            ],
        },
    }
    assert reasons(pod) == [
        "[Pod n/p]: 0/3 nodes are available",
        "[Pod n/p]: [ImagePullBackOff] no such image",
        "[Pod n/p]: container 'd' ended with OOMKilled, exit code 137",
    ]


def test_selectors_as_query() -> None:
    terms = [{"key": "k", "operator": "In", "values": ["a", "b"]}, {"key": "e", "operator": "Exists"}]
    terms.append({"key": "x", "operator": "DoesNotExist"})
    assert selector_text({"matchLabels": {"a": "b"}, "matchExpressions": terms}) == "a=b,k in (a,b),e,!x"
    assert selector_text(None) == ""
