"""Typed configuration of what builds and delivers."""

from pydantic import Field

from components.spec.base import Image, Model, Name, Quantity, Resources, System


class Jenkins(System):
    """Builds: Jenkins with agents as pods, and a pipeline that previews this project's stacks, on Kubernetes."""

    image: Image | None = Field(
        default=None, description="Controller's image with its plugins, built from images/jenkins; the stack's if unset."
    )
    agent_image: Image | None = Field(
        default=None, description="Agent's image with python and pulumi, built from images/jenkins-agent; the stack's if unset."
    )
    repository: str | None = Field(
        default=None,
        pattern=r"^(https?|ssh)://",
        description="URL of the repository whose Jenkinsfile previews stacks; `project` on the stack's git server if unset.",
    )
    repository_secret: str | None = Field(
        default=None, description="Secret in its namespace with keys username and password that may read `repository`."
    )
    project: str = Field(
        default="mlops/mlops", description="Path of the repository on the stack's git server: organisation/name."
    )
    agent_secret: str | None = Field(
        default=None,
        description="Secret in its namespace whose keys are the agents' variables (PULUMI_BACKEND_URL and the like).",
    )
    agents: int = Field(default=10, ge=1, le=200, description="Agent pods at a time.")
    storage: Quantity = Field(default="20Gi", description="Volume of the controller in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volume; the cluster's default if unset.")
    resources: Resources = Field(
        default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of the controller."
    )
    agent: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each agent.")

    def brings(self, name: str) -> bool:
        """Controller and agents each have an image."""
        return {"jenkins": self.image, "jenkins-agent": self.agent_image}.get(name) is not None


class RunnerSet(Model):
    """One kind of runner."""

    min: int = Field(default=0, ge=0, le=100, description="Runners that wait for work.")
    max: int = Field(default=5, ge=1, le=500, description="Runners at most.")
    gpus: int = Field(default=0, ge=0, le=16, description="NVIDIA GPUs of each runner.")
    image: Image | None = Field(default=None, description="Runner image with tag or digest; GitHub's own if unset.")
    resources: Resources = Field(default=Resources(cpu="1", memory="4Gi"), description="Requests and limits of each runner.")


class GithubActions(System):
    """GitHub Actions: runners of the user's own on Kubernetes, with a GitHub App; roles by OIDC on the managed targets."""

    url: str = Field(
        pattern=r"^https://[^/]+/[^/]+(/[^/]+)?$",
        description="Organisation or repository: https://github.com/acme or …/acme/platform.",
    )
    owner_id: str | None = Field(
        default=None,
        pattern=r"^\d+$",
        description="Number of that organisation or user (vertex only): a name can be taken over by somebody, a number cannot.",
    )
    secret: str = Field(
        default="github-app",
        description="Secret in its namespace with keys github_app_id, github_app_installation_id and github_app_private_key.",
    )
    repositories: list[str] = Field(
        default_factory=list,
        description="Repositories (organisation/name) whose workflows may deliver; that of `url` if unset (managed only).",
    )
    branch: str = Field(default="main", description="Branch whose workflows may deliver (managed targets only).")
    environment: str | None = Field(
        default=None, description="GitHub environment whose jobs may deliver, in the branch's place (managed targets only)."
    )
    prefix: Name = Field(
        default="mlops", description="Begins the names that workflows write after runs-on: mlops-cpu, mlops-gpu."
    )
    group: str | None = Field(default=None, description="Runner group of the organisation; its default if unset.")
    runners: dict[Name, RunnerSet] = Field(
        default_factory=lambda: {
            "cpu": RunnerSet(),
            "gpu": RunnerSet(max=2, gpus=1, resources=Resources(cpu="4", memory="16Gi")),
        },
        description="Kinds of runners by name.",
    )
