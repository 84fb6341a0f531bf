"""TFDV: a CronJob a dataset that is not tried again for wrong data, and a template where the cluster has Argo."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes import images
from components.kubernetes.place import Compute
from components.kubernetes.tfdv import ANOMALIES, DatasetArgs, DataValidation, DataValidationArgs
from components.spec.data import Tfdv, TfdvDataset
from tests.contracts import reference
from tests.unit import kubernetes_site
from tests.unit.kubernetes_site import STORE, site
from tests.unit.kubernetes_stack import LABELS
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

ACCESS = replace(kubernetes_site.BUCKET, bucket="datasets", secret="tfdv-bucket-datasets")
ARGS = DataValidationArgs(
    namespace="argo",
    labels=LABELS,
    bucket=ACCESS,
    datasets={"sales": DatasetArgs("raw/sales/", "0 4 * * *")},
    image="r.example/tfdv:1",
    compute=Compute("1", "4Gi"),
    scratch="20Gi",
    workflows=True,
)


def made(args: DataValidationArgs = ARGS) -> Recording[DataValidation]:
    return record(lambda: DataValidation("tfdv", args))


def variables(step: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value") or e["valueFrom"]["secretKeyRef"] for e in step["env"]}


def test_a_dataset_is_validated_on_its_schedule_with_the_key_of_its_bucket() -> None:
    spec = made().one("CronJob", "tfdv-sales").inputs["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 4 * * *", "Etc/UTC", "Forbid")
    (step,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    env = variables(step)
    assert (env["DATASET"], env["DATA"], env["BUCKET"]) == ("sales", "raw/sales/", "datasets")
    assert env["AWS_SECRET_ACCESS_KEY"] == {"name": "tfdv-bucket-datasets", "key": "AWS_SECRET_ACCESS_KEY"}
    mounts = {m["mountPath"]: m["name"] for m in step["volumeMounts"]}
    assert env["AWS_CA_BUNDLE"] == "/etc/mlops/ca/ca.crt" and mounts["/etc/mlops/ca"] == "ca" and mounts["/tmp"] == "scratch"
    assert step["resources"]["limits"]["memory"] == "4Gi" and step["securityContext"]["readOnlyRootFilesystem"] is True


def test_wrong_data_fail_the_job_at_once_and_a_broken_run_is_tried_again() -> None:
    job = made().one("CronJob").inputs["spec"]["jobTemplate"]["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob" and rule["onExitCodes"]["values"] == [ANOMALIES]
    # a failure policy is accepted with this restart policy only
    assert job["template"]["spec"]["restartPolicy"] == "Never" and job["backoffLimit"] == 2


def test_every_volume_is_named_once() -> None:
    pod = made().one("CronJob").inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    names = [v["name"] for v in pod["volumes"]]
    paths = [m["mountPath"] for m in pod["containers"][0]["volumeMounts"]]
    assert len(names) == len(set(names)) and len(paths) == len(set(paths))


def test_argo_gets_the_same_step_with_the_dataset_as_parameter() -> None:
    recording = made()
    template = recording.one("WorkflowTemplate")
    assert reference.resource_errors(template.inputs) == []
    spec = template.inputs["spec"]
    assert [p["name"] for p in spec["arguments"]["parameters"]] == ["dataset", "data"]
    (validate,) = spec["templates"]
    step = validate["container"]
    env = variables(step)
    assert env["DATASET"] == "{{inputs.parameters.dataset}}" and env["BUCKET"] == "datasets"
    assert step["command"] == ["python", "/opt/mlops/validate.py"] and step["command"][1] in images.files("tfdv")["Dockerfile"]
    assert step["securityContext"]["runAsNonRoot"] is True and set(step["resources"]) == {"requests", "limits"}
    assert {m["name"] for m in step["volumeMounts"]} == {v["name"] for v in spec["volumes"]}
    assert template.inputs["metadata"]["labels"]["workflows.argoproj.io/controller-instanceid"] == "mlops"
    assert made(replace(ARGS, workflows=False)).all("WorkflowTemplate") == []


def planned(config: Tfdv, *given: Any) -> Any:
    where = site("tfdv", config, STORE, *given, images={"tfdv": "r.example/tfdv:1"})
    return DataValidation.plan(replace(where, buckets={config.bucket: ACCESS}))


def test_the_spec_becomes_arguments() -> None:
    config = Tfdv(bucket="datasets", datasets={"sales": TfdvDataset(data="raw/sales/")})
    assert DataValidation.wants(config).buckets == ("datasets",)
    args = planned(config)
    assert args.datasets["sales"].schedule == "0 4 * * *" and args.workflows is False and args.image == "r.example/tfdv:1"
    assert planned(config, contracts.Workflows("http://x", "argo")).workflows is True
    assert planned(config, contracts.Workflows("http://x", "airflow")).workflows is False


def test_with_nothing_to_validate_it_says_what_to_name() -> None:
    with pytest.raises(pulumi.RunError, match=r"systems\.tfdv\.datasets.*systems\.argo"):
        planned(Tfdv())
    assert planned(Tfdv(), contracts.Workflows("http://x", "argo")).datasets == {}


def test_the_image_is_of_a_base_whose_wheel_exists() -> None:
    text = images.files("tfdv")["Dockerfile"]
    assert "tensorflow-data-validation==1.21.0" in text and "-slim-trixie" in text and "--only-binary" in text
    assert "validate.py" in images.files("tfdv")


def test_validation_asks_for_the_image(tmp_path: Path) -> None:
    spec = "systems: {minio: {}, tfdv: {datasets: {sales: {data: raw/sales/}}}}"
    (said,) = messages(checked(tmp_path, spec))
    assert "images/tfdv" in said and "systems.docker: {}" in said
    assert stack(checked(tmp_path, spec + "\nimages: {tfdv: 'r.example/tfdv:1'}"))
