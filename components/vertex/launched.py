"""Jobs of Vertex AI that are launched from a template and never run by an `up`: what their components share."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Wants
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import member, on_project
from components.vertex.jobs import VertexGround
from components.vertex.launcher import launcher

RUN = "roles/aiplatform.user"
"""Makes and reads jobs, models and datasets (Vertex AI, "Access control with IAM")."""


@dataclass
class LaunchedJobsArgs:
    """Where the jobs run, and what they tell of themselves."""

    ground: VertexGround
    """Network, key, bucket and account of the jobs."""
    image: Optional[pulumi.Input[str]] = None
    """Image of a job where the launch names none: `values.image` of the system's section."""
    tracking_uri: Optional[pulumi.Input[str]] = None
    """MLflow server that jobs log to."""
    tracking_service: Optional[pulumi.Input[str]] = None
    """Its Cloud Run service, which the jobs' account is let in to."""


class LaunchedJobs(pulumi.ComponentResource):
    """A bucket, an account, a way into the network and one workflow that launches a job with the stack's settings.

    Nothing runs before `gcloud workflows run <stack>-<key> --data '{…}'`. A subclass says in `source` what is asked of Vertex AI,
    and by `enters` whether machines of its own enter the network.
    """

    workflow: pulumi.Output[str]

    noun = "LaunchedJobs"
    key = "jobs"
    bucket = "jobs"
    enters = True
    needs = (contracts.Network, contracts.ObjectStore)
    # of any length, for subclasses have their own
    optional = tuple[type, ...]()
    provides = tuple[type, ...]()
    tiers = ("all", "platform")
    essential_type = "gcp:workflows/workflow:Workflow"
    role_service = "aiplatform.googleapis.com"

    def __init__(self, name: str, args: LaunchedJobsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        self._args = args
        self.rights: list[pulumi.Resource] = [on_project(f"{name}-run", RUN, place.account, place.project, mine)]
        if args.tracking_service is not None:
            self.rights.append(may_call(f"{name}-tracking", args.tracking_service, place, mine))
        attached = jobs.attachment(name, self.key.lower(), place, mine).id if self.enters else ""
        ready = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=self.rights))
        self.workflow = launcher(name, self.key, place, self.source(args, attached), [RUN], ready).name
        self.register_outputs({"workflow": self.workflow})

    @staticmethod
    @abstractmethod
    def source(args: LaunchedJobsArgs, attached: pulumi.Input[str]) -> pulumi.Output[str]:
        """The workflow; `attached` is the network attachment that machines enter by."""

    @classmethod
    def wants(cls, config: Any) -> Wants:
        """A bucket for data and models."""
        return Wants(buckets=(cls.bucket,))

    @classmethod
    def plan(cls, site: Site) -> LaunchedJobsArgs:
        """From the stack's network, account and tracking server; the image from `values` of the section, if it has one."""
        tracking = site.maybe(contracts.Tracking)
        return LaunchedJobsArgs(
            ground=jobs.ground(site, cls.bucket),
            image=site.config.values.get("image"),
            tracking_uri=tracking.uri if tracking else None,
            tracking_service=tracking.server if tracking else None,
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a job is launched by, what it runs as, where it writes."""
        place = self._args.ground
        return {"launcher": self.workflow, "account": place.account, "artifacts": jobs.uri(place)}


def may_call(
    name: str, service: pulumi.Input[str], place: VertexGround, opts: pulumi.ResourceOptions
) -> gcp.cloudrunv2.ServiceIamMember:
    """The ground's account may call a Cloud Run service."""
    return gcp.cloudrunv2.ServiceIamMember(
        name,
        name=service,
        project=place.project,
        location=place.region,
        role="roles/run.invoker",
        member=member(place.account),
        opts=opts,
    )


def custom_job(args: LaunchedJobsArgs, attached: pulumi.Input[str], output: str) -> dict[str, Any]:
    """jobSpec of one container, as a launch with `defaults` said (Vertex AI API reference, CustomJobSpec)."""
    place = args.ground
    told = [{"name": "MLFLOW_TRACKING_URI", "value": args.tracking_uri}] if args.tracking_uri is not None else []
    container = {"imageUri": "${job.image}", "command": "${job.command}", "args": "${job.args}", "env": told}
    pool = {"machineSpec": {"machineType": "${job.machineType}"}, "replicaCount": "${job.replicas}", "containerSpec": container}
    return {"workerPoolSpecs": [pool], **jobs.safe(place, attached, jobs.uri(place, output))}


def defaults(args: LaunchedJobsArgs) -> dict[str, Any]:
    """What a launch may say otherwise, with what holds if it does not; an image must be named by the launch or the spec."""
    return {"image": args.image or "", "command": [], "args": [], "machineType": jobs.MACHINE, "replicas": 1}


def named(key: str, example: str) -> dict[str, Any]:
    """A step that refuses a launch without `key`."""
    said = f"{key}: missing; expected {example}, as --data '{{\"{key}\": …}}'"
    return {f"{key}_named": {"switch": [{"condition": f'${{job.{key} == ""}}', "raise": said}]}}
