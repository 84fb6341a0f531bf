"""Typed configuration of monitoring and (later) serving systems."""

from typing import Literal

from pydantic import Field

from components.spec.base import Duration, Quantity, Resources, System


class Prometheus(System):
    """Metrics: kube-prometheus-stack on Kubernetes, Amazon Managed Service for Prometheus on AWS."""

    replicas: int = Field(default=1, ge=1, le=5, description="Prometheus servers (Kubernetes only).")
    retention: Duration = Field(default="15d", description="How long samples are kept.")
    storage: Quantity = Field(default="50Gi", description="Volume of each server in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    alertmanagers: int = Field(default=1, ge=1, le=5, description="Alertmanager pods (Kubernetes only).")
    resources: Resources = Field(default=Resources(cpu="500m", memory="2Gi"), description="Requests and limits of each server.")


class Grafana(System):
    """Dashboards: Grafana on Kubernetes, Amazon Managed Grafana on AWS."""

    replicas: int = Field(default=1, ge=1, le=5, description="Grafana pods (Kubernetes only).")
    authentication: Literal["AWS_SSO", "SAML"] = Field(
        default="AWS_SSO", description="How users log in to the managed workspace (cloud only)."
    )
    resources: Resources = Field(default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of each server.")
