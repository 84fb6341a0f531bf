"""Amundsen: graph and index with passwords and volumes, three services after them, jobs that find both, and the retired label."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contracts import Catalog, Certificates
from components.kubernetes.amundsen import AmundsenCatalog, AmundsenCatalogArgs, IngestionArgs
from components.kubernetes.opensearch import CURRENT, USERS
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.data import Amundsen, Ingestion
from components.targets import TABLE
from policies.model import Facts, Level, Resource
from policies.rules import kept_upstream
from tests.unit.kubernetes_site import CERTIFICATES, site
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

ARGS = AmundsenCatalogArgs(
    namespace="amundsen",
    labels={"mlops.dev/team": "platform"},
    issuer="mlops-ca",
    replicas=2,
    compute=Compute("100m", "512Mi"),
    graph=Compute("500m", "2Gi"),
    search=Compute("500m", "2Gi"),
    storage="20Gi",
    domain="mlops.example",
    ingestion={"warehouse": IngestionArgs("docker.io/acme/load:1.0", ["python", "load.py"], "0 3 * * *", Compute("250m", "1Gi"))},
)


def build(args: AmundsenCatalogArgs = ARGS) -> Recording[AmundsenCatalog]:
    return record(lambda: AmundsenCatalog("amundsen", args))


def container(made: Recording[Any], kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = made.one(kind, name).inputs["spec"]["template"]["spec"]["containers"][0]
    return found


def env(found: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in found.get("env", [])}


def test_services_come_after_what_they_read() -> None:
    made = build()
    assert "amundsen-graph-server" in made.waits_for("amundsen-metadata")
    assert "amundsen-index-server" in made.waits_for("amundsen-search")
    assert {"amundsen-metadata", "amundsen-search"} <= set(made.one("Deployment", "amundsen-frontend").depends_on)


def test_graph_and_index_have_generated_passwords_and_volumes() -> None:
    made = build()
    assert made.leaks() == [] and len(made.passwords) == 2
    graph = made.one("Secret", "amundsen-graph-admin").inputs["stringData"]
    assert graph["auth"] == f"neo4j/{graph['password']}" and graph["password"] == made.passwords["amundsen-graph-password"]
    assert env(container(made, "StatefulSet", "amundsen-graph"))["NEO4J_AUTH"] == {
        "secretKeyRef": {"name": "amundsen-graph-admin", "key": "auth"}
    }
    for name in ("amundsen-graph", "amundsen-index"):
        (claim,) = made.one("StatefulSet", name).inputs["spec"]["volumeClaimTemplates"]
        assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert container(made, "StatefulSet", "amundsen-graph")["image"] == "docker.io/library/neo4j:3.5.26"


def test_the_index_knows_one_user_by_a_hash_of_the_variable_and_nodes_by_a_certificate() -> None:
    made = build()
    users = yaml.safe_load(USERS)
    assert users["admin"]["hash"] == "${envbc.OPENSEARCH_PASSWORD}" and set(users) == {"_meta", "admin"}
    files = made.one("ConfigMap", "amundsen-index").inputs["data"]
    settings = yaml.safe_load(files["opensearch.yml"])
    certificate = made.one("Certificate", "amundsen-index").inputs["spec"]
    assert settings["plugins.security.nodes_dn"] == [f"CN={certificate['commonName']}"]
    assert certificate["privateKey"]["encoding"] == "PKCS8" and "client auth" in certificate["usages"]
    assert settings["plugins.security.allow_default_init_securityindex"] is True
    server = container(made, "StatefulSet", "amundsen-index")
    assert env(server)["OPENSEARCH_JAVA_OPTS"] == "-Xms1024m -Xmx1024m"
    assert server["livenessProbe"]["exec"]["command"][-1] == CURRENT
    assert {"name": "config", "mountPath": "/usr/share/opensearch/config"} in server["volumeMounts"]
    prepare = made.one("StatefulSet", "amundsen-index").inputs["spec"]["template"]["spec"]["initContainers"][0]
    assert "internal_users.yml" in prepare["command"][-1]


def test_services_log_in_to_what_they_read() -> None:
    made = build()
    metadata = env(container(made, "Deployment", "amundsen-metadata"))
    assert metadata["PROXY_HOST"] == "bolt://amundsen-graph" and metadata["PROXY_PORT"] == "7687"
    assert metadata["CREDENTIALS_PROXY_PASSWORD"]["secretKeyRef"]["name"] == "amundsen-graph-admin"
    search = env(container(made, "Deployment", "amundsen-search"))
    assert search["PROXY_ENDPOINT"] == "http://amundsen-index:9200"
    assert search["CREDENTIALS_PROXY_PASSWORD"]["secretKeyRef"]["name"] == "amundsen-index-admin"
    front = env(container(made, "Deployment", "amundsen-frontend"))
    services = {s.object_name: s.inputs["spec"]["ports"][0]["port"] for s in made.all("Service")}
    for key, part in (("SEARCHSERVICE_BASE", "search"), ("METADATASERVICE_BASE", "metadata")):
        assert front[key] == f"http://amundsen-{part}:{services[f'amundsen-{part}']}"


def test_databuilder_jobs_find_both_stores() -> None:
    made = build()
    cron = made.one("CronJob", "amundsen-warehouse").inputs["spec"]
    assert cron["schedule"] == "0 3 * * *"
    found = env(cron["jobTemplate"]["spec"]["template"]["spec"]["containers"][0])
    addresses = made.one("ConfigMap", "amundsen-databuilder").inputs["data"]
    assert addresses["CREDENTIALS_NEO4J_PROXY_HOST"] == "amundsen-graph.amundsen.svc"
    assert addresses.items() <= found.items()
    assert found["NEO4J_PASSWORD"]["secretKeyRef"]["name"] == "amundsen-graph-admin"
    assert build(replace(ARGS, ingestion={})).all("CronJob") == []


def test_everything_says_that_its_upstream_is_retired_and_a_hardened_stack_refuses_it() -> None:
    made = build()
    objects = [r for r in made.resources if r.type.startswith("kubernetes:")]
    assert all(r.inputs["metadata"]["labels"]["mlops.dev/upstream"] == "retired" for r in objects)
    frontend = made.one("Deployment", "amundsen-frontend")
    said = list(kept_upstream.check(Resource(frontend.type, frontend.name, frontend.inputs), Facts(level=Level.HARDENED)))
    assert any("OpenMetadata" in str(finding) for finding in said)
    assert (TABLE["kubernetes", "amundsen"].upstream, TABLE["kubernetes", "amundsen"].successor) == ("retired", "openmetadata")


def test_pods_are_hardened_but_for_neo4js_root_filesystem() -> None:
    writable = set()
    for owner, pod in build().pods():
        assert pod["securityContext"]["runAsNonRoot"] is True and pod["automountServiceAccountToken"] is False
        for found in [*pod["containers"], *pod.get("initContainers", [])]:
            assert found["securityContext"]["capabilities"]["drop"] == ["ALL"]
            assert set(found["resources"]["limits"]) == {"cpu", "memory"}
            if not found["securityContext"].get("readOnlyRootFilesystem"):
                writable.add(owner.object_name)
    assert writable == {"amundsen-graph"}


@pytest.mark.parametrize("protect", [True, False])
def test_in_prod_graph_and_index_are_protected(protect: bool) -> None:
    made = build(replace(ARGS, protect=protect))
    assert {r.protect for r in made.all("StatefulSet")} == {protect}


def test_the_plan_and_the_contract() -> None:
    config = Amundsen(ingestion={"lake": Ingestion(image="docker.io/acme/load:2.0", command=["load"])})
    args = AmundsenCatalog.plan(site("amundsen", config, CERTIFICATES, registryMirror="mirror.example"))
    assert args.ingestion["lake"].image == "mirror.example/acme/load:2.0"
    made = build(args)
    assert container(made, "Deployment", "amundsen-search")["image"] == "mirror.example/amundsendev/amundsen-search:4.0.2"
    (endpoint,) = made.result.endpoints()
    assert (endpoint.host, endpoint.service, endpoint.login) == ("amundsen", "amundsen-frontend", True)
    assert (AmundsenCatalog.needs, AmundsenCatalog.provides) == ((Certificates,), (Catalog,))


def test_it_composes_with_the_platform(tmp_path: Path) -> None:
    made = record(lambda: Platform("platform", stack(checked(tmp_path, "systems: {amundsen: {}}"))))
    assert made.one("Deployment", "amundsen-frontend").namespace == "amundsen" and made.leaks() == []
