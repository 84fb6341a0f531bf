"""Hyperparameter search on Google Cloud: tuning jobs of Vertex AI (Vizier), launched from a template."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components import contracts
from components.vertex import jobs
from components.vertex.launched import LaunchedJobs, LaunchedJobsArgs, custom_job, defaults, named
from components.vertex.launcher import post, source

SEARCH: Mapping[str, Any] = {
    "metric": "loss",
    "goal": "MINIMIZE",
    "algorithm": "ALGORITHM_UNSPECIFIED",
    "trials": 20,
    "parallel": 4,
    "parameters": [
        {
            "parameterId": "learning_rate",
            "doubleValueSpec": {"minValue": 0.0001, "maxValue": 0.1},
            "scaleType": "UNIT_LOG_SCALE",
        }
    ],
}
"""Bayesian (the unspecified algorithm) over one parameter, where a launch says nothing else (StudySpec)."""


class VertexTuning(LaunchedJobs):
    """Tuning jobs that are launched, never run by an `up`: account, bucket `tuning`, workflow `<stack>-katib`.

    The launch names image, metric, goal, parameters and number of trials, each but the image with a default; a trial gets its
    parameters as arguments and reports by cloudml-hypertune, in the stack's network and under its key. Source: Vertex AI API
    reference, hyperparameterTuningJobs.create; "Create a hyperparameter tuning job".
    """

    noun = "VertexTuning"
    key = "katib"
    bucket = "tuning"
    provides = (contracts.Tuning,)

    @staticmethod
    def source(args: LaunchedJobsArgs, attached: pulumi.Input[str]) -> pulumi.Output[str]:
        """One tuning job."""
        body = {
            "displayName": '${"tuning-" + string(int(sys.now()))}',
            "studySpec": {
                "metrics": [{"metricId": "${job.metric}", "goal": "${job.goal}"}],
                "parameters": "${job.parameters}",
                "algorithm": "${job.algorithm}",
            },
            "maxTrialCount": "${job.trials}",
            "parallelTrialCount": "${job.parallel}",
            "trialJobSpec": custom_job(args, attached, "tuning"),
            "encryptionSpec": jobs.encrypted(args.ground),
        }
        steps = [named("image", "a container image"), post(jobs.vertex(args.ground, "hyperparameterTuningJobs"), body)]
        return source({**defaults(args), **SEARCH}, steps)

    def contracts(self) -> Sequence[contracts.Tuning]:
        """The API at which tuning jobs are asked for; it keeps the trials itself, in no database."""
        return [contracts.Tuning(jobs.vertex(self._args.ground, "hyperparameterTuningJobs"), engine="vertex")]
