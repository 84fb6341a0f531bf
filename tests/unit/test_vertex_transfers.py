"""Sqoop and TFDV on Vertex AI: what is launched, by whom, and what it may touch."""

from pathlib import Path

import pulumi
import pytest

from tests.unit.vertex_stack import PROJECT, STORE, body, composed, no_lending, rights, workflow

MYSQL = "  mysql: {}\n"


def test_a_transfer_is_the_servers_own_export_and_has_no_password(tmp_path: Path) -> None:
    jobs = '{orders: {direction: import, table: orders, columns: [id, price], where: "price > 0", mode: append, schedule: "0 1 * * *"}}'
    made = composed(tmp_path, STORE + MYSQL + f"  sqoop: {{jobs: {jobs}}}\n")
    no_lending(made)
    steps = workflow(made, "sqoop-template")
    (held, _) = steps["jobs"]["assign"]
    order = held["jobs"]["orders"]
    assert order["context"]["csvExportOptions"] == {"selectQuery": "SELECT id, price FROM orders WHERE price > 0"}
    assert order["key"] == "exportContext" and order["append"] is True and order["context"]["offload"] is True
    assert steps["run"]["args"]["url"].startswith('${"https://sqladmin.googleapis.com/v1/projects/mlops-trial/instances/')
    assert made.one("IAMCustomRole").inputs["permissions"] == [
        "cloudsql.instances.export", "cloudsql.instances.get", "cloudsql.instances.import",
    ]  # fmt: skip
    (transfer,) = [m for m in rights(made, "-sqoop-launch").values() if "sqoop_transfer" in m.inputs["role"]]
    assert "resource.name == 'projects/mlops-trial/instances/" in transfer.inputs["condition"]["expression"]
    files = made.one("BucketIAMMember", "sqoop-files").inputs
    assert "gcp-sa-cloud-sql" in files["member"] and files["bucket"] == f"demo-sqoop-{PROJECT}"


def test_an_export_is_an_import_of_the_server(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + MYSQL + "  sqoop: {jobs: {back: {direction: export, table: scores, path: out}}}\n")
    back = workflow(made, "sqoop-template")["jobs"]["assign"][0]["jobs"]["back"]
    assert back["verb"] == "import" and back["context"]["csvImportOptions"] == {"table": "scores", "columns": []}
    assert back["folder"] == f"gs://demo-sqoop-{PROJECT}/out/"


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ("{direction: import, table: t, place: hdfs}", r'jobs\.a\.place: "hdfs"'),
        ("{direction: export, table: t, updateKey: id}", r'jobs\.a\.updateKey: "id"'),
    ],
)
def test_what_the_server_cannot_do_is_refused(tmp_path: Path, job: str, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        composed(tmp_path, STORE + MYSQL + f"  sqoop: {{jobs: {{a: {job}}}}}\n")


def test_datasets_are_looked_at_by_schedule_and_tfdv_is_launched(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  tfdv: {datasets: {sales: {data: sales/2026, schedule: '0 5 * * *'}}}\n")
    no_lending(made)
    scan = made.one("Datascan").inputs
    assert scan["executionSpec"]["trigger"]["schedule"] == {"cron": "0 5 * * *"}
    assert scan["data"]["resource"] == f"//storage.googleapis.com/projects/{PROJECT}/buckets/demo-tfdv-{PROJECT}"
    assert scan["dataDiscoverySpec"]["storageConfig"]["includePatterns"] == ["sales/2026/**"]
    environment = body(workflow(made, "tfdv-template"))["launchParameter"]["environment"]
    assert environment["ipConfiguration"] == "WORKER_IP_PRIVATE" and environment["kmsKeyName"].endswith("/platform")
    assert environment["serviceAccountEmail"] == f"demo-tfdv@{PROJECT}.iam.gserviceaccount.com"
    profile = workflow(made, "tfdv-profile-template")["make"]["args"]["body"]
    assert profile["data"]["resource"].startswith('${"//bigquery.googleapis.com/projects/mlops-trial/datasets/" + job.dataset')


def test_without_a_dataset_a_prefix_is_looked_at(tmp_path: Path) -> None:
    scan = composed(tmp_path, STORE + "  tfdv: {}\n").one("Datascan").inputs
    assert scan["dataDiscoverySpec"]["storageConfig"]["includePatterns"] == ["data/**"]
