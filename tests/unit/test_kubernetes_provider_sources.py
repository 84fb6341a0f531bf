"""Where a component's objects come from: YAML, charts at hand, facts in the lock; and what connects the provider to a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.lockhash import RUNTIME, values_hash
from sandbox.providers.kubernetes import crds, kubeconfig, sources, states
from sandbox.providers.kubernetes.components import merged, runtime_view
from sandbox.providers.kubernetes.facts import crd_facts, facts
from sandbox.providers.kubernetes.manifests import expand, key_of, order, parse
from sandbox.providers.kubernetes.provider import Kubernetes
from sandbox.providers.model import Call, Failure
from sandbox.providers.values import UNKNOWN, Secret, Secrets, unwrap, wrap

CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.dev", "annotations": {"helm.sh/resource-policy": "keep", "note": "n"}},
    "spec": {
        "group": "example.dev",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "shortNames": ["w"]},
        "conversion": {"strategy": "Webhook", "webhook": {}},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
    },
}


def named(kind: str, name: str, api_version: str = "v1", namespace: str = "", **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **parts.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    (found,) = parse("a: yes\nb: 0644\nc: 0o17\nd: 1:30\ne: 2026-01-01\nf: 1e3\ng: ~\nh: true\ni: '1'\nj: 0x1F\nk: off")
    assert found == {
        **{"a": "yes", "b": 420, "c": 15, "d": "1:30", "e": "2026-01-01", "f": 1000.0, "g": None, "h": True, "i": "1", "j": 31},
        "k": "off",
    }
    assert parse("---\n# nothing\n---\n{}\n") == []
    with pytest.raises(Failure, match=r"values: .*line 2, column 1"):
        parse("a: [", "values")
    with pytest.raises(Failure, match="expected Kubernetes objects"):
        parse("just text")


def test_lists_are_taken_apart_and_names_are_required() -> None:
    inner = named("ConfigMap", "a", "core/v1")
    assert expand(
        [{"kind": "List", "apiVersion": "v1", "items": [{"kind": "ConfigMapList", "apiVersion": "v1", "items": [inner]}]}]
    ) == [{**inner, "apiVersion": "v1"}]
    with pytest.raises(Failure, match=r"require a \.metadata\.name"):
        expand([{"kind": "ConfigMap", "apiVersion": "v1"}])
    with pytest.raises(Failure, match="require a kind and apiVersion"):
        expand([{"kind": "ConfigMap"}])


def test_objects_come_after_what_they_need() -> None:
    space = named("Namespace", "n")
    inside = named("ConfigMap", "c", namespace="n")
    widget = named("Widget", "w", "example.dev/v1", "n")
    last = named(
        "Job", "j", "batch/v1", metadata={"annotations": {"config.kubernetes.io/depends-on": "/namespaces/n/ConfigMap/c"}}
    )
    ordered, needs = order([last, widget, inside, space, CRD])
    place = {key_of(obj): index for index, obj in enumerate(ordered)}
    assert place[key_of(space)] < place[key_of(inside)] < place[key_of(last)]
    assert needs[key_of(widget)] == [key_of(CRD), key_of(space)]
    assert needs[key_of(last)] == [key_of(inside)]
    with pytest.raises(Failure, match="duplicate object v1 ConfigMap n/c"):
        order([inside, inside])
    loop = named("ConfigMap", "c", namespace="n", metadata={"annotations": {"config.kubernetes.io/depends-on": "batch/Job/j"}})
    with pytest.raises(Failure, match="in a circle"):
        order([last, loop])


def test_crds_of_facts_serve_their_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLOPS_CONTRACTS", str(tmp_path))
    monkeypatch.setenv("MLOPS_CACHE", str(tmp_path / "cache"))
    found = crds.from_facts(crd_facts(CRD))
    assert found["metadata"] == {"name": "widgets.example.dev", "annotations": {"helm.sh/resource-policy": "keep"}}
    assert found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True
    assert crd_facts(found) == crd_facts(CRD)
    (tmp_path / "index.yaml").write_text("{}")
    (tmp_path / "crds" / "example.dev").mkdir(parents=True)
    (tmp_path / "crds" / "example.dev" / "widgets.yaml").write_text(json.dumps(CRD))
    real = crds.from_facts(crd_facts(CRD))
    assert real["spec"]["versions"] == CRD["spec"]["versions"]
    assert "conversion" not in real["spec"]


def test_what_the_sandbox_cannot_serve_is_left_out() -> None:
    aggregated = named("APIService", "v1.x", "apiregistration.k8s.io/v1", spec={"service": {"name": "s"}})
    hook = {"name": "v", "clientConfig": {"caBundle": "b", "service": {"name": "s", "namespace": "n"}}}
    hooks = named("ValidatingWebhookConfiguration", "v", "admissionregistration.k8s.io/v1", webhooks=[hook])
    kept = sources.usable([aggregated, CRD, hooks])
    assert [obj["kind"] for obj in kept] == ["CustomResourceDefinition", "ValidatingWebhookConfiguration"]
    assert "conversion" not in kept[0]["spec"]
    assert "caBundle" not in json.dumps(kept[1])


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("oci://quay.io/strimzi-helm/strimzi-kafka-operator", "strimzi-kafka-operator"),
        ("kube-prometheus-stack", "kube-prometheus-stack"),
        ("https://x.example/charts/tiny-1.2.3.tgz", "tiny"),
        ("./charts/tiny-v1.2.3-rc.1.tgz", "tiny"),
        ("https://git.example/o/r/manifests/dev?ref=v1", "dev"),
    ],
)
def test_names_of_charts(reference: str, name: str) -> None:
    assert sources.chart_name(reference) == name


def test_charts_at_hand_are_found_by_name_and_checked_for_their_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_CHARTS", str(tmp_path))
    assert sources.chart_folder("oci://x.example/tiny", "1.2.3") is None
    for name in ("tiny-1.2.3.tgz", "tiny-1.3.0.tgz", "tiny-more-1.2.3.tgz"):
        (tmp_path / name).write_bytes(b"")
    assert sources.chart_folder("oci://x.example/tiny", "1.2.3") == tmp_path / "tiny-1.2.3.tgz"
    with pytest.raises(Failure, match=r"tiny-1\.2\.3\.tgz"):
        sources.chart_folder("oci://x.example/tiny", "9")
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "Chart.yaml").write_text('name: tiny\nversion: "v1.2.3"\n')
    assert sources.chart_folder("tiny", "1.2.3") == tmp_path / "tiny"
    with pytest.raises(Failure, match=r"has version v1\.2\.3, the program asks for 2"):
        sources.chart_folder("tiny", "2")
    assert sources.chart_folder(str(tmp_path / "tiny"), "2") == tmp_path / "tiny", "a path is taken as it is"


def test_a_file_at_its_commit_is_known_by_any_mirrors_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lies = f"owner/name/{'0a' * 20}/config/install.yaml"
    whole = f"https://raw.githubusercontent.com/{lies}"
    for reference in (whole, f"https://mirror.example/manifests/{lies}"):
        assert sources.upstream(reference) == whole
    assert sources.upstream("oci://quay.io/owner/name/install") == sources.upstream("https://x.example/a/b/0a0a/c.yaml") == ""
    lock = tmp_path / "sources.lock.json"
    fact = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "a"}
    lock.write_text(json.dumps({"sources": {whole: {"version": "0a" * 20, "renders": {values_hash({}): {"objects": [fact]}}}}}))
    monkeypatch.setenv("MLOPS_SOURCES_LOCK", str(lock))
    found = sources.locked(f"https://mirror.example/manifests/{lies}", "", values_hash({}), "", include_crds=True)
    assert found.evidence == "locked" and [obj["kind"] for obj in found.objects] == ["ServiceAccount"]
    monkeypatch.setenv("MLOPS_MANIFESTS", str(tmp_path))
    (tmp_path / lies).parent.mkdir(parents=True)
    (tmp_path / lies).write_text("{}")
    assert sources.manifest_folder(f"https://mirror.example/manifests/{lies}") == tmp_path / lies


def test_the_lock_is_found_by_values_and_says_how_good_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sources.lock.json"
    monkeypatch.setenv("MLOPS_SOURCES_LOCK", str(path))
    with pytest.raises(Failure, match=r"sources\.lock\.json has nothing"):
        sources.locked("oci://x.example/tiny", "1", "", "n", False)
    account = named("ServiceAccount", "a", namespace="was")
    binding = named(
        "RoleBinding", "b", "rbac.authorization.k8s.io/v1", "was", subjects=[{"kind": "ServiceAccount", "namespace": "was"}]
    )
    renders = {"abc": {"namespace": "was", "objects": [facts(account), facts(binding)]}, "default": {"objects": [facts(account)]}}
    source = {"version": "v1", "renders": renders, "crds": [crd_facts(CRD)]}
    path.write_text(json.dumps({"version": 1, "sources": {"tiny": source}}))
    found = sources.locked("oci://x.example/tiny", "1", "abc", "now", True)
    assert found.evidence == "locked"
    assert [obj["kind"] for obj in found.objects] == ["CustomResourceDefinition", "ServiceAccount", "RoleBinding"]
    assert {obj["metadata"]["labels"]["mlops.dev/evidence"] for obj in found.objects} == {"locked"}
    assert found.objects[2]["subjects"][0]["namespace"] == found.objects[2]["metadata"]["namespace"] == "now"
    assert sources.locked("tiny", "1", "other", "was", False).evidence == "default"
    with pytest.raises(Failure, match=r"asks for version 2, .* has v1"):
        sources.locked("tiny", "2", "abc", "n", False)


def test_a_render_whose_values_leave_definitions_out_brings_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{CRD['spec']['names']['plural']}.{CRD['spec']['group']}"
    renders = {
        "with": {"objects": []},
        "without": {"objects": [], "definitions": []},
        "one": {"objects": [], "definitions": [name]},
    }
    lock = tmp_path / "lock.json"
    lock.write_text(json.dumps({"sources": {"operator": {"version": "v1", "renders": renders, "crds": [crd_facts(CRD)]}}}))
    monkeypatch.setenv("MLOPS_SOURCES_LOCK", str(lock))
    monkeypatch.delenv("MLOPS_CONTRACTS", raising=False)
    made = {key: [o["kind"] for o in sources.locked("operator", "v1", key, "", True).objects] for key in renders}
    assert made == {"with": ["CustomResourceDefinition"], "without": [], "one": ["CustomResourceDefinition"]}


def test_the_hash_of_values_is_blind_to_what_only_a_run_knows() -> None:
    values = {"a": 1.0, "b": {"c": None, "d": "x"}}
    assert values_hash(values) == values_hash({"b": {"d": "x"}, "a": 1})
    assert values_hash(None) == values_hash({})
    assert len(values_hash({})) == 16
    assert values_hash({"a": RUNTIME}) == values_hash({"a": object()}) == values_hash({"a": "t"}, lambda leaf: leaf == "t")
    assert values_hash({"a": True}) != values_hash({"a": 1})
    plain = {"key": "k", "hidden": Secret("s"), "list": [Secret({"deep": 1}), UNKNOWN]}
    assert runtime_view(wrap({"v": plain}).fields["v"]) == {"key": "k", "hidden": RUNTIME, "list": [RUNTIME, RUNTIME]}


def test_values_merge_as_helm_merges_them() -> None:
    assert merged({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2]}, "d": {"e": 1}}) == {"a": {"b": 1, "c": [2]}, "d": {"e": 1}}


def kube(server: str = "https://a:1", **user: Any) -> str:
    document = {"current-context": "c", "clusters": [{"name": "k", "cluster": {"server": server}}]}
    return json.dumps({**document, "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u", "namespace": "team"}}]} | {
        "users": [{"name": "u", "user": user}]
    })  # fmt: skip


def test_connections_come_from_the_provider_or_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = kubeconfig.load({"kubeconfig": kube("http://a:1", token="t")})
    assert (found.server, found.namespace, dict(found.headers)) == ("http://a:1", "team", {"Authorization": "Bearer t"})
    (tmp_path / "one").write_text(kube("http://first:1"))
    (tmp_path / "two").write_text(kube("http://second:1"))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'absent'}:{tmp_path / 'one'}:{tmp_path / 'two'}")
    assert kubeconfig.load({}).server == "http://first:1"
    assert kubeconfig.load({"kubeconfig": str(tmp_path / "two"), "namespace": "mine"}).namespace == "mine"
    with pytest.raises(Failure, match=r"no context 'absent'.*it has: c"):
        kubeconfig.load({"kubeconfig": kube(), "context": "absent"})
    with pytest.raises(Failure, match="logs in through a plugin"):
        kubeconfig.load({"kubeconfig": kube(exec={"command": "aws"})})
    with pytest.raises(Failure, match=r"not a kubeconfig|neither an existing file"):
        kubeconfig.load({"kubeconfig": "/no/such/file"})


def test_another_cluster_replaces_and_another_login_does_not() -> None:
    provider = Kubernetes()

    def replaced(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
        found = provider.diff_config(Call("diff_config", old_inputs=old, inputs=new))
        return {str(path[0]) for path in found.replace}

    assert replaced({"kubeconfig": kube()}, {"kubeconfig": kube(token="new")}) == set()
    assert replaced({"kubeconfig": kube()}, {"kubeconfig": kube("https://b:1")}) == {"kubeconfig"}
    same = {"clusterIdentifier": "prod"}
    assert replaced({"kubeconfig": kube(), **same}, {"kubeconfig": kube("https://b:1"), **same}) == set()
    assert replaced({"kubeconfig": kube(), **same}, {"kubeconfig": kube(), "clusterIdentifier": "dev"}) == {"clusterIdentifier"}
    assert replaced({"kubeconfig": kube()}, {"kubeconfig": UNKNOWN}) == {"kubeconfig"}


def test_states_hold_the_live_object_and_those_of_the_official_provider_are_understood() -> None:
    schema = {"openAPIV3Schema": {"x-kubernetes-preserve-unknown-fields": True}}
    crd = {**CRD, "spec": {**CRD["spec"], "versions": [{"name": "v1", "served": True, "schema": schema}]}}
    live = {**crd, "metadata": {"name": "widgets.example.dev", "managedFields": [{}]}, "status": {"acceptedNames": {}}}
    state = states.outputs(live, "apiextensions.k8s.io/v1", "m")
    assert "managedFields" not in state["metadata"]
    assert "schema" not in json.dumps(state)
    assert states.outputs(live, "apiextensions.k8s.io/v1", "m", schemas=True)["spec"] == crd["spec"], "of one that is read"
    assert states.live_of(state, crd)["spec"] == crd["spec"]
    assert states.manager_of("urn", state) == "m"
    assert "status" not in states.outputs(live, "v1", "m", preview=True)
    theirs = json.loads(
        json.dumps({**crd, "__inputs": crd}).replace(
            "x-kubernetes-preserve-unknown-fields", "x_kubernetes_preserve_unknown_fields"
        )
    )
    assert states.inputs_of(theirs, {}) == crd
    assert states.live_of(theirs, {})["spec"] == crd["spec"]


def test_data_of_secrets_is_secret_in_the_state() -> None:
    live = named("Secret", "s", data={"password": "c2VjcmV0LXRleHQ="}, stringData={"password": "secret-text"})
    secrets = Secrets()
    unwrap(wrap(states.outputs(live, "v1", "m")), secrets)
    assert secrets.paths == {("data",), ("stringData",)}
