"""What the bench takes from a stack's state."""

from typing import Any

import pytest

from tests.bench.objects import SECRET, SIGNATURE, bare_resources, definitions_first, kubernetes_objects, plain

PROVIDER = "urn:pulumi:s::p::pulumi:providers:kubernetes::cluster"
DEFAULT = "urn:pulumi:s::p::pulumi:providers:random::default_4_21_4"


def secret(text: str) -> dict[str, str]:
    return {SIGNATURE: SECRET, "plaintext": text}


def resource(kind: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    metadata = {"name": f"{name}-1a2b3c4", "namespace": "default", "uid": "u", "resourceVersion": "7"}
    known = {"custom": True, "inputs": inputs or {}, "outputs": {"metadata": metadata, "status": {"ready": True}}}
    return {"urn": f"urn:pulumi:s::p::{kind}::{name}", "type": kind, **known, **more}


STATE = [
    resource("pulumi:pulumi:Stack", "s", custom=False),
    resource("pulumi:providers:kubernetes", "cluster", {"context": "c", "version": "4.34.0", "__internal": {}}),
    resource("pulumi:providers:random", "default_4_21_4", {"version": "4.21.4"}),
    resource("mlops:index:Platform", "s", custom=False),
    resource("kubernetes:helm.sh/v4:Chart", "operator", custom=False),
    resource("random:index/randomPassword:RandomPassword", "word", {"length": 20}, provider=f"{DEFAULT}::id"),
    resource(
        "kubernetes:core/v1:Secret",
        "login",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {}, "stringData": {"password": secret('"hunter2"')}, "__internal": {}},
        provider=f"{PROVIDER}::id",
        dependencies=[
            "urn:pulumi:s::p::random:index/randomPassword:RandomPassword::word",
            "urn:pulumi:s::p::mlops:index:Platform::s",
        ],
    ),
    resource(
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
        "crd",
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "status": {}, "metadata": {"uid": "x"}},
    ),
    resource("kubernetes:core/v1:ServicePatch", "patch"),
    resource("kubernetes:core/v1:ConfigMap", "read", external=True),
]


def test_plain_unwraps_secrets_wherever_they_are() -> None:
    assert plain({"a": [secret('{"b": 1}')], "c": "d"}) == {"a": [{"b": 1}], "c": "d"}


def test_plain_refuses_what_is_still_encrypted() -> None:
    with pytest.raises(ValueError, match="--show-secrets"):
        plain({"a": {SIGNATURE: SECRET, "ciphertext": "v1:abc"}})


def test_objects_are_manifests_with_their_final_names_and_nothing_generated() -> None:
    login, crd = kubernetes_objects(STATE)
    assert login == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login-1a2b3c4", "namespace": "default"},
        "stringData": {"password": "hunter2"},
    }
    assert set(crd) == {"apiVersion", "kind", "metadata"} and set(crd["metadata"]) == {"name", "namespace"}


def test_definitions_go_first() -> None:
    definitions, rest = definitions_first(kubernetes_objects(STATE))
    assert [item["kind"] for item in definitions] == ["CustomResourceDefinition"]
    assert [item["kind"] for item in rest] == ["Secret"]


def test_bare_program_gets_custom_resources_with_their_providers_versions_and_dependencies() -> None:
    cluster, word, login, crd, patch = bare_resources(STATE)
    assert cluster["inputs"] == {"context": "c", "version": "4.34.0"} and cluster["provider"] is None
    assert (word["name"], word["provider"], word["version"]) == ("word", None, "4.21.4")
    assert (login["provider"], login["version"], login["dependsOn"]) == (cluster["key"], "4.34.0", [word["key"]])
    assert login["secret"] == ["stringData"] and login["inputs"]["stringData"] == {"password": "hunter2"}
    assert crd["secret"] == [] and patch["type"] == "kubernetes:core/v1:ServicePatch"


def test_bare_program_keeps_names_apart_that_only_their_parents_told_apart() -> None:
    twins = [resource("kubernetes:core/v1:ConfigMap", "settings") for _ in range(2)]
    twins[1]["urn"] = "urn:pulumi:s::p::mlops:index:Platform$kubernetes:core/v1:ConfigMap::settings"
    first, second = bare_resources(twins)
    assert first["name"] == "settings" and second["name"] != "settings" and first["key"] != second["key"]
