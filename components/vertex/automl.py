"""Automatic machine learning on Google Cloud: AutoML of Vertex AI over tables, launched from a template."""

from typing import Any

import pulumi

from components.vertex import jobs
from components.vertex.launched import LaunchedJobs, LaunchedJobsArgs, named
from components.vertex.launcher import post, source, waited

SCHEMA = "gs://google-cloud-aiplatform/schema/"
TASK = f"{SCHEMA}trainingjob/definition/automl_tabular_1.0.0.yaml"
TABLE = f"{SCHEMA}dataset/metadata/tabular_1.0.0.yaml"
"""Vertex AI, "Train a classification or regression model" (AutoML, tabular)."""


class VertexAutoml(LaunchedJobs):
    """AutoML over a table that is launched, never run by an `up`: account, bucket `automl`, workflow `<stack>-automl`.

    The launch names the target column and the other columns; the table is a CSV file of the bucket. The workflow makes a dataset
    under our key, waits for it, and starts the training with a budget of node hours; the model goes to the model registry.
    Source: Vertex AI API reference, datasets.create, trainingPipelines.create.
    """

    noun = "VertexAutoml"
    key = "automl"
    bucket = "automl"
    enters = False

    @staticmethod
    def source(args: LaunchedJobsArgs, attached: pulumi.Input[str]) -> pulumi.Output[str]:
        """A dataset, and a training over it; AutoML's own machines enter no network."""
        place = args.ground
        given = {
            "target": "",
            "columns": [],
            "input": jobs.uri(place, "input/data.csv"),
            "kind": "classification",
            "milliNodeHours": 1000,
        }
        dataset = {
            "displayName": '${"automl-" + string(int(sys.now()))}',
            "metadataSchemaUri": TABLE,
            "metadata": {"inputConfig": {"gcsSource": {"uri": ["${job.input}"]}}},
            "encryptionSpec": jobs.encrypted(place),
        }
        training = {
            "displayName": '${"automl-" + string(int(sys.now()))}',
            "trainingTaskDefinition": TASK,
            "trainingTaskInputs": {
                "targetColumn": "${job.target}",
                "predictionType": "${job.kind}",
                "transformations": "${transformations}",
                "trainBudgetMilliNodeHours": "${job.milliNodeHours}",
            },
            "inputDataConfig": {"datasetId": '${text.split(data_response.name, "/")[5]}'},
            "modelToUpload": {"displayName": '${"automl-" + job.target}', "encryptionSpec": jobs.encrypted(place)},
            "encryptionSpec": jobs.encrypted(place),
        }
        add = {
            "add": {
                "assign": [
                    {"one": {"auto": {"columnName": "${column}"}}},
                    {"transformations": "${list.concat(transformations, one)}"},
                ]
            }
        }
        steps: list[dict[str, Any]] = [
            named("target", "the column to predict"),
            {"none": {"assign": [{"transformations": []}]}},
            {"columns": {"for": {"value": "column", "in": "${job.columns}", "steps": [add]}}},
            post(jobs.vertex(place, "datasets"), dataset, "data"),
            *waited(f"https://{place.region}-aiplatform.googleapis.com/v1/", "data"),
            post(jobs.vertex(place, "trainingPipelines"), training),
        ]
        return source(given, steps)
