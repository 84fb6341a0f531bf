"""Services from outside and chosen providers, through the composer: what a consumer is given."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.brought import brought, split
from components.contracts import Consumer, ObjectStore
from components.platform import Platform
from components.spec.stack import BringYourOwn, Stack
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

OUTSIDE = """
systems: {minio: {replicas: 1}, mlflow: {}}
bringYourOwn:
  database: {address: "db.example.com:3307", credentials: {mlflow: outside-database}, caConfigMap: company-ca}
"""


def composed(made: Stack, reads: Mapping[str, Mapping[str, Any]] | None = None) -> Recording[Platform]:
    return record(lambda: Platform("platform", made), reads=reads)


def test_a_system_is_given_the_database_from_outside(tmp_path: Path) -> None:
    made = composed(stack(checked(tmp_path, OUTSIDE)))
    pod = made.one("Deployment", "mlflow").inputs["spec"]["template"]["spec"]
    env = {item["name"]: item.get("value") for item in pod["containers"][0]["env"]}
    assert (env["DB_HOST"], env["DB_PORT"], env["DB_NAME"]) == ("db.example.com", "3307", "mlflow")
    secrets = {item["valueFrom"]["secretKeyRef"]["name"] for item in pod["containers"][0]["env"] if "valueFrom" in item}
    assert "outside-database" in secrets
    assert {"name": "company-ca"}.items() <= next(v for v in pod["volumes"] if v["name"] == "database-ca")["configMap"].items()
    # nothing of ours stands in its place
    assert not [found for found in made.resources if found.kind == "PerconaServerMySQL"]


def test_who_is_not_named_is_told_so() -> None:
    entries = {"objectStore": BringYourOwn(address="https://s3.example.com", credentials={"mlflow": "s"})}
    store: ObjectStore = brought(entries)[ObjectStore]
    assert store.grant("mlflow", Consumer("mlflow")).region == "us-east-1"
    with pytest.raises(pulumi.RunError, match=r"bringYourOwn\.objectStore\.credentials: no Secret is named for fraud-mlflow"):
        store.grant("mlflow", Consumer("fraud-mlflow"))


@pytest.mark.parametrize(
    ("address", "expected"), [("db:3307", ("db", 3307)), ("db", ("db", 3306)), ("db.example.com:", ("db.example.com:", 3306))]
)
def test_an_address_is_split(address: str, expected: tuple[str, int]) -> None:
    assert split(address, 3306) == expected


def test_the_namespace_of_an_operator_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    for ownership, made in (("existing", []), ("managed", ["cert-manager"])):
        spec = f"operators: {{certManager: {ownership}, trustManager: {ownership}}}\nsystems: {{minio: {{replicas: 1}}}}\n"
        reads = {
            crd: {"spec": {"versions": [{"name": version, "served": True}]}}
            for crd, version in (("certificates.cert-manager.io", "v1"), ("bundles.trust.cert-manager.io", "v1alpha1"))
        }
        parsed = stack(checked(tmp_path, spec))
        found = composed(parsed, reads)
        names = [item.object_name for item in found.resources if item.kind == "Namespace"]
        assert [name for name in names if name == "cert-manager"] == made
