"""Waiting: what ready means, what a failure says, and what a restart of the API server does to a run."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable

import pytest

from sandbox.controlplane import cluster
from sandbox.controlplane.processes import stop
from tests.sandbox.conftest import Sandbox, eventually
from tests.sandbox.kubernetes_env import Program, program

__all__ = ["program"]
pytestmark = pytest.mark.sandbox

UNSCHEDULABLE = """
    make("apps/v1:Deployment", "web", metadata=meta("web", annotations={"pulumi.com/timeoutSeconds": "4"}), spec={
        "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
            "nodeSelector": SELECTOR, "containers": [{"name": "c", "image": "i:1"}]}}})
"""


def later(work: Callable[[], object]) -> threading.Thread:
    """Runs beside the test."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_workload_that_does_not_start_is_recorded_and_reported_with_its_pods_reasons(program: Program) -> None:
    text = program.fails(UNSCHEDULABLE.replace("SELECTOR", '{"disk": "quantum"}'))
    assert "failed to fully initialize or become live" in text
    assert "timed out after 4 s" in text
    assert "didn't match Pod's node affinity/selector" in text
    assert program.engine.state()["web"]["initErrors"]
    program.up(UNSCHEDULABLE.replace("SELECTOR", "{}"))
    assert not program.engine.state()["web"].get("initErrors")
    program.unchanged()


def test_skip_await_and_custom_timeouts_are_heeded(program: Program) -> None:
    spec = """{"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
        "nodeSelector": {"disk": "quantum"}, "containers": [{"name": "c", "image": "i:1"}]}}}"""
    text = program.fails(
        f"""
        skip = {{"pulumi.com/skipAwait": "true"}}
        make("apps/v1:Deployment", "skipped", metadata=meta("skipped", annotations=skip), spec={spec})
        make("apps/v1:Deployment", "waited", metadata=meta("waited"), spec={spec},
            opts=Options(custom_timeouts=pulumi.CustomTimeouts(create="2s")))
        """
    )
    assert "timed out after 2 s" in text
    state = program.engine.state()
    assert not state["skipped"].get("initErrors")
    assert state["waited"]["initErrors"]


def test_a_failed_job_is_reported_at_once_and_made_anew_where_that_is_asked_for(program: Program) -> None:
    text = program.fails(
        """
        again = {"pulumi.com/replaceUnready": "true"}
        make("batch/v1:Job", "late", metadata=meta("late", annotations=again), spec={
            "activeDeadlineSeconds": 1, "backoffLimit": 0, "template": {"spec": {
                "restartPolicy": "Never", "nodeSelector": {"disk": "quantum"}, "containers": [{"name": "c", "image": "i:1"}]}}})
        """
    )
    assert "[DeadlineExceeded]" in text
    assert "pulumi.com/replaceUnready" in program.preview()


def test_a_service_waits_for_its_pods_and_not_for_ever_when_it_has_none(program: Program) -> None:
    program.up(
        """
        def service(name, **spec):
            return make("core/v1:Service", name, metadata=meta(name), spec={"ports": [{"port": 80}], **spec})
        service("none", selector={"no": "pod"})
        service("headless", selector={"a": "b"}, clusterIP="None")
        service("alone")
        waited = service("waited", selector={"a": "b"})
        make("apps/v1:Deployment", "web", metadata=meta("web"), spec={"selector": {"matchLabels": {"a": "b"}}, "template": {
            "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}})
        make("core/v1:Service", "outside", metadata=meta("outside"), spec={"type": "ExternalName", "externalName": "db.example"})
        """
    )
    program.unchanged()
    program.up(
        """
        import pulumi_kubernetes as k8s
        balanced = k8s.core.v1.Service("balanced", metadata=meta("balanced"), spec={
            "type": "LoadBalancer", "ports": [{"port": 80}]})
        pulumi.export("ip", balanced.status["load_balancer"]["ingress"][0]["ip"])
        """
    )
    assert program.engine.outputs()["ip"]


def _widget(program: Program, expression: str) -> str:
    group = f"{program.namespace}.test"
    return f"""
        crd = make("apiextensions.k8s.io/v1:CustomResourceDefinition", "crd", metadata={{"name": "widgets.{group}"}}, spec={{
            "group": "{group}", "scope": "Namespaced", "names": {{"kind": "Widget", "plural": "widgets"}},
            "versions": [{{"name": "v1", "served": True, "storage": True, "subresources": {{"status": {{}}}}, "schema": {{
                "openAPIV3Schema": {{"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}}]}})
        made = make("{group}/v1:Widget", "w", opts=Options(depends_on=[crd]),
            metadata=meta("w", annotations={{"pulumi.com/waitFor": {expression!r}, "pulumi.com/timeoutSeconds": "60",
                # the collector learns of new kinds every 30 s only
                "pulumi.com/deletionPropagationPolicy": "background"}}),
            spec={{"size": 1}})
        make("core/v1:ConfigMap", "after", metadata=meta("after"), opts=Options(depends_on=[made]))
    """


def test_a_custom_resource_is_waited_for_until_its_condition_holds(program: Program) -> None:
    program.write(_widget(program, json.dumps(["condition=Ready", "jsonpath={.status.phase}=Running"])))
    kind = f"widgets.{program.namespace}.test"
    seen: list[bool] = []

    def operate() -> None:
        eventually(lambda: program.sandbox.try_kubectl("get", kind, "w", "-n", program.namespace).returncode == 0, "widget")
        for status in ({"phase": "Starting"}, {"phase": "Running"}):
            conditions = [{"type": "Ready", "status": "True" if status["phase"] == "Running" else "False"}]
            patch = json.dumps({"status": {**status, "conditions": conditions}})
            program.sandbox.kubectl(
                "patch", kind, "w", "-n", program.namespace, "--type=merge", "--subresource=status", "-p", patch
            )
            seen.append("after" in program.names("configmap"))
            time.sleep(1)

    thread = later(operate)
    program.up()
    thread.join()
    assert seen[0] is False
    assert program.names("configmap") == ["after"]


def test_a_custom_resource_whose_condition_never_holds_names_what_is_missing(program: Program) -> None:
    text = program.fails(_widget(program, "condition=Ready").replace('"60"', '"3"'))
    assert "Waiting for condition=Ready: has no .status.conditions" in text


def test_a_bad_wait_expression_is_an_error_of_its_own(program: Program) -> None:
    text = program.fails(_widget(program, "Ready"))
    assert 'expected a "jsonpath=" or "condition=" prefix' in text


def test_deletion_names_the_finalizer_that_holds_it_up(program: Program) -> None:
    program.up(
        """
        make("core/v1:ConfigMap", "held", metadata=meta("held", finalizers=["mlops.test/hold"]),
                              opts=Options(custom_timeouts=pulumi.CustomTimeouts(delete="3s")))
        """
    )
    result = program.engine.run("destroy", "--yes", "--skip-preview")
    assert result.code != 0
    assert re.search(r"finalizers might be preventing deletion \(.*mlops\.test/hold", result.text)
    program.merge("configmap", "held", {"metadata": {"finalizers": None}})
    program.destroy()


def test_an_interrupted_run_ends_soon_and_records_what_it_made(program: Program) -> None:
    program.write(UNSCHEDULABLE.replace("SELECTOR", '{"disk": "quantum"}').replace('"4"', '"300"'))
    process = program.engine.start("up", "--yes", "--skip-preview")
    eventually(lambda: program.names("deployment"), "the Deployment")
    time.sleep(1)
    process.terminate()
    text, _ = process.communicate(timeout=30)
    assert "interrupted" in text or "cancel" in text.lower()
    assert "web" in program.engine.state()


def test_a_run_waits_through_a_restart_of_the_api_server(program: Program, sandbox: Sandbox) -> None:
    program.write(
        """
        before = None
        for index in range(40):
            before = make("core/v1:ConfigMap", f"c{index}", metadata=meta(f"c{index}"), data={"index": str(index)},
                                           opts=Options(depends_on=[before] if before else []))
        """
    )
    process = program.engine.start("up", "--yes", "--skip-preview")
    eventually(lambda: len(program.names("configmap")) >= 3, "the first ConfigMaps")
    stop("kube-apiserver")
    cluster.up()
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    assert len(program.names("configmap")) == 40
    program.unchanged()


def test_an_absent_api_server_is_named(program: Program) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "none",
        "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:9"}}],
        "contexts": [{"name": "none", "context": {"cluster": "none"}}],
    }
    path = program.engine.project / "kubeconfig"
    path.write_text(json.dumps(config))
    program.engine.environment["KUBECONFIG"] = str(path)
    program.preview('make("core/v1:ConfigMap", "c", metadata=meta("c"))')
    path.unlink()
    assert "no kubeconfig" in program.fails(None, "preview")
