"""The kubernetes provider through the real engine and API server: the life of objects."""

from __future__ import annotations

import pytest

from tests.sandbox.kubernetes_env import Program, program

__all__ = ["program"]
pytestmark = pytest.mark.sandbox

WORKLOADS = """
    labels = {"app": "web"}
    make("core/v1:ConfigMap", "settings", metadata=meta(), data={"a": "1"})
    make("core/v1:Secret", "login", metadata=meta("login"), stringData={"password": "correct-horse"})
    make("core/v1:Secret", "raw", metadata=meta("raw"), data={"password": "Y29ycmVjdC1ob3JzZQ=="}, type="Opaque")
    make("apps/v1:Deployment", "web", metadata=meta("web"), spec={
        "replicas": 2, "selector": {"matchLabels": labels}, "strategy": {"type": "RollingUpdate"},
        "template": {"metadata": {"labels": labels, "annotations": {}}, "spec": {
            "hostNetwork": False, "automountServiceAccountToken": False, "initContainers": [],
            "containers": [{"name": "c", "image": "nginx:1", "env": [{"name": "EMPTY", "value": ""}],
                            "ports": [{"containerPort": 80}],
                            "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": {"cpu": 1.5}}}]}}})
    make("core/v1:Service", "web", metadata=meta("web"), spec={"selector": labels, "ports": [{"port": 80}]})
    make("apps/v1:StatefulSet", "db", metadata=meta("db"), spec={
        "serviceName": "db", "replicas": 1, "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "db:1",
            "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]})
    make("apps/v1:DaemonSet", "agent", metadata=meta("agent"), spec={"selector": {"matchLabels": {"app": "agent"}},
        "template": {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [{"name": "c", "image": "a:1"}]}}})
    make("core/v1:PersistentVolumeClaim", "data", metadata=meta("data"), spec={
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}})
    make("batch/v1:Job", "once", metadata=meta("once"), spec={"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1"}]}}})
    make("rbac.authorization.k8s.io/v1:Role", "reader", metadata=meta("reader"), rules=[
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
    make("networking.k8s.io/v1:NetworkPolicy", "deny", metadata=meta("deny"), spec={
        "podSelector": {}, "policyTypes": ["Ingress"]})
    make("policy/v1:PodDisruptionBudget", "web", metadata=meta("web"), spec={
        "minAvailable": 1, "selector": {"matchLabels": labels}})
"""


def test_workloads_are_ready_when_up_ends_and_nothing_is_left_after_destroy(program: Program) -> None:
    program.up(WORKLOADS)
    assert program.live("deployment", "web")["status"]["readyReplicas"] == 2
    assert program.live("statefulset", "db")["status"]["readyReplicas"] == 1
    assert program.live("job", "once")["status"]["succeeded"] == 1
    assert program.live("pvc", "data")["status"]["phase"] == "Bound"
    program.unchanged()
    program.engine.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    program.unchanged()
    text = program.state_text()
    assert "correct-horse" not in text
    assert "Y29ycmVjdC1ob3JzZQ" not in text
    program.destroy()
    for kind in (
        "configmap",
        "secret",
        "deployment",
        "service",
        "statefulset",
        "daemonset",
        "job",
        "role",
        "networkpolicy",
        "pdb",
    ):
        assert program.names(kind) == [], kind
    assert program.names("pod") == []
    assert program.names("pvc") == ["data-db-0"]  # made by the StatefulSet controller, which keeps it


def test_drift_is_found_by_refresh_and_put_right_by_up(program: Program) -> None:
    program.up(WORKLOADS)
    program.merge("deployment", "web", {"spec": {"replicas": 3}})
    program.merge("role", "reader", {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "delete"]}]})
    program.unchanged()  # a preview looks at the recorded state, like the official provider's
    text = program.engine.ok("refresh", "--yes", "--skip-preview", "--diff")
    assert "replicas" in text
    assert "delete" in text
    # the fields are somebody else's now: by the official provider's rules they are taken back only when that is asked for
    assert "conflict with" in program.fails(None, "up", "--yes", "--skip-preview")
    program.engine.environment["PULUMI_K8S_ENABLE_PATCH_FORCE"] = "true"
    text = program.preview()
    assert "~ replicas: 3 => 2" in " ".join(text.split())
    assert text.count("(update)") == 2
    program.up()
    assert program.live("deployment", "web")["spec"]["replicas"] == 2
    assert program.live("role", "reader")["rules"][0]["verbs"] == ["get"]
    program.unchanged()


def test_an_object_deleted_by_somebody_is_made_again_after_refresh(program: Program) -> None:
    program.up('make("core/v1:ConfigMap", "settings", metadata=meta("settings"), data={"a": "1"})')
    program.sandbox.kubectl("delete", "configmap", "settings", "-n", program.namespace)
    program.engine.ok("refresh", "--yes", "--skip-preview")
    program.up()
    assert program.live("configmap", "settings")["data"] == {"a": "1"}


def test_a_field_taken_out_of_the_program_goes_from_the_object(program: Program) -> None:
    program.up(
        """
        make("core/v1:ServiceAccount", "sa", metadata=meta("sa", labels={"a": "1", "b": "2"}),
             automountServiceAccountToken=False)
        """
    )
    program.merge("serviceaccount", "sa", {"metadata": {"labels": {"theirs": "3"}}})
    program.up('make("core/v1:ServiceAccount", "sa", metadata=meta("sa", labels={"a": "9"}))')
    live = program.live("serviceaccount", "sa")
    assert live["metadata"]["labels"] == {"a": "9", "theirs": "3"}
    assert "automountServiceAccountToken" not in live
    program.unchanged()


def test_an_invalid_object_fails_the_preview_in_the_api_servers_words(program: Program) -> None:
    text = program.fails(
        """
        make("apps/v1:Deployment", "web", metadata=meta("web"), spec={"replicas": -1, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "c"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}})
        """,
        "preview",
    )
    assert "must be greater than or equal to 0" in text
    assert "`selector` does not match template `labels`" in text
    assert program.names("deployment") == []


def test_a_preview_tolerates_what_the_same_run_will_make(program: Program) -> None:
    text = """
        made = make("core/v1:Namespace", "made", metadata={"name": NS + "-made"})
        make("core/v1:ConfigMap", "inside", metadata={"name": "in", "namespace": NS + "-made"}, opts=Options(depends_on=[made]))
        make("core/v1:ConfigMap", "computed", metadata={"namespace": made.metadata["name"]}, data={"uid": made.metadata["uid"]})
        crd = make("apiextensions.k8s.io/v1:CustomResourceDefinition", "crd", metadata={"name": "gadgets.NAME"}, spec={
            "group": "NAME", "scope": "Namespaced", "names": {"kind": "Gadget", "plural": "gadgets"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]})
        make("NAME/v1:Gadget", "gadget", metadata=meta("g", annotations={
            "pulumi.com/deletionPropagationPolicy": "background"}), spec={"a": [1, {"b": True}]},
                       opts=Options(depends_on=[crd]))
    """.replace("NAME", f"{program.namespace}.test")
    program.preview(text)
    program.up()
    assert program.live(f"gadgets.{program.namespace}.test", "g")["spec"] == {"a": [1, {"b": True}]}
    program.unchanged()
    program.engine.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    program.destroy()
    assert program.sandbox.try_kubectl("get", "crd", f"gadgets.{program.namespace}.test").returncode != 0
    assert program.sandbox.try_kubectl("get", "namespace", f"{program.namespace}-made").returncode != 0


def test_immutable_fields_replace_and_fixed_names_are_deleted_first(program: Program) -> None:
    job = """
        make("batch/v1:Job", "once", metadata=meta("once"), spec={"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:VERSION"}]}}})
        make("core/v1:ConfigMap", "settings", metadata=meta(), data={"version": "VERSION"})
    """
    program.up(job.replace("VERSION", "1"))
    first, (settings,) = program.live("job", "once"), program.names("configmap")
    text = program.preview(job.replace("VERSION", "2"))
    assert "+-kubernetes:batch/v1:Job: (replace)" in text or "kubernetes:batch/v1:Job: (delete-replaced" in text
    program.up()
    second = program.live("job", "once")
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["spec"]["template"]["spec"]["containers"][0]["image"] == "busybox:2"
    (renamed,) = program.names("configmap")
    assert renamed != settings
    program.unchanged()


def test_a_replacement_for_another_reason_gets_another_automatic_name(program: Program) -> None:
    text = """
        make("core/v1:ConfigMap", "settings", metadata=meta(labels={"v": "VERSION"}), data={"a": "1"},
                              opts=Options(replace_on_changes=["metadata.labels"]))
    """
    program.up(text.replace("VERSION", "1"))
    (before,) = program.names("configmap")
    program.up(text.replace("VERSION", "2"))
    (after,) = program.names("configmap")
    assert after != before
    program.unchanged()


def test_a_replacement_that_the_user_forces_does_not_delete_what_it_made(program: Program) -> None:
    program.up('make("core/v1:ConfigMap", "settings", metadata=meta(), data={"a": "1"})')
    urn = program.engine.state()["settings"]["urn"]
    program.engine.ok("up", "--yes", "--skip-preview", "--replace", urn)
    (name,) = program.names("configmap")
    assert program.engine.state()["settings"]["id"] == f"{program.namespace}/{name}"
    program.unchanged()


def test_patch_resources_change_some_fields_and_give_them_back(program: Program) -> None:
    program.sandbox.kubectl("create", "configmap", "theirs", "-n", program.namespace, "--from-literal=a=1")
    program.up('make("core/v1:ConfigMapPatch", "ours", metadata=meta("theirs", labels={"team": "fraud"}), data={"b": "2"})')
    live = program.live("configmap", "theirs")
    assert live["data"] == {"a": "1", "b": "2"}
    assert live["metadata"]["labels"] == {"team": "fraud"}
    program.unchanged()
    program.up('make("core/v1:ConfigMapPatch", "ours", metadata=meta("theirs"), data={"b": "3"})')
    assert program.live("configmap", "theirs")["data"] == {"a": "1", "b": "3"}
    assert "labels" not in program.live("configmap", "theirs")["metadata"]
    program.destroy()
    assert program.live("configmap", "theirs")["data"] == {"a": "1"}
