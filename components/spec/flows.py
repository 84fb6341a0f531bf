"""Typed configuration of the systems that run workflows, pipelines, trainings and searches."""

from pydantic import Field

from components.spec.base import Duration, Image, Model, Name, Quantity, Resources, System


class Argo(System):
    """Workflows: Argo Workflows with its artifacts in our object store and its archive in our database."""

    replicas: int = Field(default=1, ge=1, le=10, description="API and UI servers.")
    controllers: int = Field(default=1, ge=1, le=3, description="Workflow controllers; one works, the others stand by.")
    parallelism: int | None = Field(default=None, ge=1, description="Workflows that run at once; no bound if unset.")
    archive_for: Duration = Field(default="90d", description="How long finished workflows are kept in the database.")
    keep_finished_for: Duration = Field(default="1d", description="How long finished Workflow objects stay in the cluster.")
    resources: Resources = Field(
        default=Resources(cpu="200m", memory="512Mi"), description="Requests and limits of each controller."
    )
    server_resources: Resources = Field(
        default=Resources(cpu="100m", memory="256Mi"), description="Requests and limits of each server."
    )


class GitDags(Model):
    """A repository that workflows are taken from."""

    repository: str = Field(pattern=r"^(https://|ssh://|git@)", description="URL of the repository.")
    branch: str = Field(default="main", description="Branch that is followed.")
    path: str = Field(default="dags", description="Folder inside the repository.")
    every: Duration = Field(default="60s", description="How often the branch is looked at.")
    credentials_secret: str | None = Field(
        default=None,
        description="Secret in the system's namespace with GITSYNC_USERNAME and GITSYNC_PASSWORD (and both as GIT_SYNC_…).",
    )


class Airflow(System):
    """Workflows: Apache Airflow, each task a pod, its records in our database and its logs in our object store."""

    replicas: int = Field(default=1, ge=1, le=10, description="API and UI servers.")
    schedulers: int = Field(default=1, ge=1, le=5, description="Schedulers, all at work.")
    dags: GitDags | None = Field(default=None, description="Repository of the DAGs; folder dags of bucket airflow if unset.")
    keep_for: Duration = Field(default="90d", description="How long the records of runs are kept.")
    environment_class: str = Field(
        default="mw1.small", pattern=r"^mw1\.", description="Size of the managed environment (target sagemaker only)."
    )
    workers: int = Field(default=5, ge=1, le=25, description="Workers at most (clouds only).")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each server.")
    scheduler_resources: Resources = Field(
        default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each scheduler and DAG processor."
    )
    task_resources: Resources = Field(
        default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of a task that says nothing of its own."
    )


class Notebook(Model):
    """A notebook server that the notebook controller runs."""

    image: Image | None = Field(
        default=None, description="A Jupyter Docker Stacks image (user 1000, /home/jovyan); scipy-notebook if unset."
    )
    gpus: int = Field(default=0, ge=0, le=16, description="GPUs.")
    storage: Quantity = Field(default="10Gi", description="Its home volume in bytes.")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits.")


class Kubeflow(System):
    """Pipelines, distributed training and notebooks: Kubeflow Pipelines on our database and object store, Kubeflow Trainer,
    and Kubeflow's notebook controller without Istio."""

    notebooks: dict[Name, Notebook] | None = Field(
        default=None,
        description="Notebooks by name; {} is the notebook controller alone, for teams that make their own. None of it if unset.",
    )

    training: bool = Field(default=True, description="Trainer, and JobSet that it stands on.")
    runtimes: dict[Name, Image] = Field(
        default_factory=lambda: {"torch-distributed": "docker.io/pytorch/pytorch:2.13.0-cuda13.0-cudnn9-runtime"},
        description="Images of PyTorch that trainings may name as their runtime, by that name.",
    )
    replicas: int = Field(default=1, ge=1, le=5, description="API servers, and as many user interfaces.")
    keep_finished_for: Duration = Field(default="1d", description="How long a finished run's objects stay in the cluster.")
    resources: Resources = Field(
        default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of each API server."
    )
    agent_resources: Resources = Field(
        default=Resources(cpu="120m", memory="512Mi"),
        description="Requests and limits of each of the others: agents, controllers, metadata store, user interface.",
    )


class Katib(System):
    """Hyperparameter search: Katib with its observations in our database."""

    namespaces: list[Name] = Field(
        default_factory=list, description="Namespaces beside its own where experiments run and metrics are collected."
    )
    resources: Resources = Field(
        default=Resources(cpu="100m", memory="256Mi"),
        description="Requests and limits of the controller, database manager and UI.",
    )
    search_resources: Resources = Field(
        default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of each experiment's search algorithm."
    )
