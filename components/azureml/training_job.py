"""The training that Azure ML jobs run where a launch names nothing else: gradient boosting over CSV files."""

from typing import Any

import pulumi
import pulumi_azure_native as azure

from components.azureml.jobs import ENVIRONMENT, MlGround

VM_SIZE = "Standard_DS3_v2"
SCRIPT = '''\
"""Gradient boosting over the CSV files of a folder, first column the target; the model and its error go out.

Arguments: folder of the files, folder of the model, learning rate, depth.
"""

import pathlib
import sys

import joblib
import mlflow
import pandas
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split

data, target, rate, depth = sys.argv[1:]
files = sorted(pathlib.Path(data).glob("**/*.csv"))
rows = pandas.concat([pandas.read_csv(file, header=None) for file in files])
train, test = train_test_split(rows, test_size=0.2, random_state=7)
model = GradientBoostingRegressor(learning_rate=float(rate), max_depth=int(depth))
model.fit(train.iloc[:, 1:], train.iloc[:, 0])
mlflow.log_metric("rmse", root_mean_squared_error(test.iloc[:, 0], model.predict(test.iloc[:, 1:])))
joblib.dump(model, pathlib.Path(target, "model.joblib"))
'''
METRIC = "rmse"
RATE, DEPTH = 0.1, 4


def command(rate: str = str(RATE), depth: str = str(DEPTH)) -> str:
    """What a node runs; the script comes as a variable, for there is nothing of ours to upload."""
    return f'python -c "$SCRIPT" "${{{{inputs.data}}}}" "${{{{outputs.model}}}}" {rate} {depth}'


def inputs(ground: MlGround, noun: str) -> dict[str, Any]:
    """Where the files are, read as they are asked for."""
    return {
        "data": azure.machinelearningservices.UriFolderJobInputArgs(
            job_input_type="uri_folder", uri=ground.path(f"{noun}/input/"), mode="ReadOnlyMount"
        )
    }


def outputs(ground: MlGround, noun: str) -> dict[str, Any]:
    """Where the model goes: a folder a job."""
    return {
        "model": azure.machinelearningservices.UriFolderJobOutputArgs(
            job_output_type="uri_folder", uri=ground.path(f"{noun}/models/${{{{name}}}}/"), mode="ReadWriteMount"
        )
    }


def job(ground: MlGround, noun: str, compute: pulumi.Input[str]) -> azure.machinelearningservices.CommandJobArgs:
    """One training on a cluster."""
    return azure.machinelearningservices.CommandJobArgs(
        job_type="Command",
        display_name=noun,
        experiment_name=noun,
        command=command(),
        environment_id=ENVIRONMENT,
        environment_variables={"SCRIPT": SCRIPT},
        compute_id=compute,
        identity=ground.identity(),
        inputs=inputs(ground, noun),
        outputs=outputs(ground, noun),
        resources=azure.machinelearningservices.JobResourceConfigurationArgs(instance_count=1),
        limits=azure.machinelearningservices.CommandJobLimitsArgs(job_limits_type="Command", timeout="PT24H"),
    )
