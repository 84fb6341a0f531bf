"""Typed configuration of the systems for model development."""

from typing import Literal

from pydantic import Field

from components.spec.base import Cores, Duration, Image, Model, Name, Quantity, Resources, System


class Mlflow(System):
    """Experiment tracking: MLflow on our database and object store, or SageMaker's managed tracking server."""

    replicas: int = Field(default=2, ge=1, le=10, description="Server pods (Kubernetes only).")
    size: Literal["Small", "Medium", "Large"] = Field(default="Small", description="Tracking server size (SageMaker only).")
    resources: Resources = Field(default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of each server.")


class NotebookProfile(Model):
    """One choice on the notebook start page."""

    description: str = Field(default="", description="Text under the profile's name.")
    cpu: Cores = Field(default="1", description="Cores guaranteed.")
    memory: Quantity = Field(default="4Gi", description="Memory guaranteed and limit.")
    gpus: int = Field(default=0, ge=0, le=16, description="NVIDIA GPUs.")
    image: Image | None = Field(
        default=None, description="Image reference with tag or digest; the stack's notebook image if unset."
    )
    instance_type: str | None = Field(
        default=None, pattern=r"^ml\.", description="SageMaker Studio instance type (sagemaker only)."
    )
    machine_type: str | None = Field(
        default=None, description="Compute Engine machine type (vertex only); the smallest that has cpu and memory if unset."
    )
    vm_size: str | None = Field(
        default=None, pattern=r"^Standard_[A-Z]", description="Size of a user's compute instance (Azure ML only)."
    )


class Jupyterhub(System):
    """Notebooks: Zero to JupyterHub on Kubernetes, a SageMaker Studio domain on AWS."""

    profiles: dict[Name, NotebookProfile] = Field(
        default_factory=lambda: {
            "cpu": NotebookProfile(description="Two cores", cpu="2", memory="8Gi"),
            "gpu": NotebookProfile(description="One GPU", cpu="4", memory="16Gi", gpus=1),
        },
        description="Choices on the start page, by name.",
    )
    storage: Quantity = Field(default="10Gi", description="Home volume of each user in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the homes; the cluster's default if unset.")
    idle_timeout: Duration = Field(default="2h", description="Notebooks idle for this long are stopped.")
    users: list[Name] = Field(
        default_factory=list, description="Users allowed to log in (Kubernetes) or given a Studio profile (cloud)."
    )
    admins: list[Name] = Field(default_factory=list, description="Users allowed to administer the hub.")
    entra_ids: dict[Name, str] = Field(
        default_factory=dict,
        description="Object id in Microsoft Entra by user: whose compute instance it is (Azure ML only).",
    )


class Optuna(System):
    """Hyperparameter search: Optuna's studies in our database, and its dashboard."""

    replicas: int = Field(default=1, ge=1, le=10, description="Dashboard pods.")
    resources: Resources = Field(default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of a dashboard.")


class RayWorkers(Model):
    """One group of Ray workers, all alike."""

    cpu: Cores = Field(default="2", description="Cores of each worker: requested, and what Ray schedules on.")
    memory: Quantity = Field(default="8Gi", description="Memory of each worker in bytes.")
    gpus: int = Field(default=0, ge=0, le=16, description="NVIDIA GPUs of each worker.")
    min: int = Field(default=0, ge=0, le=100, description="Workers that always stand.")
    max: int = Field(default=4, ge=1, le=100, description="Workers at most; the autoscaler adds them as tasks wait.")
    image: Image | None = Field(default=None, description="Image with this platform's Ray version; Ray's own if unset.")


class Ray(System):
    """Distributed computing: KubeRay's operator and one Ray cluster that grows and shrinks."""

    workers: dict[Name, RayWorkers] = Field(
        default_factory=lambda: {"cpu": RayWorkers(min=1), "gpu": RayWorkers(cpu="4", memory="16Gi", gpus=1, max=2)},
        min_length=1,
        description="Groups of workers by name.",
    )
    idle_timeout: Duration = Field(default="5m", description="Workers idle for this long are taken away.")
    image: Image | None = Field(default=None, description="Image of the head, with this platform's Ray version.")
    storage: Quantity = Field(default="2Gi", description="Volume of the store behind the head's fault tolerance, in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of that volume; the cluster's default if unset.")
    resources: Resources = Field(
        default=Resources(cpu="1", memory="4Gi", cpu_limit="2"), description="Requests and limits of the head."
    )


class CodeRepository(Model):
    """One repository that notebooks and jobs of a managed target clone."""

    url: str = Field(pattern=r"^https://[^/]+/.+$", description="Address for cloning.")
    branch: str = Field(default="main", description="Branch that is checked out.")


class Git(System):
    """Versioning of code: a Gitea server on our database and object store, or a connection to a hosted one on AWS."""

    provider: Literal["GitHub", "GitLab", "Bitbucket"] = Field(
        default="GitHub", description="Who hosts the repositories (managed targets only)."
    )
    repositories: dict[Name, CodeRepository] = Field(
        default_factory=dict, description="Repositories offered to notebooks, by name (managed targets only)."
    )
    storage: Quantity = Field(default="20Gi", description="Volume of the repositories in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of that volume; the cluster's default if unset.")
    actions: bool = Field(default=True, description="Gitea Actions, with a registration token for runners.")
    resources: Resources = Field(default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of the server.")
