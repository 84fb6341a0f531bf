"""Hyperparameter search on Azure: sweep jobs, launched from a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml import jobs, training_job
from components.azureml.jobs import MlGround, MlGroundArgs
from components.azureml.training import NEEDS
from components.contracts import Wants
from components.spec.flows import Katib
from components.system import Site

BUCKET = "tuning"
TRIALS, PARALLEL = 20, 4


@dataclass
class AzuremlSweepsArgs:
    """Arguments of AzuremlSweeps."""

    ground: MlGroundArgs
    vm_size: str = training_job.VM_SIZE


class AzuremlSweeps(pulumi.ComponentResource):
    """Sweep jobs that are launched, never run by an `up`: cluster, identity, container `tuning`, template.

    `az ml schedule trigger --name <stack>-katib-sweep` searches learning rate and depth of the training that the template
    holds: 20 trials, 4 at a time, Bayesian. Trials run as the system's own identity in the workspace's managed network. Source:
    Azure Machine Learning documentation, "Do hyperparameter tuning (v2)", which allows no early stopping with Bayesian
    sampling. Limits: it is not Katib: no Experiment objects; the service keeps the trials, in no database.
    """

    workspace_id: pulumi.Output[str]

    needs = NEEDS
    optional = (contracts.Tracking,)
    provides = (contracts.Tuning,)
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:Schedule"
    identity = True

    def __init__(self, name: str, args: AzuremlSweepsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlSweeps", name, {}, opts)
        self._region = args.ground.place.region
        made = MlGround(self, name, args.ground)
        sweep = search(made, made.cluster(args.vm_size, PARALLEL))
        self._template = made.template("sweep", sweep, "A search: az ml schedule trigger")
        self.workspace_id = made.workspace_id
        self.register_outputs({"workspaceId": self.workspace_id})

    @staticmethod
    def wants(config: Katib) -> Wants:
        """A container for data and models."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlSweepsArgs:
        """From the stack's workspace; the service runs the search, so that its sizes mean nothing here."""
        return AzuremlSweepsArgs(jobs.ground(site, BUCKET))

    def contracts(self) -> Sequence[contracts.Tuning]:
        """The API at which sweeps are asked for; it keeps the trials itself, in no database."""
        return [contracts.Tuning(f"https://{self._region}.api.azureml.ms", engine="azureml")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a search is launched by."""
        return {"template": self._template.name, "workspace": self.workspace_id}


def search(ground: MlGround, compute: pulumi.Input[str]) -> azure.machinelearningservices.SweepJobArgs:
    """A sweep over two parameters of the default training."""
    ml = azure.machinelearningservices
    return ml.SweepJobArgs(
        job_type="Sweep",
        display_name="sweep",
        experiment_name="katib",
        compute_id=compute,
        identity=ground.identity(),
        inputs=training_job.inputs(ground, "katib"),
        outputs=training_job.outputs(ground, "katib"),
        objective=ml.ObjectiveArgs(goal=ml.Goal.MINIMIZE, primary_metric=training_job.METRIC),
        sampling_algorithm=ml.BayesianSamplingAlgorithmArgs(sampling_algorithm_type="Bayesian"),
        search_space={"rate": ["uniform", [0.01, 0.5]], "depth": ["choice", [[3, 4, 5, 6, 8, 10]]]},
        limits=ml.SweepJobLimitsArgs(
            job_limits_type="Sweep",
            max_total_trials=TRIALS,
            max_concurrent_trials=PARALLEL,
            timeout="P1D",
            trial_timeout="PT2H",
        ),
        trial=ml.TrialComponentArgs(
            command=training_job.command("${{search_space.rate}}", "${{search_space.depth}}"),
            environment_id=jobs.ENVIRONMENT,
            environment_variables={"SCRIPT": training_job.SCRIPT},
            resources=ml.JobResourceConfigurationArgs(instance_count=1),
        ),
    )
