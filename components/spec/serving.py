"""Typed configuration of monitoring and serving systems."""

from typing import Literal

from pydantic import Field

from components.spec.alerting import Alerting
from components.spec.base import Duration, Image, Model, Name, Quantity, Resources, System


class Prometheus(System):
    """Metrics: kube-prometheus-stack on Kubernetes, Amazon Managed Service for Prometheus on AWS."""

    replicas: int = Field(default=1, ge=1, le=5, description="Prometheus servers (Kubernetes only).")
    retention: Duration = Field(default="15d", description="How long samples are kept.")
    storage: Quantity = Field(default="50Gi", description="Volume of each server in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    alertmanagers: int = Field(default=1, ge=1, le=5, description="Alertmanager pods (Kubernetes only).")
    alerting: Alerting = Field(
        default_factory=Alerting, description="Who is told of which alert: nobody if unset (Kubernetes only)."
    )
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each server.")


class Grafana(System):
    """Dashboards: Grafana on Kubernetes, Amazon Managed Grafana on AWS."""

    replicas: int = Field(default=1, ge=1, le=5, description="Grafana pods (Kubernetes only).")
    authentication: Literal["AWS_SSO", "SAML"] = Field(
        default="AWS_SSO", description="How users log in to the managed workspace (sagemaker only)."
    )
    resources: Resources = Field(default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of each server.")


class Canary(Model):
    """A second version that gets a share of the requests that come through the gateway."""

    weight: int = Field(ge=1, le=99, description="Share of the requests in percent.")
    image: Image | None = Field(default=None, description="Its image; the model's own if unset.")
    model: str | None = Field(default=None, description="Its prefix in bucket `models`; the model's own if unset.")
    replicas: int = Field(default=1, ge=1, le=50, description="Its pods; it is not scaled.")


class ServedModel(Model):
    """One model behind an HTTP API, from an image or from a prefix of bucket `models` (or both)."""

    image: Image | None = Field(default=None, description="Image that serves; the system's own server if unset.")
    model: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        description="Prefix in bucket `models` whose objects are put into the pod before it starts, at $MODEL_PATH.",
    )
    replicas: int = Field(default=2, ge=1, le=50, description="Pods at least.")
    max_replicas: int | None = Field(default=None, ge=1, le=50, description="Pods at most, by CPU; `replicas` if unset.")
    target_cpu: int = Field(default=70, ge=10, le=100, description="Percent of the CPU request that the autoscaler aims at.")
    scale_by: Literal["cpu", "requests"] = Field(
        default="cpu",
        description="What pods are counted by: cpu; requests: those at the gateway, by the cluster's KEDA (Kubernetes only).",
    )
    target_requests: int = Field(
        default=20, ge=1, le=100000, description="Requests a second of each pod that KEDA aims at (scaleBy: requests)."
    )
    gpus: int = Field(default=0, ge=0, le=16, description="NVIDIA GPUs of each pod.")
    port: int | None = Field(
        default=None, ge=1024, le=65535, description="Port of the image's HTTP API; the system's usual one if unset."
    )
    health: str | None = Field(
        default=None, pattern=r"^/", description="Path that answers 200 when ready; the system's usual one if unset."
    )
    metrics: str | None = Field(
        default=None, pattern=r"^/", description="Path of Prometheus samples; the system's usual one if unset."
    )
    environment: dict[str, str] = Field(default_factory=dict, description="Further variables of the server.")
    secret_names: list[Name] = Field(
        default_factory=list, description="Secrets of its namespace whose keys become variables of the server."
    )
    login: bool = Field(default=True, description="Whether the gateway asks for a login or an ID token.")
    scratch: Quantity = Field(default="10Gi", description="Room for the model's files in each pod.")
    canary: Canary | None = Field(default=None, description="A second version for a share of the requests.")
    instance_type: str | None = Field(
        default=None, pattern=r"^ml\.", description="SageMaker instance type; by `gpus` if unset (managed targets only)."
    )
    vm_size: str | None = Field(
        default=None,
        pattern=r"^Standard_[A-Z]",
        description="Size of an endpoint's machines; by `gpus` if unset (target azureml only).",
    )
    resources: Resources = Field(default=Resources(cpu="500m", memory="1Gi"), description="Requests and limits of each pod.")


class ModelServices(System):
    """Model services of our own making: a Deployment, Service, budget, autoscaler and monitor for each."""

    models: dict[Name, ServedModel] = Field(default_factory=dict, description="Models by name.")


class Fastapi(ModelServices):
    """FastAPI services: your images, or our server for MLflow models."""


class Flask(ModelServices):
    """Flask services: your images, or our server for MLflow models."""


class Bentoml(ModelServices):
    """Bentos: images that `bentoml containerize` made."""


class Tfserving(ModelServices):
    """TensorFlow Serving: SavedModels from bucket `models`, `<prefix>/<version>/saved_model.pb`."""


class InferenceModel(Model):
    """One KServe InferenceService."""

    format: str = Field(description="Model format, by which KServe picks a runtime: sklearn, xgboost, mlflow, onnx, tensorflow …")
    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", description="Prefix in bucket `models`.")
    runtime: str | None = Field(default=None, description="ClusterServingRuntime; picked by the format if unset.")
    image: Image | None = Field(
        default=None, description="Image that serves; picked by the format if unset (managed targets only)."
    )
    instance_type: str | None = Field(
        default=None, pattern=r"^ml\.", description="SageMaker instance type; by `gpus` if unset (managed targets only)."
    )
    vm_size: str | None = Field(
        default=None,
        pattern=r"^Standard_[A-Z]",
        description="Size of an endpoint's machines; by `gpus` if unset (target azureml only).",
    )
    replicas: int = Field(default=1, ge=1, le=50, description="Pods at least.")
    max_replicas: int | None = Field(default=None, ge=1, le=50, description="Pods at most, by CPU; `replicas` if unset.")
    gpus: int = Field(default=0, ge=0, le=16, description="NVIDIA GPUs of each pod.")
    login: bool = Field(default=True, description="Whether the gateway asks for a login or an ID token.")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each pod.")


Runtime = Literal[
    "sklearnserver", "xgbserver", "lgbserver", "mlserver", "tensorflow", "tritonserver", "huggingfaceserver", "pmmlserver",
    "paddleserver", "predictiveserver", "autogluonserver", "torchserve",
]  # fmt: skip


class Kserve(System):
    """KServe: the controller in Standard mode, its runtimes, and InferenceServices that the stack declares."""

    models: dict[Name, InferenceModel] = Field(default_factory=dict, description="InferenceServices by name.")
    runtimes: list[Runtime] = Field(
        default=["sklearnserver", "xgbserver", "lgbserver", "mlserver", "tensorflow", "tritonserver", "huggingfaceserver"],
        description="Runtimes that are installed.",
    )
    resources: Resources = Field(
        default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of the controller."
    )


class SeldonServer(Model):
    """One kind of inference server, whose replicas share the models."""

    replicas: int = Field(default=1, ge=1, le=50, description="Pods at least.")
    max_replicas: int | None = Field(default=None, ge=1, le=50, description="Pods at most, by its models; `replicas` if unset.")
    storage: Quantity = Field(default="10Gi", description="Volume of each pod for models' files, in bytes.")
    resources: Resources = Field(
        default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of the server, which its models share."
    )


class SeldonModel(Model):
    """One Seldon Model."""

    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", description="Prefix in bucket `models`.")
    requirements: list[str] = Field(min_length=1, description="What its server must be able to: sklearn, xgboost, mlflow, onnx …")
    server: Literal["mlserver", "triton"] | None = Field(default=None, description="Its server; any that is able to if unset.")
    replicas: int = Field(default=1, ge=1, le=50, description="Servers that hold it.")
    memory: Quantity = Field(default="256Mi", description="What it takes of a server's memory, in bytes.")


class Seldon(System):
    """Seldon Core 2, under the Business Source License 1.1: KServe serves the same models without it."""

    accept_bsl_license: bool = Field(
        default=False, description="Must be true: Seldon Core 2 is under the Business Source License 1.1, not open source."
    )
    models: dict[Name, SeldonModel] = Field(default_factory=dict, description="Models by name.")
    mlserver: SeldonServer | None = Field(default=SeldonServer(), description="MLServer; null leaves it out.")
    triton: SeldonServer | None = Field(default=None, description="NVIDIA Triton; left out if unset.")
    partitions: int = Field(default=1, ge=1, le=100, description="Partitions of each topic that it makes.")
    login: bool = Field(default=True, description="Whether the gateway asks for a login or an ID token.")
    resources: Resources = Field(
        default=Resources(cpu="100m", memory="1Gi"), description="Requests and limits of scheduler, gateways and Envoy, each."
    )
    dataflow: Resources = Field(
        default=Resources(cpu="100m", memory="3Gi"),
        description="Requests and limits of the dataflow engine, which runs pipelines.",
    )
