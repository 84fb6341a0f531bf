"""Training jobs on Google Cloud: custom jobs of Vertex AI, launched from a template."""

from collections.abc import Sequence

import pulumi

from components import contracts
from components.vertex import jobs
from components.vertex.launched import LaunchedJobs, LaunchedJobsArgs, custom_job, defaults, named
from components.vertex.launcher import post, source


def training(args: LaunchedJobsArgs, attached: pulumi.Input[str]) -> pulumi.Output[str]:
    """A workflow that starts a customJob (Vertex AI API reference, customJobs.create)."""
    body = {
        "displayName": '${"training-" + string(int(sys.now()))}',
        "jobSpec": custom_job(args, attached, "training"),
        "encryptionSpec": jobs.encrypted(args.ground),
    }
    return source(defaults(args), [named("image", "a container image"), post(jobs.vertex(args.ground, "customJobs"), body)])


class VertexTraining(LaunchedJobs):
    """Custom jobs that are launched, never run by an `up`: account, bucket `training`, workflow `<stack>-training`.

    The launch names the image (or `values.image` of the stack file), its command and arguments, and the machine; the job runs
    in the stack's network, under its key, as the system's account, and ends after a day. AIP_MODEL_DIR lies in the bucket.
    Source: Vertex AI, "Create custom jobs", "Use Private Service Connect interface".
    """

    noun = "VertexTraining"
    key = "training"
    bucket = "training"
    optional = (contracts.Tracking,)
    provides = (contracts.Training,)

    @staticmethod
    def source(args: LaunchedJobsArgs, attached: pulumi.Input[str]) -> pulumi.Output[str]:
        """One custom job."""
        return training(args, attached)

    def contracts(self) -> Sequence[contracts.Training]:
        """Training: its template."""
        return [contracts.Training(runtimes=["training"], ready=self.rights)]
