"""The resolver's parts: addresses in texts, NetworkPolicies, the picture, and what `mlops explain` says."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from cli.wiring.check import check, wired
from cli.wiring.graph import build, layers, place, svg
from cli.wiring.index import Index
from cli.wiring.mentions import mentions
from cli.wiring.policies import ANYWHERE, DNS, WORLD, Peer, lets_in, lets_out
from cli.wiring.records import Wiring
from cli.wiring.registries import foreign, references
from cli.wiring.systems import Link, group, lines, links, mark
from tests.unit.wiring_cluster import cluster


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://minio.minio.svc:9000/bucket", ["minio.minio.svc:9000"]),
        ("http://dex", ["dex:80"]),
        ("mysql+pymysql://user:p@ss@db.mysql.svc/x", ["db.mysql.svc:3306"]),
        ("jdbc:mysql://db.mysql.svc:3307/x?y", ["db.mysql.svc:3307"]),
        ("a.kafka.svc:9093,b.kafka.svc:9094", ["a.kafka.svc:9093", "b.kafka.svc:9094"]),
        ("<value>https://minio.minio.svc:9000</value>", ["minio.minio.svc:9000"]),
        ("https://m-{0...2}.h.minio.svc:9000/data", ["m-0.h.minio.svc:9000", "m-2.h.minio.svc:9000"]),
        ("host: db.mysql.svc.cluster.local\nport: 3306\n", ["db.mysql.svc.cluster.local:3306"]),
        ("--bootstrap=kafka.kafka.svc:9092", ["kafka.kafka.svc:9092"]),
        ("s3://bucket/path gs://other hdfs://cluster/data", []),
        ("hdfs://nn.hadoop.svc:8020/x", ["nn.hadoop.svc:8020"]),
        ("localhost:80 127.0.0.1:53 10.0.0.1:443 http://localhost:8080", []),
        ("sha256:0123 12:30:45 quay.io/a/b:1234 *.minio.svc", []),
        ("https://$HOST:9000 http://${NAME}.svc", []),
    ],
)
def test_addresses_are_found_in_texts(text: str, found: list[str]) -> None:
    assert [str(mention) for mention in mentions(text)] == found


def pods(name: str, namespace: str, port: int, **labels: str) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name, **labels}},
        "spec": {"containers": [{"name": "c", "ports": [{"name": "web", "containerPort": port}]}]},
    }
    return {"kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": {"template": template}}


def policy(namespace: str, **spec: Any) -> dict[str, Any]:
    return {"kind": "NetworkPolicy", "metadata": {"name": "rules", "namespace": namespace}, "spec": {"podSelector": {}, **spec}}


def passes(*policies: dict[str, Any]) -> tuple[str | None, str | None]:
    """What lets pods a of one out to b of two port 80, and what lets them in."""
    index = Index([pods("a", "one", 1), pods("b", "two", 80), {"kind": "Namespace", "metadata": {"name": "two"}}, *policies])
    source, target = index.templates
    return lets_out(index, source, Peer.of(target), 80), lets_in(index, target, Peer.of(source), 80)


NAMED = {"kubernetes.io/metadata.name": "two"}


def test_pods_that_no_policy_selects_are_open() -> None:
    assert passes() == ("", "")
    assert passes(policy("one", policyTypes=["Ingress"])) == ("", "")


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({}, True),
        ({"to": [{"namespaceSelector": {"matchLabels": NAMED}}]}, True),
        ({"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "b"}}}]}, True),
        ({"to": [{"podSelector": {"matchLabels": {"app": "b"}}}]}, False),
        ({"to": [{"namespaceSelector": {"matchLabels": NAMED}, "podSelector": {"matchLabels": {"app": "c"}}}]}, False),
        ({"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, False),
        ({"ports": [{"port": 80}]}, True),
        ({"ports": [{"port": 70, "endPort": 90}]}, True),
        ({"ports": [{"port": "web"}]}, True),
        ({"ports": [{"port": 80, "protocol": "UDP"}]}, False),
        ({"ports": [{"port": 81}]}, False),
    ],
)
def test_one_rule_must_fit_in_peer_and_port(rule: dict[str, Any], fits: bool) -> None:
    assert passes(policy("one", policyTypes=["Egress"], egress=[rule]))[0] == ("rules" if fits else None)


def test_what_is_outside_is_reached_by_rules_without_peers_or_by_blocks() -> None:
    def out(peer: Peer, rule: dict[str, Any]) -> str | None:
        index = Index([pods("a", "one", 1), policy("one", policyTypes=["Egress"], egress=[rule])])
        return lets_out(index, index.templates[0], peer, 443)

    private = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 443}]}
    assert out(ANYWHERE, private) == "rules" and out(WORLD, private) is None
    assert out(WORLD, {"ports": [{"port": 443}]}) == "rules"
    assert out(WORLD, {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}) == "rules"
    assert out(WORLD, {"to": [{"ipBlock": {"cidr": "100.64.0.0/10"}}]}) is None
    assert out(WORLD, {"to": [{"namespaceSelector": {}}]}) is None
    assert out(DNS, {"to": [{"namespaceSelector": {}}], "ports": [{"port": 443}]}) == "rules"


def marked() -> list[dict[str, Any]]:
    """The sandbox's objects, each the system's after which its namespace is called."""
    return [mark(o, o["metadata"]["namespace"]) if o["metadata"].get("namespace") else o for o in cluster()]


def test_a_system_says_what_it_reads_from_whom() -> None:
    owners, wiring = wired(marked())
    said = lines("mlflow", owners, wiring)
    store = next(line for line in said if line.startswith("reads minio"))
    for part in (
        "Service minio/minio port 9000",
        "trusted by ConfigMap mlops-ca",
        "Secret mlflow-bucket-mlflow",
        "NetworkPolicy mlops-wiring",
    ):
        assert part in store
    assert any(line.startswith("reads mysql: Service mysql/mysql-haproxy port 3306; TLS") for line in said)
    assert "scraped by Prometheus" in said
    assert "read by mlflow: minio:9000" in lines("minio", owners, wiring)


def test_what_dangles_is_said_of_its_system() -> None:
    objects = marked()
    next(o for o in objects if o["kind"] == "Service" and o["metadata"]["name"] == "minio")["spec"]["ports"][0]["port"] = 9001
    owners, wiring = wired(objects)
    assert any(line.startswith("DANGLES port: Deployment mlflow/mlflow") for line in lines("mlflow", owners, wiring))


def test_the_picture_is_an_svg_with_every_system_in_its_band_and_the_same_each_time() -> None:
    chosen = ["kafka", "minio", "mlflow", "monitoring", "mysql"]
    owners, wiring = wired(marked())
    graph = build("sandbox", chosen, owners, wiring)
    picture = svg(graph)
    assert picture == svg(build("sandbox", list(reversed(chosen)), owners, wiring))
    root = ET.fromstring(picture)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert sorted(filter(None, ids)) == [f"system-{name}" for name in chosen]
    assert "mlflow reads minio: minio:9000; Secrets mlflow-bucket-mlflow" in [
        e.text for e in root.iter() if e.tag.endswith("title")
    ]
    boxes = place(graph)
    assert boxes["mlflow"].x < boxes["mysql"].x < boxes["minio"].x, "who reads stands left of what it reads"
    assert len({(box.x, box.y) for box in boxes.values()}) == len(chosen)


def test_layers_end_where_systems_read_each_other() -> None:
    found = layers(["a", "b", "c"], [Link("a", "b", ()), Link("b", "a", ()), Link("b", "c", ())])
    assert found["c"] == 0 and set(found) == {"a", "b", "c"}
    assert (group("minio"), group("mlflow"), group("kserve"), group("gateway")) == ("data", "model", "serving", "platform")


def test_nothing_of_a_secrets_value_comes_out() -> None:
    objects = cluster()
    secret = next(o for o in objects if o["kind"] == "Secret" and o["metadata"]["name"] == "mlflow-database-mlflow")
    secret["data"]["password"] = "aHR0cHM6Ly91c2VyOmh1c2hAbm8ubWluaW8uc3ZjOjE="
    assert check(objects).problems == []
    said = [str(p) for p in check(objects, secrets=True).problems]
    assert said and "no.minio.svc" in said[0] and not any("hush" in text for text in said)


def test_links_are_between_systems_only() -> None:
    owners, _ = wired(marked())
    assert links(owners, Wiring()) == []


def test_an_image_of_another_registry_is_found_wherever_it_hides() -> None:
    def obj(kind: str, **body: Any) -> dict[str, Any]:
        return {"kind": kind, "metadata": {"name": "x", "namespace": "n"}, **body}

    leaks = [
        obj("Job", spec={"template": {"spec": {"initContainers": [{"name": "i", "image": "busybox:1"}]}}}),
        obj("Job", spec={"template": {"spec": {"initContainers": [{"name": "i", "image": "library/busybox:1"}]}}}),
        obj("ConfigMap", data={"agent.yaml": "pod:\n  image: quay.io/a/agent:2\n"}),
        obj("ConfigMap", data={"explainers": '{"art": {"image" : "kserve/art-explainer"}}'}),
        obj("ConfigMap", data={"localModel": '{"defaultJobImage": "kserve/storage-initializer:v0.20.0", "fsGroup": 1}'}),
        obj("Kafka", spec={"kafka": {"image": "registry.example/kafka:1"}}),
        obj("Deployment", spec={"containers": [{"env": [{"name": "RELATED_IMAGE_X", "value": "internal.example/x:3"}]}]}),
        obj("ClusterPolicy", spec={"driver": {"repository": "nvcr.io/nvidia", "image": "driver"}}),
        obj("Deployment", spec={"containers": [{"args": ["--executor-image", "ghcr.io/e/f:1"]}]}),
    ]
    for leak in leaks:
        assert foreign([leak], "mirror.example/hub"), leak
    fine = [
        obj("Deployment", spec={"containers": [{"image": "mirror.example/hub/a/b:1"}, {"image": "registry.own/mlops/flume:1"}]}),
        obj("ConfigMap", data={"notes": "see https://quay.io/repository/a and docker.io"}),
        obj("ConfigMap", data={"agent": '{"image" : "mirror.example/hub/kserve/agent:v1"}', "_example": '{"image": "a/b:1"}'}),
    ]
    assert foreign(fine, "mirror.example/hub", "registry.own") == []
    assert [ref for _, ref in references(fine[0])] == ["mirror.example/hub/a/b:1", "registry.own/mlops/flume:1"]
