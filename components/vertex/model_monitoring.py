"""Checks of served models on Google Cloud: Dataplex profiles of what endpoints were asked, and Vertex AI's own monitoring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Wants
from components.spec.managed import ModelMonitoring
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import member, on_project
from components.vertex.jobs import VertexGround
from components.vertex.launched import named
from components.vertex.launcher import launcher, post, source
from components.vertex.names import dns

BUCKET = "monitoring"


@dataclass
class VertexMonitoredEndpointArgs:
    """One watched endpoint."""

    table: str
    """Table of its requests and answers, in the dataset."""
    schedule: str
    """Cron expression of five fields, UTC."""


@dataclass
class VertexMonitoringArgs:
    """Checks of one stack."""

    ground: VertexGround
    """Key, bucket, and the account that looks at the tables."""
    dataset: pulumi.Input[str] = ""
    """BigQuery dataset of requests and answers, where a model is watched."""
    models: dict[str, VertexMonitoredEndpointArgs] = field(default_factory=dict)
    """Models by name."""


class VertexMonitoring(pulumi.ComponentResource):
    """A dataplex.Datascan a watched model, by schedule, and workflow `<stack>-modelmonitoring` for skew and drift by feature.

    The scan profiles the table that an endpoint writes its requests and answers to: how many, from when, how many empty; its
    results go to the catalogue and to table `profiles`. The workflow makes a monitoring job of an endpoint, once, by the launch
    that names it, its thresholds and its training data: no provider has a resource of it. Source: Dataplex, "Use data profiling";
    Vertex AI API reference, modelDeploymentMonitoringJobs.create. Limits: only models behind Vertex AI endpoints (kserve,
    tfserving) write what they are asked; a baseline is the `training` of a launch.
    """

    workflow: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Serving,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "gcp:workflows/workflow:Workflow"
    role_service = "dataplex.googleapis.com"

    def __init__(self, name: str, args: VertexMonitoringArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:VertexMonitoring", name, {}, opts)
        self._name, self._args = name, args
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        self._opts = mine
        self._scans: dict[str, gcp.dataplex.Datascan] = {}
        if args.models:
            rights = [
                on_project(f"{name}-ask", "roles/bigquery.jobUser", place.account, place.project, mine),
                gcp.bigquery.DatasetIamMember(
                    f"{name}-read",
                    dataset_id=args.dataset,
                    project=place.project,
                    role="roles/bigquery.dataEditor",
                    member=member(place.account),
                    opts=mine,
                ),
            ]
            after = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=rights))
            self._scans = {model: self._scan(model, found, after) for model, found in sorted(args.models.items())}
        self.workflow = launcher(name, "modelMonitoring", place, _source(place), ["roles/aiplatform.user"], mine, acts=False).name
        self.register_outputs({"workflow": self.workflow})

    def _scan(self, model: str, args: VertexMonitoredEndpointArgs, opts: pulumi.ResourceOptions) -> gcp.dataplex.Datascan:
        place, plex, dataset = self._args.ground, gcp.dataplex, self._args.dataset
        table = "//bigquery.googleapis.com/projects/{0}/datasets/{1}/tables/"
        results = pulumi.Output.format(table + "profiles", place.project, dataset)
        return plex.Datascan(
            f"{self._name}-{model}",
            data_scan_id=dns(f"{place.stack}-asked-{model}", 63),
            project=place.project,
            location=place.region,
            display_name=f"{model}: what it is asked",
            data=plex.DatascanDataArgs(resource=pulumi.Output.format(table + args.table, place.project, dataset)),
            execution_identity=plex.DatascanExecutionIdentityArgs(
                service_account=plex.DatascanExecutionIdentityServiceAccountArgs(email=place.account)
            ),
            execution_spec=plex.DatascanExecutionSpecArgs(
                field="logging_time",
                trigger=plex.DatascanExecutionSpecTriggerArgs(
                    schedule=plex.DatascanExecutionSpecTriggerScheduleArgs(cron=args.schedule)
                ),
            ),
            data_profile_spec=plex.DatascanDataProfileSpecArgs(
                sampling_percent=100,
                post_scan_actions=plex.DatascanDataProfileSpecPostScanActionsArgs(
                    bigquery_export=plex.DatascanDataProfileSpecPostScanActionsBigqueryExportArgs(results_table=results)
                ),
            ),
            opts=opts,
        )

    @staticmethod
    def wants(config: ModelMonitoring) -> Wants:
        """A bucket for baselines and statistics."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> VertexMonitoringArgs:
        """From `systems.modelMonitoring` of the spec; endpoints by the serving system's contract."""
        config: ModelMonitoring = site.config
        serving = site.maybe(contracts.Serving)
        known = serving.endpoints if serving else {}
        for model, found in config.endpoints.items():
            path = f"mlops:spec.systems.modelMonitoring.endpoints.{model}"
            if model not in known:
                expected = ", ".join(sorted(known)) or "none: no model of the stack stands behind a Vertex AI endpoint"
                raise pulumi.RunError(f"{path}: no such model is served; expected one of {expected}")
            if found.baseline is not None:
                raise pulumi.RunError(f"{path}.baseline: leave it out; a launch names its training data")
        models = {
            model: VertexMonitoredEndpointArgs(model.replace("-", "_"), cron(found.schedule))
            for model, found in config.endpoints.items()
        }
        return VertexMonitoringArgs(jobs.ground(site, BUCKET), (serving.captured if serving else None) or "", models)

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a monitoring is launched by, and the scans."""
        scans = {f"scan.{model}": scan.data_scan_id for model, scan in self._scans.items()}
        return {"launcher": self.workflow, "baselines": jobs.uri(self._args.ground), **scans}


def cron(expression: str) -> str:
    """The spec's `cron(0 */6 ? * * *)` in five fields: `0 */6 * * *`."""
    hours = expression.removeprefix("cron(0 ").partition(" ")[0]
    return f"0 {hours} * * *"


def _source(place: VertexGround) -> pulumi.Output[str]:
    """ModelDeploymentMonitoringJob of one endpoint: skew against its training data, and drift."""
    given = {
        "endpoint": "",
        "deployedModel": "",
        "training": jobs.uri(place, "training.csv"),
        "target": "target",
        "skew": {},
        "drift": {},
        "seconds": "86400s",
        "emails": [],
    }
    objective = {
        "trainingDataset": {"dataFormat": "csv", "gcsSource": {"uris": ["${job.training}"]}, "targetField": "${job.target}"},
        "trainingPredictionSkewDetectionConfig": {"skewThresholds": "${job.skew}"},
        "predictionDriftDetectionConfig": {"driftThresholds": "${job.drift}"},
    }
    endpoint = pulumi.Output.format('${{"projects/{0}/locations/{1}/endpoints/" + job.endpoint}}', place.project, place.region)
    body = {
        "displayName": '${"monitoring-" + job.endpoint}',
        "endpoint": endpoint,
        "modelDeploymentMonitoringObjectiveConfigs": [{"deployedModelId": "${job.deployedModel}", "objectiveConfig": objective}],
        "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "${job.seconds}"},
        "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 1}},
        "modelMonitoringAlertConfig": {"emailAlertConfig": {"userEmails": "${job.emails}"}, "enableLogging": True},
        "encryptionSpec": jobs.encrypted(place),
    }
    steps = [
        named("endpoint", "an endpoint's number"),
        named("deployedModel", "a deployed model's id"),
        post(jobs.vertex(place, "modelDeploymentMonitoringJobs"), body),
    ]
    return source(given, steps)
