"""What the simulated operators know and compute: the store, numbers of Kafka nodes, the functions of the templates."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.operators import functions as f
from sandbox.operators.store import Store, View
from sandbox.operators.strimzi import node_ids, port_name
from tests.unit.operators_fake import secret


def thing(name: str, version: int, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "n", "uid": name, "resourceVersion": str(version), "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


def test_the_store_knows_no_older_state_and_wakes_only_who_looked() -> None:
    woken: list[set[Any]] = []
    store = Store(woken.append)
    view = View(store)
    assert view.find("Pod", "n", "a") is None and view.select("Pod", None, {"app": "x"}) == []
    store.record(("Kafka", "n", "k"), view.reads)
    assert store.put(thing("a", 5)) and not store.put(thing("a", 4)) and not store.put(thing("a", 5))
    store.put(thing("b", 6))
    store.put(thing("c", 7, app="x"))
    store.put(thing("c", 8))
    reader = ("Kafka", "n", "k")
    assert [reader in keys for keys in woken] == [True, False, True, True], "c mattered while and when it lost its label"
    store.replace("Pod", [thing("a", 5)], version=7)
    assert [obj["metadata"]["name"] for obj in store.all("Pod")] == ["a", "c"], "c is newer than the listing"
    store.drop(thing("a", 9) | {"metadata": {**thing("a", 9)["metadata"], "uid": "another"}})
    assert store.get(("Pod", "n", "a")), "one of the same name that was made since"


def pool(name: str, replicas: int, ids: list[int] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"replicas": replicas}, "status": {"nodeIds": ids} if ids else None}


@pytest.mark.parametrize(
    ("pools", "ids"),
    [
        ([pool("b", 2), pool("a", 3)], {"a": [0, 1, 2], "b": [3, 4]}),
        ([pool("a", 4, [0, 1, 2]), pool("b", 2, [3, 4])], {"a": [0, 1, 2, 5], "b": [3, 4]}),
        ([pool("a", 1, [0, 1, 2]), pool("b", 3, [3, 4])], {"a": [0], "b": [1, 3, 4]}),
        ([pool("a", 0, [0])], {"a": []}),
    ],
)
def test_node_ids_are_kept_and_the_lowest_free_ones_taken(pools: list[dict[str, Any]], ids: dict[str, list[int]]) -> None:
    assert node_ids(pools) == ids


def test_listener_ports_are_named_as_strimzi_names_them() -> None:
    names = [port_name({"name": n, "port": p, "type": t}) for n, p, t in (("plain", 9092, "internal"), ("tls", 9093, "internal"))]
    assert names == ["tcp-clients", "tcp-clientstls"]
    assert port_name({"name": "external", "port": 9094, "type": "loadbalancer"}) == "tcp-external"
    assert port_name({"name": "tls", "port": 9099, "type": "internal"}) == "tcp-tls"


def test_small_functions() -> None:
    assert f.get({"a": {"b.c": [1, {"d": 2}]}}, ["a", "b.c", 1, "d"]) == 2
    assert f.get({"a": None}, "a.b", "else") == "else"
    assert f.overlay([{"name": "a", "x": 1}, {"name": "b"}], [{"name": "a", "y": 2}]) == [
        {"name": "a", "x": 1, "y": 2},
        {"name": "b"},
    ]
    assert f.overlay({"a": [1]}, {"a": [2], "b": 3}) == {"a": [2], "b": 3}
    assert f.selected({"a": "1"}, {"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]})
    assert not f.selected({"a": "1"}, {"matchExpressions": [{"key": "b", "operator": "Exists"}]})
    assert [f.seconds(text) for text in ("2160h", "1h30m", "87600h0m0s", None)] == [7776000, 5400, 315360000, None]
    assert f.pairs(" 4.3.1=x:1\n\n4.3.0=y:a=b ") == {"4.3.1": "x:1", "4.3.0": "y:a=b"}
    assert f.uuid22("u") == f.uuid22("u") != f.uuid22("v") and len(f.uuid22("u")) == 22
    held = secret("s", password="kept")
    assert f.password(held, "password", 20) == "kept"
    assert f.password(held, "other", 20) != f.password(None, "other", 20)


def test_what_an_object_owns_is_known_at_once_and_forgotten_with_it() -> None:
    def part(name: str, version: int, *owners: str) -> dict[str, Any]:
        references = [{"uid": uid} for uid in owners]
        return {
            "kind": "Service",
            "metadata": {
                "name": name,
                "namespace": "n",
                "uid": name,
                "resourceVersion": str(version),
                "ownerReferences": references,
            },
        }

    store = Store()
    store.put(part("b", 1, "first"))
    store.put(part("a", 1, "first", "second"))
    assert [obj["metadata"]["name"] for obj in store.owned("first")] == ["a", "b"]
    store.put(part("a", 2, "second"))
    assert [obj["metadata"]["name"] for obj in store.owned("first")] == ["b"]
    assert [obj["metadata"]["resourceVersion"] for obj in store.owned("second")] == ["2"]
    store.drop(part("a", 3))
    assert store.owned("second") == [] == store.owned("nobody")
