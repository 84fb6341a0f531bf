"""Pods keep Pod Security's `restricted` profile, or policies/exceptions.yaml says why one does not."""

import copy
from typing import Any

import pytest

from policies.exceptions import Exceptions
from tests.blueprints import pods
from tests.blueprints.recorded import blueprint

AT_LEAST = 0.9
"""Share of the pods of `full` that are restricted; raise it when one more is."""
GOOD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "v", "emptyDir": {}}],
    "containers": [
        {"name": "c", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}},
    ],
}


def test_every_pod_of_the_full_platform_is_restricted_or_says_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    found = pods.judged(blueprint("full"))
    with capsys.disabled():
        good = sum(pod.restricted for pod in found)
        print(f"\nrestricted: {good} of {len(found)} pod templates of blueprint full ({good / len(found):.0%})")
    assert [f"{pod.made.type} {pod.made.name}: {path}" for pod in found for path in pod.bare] == []
    assert good / len(found) >= AT_LEAST
    assert len(found) > 120


def test_every_system_of_ours_but_the_image_builder_is_restricted() -> None:
    ours = [pod for pod in pods.judged(blueprint("full")) if not pod.made.source and not pod.restricted]
    assert [pod.made.name for pod in ours] == ["docker-builder-daemon"]


def test_without_the_exceptions_they_would_be_seen() -> None:
    bare = {pod.made.name for pod in pods.judged(blueprint("full"), Exceptions()) if pod.bare}
    assert {"docker-builder-daemon", "alloy:loki/alloy", "velero:velero/node-agent"} <= bare


def test_pods_out_of_sight_are_named() -> None:
    assert {"Kafka", "PerconaServerMySQL"} <= set(pods.by_operators(blueprint("full")))
    assert "NO REASON GIVEN" not in pods.table(blueprint("full"))


def changed(path: str, value: Any) -> dict[str, Any]:
    pod: Any = copy.deepcopy(GOOD)
    *way, last = path.split(".")
    at = pod
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    at[last] = value
    return dict(pod)


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        ("hostNetwork", True, "hostNetwork"),
        ("hostPID", True, "hostPID"),
        ("volumes", [{"name": "v", "hostPath": {"path": "/"}}], "volumes[0].hostPath"),
        ("volumes", [{"name": "v", "nfs": {}}], "volumes[0].nfs"),
        ("securityContext.runAsNonRoot", None, "containers[0].securityContext.runAsNonRoot"),
        ("securityContext.runAsUser", 0, "containers[0].securityContext.runAsUser"),
        ("securityContext.seccompProfile", None, "containers[0].securityContext.seccompProfile.type"),
        ("securityContext.seccompProfile.type", "Unconfined", "containers[0].securityContext.seccompProfile.type"),
        ("securityContext.appArmorProfile", {"type": "Unconfined"}, "securityContext.appArmorProfile.type"),
        ("securityContext.seLinuxOptions", {"type": "spc_t"}, "securityContext.seLinuxOptions"),
        ("securityContext.sysctls", [{"name": "kernel.msgmax"}], "securityContext.sysctls[0]"),
        ("containers.0.securityContext.runAsNonRoot", False, "containers[0].securityContext.runAsNonRoot"),
        ("containers.0.securityContext.runAsUser", 0, "containers[0].securityContext.runAsUser"),
        ("containers.0.securityContext.privileged", True, "containers[0].securityContext.privileged"),
        ("containers.0.securityContext.procMount", "Unmasked", "containers[0].securityContext.procMount"),
        (
            "containers.0.securityContext.allowPrivilegeEscalation",
            None,
            "containers[0].securityContext.allowPrivilegeEscalation",
        ),
        ("containers.0.securityContext.capabilities.drop", ["NET_RAW"], "containers[0].securityContext.capabilities.drop"),
        ("containers.0.securityContext.capabilities.add", ["SYS_ADMIN"], "containers[0].securityContext.capabilities.add"),
        ("containers.0.ports", [{"containerPort": 1, "hostPort": 1}], "containers[0].ports[0].hostPort"),
        (
            "initContainers",
            [{"name": "i", "securityContext": {"privileged": True}}],
            "initContainers[0].securityContext.privileged",
        ),
    ],
)
def test_what_restricted_does_not_admit_is_found(path: str, value: Any, wrong: str) -> None:
    assert list(pods.problems("spec", GOOD)) == []
    assert f"spec.{wrong}" in list(pods.problems("spec", changed(path, value)))


def test_a_low_port_may_be_taken() -> None:
    assert list(pods.problems("spec", changed("containers.0.securityContext.capabilities.add", ["NET_BIND_SERVICE"]))) == []
