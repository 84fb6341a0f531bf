"""Constructor arguments of model services, and how the spec becomes them."""

from dataclasses import dataclass, field
from typing import Optional

import pulumi

from components.contracts import BucketAccess, Metrics, Wants
from components.kubernetes.place import Compute
from components.spec.serving import ModelServices
from components.system import Site

NAMESPACE = "serving"
BUCKET = "models"


@dataclass
class CanaryArgs:
    """A second version for a share of the requests."""

    weight: int
    """Percent."""
    replicas: int
    image: Optional[str] = None
    model: Optional[str] = None


@dataclass
class ServedModelArgs:
    """One model."""

    compute: Compute
    replicas: int
    max_replicas: int
    target_cpu: int
    """Percent of the request."""
    target_requests: Optional[int]
    """Requests a second of each pod, by KEDA; by CPU alone if unset."""
    scratch: str
    """Room for its files in bytes."""
    gpus: int = 0
    image: Optional[str] = None
    """The system's own server if unset."""
    model: Optional[str] = None
    """Prefix in the bucket."""
    port: Optional[int] = None
    health: Optional[str] = None
    metrics: Optional[str] = None
    login: bool = True
    environment: dict[str, str] = field(default_factory=dict)
    secret_names: list[str] = field(default_factory=list)
    canary: Optional[CanaryArgs] = None


@dataclass
class ModelServicesArgs:
    """The models of one system."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    models: dict[str, ServedModelArgs]
    bucket: Optional[BucketAccess] = None
    """Where their files lie, where the stack has an object store."""
    query_url: Optional[pulumi.Input[str]] = None
    """Where KEDA asks for the gateway's requests."""
    monitored: bool = False
    registry_mirror: Optional[str] = None


def wants(config: ModelServices) -> Wants:
    """One bucket for the models' files."""
    return Wants(buckets=(BUCKET,))


def plan(site: Site) -> ModelServicesArgs:
    """The spec as constructor arguments. Raises pulumi.RunError where there is nothing to serve."""
    config: ModelServices = site.config
    if not config.models:
        raise pulumi.RunError(f"{site.key}: no models; name one under mlops:spec.systems.{site.key}.models")
    metrics = site.maybe(Metrics)
    site.ready += list(metrics.ready) if metrics else []
    return ModelServicesArgs(
        namespace=site.namespace or NAMESPACE,
        labels=site.naming.labels(site.key),
        models={
            name: ServedModelArgs(
                compute=Compute.of(m.resources),
                replicas=m.replicas,
                max_replicas=m.max_replicas or m.replicas,
                target_cpu=m.target_cpu,
                target_requests=m.target_requests if m.scale_by == "requests" else None,
                scratch=m.scratch,
                gpus=m.gpus,
                image=m.image,
                model=m.model,
                port=m.port,
                health=m.health,
                metrics=m.metrics,
                login=m.login,
                environment=dict(m.environment),
                secret_names=list(m.secret_names),
                canary=CanaryArgs(m.canary.weight, m.canary.replicas, m.canary.image, m.canary.model) if m.canary else None,
            )
            for name, m in config.models.items()
        },
        bucket=site.buckets.get(BUCKET),
        query_url=metrics.query_url if metrics else None,
        monitored=metrics is not None,
        registry_mirror=site.spec.registry_mirror,
    )
