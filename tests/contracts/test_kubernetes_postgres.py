"""What we tell CloudNativePG's chart exists in it, our resources are valid against its CRDs, its names are those we use."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.kubernetes.postgres import OPERATOR, CloudNativePostgres, operator_values
from components.kubernetes.postgres_cluster import NAME, SERVER
from tests.contracts import reference, rendering
from tests.unit.test_kubernetes_postgres import ARGS, made


@pytest.mark.parametrize("mirror", [None, "mirror.example/hub"])
def test_every_value_we_set_exists_in_the_chart(mirror: str | None) -> None:
    values = operator_values(mirror)
    assert reference.unknown_values(OPERATOR.chart, values) == []
    assert reference.schema_errors(OPERATOR.chart, values) == []


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(OPERATOR.chart)
    assert (OPERATOR.chart, OPERATOR.version, OPERATOR.repo) == (known["chart"], known["version"], known["installer"])


@pytest.mark.parametrize("replicas", [1, 3])
def test_our_resources_are_valid_against_the_real_crds(replicas: int) -> None:
    recording = made(replace(ARGS, replicas=replicas, storage_class="fast"), ("airflow", "airflow"), ("airflow", "notebooks"))
    ours = [r for r in recording.resources if r.type.startswith("kubernetes:postgresql.cnpg.io/")]
    assert {r.kind for r in ours} == {"Cluster", "Database", "DatabaseRole", "ScheduledBackup"}
    assert {r.name: found for r in ours if (found := reference.resource_errors(r.inputs))} == {}
    assert [found for r in recording.all("PodMonitor") if (found := reference.resource_errors(r.inputs))] == []


def test_a_field_that_no_crd_has_is_found() -> None:
    recording = made(replace(ARGS, values={"replicaz": 3}))
    assert reference.resource_errors(recording.one("Cluster").inputs) != []


def test_the_real_operator_is_bounded_restricted_and_watches_its_own_namespace(tmp_path: Path) -> None:
    objects = rendering.render(OPERATOR, operator_values(None), "postgres", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    (deployment,) = [o for o in objects if o["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (manager,) = pod["containers"]
    assert {"name": "WATCH_NAMESPACE", "value": "postgres"} in manager["env"]
    assert pod["securityContext"]["runAsNonRoot"] is True and manager["securityContext"]["readOnlyRootFilesystem"] is True
    ports = {p["name"]: p["containerPort"] for p in manager["ports"]}
    assert ports["webhook-server"] in CloudNativePostgres.webhooks and "metrics" in ports
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    (monitor,) = [m for m in made().all("PodMonitor") if m.name.endswith("operator")]
    assert monitor.inputs["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_the_image_is_one_of_the_versions_that_the_operator_names() -> None:
    assert (
        SERVER.repository == "ghcr.io/cloudnative-pg/postgresql" and SERVER.tag.endswith("-system-trixie") and NAME == "postgres"
    )
