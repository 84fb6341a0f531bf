"""Hyperparameter search with Optuna on AWS: studies in the stack's database, workers as SageMaker training jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components import contracts
from components.contracts import DatabaseAccess, Wants
from components.sagemaker import jobs, training_job
from components.sagemaker.identity import attach
from components.sagemaker.jobs import JobGround
from components.sagemaker.launcher import TRAINING, launcher, merged
from components.spec.model import Optuna
from components.system import Site

BUCKET = "studies"
DATABASE = "optuna"
WORKERS = 4


@dataclass
class SagemakerOptunaArgs:
    """Arguments of SagemakerOptuna."""

    ground: JobGround
    """Network, key, bucket and role of the workers."""
    database: DatabaseAccess
    """Where the studies lie; the role may log in there by IAM."""
    engine: str = "mysql"


class SagemakerOptuna(pulumi.ComponentResource):
    """Workers of one study side by side: a database for the studies, role, bucket `studies`, state machine, SSM parameter.

    An execution starts `workers` training jobs of the image that its input names; each finds the database in OPTUNA_HOST, _PORT,
    _DATABASE and _USER, logs in with a token that its role signs (`rds generate-db-auth-token`, TLS), and works on the study of
    OPTUNA_STUDY, which Optuna shares among them. Nothing runs at `up`. Limits: no dashboard; the image is the user's, with Optuna
    and a database driver in it; the execution's name and a number are the jobs' names. Sources: Amazon RDS user guide, "IAM
    database authentication"; Optuna documentation, "Easy Parallelization"; Step Functions developer guide, "Map state".
    """

    machine: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore, contracts.Database)
    optional = ()
    provides = (contracts.Tuning,)
    tiers = ("all", "platform")
    essential_type = "aws:sfn/stateMachine:StateMachine"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerOptunaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerOptuna", name, {}, opts)
        ground, mine = args.ground, pulumi.ResourceOptions(parent=self)
        self._args = args
        attach(f"{name}-run", ground.role_name, jobs.run_rights(ground), mine)
        given = {
            **training_job.defaults(ground, "optuna", ""),
            "study": "study",
            "workers": list(range(WORKERS)),
            "hyperParameters": {},
        }
        del given["image"]
        environment = {
            "OPTUNA_STUDY.$": "$.job.study",
            "OPTUNA_ENGINE": args.engine,
            "OPTUNA_HOST": args.database.host,
            "OPTUNA_PORT": pulumi.Output.format("{0}", args.database.port),
            "OPTUNA_DATABASE": args.database.database,
            "OPTUNA_USER": args.database.username,
        }
        own = {"TrainingJobName.$": "States.Format('{}-{}', $$.Execution.Name, $.worker)"}
        request = training_job.request(ground, own)
        del request["Environment.$"]
        worker = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Parameters": {**request, "Environment": environment},
            "End": True,
        }
        study = {
            "Type": "Map",
            "ItemsPath": "$.job.workers",
            "ItemSelector": {"job.$": "$.job", "worker.$": "$$.Map.Item.Value"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Worker",
                "States": {"Worker": worker},
            },
            "End": True,
        }
        definition = {"StartAt": "Defaults", "States": {**merged(given, "Study"), "Study": study}}
        template = {**training_job.template("optuna"), "image": "", "study": "study", "workers": list(range(WORKERS))}
        template["hyperParameters"] = {}
        self._launcher = launcher(name, "optuna", ground, TRAINING, definition, template, mine)
        self.machine = self._launcher.machine
        self.register_outputs({"machine": self.machine})

    @staticmethod
    def wants(config: Optuna) -> Wants:
        """A database for the studies, a bucket for what the workers leave."""
        return Wants(databases=(DATABASE,), buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SagemakerOptunaArgs:
        """From the stack's network, role and database."""
        return SagemakerOptunaArgs(jobs.ground(site, BUCKET), site.databases[DATABASE], site.contract(contracts.Database).engine)

    def contracts(self) -> Sequence[contracts.Tuning]:
        """Where the studies lie."""
        url = f"https://states.{self._args.ground.region}.amazonaws.com"
        return [contracts.Tuning(url, engine=self._args.engine, database=DATABASE)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a study is launched by, and where it lies."""
        return {"launcher": self.machine, "template": self._launcher.template, "database": self._args.database.database}
