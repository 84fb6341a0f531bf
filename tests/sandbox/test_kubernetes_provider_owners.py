"""The Kubernetes provider among others: objects of somebody else, imports, secrets, the API server's own table."""

from __future__ import annotations

import json

import pytest

from sandbox.providers.kubernetes.tables import CLUSTER_WIDE, is_built_in
from tests.sandbox.conftest import Sandbox
from tests.sandbox.kubernetes_env import Program, program

__all__ = ["program"]
pytestmark = pytest.mark.sandbox


def test_somebody_elses_object_is_not_taken_over(program: Program) -> None:
    program.sandbox.kubectl("create", "configmap", "theirs", "-n", program.namespace, "--from-literal=a=1")
    text = program.fails('make("core/v1:ConfigMap", "mine", metadata=meta("theirs"), data={"a": "2"})')
    assert 'configmaps "theirs" already exists' in text
    assert "pulumi import" in text
    assert program.live("configmap", "theirs")["data"] == {"a": "1"}


def test_an_object_made_before_a_crash_is_found_again(program: Program) -> None:
    program.up('make("core/v1:ConfigMap", "settings", metadata=meta(), data={"a": "1"})')
    (name,) = program.names("configmap")
    uid = program.live("configmap", name)["metadata"]["uid"]
    program.engine.ok("state", "delete", program.engine.state()["settings"]["urn"], "--yes")  # made, but never recorded
    program.up()
    assert program.names("configmap") == [name]
    assert program.live("configmap", name)["metadata"]["uid"] == uid
    program.unchanged()


def test_a_field_of_another_manager_is_not_overwritten_without_being_told(program: Program) -> None:
    program.up('make("core/v1:ServiceAccount", "sa", metadata=meta("sa", labels={"a": "1"}))')
    theirs = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "sa", "namespace": program.namespace}}
    theirs["metadata"] = {**theirs["metadata"], "labels": {"a": "theirs"}}  # type: ignore[dict-item]
    program.sandbox.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=theirs)
    text = program.fails('make("core/v1:ServiceAccount", "sa", metadata=meta("sa", labels={"a": "2"}))')
    assert "conflict" in text
    assert "pulumi.com/patchForce" in text
    program.up(
        """
        make("core/v1:ServiceAccount", "sa", metadata=meta("sa", labels={"a": "2"},
             annotations={"pulumi.com/patchForce": "true"}))
        """
    )
    assert program.live("serviceaccount", "sa")["metadata"]["labels"] == {"a": "2"}


def test_ignored_changes_leave_an_autoscalers_replicas_alone(program: Program) -> None:
    text = """
        make("apps/v1:Deployment", "web", metadata=meta("web"), spec={"replicas": 1, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:VERSION"}]}}},
            opts=Options(ignore_changes=["spec.replicas"]))
    """
    program.up(text.replace("VERSION", "1"))
    program.sandbox.kubectl("scale", "deployment", "web", "-n", program.namespace, "--replicas=3")
    program.up(text.replace("VERSION", "2"))
    live = program.live("deployment", "web")
    assert live["spec"]["replicas"] == 3
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "i:2"


def test_existing_objects_can_be_imported_and_looked_up(program: Program) -> None:
    program.sandbox.kubectl("create", "configmap", "theirs", "-n", program.namespace, "--from-literal=a=1")
    program.up(
        """
        make("core/v1:ConfigMap", "mine", metadata=meta("theirs"), data={"a": "1"}, opts=Options(import_=f"{NS}/theirs"))
        import pulumi_kubernetes as k8s
        found = k8s.core.v1.ConfigMap.get("found", f"{NS}/theirs")
        pulumi.export("a", found.data["a"])
        """
    )
    assert program.engine.outputs() == {"a": "1"}
    program.up('make("core/v1:ConfigMap", "mine", metadata=meta("theirs"), data={"a": "1"})')
    program.unchanged()


def test_secret_values_of_a_program_stay_secret_in_any_object(program: Program, sandbox: Sandbox) -> None:
    program.up(
        """
        hidden = pulumi.Output.secret("tr0ub4dor-and-3")
        make("core/v1:ConfigMap", "settings", metadata=meta("settings"), data={"plain": "seen", "hidden": hidden,
            "line": hidden.apply(lambda value: f"password={value}")})
        """
    )
    assert program.live("configmap", "settings")["data"]["line"] == "password=tr0ub4dor-and-3"
    text = program.state_text()
    assert "tr0ub4dor" not in text
    assert json.loads(text)["deployment"]["resources"][-1]["outputs"]["data"]["plain"] == "seen"
    refused = program.fails(
        """
        hidden = pulumi.Output.secret("tr0ub4dor&3")
        make("core/v1:ConfigMap", "labelled", metadata=meta("labelled", labels={"a": hidden}))
        """
    )
    assert 'Invalid value: "[secret]"' in refused
    assert "tr0ub4dor" not in refused
    for log in (sandbox.home / "logs").glob("provider-*.log"):
        assert "tr0ub4dor" not in log.read_text()


def test_the_table_of_cluster_wide_kinds_is_that_of_the_api_server(sandbox: Sandbox) -> None:
    served: dict[str, bool] = {}
    for line in sandbox.kubectl("api-resources", "--no-headers").splitlines():
        words = line.split()
        api_version, namespaced, kind = words[-3:]
        if is_built_in(api_version):
            served[kind] = namespaced == "true"
    assert len(served) > 50
    assert {kind for kind, namespaced in served.items() if not namespaced} <= CLUSTER_WIDE
    assert not {kind for kind, namespaced in served.items() if namespaced} & CLUSTER_WIDE
