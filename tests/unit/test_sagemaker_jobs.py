"""Training, pipelines, tuning, studies and AutoML on AWS: templates that are launched, safe whatever a launch says."""

import json
from typing import Any

import pytest

from components import contracts
from tests.unit.recording import Recording
from tests.unit.sagemaker_site import KEY, built, statements, wide

LAUNCHED = ("training", "kubeflow", "katib", "optuna", "automl", "modelMonitoring")


def states(made: Recording[Any]) -> dict[str, Any]:
    return dict(json.loads(made.one("StateMachine").inputs["definition"])["States"])


@pytest.mark.parametrize("key", LAUNCHED)
def test_a_template_is_encrypted_logged_and_hands_out_one_role(key: str) -> None:
    made = built(key)
    machine = made.one("StateMachine").inputs
    assert machine["encryptionConfiguration"]["kmsKeyId"] == KEY
    assert machine["encryptionConfiguration"]["type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert machine["loggingConfiguration"]["level"] == "ALL"
    assert machine["loggingConfiguration"]["includeExecutionData"] is False
    for group in made.all("LogGroup"):
        assert group.inputs["kmsKeyId"] == KEY and group.inputs["retentionInDays"]
    (passed,) = [s for s in statements(made.one("RolePolicy", f"{key}-launch")) if "iam:PassRole" in s["Action"]]
    assert passed["Resource"] == [f"arn:aws:iam::123456789012:role/test-{key}"]
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert wide(made) == []
    assert json.loads(made.one("Parameter").inputs["value"])


@pytest.mark.parametrize("key", LAUNCHED)
def test_nothing_runs_at_an_up(key: str) -> None:
    assert {"TrainingJob", "HyperParameterTuningJob"} & {r.kind for r in built(key).resources} == set()


@pytest.mark.parametrize(("key", "state"), [("training", "Train"), ("kubeflow", "Train")])
def test_a_training_keeps_to_the_network_and_key(key: str, state: str) -> None:
    request = states(built(key))[state]["Parameters"]
    assert request["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == KEY == request["OutputDataConfig"]["KmsKeyId"]
    assert request["EnableInterContainerTrafficEncryption"] is True
    assert request["StoppingCondition"]["MaxRuntimeInSeconds"] > 0
    assert request["TrainingJobName.$"] == "$$.Execution.Name"


def test_a_training_logs_to_the_tracking_server_and_may_do_so() -> None:
    tracking = contracts.Tracking("arn:mlflow", "arn:mlflow")
    made = built("training", None, tracking)
    assert states(made)["Defaults"]["Result"]["environment"] == {"MLFLOW_TRACKING_URI": "arn:mlflow"}
    (log,) = [s for s in statements(made.one("RolePolicy", "training-run")) if "sagemaker-mlflow:CreateRun" in s["Action"]]
    assert log["Resource"] == ["arn:mlflow"]


def test_the_pipeline_trains_with_parameters_in_the_network() -> None:
    made = built("kubeflow")
    pipeline = made.one("Pipeline")
    assert pipeline.inputs["roleArn"] == "arn:aws:iam::123456789012:role/test-kubeflow"
    assert "kubeflow-steps" in pipeline.depends_on
    document = json.loads(pipeline.inputs["pipelineDefinition"])
    assert {p["Name"] for p in document["Parameters"]} >= {"Image", "Input", "InstanceType"}
    (step,) = document["Steps"]
    assert step["Type"] == "Training" and step["Arguments"]["VpcConfig"]["Subnets"] == ["subnet-1", "subnet-2"]
    assert step["Arguments"]["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert {type(c) for c in made.result.contracts()} == {contracts.Pipelines, contracts.Training}


def test_without_training_pipelines_offer_none_and_their_role_still_runs() -> None:
    made = built("kubeflow", {"training": False})
    assert [type(c) for c in made.result.contracts()] == [contracts.Pipelines]
    assert made.all("StateMachine") == [] and made.one("RolePolicy", "kubeflow-run")


def test_a_search_has_bounds_and_its_trials_the_network() -> None:
    request = states(built("katib"))["Tune"]["Parameters"]
    trial, search = request["TrainingJobDefinition"], request["HyperParameterTuningJobConfig"]
    assert trial["VpcConfig"]["SecurityGroupIds"] == ["sg-1"] and trial["EnableInterContainerTrafficEncryption"] is True
    assert trial["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert search["ResourceLimits"]["MaxNumberOfTrainingJobs.$"] == "$.job.trials"
    channels = [channel["ChannelName"] for channel in trial["InputDataConfig"]]
    assert channels == ["train", "validation"]


def test_workers_of_a_study_find_the_database_and_no_password() -> None:
    made = built("optuna")
    worker = states(made)["Study"]["ItemProcessor"]["States"]["Worker"]["Parameters"]
    assert worker["Environment"]["OPTUNA_HOST"] == "mysql.rds" and worker["Environment"]["OPTUNA_USER"] == "test_optuna"
    assert worker["Environment"]["OPTUNA_PORT"] == "3306"
    assert "password" not in json.dumps(worker).lower()
    (tuning,) = made.result.contracts()
    assert tuning.database == "optuna" and tuning.engine == "mysql"


def test_automl_is_encrypted_and_in_the_network() -> None:
    found = states(built("automl"))
    security = found["Search"]["Parameters"]["SecurityConfig"]
    assert security["VolumeKmsKeyId"] == KEY and security["VpcConfig"]["Subnets"] == ["subnet-1", "subnet-2"]
    assert found["Ended"]["Default"] == "Wait"


def test_experiments_reach_their_own_artifacts_and_are_kept_in_production() -> None:
    app = built("experiments", None, environment="prod").one("MlflowApp")
    assert app.inputs["artifactStoreUri"] == "s3://test-experiments/artifacts" and app.protect
    assert app.inputs["modelRegistrationMode"] == "AutoModelRegistrationDisabled"
