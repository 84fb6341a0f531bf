"""Machine learning pipelines and training on Google Cloud: Vertex AI Pipelines, which runs what the KFP compiler writes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Wants
from components.spec.flows import Kubeflow
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import member, on_project
from components.vertex.jobs import VertexGround
from components.vertex.launched import RUN, LaunchedJobsArgs, may_call
from components.vertex.launcher import launcher, post, source
from components.vertex.names import dns
from components.vertex.training import training

BUCKET = "pipelines"
WEEKLY = "0 4 * * 0"
SCRIPT = "train.py"


@dataclass
class VertexPipelinesArgs:
    """One place for pipelines."""

    base: LaunchedJobsArgs
    """Network, key, bucket and account of pipelines and their steps, and the tracking server that these log to."""
    training: bool = True
    """Makes the template of single trainings beside the pipelines."""
    runtimes: dict[str, str] = field(default_factory=dict)
    """Images by name, each with a pipeline that runs a script of the bucket."""


class VertexPipelines(pulumi.ComponentResource):
    """Bucket `pipelines`, a registry of templates, an account, and a paused colab.Schedule a runtime.

    A schedule holds the pipeline `<runtime>`: it runs `train.py` of the bucket in the runtime's image, in the stack's network and
    under its key, as the system's account; it runs once somebody resumes it. Workflow `<stack>-kubeflow` runs any other template
    of the registry now (`template`, `parameters`), `<stack>-kubeflow-training` a single training. Source: Vertex AI Pipelines,
    "Schedule a pipeline run with the scheduler API", "Create, upload, and use a pipeline template"; KFP's pipeline_spec.proto.
    """

    registry: pulumi.Output[str]
    workflow: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Tracking,)
    provides = (contracts.Pipelines, contracts.Training)
    tiers = ("all", "platform")
    essential_type = "gcp:colab/schedule:Schedule"
    role_service = "aiplatform.googleapis.com"

    def __init__(self, name: str, args: VertexPipelinesArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:VertexPipelines", name, {}, opts)
        self._args, self._name = args, name
        place, mine = args.base.ground, pulumi.ResourceOptions(parent=self)
        self._opts = mine
        self._ready: list[pulumi.Resource] = [on_project(f"{name}-run", RUN, place.account, place.project, mine)]
        if args.base.tracking_service is not None:
            self._ready.append(may_call(f"{name}-tracking", args.base.tracking_service, place, mine))
        # steps run as the account that the pipeline itself runs as
        self._ready.append(
            gcp.serviceaccount.IAMMember(
                f"{name}-as-itself",
                service_account_id=place.account_name,
                role="roles/iam.serviceAccountUser",
                member=member(place.account),
                opts=mine,
            )
        )
        after = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=self._ready))
        self.registry = self._templates(place).registry_uri
        attached = jobs.attachment(name, "kubeflow", place, mine)
        self._schedules = {
            runtime: self._schedule(runtime, image, attached.id, after) for runtime, image in sorted(args.runtimes.items())
        }
        made = launcher(name, "kubeflow", place, _run(place, attached.id), [RUN, "roles/artifactregistry.reader"], after)
        self.workflow = made.name
        self._training: pulumi.Output[str] | None = None
        if args.training:
            noun, body = "kubeflow-training", training(args.base, attached.id)
            self._training = launcher(f"{name}-training", noun, place, body, [RUN], after).name
        self.register_outputs({"registry": self.registry, "workflow": self.workflow})

    def _templates(self, place: VertexGround) -> gcp.artifactregistry.Repository:
        registry = gcp.artifactregistry.Repository(
            f"{self._name}-templates",
            repository_id=dns(f"{place.stack}-pipelines", 63),
            project=place.project,
            location=place.region,
            format="KFP",
            description="Compiled pipelines",
            kms_key_name=place.kms_key,
            opts=jobs.kept(place, self._opts),
        )
        gcp.artifactregistry.RepositoryIamMember(
            f"{self._name}-templates",
            repository=registry.repository_id,
            project=place.project,
            location=place.region,
            role="roles/artifactregistry.reader",
            member=member(place.account),
            opts=self._opts,
        )
        return registry

    def _schedule(
        self, runtime: str, image: str, attached: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> gcp.colab.Schedule:
        place, colab = self._args.base.ground, gcp.colab
        script = pulumi.Output.concat("/gcs/", place.bucket, "/", SCRIPT)
        return colab.Schedule(
            f"{self._name}-{runtime}",
            display_name=f"{place.stack}-{runtime}",
            project=place.project,
            location=place.region,
            cron=WEEKLY,
            desired_state="PAUSED",
            max_concurrent_run_count="1",
            allow_queueing=False,
            create_pipeline_job_request=colab.ScheduleCreatePipelineJobRequestArgs(
                pipeline_job=colab.ScheduleCreatePipelineJobRequestPipelineJobArgs(
                    display_name=f"{place.stack}-{runtime}",
                    pipeline_spec=json.dumps(pipeline(runtime, image), sort_keys=True),
                    service_account=place.account,
                    encryption_spec=colab.ScheduleCreatePipelineJobRequestPipelineJobEncryptionSpecArgs(
                        kms_key_name=place.kms_key
                    ),
                    psc_interface_config=colab.ScheduleCreatePipelineJobRequestPipelineJobPscInterfaceConfigArgs(
                        network_attachment=attached
                    ),
                    runtime_config=colab.ScheduleCreatePipelineJobRequestPipelineJobRuntimeConfigArgs(
                        gcs_output_directory=jobs.uri(place, "runs"),
                        parameter_values={"script": script, "tracking": self._args.base.tracking_uri or ""},
                    ),
                )
            ),
            opts=opts,
        )

    @staticmethod
    def wants(config: Kubeflow) -> Wants:
        """A bucket for the pipelines' artifacts."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> VertexPipelinesArgs:
        """From `systems.kubeflow` of the spec; sizes of servers are the service's own affair."""
        config: Kubeflow = site.config
        tracking = site.maybe(contracts.Tracking)
        base = LaunchedJobsArgs(
            jobs.ground(site, BUCKET),
            config.values.get("image"),
            tracking.uri if tracking else None,
            tracking.server if tracking else None,
        )
        return VertexPipelinesArgs(base, config.training, dict(config.runtimes))

    def contracts(self) -> Sequence[Any]:
        """The API of pipelines, and of training where it is wanted."""
        found: list[Any] = [contracts.Pipelines(jobs.vertex(self._args.base.ground, "pipelineJobs"))]
        if self._training is not None:
            found.append(contracts.Training(runtimes=["kubeflow-training"], ready=self._ready))
        return found

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where templates go, what runs them, as whom."""
        place = self._args.base.ground
        found: dict[str, pulumi.Input[str]] = {
            "registry": self.registry,
            "launcher": self.workflow,
            "account": place.account,
            "artifacts": jobs.uri(place, "runs"),
            **{f"schedule.{runtime}": made.name for runtime, made in self._schedules.items()},
        }
        return found | ({"training": self._training} if self._training is not None else {})


def _run(place: VertexGround, attached: pulumi.Input[str]) -> pulumi.Output[str]:
    """A workflow that runs a template of the registry (Vertex AI API reference, pipelineJobs.create)."""
    body = {
        "displayName": '${"pipeline-" + string(int(sys.now()))}',
        "templateUri": "${job.template}",
        "runtimeConfig": {"gcsOutputDirectory": jobs.uri(place, "runs"), "parameterValues": "${job.parameters}"},
        "serviceAccount": place.account,
        "encryptionSpec": jobs.encrypted(place),
        "pscInterfaceConfig": {"networkAttachment": attached},
    }
    return source({"template": "", "parameters": {}}, [post(jobs.vertex(place, "pipelineJobs"), body)])


def pipeline(runtime: str, image: str) -> dict[str, Any]:
    """A pipeline of one step as the KFP compiler writes it: `python <script>` in `image`, its parameters script and tracking."""
    text = {"parameterType": "STRING"}
    parameters = {"script": text, "tracking": text}
    taken = {key: {"componentInputParameter": key} for key in parameters}
    container = {
        "image": image,
        "command": ["python", "{{$.inputs.parameters['script']}}"],
        "args": ["--tracking", "{{$.inputs.parameters['tracking']}}"],
    }
    task = {"taskInfo": {"name": "train"}, "componentRef": {"name": "comp-train"}, "inputs": {"parameters": taken}}
    return {
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2",
        "pipelineInfo": {"name": runtime},
        "root": {"inputDefinitions": {"parameters": parameters}, "dag": {"tasks": {"train": task}}},
        "components": {"comp-train": {"executorLabel": "exec-train", "inputDefinitions": {"parameters": parameters}}},
        "deploymentSpec": {"executors": {"exec-train": {"container": container}}},
    }
