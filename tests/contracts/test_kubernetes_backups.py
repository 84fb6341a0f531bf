"""What we tell the charts of Velero and External Secrets exists in them, and what we make is valid for their CRDs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contracts import BucketAccess
from components.kubernetes import external_secrets, velero
from components.kubernetes.chart import Pin, merge
from components.kubernetes.place import Compute
from tests.contracts import reference, rendering
from tests.unit.test_kubernetes_backups import SECRETS, STORE, composed

MIRROR = "mirror.example/hub"
SIZE = Compute("50m", "256Mi")
BACKUPS = velero.VeleroBackupsArgs("velero", {}, BucketAccess("b", "r"), "0 1 * * *", 86400, SIZE, registry_mirror=MIRROR)
OPERATOR = external_secrets.ExternalSecretsOperatorArgs("external-secrets", {}, "mlops-ca", 2, SIZE, registry_mirror=MIRROR)
CASES: dict[str, tuple[Pin, dict[str, Any]]] = {
    "velero": (velero.CHART, velero.chart_values(BACKUPS)),
    "external-secrets": (external_secrets.CHART, external_secrets.chart_values(OPERATOR)),
}


@pytest.mark.parametrize("chart", CASES)
def test_every_value_we_set_exists_in_the_chart(chart: str) -> None:
    _, values = CASES[chart]
    assert reference.unknown_values(chart, values) == []
    # Velero's schema names what must be there once Helm has merged the values over the chart's own
    whole = yaml.load((reference.root() / "charts" / chart / "values.yaml").read_text(), Loader=reference.LOADER)
    assert reference.schema_errors(chart, merge(whole, values)) == []


@pytest.mark.parametrize("chart", CASES)
def test_the_pin_is_the_version_whose_values_we_checked(chart: str) -> None:
    pin, known = CASES[chart][0], reference.index(chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])


@pytest.mark.parametrize("chart", CASES)
def test_the_real_chart_renders_bounded_the_same_twice_and_from_the_mirror(chart: str, tmp_path: Path) -> None:
    pin, values = CASES[chart]
    objects = rendering.render(pin, values, chart, tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    kinds = [o["kind"] for o in objects]
    assert not {"Job", "BackupStorageLocation", "VolumeSnapshotLocation", "Secret"} & set(kinds)
    for name, found in rendering.containers(objects).items():
        assert found["image"].startswith(f"{MIRROR}/"), name


def test_velero_runs_without_privilege_but_for_its_agents(tmp_path: Path) -> None:
    objects = rendering.render(*CASES["velero"], "velero", tmp_path)
    pods = {o["kind"]: o["spec"]["template"]["spec"] for o in objects if o["kind"] in ("Deployment", "DaemonSet")}
    assert set(pods) == {"Deployment", "DaemonSet"}
    assert pods["Deployment"]["securityContext"]["runAsNonRoot"] is True
    assert all(c["securityContext"]["readOnlyRootFilesystem"] for c in pods["Deployment"]["containers"])
    # what extend.py adds to
    assert [c["name"] for c in pods["Deployment"]["containers"]] == ["velero"]
    assert [c["name"] for c in pods["DaemonSet"]["containers"]] == ["node-agent"]
    assert not [v for v in pods["Deployment"]["volumes"] if "secret" in v], "the key comes as variables"


def test_the_operators_webhook_is_signed_by_cert_manager(tmp_path: Path) -> None:
    objects = rendering.render(*CASES["external-secrets"], "external-secrets", tmp_path)
    (certificate,) = [o for o in objects if o["kind"] == "Certificate"]
    assert certificate["spec"]["issuerRef"]["name"] == "mlops-ca"
    assert {o["metadata"]["name"] for o in objects if o["kind"] == "Deployment"} == {
        "external-secrets", "external-secrets-webhook"
    }  # fmt: skip
    ports = [p["containerPort"] for c in rendering.containers(objects).values() for p in c["ports"] if p["name"] == "webhook"]
    assert tuple(ports) == external_secrets.ExternalSecretsOperator.webhooks
    monitored = [o for o in objects if o["kind"] == "Deployment"]
    for found in monitored:
        assert found["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/instance"] == "external-secrets"


def test_custom_resources_are_valid_for_the_real_crds(tmp_path: Path) -> None:
    reference.root()
    made = composed(tmp_path, STORE + "backups: {}\n" + SECRETS)
    kinds = {"BackupStorageLocation", "Schedule", "ClusterSecretStore", "ClusterExternalSecret", "PodMonitor"}
    found = [r for r in made.resources if r.kind in kinds]
    assert {r.kind for r in found} == kinds
    errors = {f"{r.kind}/{r.object_name}": reference.resource_errors(r.inputs) for r in found}
    assert {name: said for name, said in errors.items() if said} == {}
