"""What the kubernetes provider takes for a change, and which changes replace the object."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.providers.kubernetes.diff import changes, parse_path, replacing, without_ignored
from sandbox.providers.kubernetes.ignoring import applied
from sandbox.providers.kubernetes.managed import atomic_in
from sandbox.providers.kubernetes.naming import auto_name, field_manager, full_name, split_name
from sandbox.providers.kubernetes.normalize import normalize, quantity
from sandbox.providers.kubernetes.pruning import prune
from sandbox.providers.kubernetes.tables import force_new
from sandbox.providers.values import UNKNOWN, Path

URN = "urn:pulumi:dev::p::kubernetes:core/v1:ConfigMap::settings"


def obj(kind: str, api_version: str = "v1", **parts: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "n"}, **parts}


def replaces(old: dict[str, Any], new: dict[str, Any], **switches: bool) -> set[Path]:
    return replacing(changes(old, new), new, old, force_new(new, **switches))


IMMUTABLE = [
    (
        "batch/v1",
        "Job",
        "template",
        {"spec": {"containers": [{"name": "c", "image": "a:1"}]}},
        "template.spec.containers.0.image",
    ),
    ("batch/v1", "Job", "completions", 1, "completions"),
    ("apps/v1", "Deployment", "selector", {"matchLabels": {"a": "b"}}, "selector.matchLabels.a"),
    ("apps/v1", "DaemonSet", "selector", {"matchLabels": {"a": "b"}}, "selector.matchLabels.a"),
    ("apps/v1", "StatefulSet", "serviceName", "db", "serviceName"),
    ("apps/v1", "StatefulSet", "volumeClaimTemplates", [{"metadata": {"name": "d"}}], "volumeClaimTemplates.0.metadata.name"),
    ("v1", "PersistentVolumeClaim", "storageClassName", "fast", "storageClassName"),
    ("v1", "Service", "clusterIP", "10.0.0.1", "clusterIP"),
    ("v1", "Pod", "containers", [{"name": "c", "image": "a:1"}], "containers.0.image"),
]


def changed(value: Any, path: list[str]) -> Any:
    """The value with another text or number at the end of the path."""
    if not path:
        return value + 1 if isinstance(value, int) else f"{value}-changed"
    if isinstance(value, list):
        return [changed(item, path[1:]) if str(index) == path[0] else item for index, item in enumerate(value)]
    return {key: changed(item, path[1:]) if key == path[0] else item for key, item in value.items()}


@pytest.mark.parametrize(("api_version", "kind", "field", "value", "path"), IMMUTABLE, ids=[f"{i[1]}.{i[4]}" for i in IMMUTABLE])
def test_fields_that_cannot_change_replace_the_object(api_version: str, kind: str, field: str, value: Any, path: str) -> None:
    old = obj(kind, api_version, spec={field: value, "other": 1})
    assert replaces(old, obj(kind, api_version, spec={**changed(old["spec"], path.split("."))}))
    assert replaces(old, obj(kind, api_version, spec={"other": 1})), "taking it out"
    assert replaces(obj(kind, api_version), old), "adding a whole spec that has it"
    assert not replaces(old, obj(kind, api_version, spec={field: value, "other": 2}))


def test_identity_replaces_every_kind() -> None:
    old = obj("Widget", "example.dev/v1", spec={"a": 1})
    assert replaces(old, {**old, "metadata": {"name": "y", "namespace": "n"}}) == {("metadata", "name")}
    assert replaces(old, {**old, "metadata": {"name": "x", "namespace": "m"}}) == {("metadata", "namespace")}
    assert replaces(old, {**old, "metadata": {"name": UNKNOWN, "namespace": "n"}}) == {("metadata", "name")}
    assert not replaces(old, {**old, "spec": {"a": UNKNOWN}})


def test_config_maps_and_secrets_are_immutable_unless_the_provider_says_otherwise() -> None:
    for kind in ("ConfigMap", "Secret"):
        old, new = obj(kind, data={"a": "1"}), obj(kind, data={"a": "2"})
        assert replaces(old, new) == {("data", "a")}
        assert not replaces(old, new, config_map_mutable=True, secret_mutable=True)
        assert replaces(old, {**new, "immutable": True}, config_map_mutable=True, secret_mutable=True)
    assert replaces(obj("Secret", type="a"), obj("Secret", type="b"), secret_mutable=True) == {("type",)}


def test_others_and_the_servers_own_fields_are_no_change() -> None:
    inputs = obj("Service", spec={"ports": [{"port": 80}], "selector": {"a": "b"}})
    live = obj("Service", spec={"ports": [{"port": 80, "protocol": "TCP"}], "selector": {"a": "b"}, "clusterIP": "10.0.0.1"})
    live["metadata"] |= {"uid": "u", "labels": {"theirs": "1"}}
    assert changes(prune(live, inputs), inputs) == {}


def test_a_program_sees_what_it_set_and_nothing_of_lists_that_others_extend() -> None:
    inputs = obj("Pod", spec={"containers": [{"name": "a"}], "volumes": []})
    live = obj("Pod", spec={"containers": [{"name": "a", "image": "i"}, {"name": "sidecar"}]})
    assert prune(live, inputs)["spec"] == {"containers": [{"name": "a"}]}


def test_what_the_server_did_not_store_still_counts_as_set() -> None:
    inputs = obj("Pod", spec={"hostNetwork": False, "automountServiceAccountToken": False, "containers": []})
    made = obj("Pod", spec={"automountServiceAccountToken": False})
    assert changes(prune(made, inputs, applied=made), inputs) == {}
    gone = obj("Pod", spec={})
    assert changes(prune(gone, inputs, applied=made), inputs) == {("spec", "automountServiceAccountToken"): "add"}
    custom = obj("Widget", "example.dev/v1", spec={"unknown": 1})
    pruned = obj("Widget", "example.dev/v1", spec={})
    assert changes(prune(pruned, custom, applied=pruned), custom) == {("spec", "unknown"): "add"}, "as the official provider"


def test_a_list_that_somebody_extended_is_drift_where_one_owner_sets_it() -> None:
    inputs = obj("Role", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get"]}])
    live = obj("Role", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get", "delete"]}, {"verbs": ["*"]}])
    live["metadata"]["managedFields"] = [{"manager": "kubectl", "fieldsV1": {"f:rules": {}}}]
    pruned = prune(live, inputs, inputs, atomic_in(live))
    assert pruned["rules"] == live["rules"]
    shared = obj("ConfigMap")
    shared["metadata"] |= {"finalizers": ["ours"]}
    theirs = obj("ConfigMap")
    theirs["metadata"] |= {"finalizers": ["ours", "theirs"]}
    assert prune(theirs, shared, shared)["metadata"]["finalizers"] == ["ours"]


def test_equal_quantities_are_equal_only_where_quantities_stand() -> None:
    old = obj("Pod", spec={"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}, "emptyDir": {"sizeLimit": "1Gi"}})
    new = obj("Pod", spec={"resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}, "emptyDir": {"sizeLimit": "1024Mi"}})
    assert changes(old, new) == {}
    assert changes(obj("C", data={"a": "1"}), obj("C", data={"a": "1000m"})) == {("data", "a"): "update"}
    assert changes({"limits": {"cpu": True}}, {"limits": {"cpu": 1}}) != {}


@pytest.mark.parametrize(
    ("text", "value"),
    [("500m", 0.5), ("1Ki", 1024), ("2", 2), (0.5, 0.5), ("1e3", 1000), ("5M", 5e6), ("x", None), (True, None), ("1 Gi", None)],
)
def test_quantities(text: Any, value: float | None) -> None:
    found = quantity(text)
    assert found is None if value is None else float(found) == value  # type: ignore[arg-type]


def test_secret_texts_are_compared_as_the_server_stores_them() -> None:
    new = normalize(obj("Secret", stringData={"a": "text"}, data={"b": "dGV4\ndA=="}))
    assert new["data"] == {"a": "dGV4dA==", "b": "dGV4dA=="}
    assert "stringData" not in new


def test_empty_parts_of_a_crd_are_not_stored_and_no_change() -> None:
    empty = {"type": "object", "properties": {}, "nullable": False}
    schema = {"type": "object", "properties": {"a": empty, "status": empty, "b": {"default": {}}}}
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"}}
    given = {
        **crd,
        "spec": {"preserveUnknownFields": False, "versions": [{"served": False, "schema": {"openAPIV3Schema": schema}}]},
    }
    stored = {"type": "object", "properties": {"a": {"type": "object"}, "status": {"type": "object"}, "b": {"default": {}}}}
    live = {**crd, "spec": {"versions": [{"served": False, "schema": {"openAPIV3Schema": stored}}]}, "status": {"conditions": []}}
    assert normalize(given) == normalize(live)


def test_ignored_changes_cover_what_lies_below_them() -> None:
    found = {("spec", "replicas"): "update", ("spec", "ports", 0, "port"): "update", ("metadata", "labels", "a/b"): "add"}
    assert without_ignored(found, ["spec.replicas", "spec.ports[*]"]) == {("metadata", "labels", "a/b"): "add"}
    assert without_ignored(found, ['metadata.labels["a/b"]', "spec"]) == {}
    assert parse_path('a["b.c"][0].d[*]') == ("a", "b.c", 0, "d", "*")


def test_an_ignored_field_of_another_manager_is_not_sent() -> None:
    live = obj("Deployment", "apps/v1", spec={"replicas": 7, "paused": True})
    live["metadata"]["managedFields"] = [
        {"manager": "scaler", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "ours", "fieldsV1": {"f:spec": {"f:paused": {}}}},
    ]
    new = obj("Deployment", "apps/v1", spec={"replicas": 1, "paused": False})
    assert applied(new, live, "ours", ["spec.replicas", "spec.paused"])["spec"] == {"paused": True}
    assert new["spec"]["replicas"] == 1, "the inputs themselves stay"


def test_names_are_the_same_again_for_the_same_resource_and_inputs() -> None:
    first = auto_name(URN, obj("ConfigMap", data={"a": "1"}))
    assert first == auto_name(URN, obj("ConfigMap", data={"a": "1"}))
    assert first.startswith("settings-")
    assert len(first) == len("settings-") + 7
    assert first != auto_name(URN, obj("ConfigMap", data={"a": "2"}))
    assert first != auto_name(URN + "2", obj("ConfigMap", data={"a": "1"}))
    assert first != auto_name(URN, obj("ConfigMap", data={"a": "1"}), taken=first)
    assert first == auto_name(URN, {**obj("ConfigMap", data={"a": "1"}), "metadata": {"namespace": "n", "labels": {"x": "y"}}})
    assert auto_name(URN, obj("ConfigMap", data=UNKNOWN)).startswith("settings-")
    assert len(auto_name(URN + "x" * 300, obj("ConfigMap"))) == 253


def test_a_name_tells_nothing_of_a_secret() -> None:
    assert auto_name(URN, obj("Secret", data={"a": "MQ=="})) == auto_name(URN, obj("Secret", data={"a": "Mg=="}))


def test_managers_and_ids() -> None:
    assert field_manager(URN) == field_manager(URN) != field_manager(URN + "2")
    assert field_manager(URN).startswith("pulumi-kubernetes-")
    assert full_name(obj("ConfigMap")) == "n/x"
    assert split_name("n/x") == ("n", "x")
    assert split_name(full_name({"metadata": {"name": "x"}})) == ("", "x")
