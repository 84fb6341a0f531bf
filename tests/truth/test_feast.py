"""Feast applies definitions and materialises features on MariaDB with the stores' settings that we generate."""

from pathlib import Path

import pytest
import yaml

from components.kubernetes.feast_store import STORES
from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.stores import mariadb, query, run_jobs

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]

DEFINITIONS = """\
from datetime import timedelta
from feast import Entity, FeatureView, Field, FileSource
from feast.types import Float32

driver = Entity(name="driver", join_keys=["driver_id"])
source = FileSource(name="trips", path="trips.parquet", timestamp_field="at")
trips = FeatureView(name="trips", entities=[driver], ttl=timedelta(days=1), schema=[Field(name="rate", dtype=Float32)], source=source)
"""
DATA = """\
import datetime, pandas
now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
pandas.DataFrame({"driver_id": [1, 2], "rate": [0.5, 0.75], "at": [now, now]}).astype({"at": "datetime64[us, UTC]"}).to_parquet("trips.parquet")
"""
READ = """\
from feast import FeatureStore
print(FeatureStore(".").get_online_features(features=["trips:rate"], entity_rows=[{"driver_id": 2}]).to_dict())
"""
STEPS = """\
set -eu
cd /repo
python /scripts/data.py
feast apply
feast materialize-incremental "$(date -u +%Y-%m-%dT%H:%M:%S)"
python /scripts/read.py
"""


def feature_store(machine: Machine) -> str:
    """feature_store.yaml as the operator writes it: what the FeatureStore names, with the settings of our Secret under it."""
    spec = machine.made.one("FeatureStore").inputs["spec"]
    services, stores = spec["services"], machine.config("Secret", "feast", STORES)
    registry = services["registry"]["local"]["persistence"]["store"]["type"]
    online = services["onlineStore"]["persistence"]["store"]["type"]
    return yaml.safe_dump(
        {
            "project": spec["feastProject"],
            "provider": "local",
            "entity_key_serialization_version": 3,
            "registry": {"registry_type": registry, **yaml.safe_load(stores[registry])},
            "online_store": {"type": online, **yaml.safe_load(stores[online])},
            "offline_store": {"type": services["offlineStore"]["persistence"]["file"]["type"]},
            "auth": {"type": "no_auth"},
        }
    )


def test_definitions_are_applied_and_features_materialised(machine: Machine) -> None:
    program, sql = need("feast"), mariadb(machine)
    run_jobs(machine, "mysql", sql)
    repo, scripts = machine.folder / "repo", machine.folder / "scripts"
    for folder in (repo, scripts):
        folder.mkdir()
    (repo / "feature_store.yaml").write_text(feature_store(machine))
    (repo / "trips.py").write_text(DEFINITIONS)
    (scripts / "data.py").write_text(DATA)
    (scripts / "read.py").write_text(READ)
    server = machine.made.one("FeatureStore").inputs["spec"]["services"]["onlineStore"]["server"]
    variables = {**machine.variables("feast", server), "HOME": "/tmp", "FEAST_USAGE": "False"}
    authority: Path = machine.trust()["/etc/mlops/ca"]
    binds = {"/repo": repo, "/scripts": scripts, "/etc/mlops/database": authority, "/etc/mlops/store": authority}
    said = machine.run(["sh", "-c", STEPS], program, environment=variables, binds=binds)
    assert "0.75" in said
    assert "trips" in query(machine, sql, "feast", "SHOW TABLES IN feast").done()
