"""Kubeflow Pipelines: our database over TLS, our bucket, a workflow controller of its own, rights by name."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes import kubeflow_access, kubeflow_config
from components.kubernetes.kubeflow import DEFINITIONS, KubeflowPlatform, controller_values
from components.kubernetes.kubeflow_parts import KubeflowPlatformArgs
from components.kubernetes.place import Compute
from components.spec.flows import Argo, Kubeflow
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, DATABASE, METRICS, SERVER, STORE, no_grant, site
from tests.unit.recording import Recording, record

ARGS = KubeflowPlatformArgs(
    namespace="kubeflow",
    labels={"mlops.dev/team": "platform"},
    pipelines=replace(DATABASE, database="mlpipeline", secret="kubeflow-database-mlpipeline"),
    metadata=replace(DATABASE, database="metadb", secret="kubeflow-database-metadb"),
    artifacts=replace(BUCKET, bucket="mlpipeline", secret="kubeflow-bucket-mlpipeline"),
    replicas=2,
    compute=Compute("250m", "1Gi"),
    agent_compute=Compute("120m", "512Mi"),
    keep_seconds=86400,
    runtimes={"torch-distributed": "docker.io/pytorch/pytorch:2.13.0-cuda13.0-cudnn9-runtime"},
    issuer="mlops-ca",
    bundle="mlops-ca",
    monitored=True,
    manifest_mirror="/sources",
)
GRANTS: dict[str, Any] = {
    "databases": {"mlpipeline": ARGS.pipelines, "metadb": ARGS.metadata},
    "buckets": {"mlpipeline": ARGS.artifacts},
}


def build(args: KubeflowPlatformArgs = ARGS) -> Recording[KubeflowPlatform]:
    return record(lambda: KubeflowPlatform("kubeflow", args))


def container(made: Recording[Any], name: str) -> dict[str, Any]:
    (found,) = made.one("Deployment", name).inputs["spec"]["template"]["spec"]["containers"]
    return dict(found)


def variables(made: Recording[Any], name: str) -> dict[str, Any]:
    """Plain values, and (Secret, key) of the others."""
    return {
        e["name"]: e["value"] if "value" in e else tuple(e["valueFrom"]["secretKeyRef"][k] for k in ("name", "key"))
        for e in container(made, name)["env"]
    }


def test_the_api_server_reaches_our_database_over_verified_tls() -> None:
    env = variables(build(), "ml-pipeline")
    assert json.loads(env["DBCONFIG_MYSQLCONFIG_EXTRAPARAMS"]) == {"tls": "true"}
    assert env["DBCONFIG_MYSQLCONFIG_HOST"] == DATABASE.host and env["DBCONFIG_MYSQLCONFIG_DBNAME"] == "mlpipeline"
    assert env["DBCONFIG_MYSQLCONFIG_PASSWORD"] == ("kubeflow-database-mlpipeline", "password")
    assert env["SSL_CERT_DIR"] == "/etc/mlops/database:/etc/mlops/store"
    assert set(env["SSL_CERT_DIR"].split(":")) <= {m["mountPath"] for m in container(build(), "ml-pipeline")["volumeMounts"]}


def test_steps_and_page_find_our_bucket_and_trust_it() -> None:
    made = build()
    env = variables(made, "ml-pipeline")
    assert (env["OBJECTSTORECONFIG_HOST"], env["OBJECTSTORECONFIG_PORT"]) == ("minio.minio.svc", "9000")
    assert (env["OBJECTSTORECONFIG_SECURE"], env["CABUNDLE_CONFIGMAP_NAME"]) == ("true", "mlops-ca")
    launcher = made.one("ConfigMap", "kfp-launcher").inputs["data"]
    assert launcher["defaultPipelineRoot"] == "minio://mlpipeline/v2/artifacts"
    provider = json.loads(launcher["providers"])["minio"]["default"]
    assert provider["endpoint"] == "minio.minio.svc:9000" and provider["disableSSL"] is False
    assert provider["credentials"]["secretRef"]["secretName"] == "kubeflow-bucket-mlpipeline"
    page = variables(made, "ml-pipeline-ui")
    assert (page["MINIO_HOST"], page["MINIO_PORT"], page["MINIO_SSL"]) == ("minio.minio.svc", "9000", "true")
    assert page["NODE_EXTRA_CA_CERTS"] == "/etc/mlops/store/ca.crt"


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("http://store:9000", ("store", "9000", "false")),
        ("https://s3.example.com", ("s3.example.com", "443", "true")),
        (None, ("s3.eu-central-1.amazonaws.com", "443", "true")),
    ],
)
def test_an_address_becomes_what_each_part_asks_for(endpoint: str | None, expected: tuple[str, str, str]) -> None:
    access = contracts.BucketAccess("mlpipeline", "eu-central-1", endpoint=endpoint, secret="keys")
    env = variables(build(replace(ARGS, artifacts=access)), "ml-pipeline")
    assert tuple(env[f"OBJECTSTORECONFIG_{key}"] for key in ("HOST", "PORT", "SECURE")) == expected
    assert "CABUNDLE_CONFIGMAP_NAME" not in env


def test_the_metadata_store_writes_its_configuration_from_the_secret(tmp_path: Path) -> None:
    made = build()
    env = variables(made, "metadata-grpc")
    assert env["DB_PASSWORD"] == ("kubeflow-database-metadb", "password") and env["DB_NAME"] == "metadb"
    script = kubeflow_config.METADATA_SERVER.replace("/tmp/store.pbtxt", str(tmp_path / "store"))
    script = script.replace("exec /bin/metadata_store_server", "exec echo")
    given = {**os.environ, **{k: v if isinstance(v, str) else "drawn" for k, v in env.items()}}
    subprocess.run(["sh", "-c", script], env=given, check=True, capture_output=True)
    written = (tmp_path / "store").read_text()
    assert 'password: "drawn"' in written and "verify_server_cert: true" in written and "skip_db_creation: true" in written
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


def test_its_controller_has_no_instance_and_this_namespace_alone() -> None:
    made = build()
    document = json.loads(made.one("ConfigMap", "workflow-controller-configmap").inputs["data"]["config"])
    assert "instanceID" not in document and document["artifactRepository"]["s3"]["bucket"] == "mlpipeline"
    assert document["artifactRepository"]["s3"]["caSecret"]["name"] == "argo-artifacts-trust"
    given = made.one("Chart", "kubeflow-controller").inputs["values"]
    assert given["singleNamespace"] is True and given["server"]["enabled"] is False
    assert "instanceID" not in given["controller"]


def test_argos_definitions_come_once() -> None:
    assert controller_values(ARGS)["crds"] == {"install": True, "keep": True, "full": False}
    config = Kubeflow()
    alone = site("kubeflow", config, SERVER, STORE)
    assert KubeflowPlatform.plan(replace(alone, **GRANTS)).argo_crds is True
    systems = alone.spec.systems.model_copy(update={"argo": Argo()})
    both = replace(alone, stack=alone.stack.model_copy(update={"spec": alone.spec.model_copy(update={"systems": systems})}))
    assert KubeflowPlatform.plan(replace(both, **GRANTS)).argo_crds is False


def test_no_part_may_do_everything_and_only_the_runner_reads_secrets() -> None:
    made = build()
    for part, rules in kubeflow_access.RULES.items():
        assert not [r for r in rules if "*" in (*r[1], *r[2])], part
        assert ("secrets" in {kind for _, kinds, _ in rules for kind in kinds}) is (part == "pipeline-runner")
        account = made.one("ServiceAccount", part)
        assert account.inputs["automountServiceAccountToken"] is (part == "pipeline-runner")
    assert not [r for r in made.resources if r.kind in ("ClusterRole", "ClusterRoleBinding")]


def test_agents_show_a_token_made_for_the_api_server() -> None:
    made = build()
    for part in ("persistenceagent", "scheduledworkflow"):
        pod = made.one("Deployment", f"ml-pipeline-{part}").inputs["spec"]["template"]["spec"]
        (volume,) = [v for v in pod["volumes"] if "projected" in v]
        token = volume["projected"]["sources"][0]["serviceAccountToken"]
        assert (token["path"], token["audience"]) == (f"{part}-sa-token", "pipelines.kubeflow.org")
        assert "ml-pipeline" in made.one("Deployment", f"ml-pipeline-{part}").object_name


def test_what_waits_waits_for_definitions_rights_and_configuration() -> None:
    made = build()
    wanted = {"kubeflow-definitions", "kubeflow-controller", "kubeflow-launcher", "kubeflow-metadata-grpc"}
    assert wanted <= made.waits_for("kubeflow-ml-pipeline")
    assert "kubeflow-ml-pipeline" in made.waits_for("kubeflow-ml-pipeline-ui")


def test_foreign_manifests_come_from_the_mirror_else_from_their_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_MANIFESTS", raising=False)
    assert DEFINITIONS.place("/sources").endswith(f"{DEFINITIONS.commit}/{DEFINITIONS.path}")
    for mirror in ("/sources", None):
        found = build(replace(ARGS, manifest_mirror=mirror)).one("ConfigFile").inputs["file"]
        assert found == DEFINITIONS.place(mirror) and DEFINITIONS.commit in found


def test_another_database_than_mysql_is_refused() -> None:
    given = replace(site("kubeflow", Kubeflow(), STORE, contracts.Database("postgres", "db", 5432, no_grant)), **GRANTS)
    with pytest.raises(pulumi.RunError, match=r"uses: \{database: mysql\}"):
        KubeflowPlatform.plan(given)


def test_nothing_secret_stands_outside_and_every_pod_is_confined() -> None:
    made = build()
    assert made.leaks() == []
    for found, pod in made.pods():
        assert pod["securityContext"]["runAsNonRoot"] is True, found.name
        assert all(c["securityContext"]["readOnlyRootFilesystem"] and c["resources"]["limits"] for c in pod["containers"])


def test_monitors_only_where_the_stack_has_metrics() -> None:
    made = build()
    assert made.one("ServiceMonitor").inputs["spec"]["endpoints"][0]["path"] == "/metrics"
    assert len(made.all("PodMonitor")) == 1
    bare = build(replace(ARGS, monitored=False))
    assert bare.all("ServiceMonitor") == [] == bare.all("PodMonitor")


def test_the_spec_becomes_arguments_and_what_it_offers() -> None:
    given = site("kubeflow", Kubeflow(keep_finished_for="2d"), SERVER, STORE, CERTIFICATES, METRICS, manifestMirror="/sources")
    args = KubeflowPlatform.plan(replace(given, **GRANTS))
    assert (args.keep_seconds, args.issuer, args.manifest_mirror) == (2 * 86400, "mlops-ca", "/sources")
    wants = contracts.Wants(databases=("mlpipeline", "metadb"), buckets=("mlpipeline",))
    assert KubeflowPlatform.wants(Kubeflow()) == wants
    built = record(lambda: KubeflowPlatform("kubeflow", args)).result
    (offer, training), (endpoint,) = built.contracts(), built.endpoints()
    assert isinstance(offer, contracts.Pipelines) and training.runtimes == ["torch-distributed"] and training.ready
    assert (endpoint.service, endpoint.port, endpoint.login) == ("ml-pipeline-ui", 3000, True)


def test_runtimes_come_after_trainer_which_comes_after_jobset() -> None:
    made = build()
    assert {"kubeflow-trainer", "kubeflow-jobset"} <= made.waits_for("kubeflow-runtime-torch-distributed")
    runtime = made.one("ClusterTrainingRuntime")
    assert runtime.object_name == "torch-distributed" and runtime.namespace is None
    (job,) = runtime.inputs["spec"]["template"]["spec"]["replicatedJobs"]
    (node,) = job["template"]["spec"]["template"]["spec"]["containers"]
    assert node["name"] == "node" and node["securityContext"]["runAsNonRoot"] and node["resources"]["limits"]


def test_training_is_left_out_where_nobody_wants_it() -> None:
    made = build(replace(ARGS, runtimes={}))
    assert {c.name for c in made.all("Chart")} == {"kubeflow-controller"} and made.all("ClusterTrainingRuntime") == []
    assert [type(c).__name__ for c in made.result.contracts()] == ["Pipelines"]
    assert KubeflowPlatform.plan(replace(site("kubeflow", Kubeflow(training=False), SERVER, STORE), **GRANTS)).runtimes == {}


def test_certificates_of_jobset_are_cert_managers_where_there_is_an_issuer() -> None:
    signed = build().one("Chart", "kubeflow-jobset").inputs["values"]["certManager"]
    assert signed["enable"] is True and signed["issuerRef"]["name"] == "mlops-ca"
    assert "certManager" not in build(replace(ARGS, issuer=None)).one("Chart", "kubeflow-jobset").inputs["values"]
