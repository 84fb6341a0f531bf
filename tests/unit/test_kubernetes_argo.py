"""Argo Workflows: an instance of its own in one namespace, our database and object store, rights by name."""

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes import argo_config
from components.kubernetes.argo import ArgoWorkflows, ArgoWorkflowsArgs, chart_values
from components.kubernetes.place import Compute
from components.spec.flows import Argo
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, DATABASE, METRICS, SERVER, STORE, site
from tests.unit.recording import Recording, record

ARGS = ArgoWorkflowsArgs(
    namespace="argo",
    labels={"mlops.dev/team": "platform"},
    database=replace(DATABASE, database="argo", secret="argo-database-argo"),
    artifacts=replace(BUCKET, bucket="workflows", secret="argo-bucket-workflows"),
    controllers=1,
    servers=2,
    controller_compute=Compute("200m", "512Mi"),
    server_compute=Compute("100m", "256Mi"),
    archive_seconds=90 * 86400,
    keep_seconds=86400,
    issuer="mlops-ca",
    bundle="mlops-ca",
    monitored=True,
)


def build(args: ArgoWorkflowsArgs = ARGS) -> Recording[ArgoWorkflows]:
    return record(lambda: ArgoWorkflows("argo", args))


def config(made: Recording[Any]) -> Any:
    return json.loads(made.one("ConfigMap", "argo-config").inputs["data"]["config"])


def test_artifacts_go_to_our_bucket_by_key_and_private_ca() -> None:
    made = build()
    assert config(made)["artifactRepository"] == {
        "archiveLogs": True,
        "s3": {
            "bucket": "workflows",
            "region": "us-east-1",
            "endpoint": "minio.minio.svc:9000",
            "insecure": False,
            "accessKeySecret": {"name": "argo-bucket-workflows", "key": "AWS_ACCESS_KEY_ID"},
            "secretKeySecret": {"name": "argo-bucket-workflows", "key": "AWS_SECRET_ACCESS_KEY"},
            "caSecret": {"name": "argo-artifacts-trust", "key": "ca.crt"},
            "keyFormat": "{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}",
        },
    }
    assert made.one("Certificate").inputs["spec"]["secretName"] == "argo-artifacts-trust"
    assert "argo-trust" in made.waits_for("argo-chart")


def test_a_foreign_stores_ca_is_a_secret_of_the_same_name() -> None:
    made = build(replace(ARGS, artifacts=replace(ARGS.artifacts, ca_config_map="company-ca")))
    assert config(made)["artifactRepository"]["s3"]["caSecret"]["name"] == "company-ca"
    assert made.all("Certificate") == []
    plain = build(replace(ARGS, artifacts=contracts.BucketAccess("b", "eu-central-1")))
    found = config(plain)["artifactRepository"]["s3"]
    assert "caSecret" not in found and found["useSDKCreds"] is True and found["endpoint"] == "s3.amazonaws.com"


def test_the_archive_is_in_our_database_over_verified_tls() -> None:
    found = config(build())["persistence"]
    assert found["archive"] is True and found["archiveTTL"] == "7776000s"
    assert found["mysql"]["options"] == {"tls": "true"}
    assert found["mysql"]["passwordSecret"] == {"name": "argo-database-argo", "key": "password"}
    postgres = config(build(replace(ARGS, engine="postgres")))["persistence"]
    assert "mysql" not in postgres and postgres["postgresql"]["sslMode"] == "verify-full"


def test_the_controller_has_an_instance_of_its_own() -> None:
    made = build()
    assert config(made)["instanceID"] == argo_config.INSTANCE
    given = made.one("Chart").inputs["values"]
    assert given["controller"]["instanceID"] == {"enabled": True, "explicitID": argo_config.INSTANCE}
    assert given["singleNamespace"] is True and given["controller"]["configMap"] == {"create": False, "name": "argo-config"}


def test_the_server_never_lends_its_own_rights() -> None:
    given = chart_values(ARGS)["server"]
    assert given["authModes"] == ["client"] and "authMode" not in given


def test_steps_are_confined_and_bounded_without_saying_so() -> None:
    found = config(build())
    assert found["workflowDefaults"]["spec"]["securityContext"]["runAsNonRoot"] is True
    for part in ("executor", "mainContainer"):
        assert found[part]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} == set(found[part]["resources"]["limits"]) == set(found[part]["resources"]["requests"])


def test_the_controller_reads_one_secret_and_steps_read_none() -> None:
    made = build()
    rules = {role.object_name: role.inputs["rules"] for role in made.all("Role")}
    assert rules["argo-database"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["argo-database-argo"]}
    ]
    others = [r for name in ("argo-executor", "argo-client") for rule in rules[name] for r in rule["resources"]]
    assert "secrets" not in others
    subjects = {b.object_name: b.inputs["subjects"][0] for b in made.all("RoleBinding")}
    assert subjects["argo-executor"] == {"kind": "ServiceAccount", "name": "argo-workflow", "namespace": "argo"}
    assert subjects["argo-database"]["name"] == "argo-workflow-controller"
    assert not [r for r in made.resources if r.kind.startswith("Cluster")]


def test_pods_trust_the_database_and_restart_when_the_configuration_changes() -> None:
    made = build()
    chart = made.one("Chart")
    assert chart.definitions_stay
    for container in ("controller", "argo-server"):
        assert chart.pod(container)["spec"]["volumes"] and chart.pod(container)["metadata"]["annotations"]
    assert {"argo-config", "argo-database-binding", "argo-executor-binding"} <= made.waits_for("argo-chart")


def test_nothing_secret_stands_outside_of_secrets() -> None:
    made = build()
    assert made.leaks() == []
    assert "password" not in json.dumps(made.one("Chart").inputs["values"]).lower()


def test_every_controller_is_scraped_where_the_stack_has_metrics() -> None:
    assert build().one("PodMonitor").inputs["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"
    assert build(replace(ARGS, monitored=False)).all("PodMonitor") == []


@pytest.mark.parametrize(("field", "part"), [("controllers", "controller"), ("servers", "server")])
def test_a_budget_where_there_are_pods_to_spare(field: str, part: str) -> None:
    assert chart_values(replace(ARGS, **{field: 1}))[part]["pdb"] == {"enabled": False}  # type: ignore[arg-type]
    assert chart_values(replace(ARGS, **{field: 2}))[part]["pdb"] == {"enabled": True, "minAvailable": 1}  # type: ignore[arg-type]


def test_images_come_through_the_mirror() -> None:
    given = chart_values(replace(ARGS, registry_mirror="mirror.example/hub"))
    for part, path in (("controller", "workflow-controller"), ("executor", "argoexec"), ("server", "argocli")):
        assert given[part]["image"] == {"registry": "mirror.example", "repository": f"hub/argoproj/{path}"}


def test_the_spec_becomes_arguments_and_what_it_offers() -> None:
    given = site("argo", Argo(parallelism=7, archive_for="2d"), SERVER, STORE, CERTIFICATES, METRICS)
    made = replace(given, databases={"argo": DATABASE}, buckets={"workflows": BUCKET})
    args = ArgoWorkflows.plan(made)
    assert (args.parallelism, args.archive_seconds, args.monitored, args.engine) == (7, 2 * 86400, True, "mysql")
    assert ArgoWorkflows.wants(Argo()) == contracts.Wants(databases=("argo",), buckets=("workflows",))
    built = record(lambda: ArgoWorkflows("argo", args)).result
    (offer,), (endpoint,) = built.contracts(), built.endpoints()
    assert offer.engine == "argo" and (endpoint.service, endpoint.port, endpoint.login) == ("argo-server", 2746, False)
    assert isinstance(offer.url, pulumi.Output)
