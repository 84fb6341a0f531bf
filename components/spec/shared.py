"""Typed configuration of what every system shares: the gateway, single sign-on, secrets from outside, backups."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from components.spec.base import Cron, Duration, Model, Name, Resources, System


class Gateway(System):
    """The way in from outside: Envoy Gateway and one Gateway with a certificate for every host of the stack's domain."""

    replicas: int = Field(default=2, ge=1, le=10, description="Envoy pods.")
    service: Literal["LoadBalancer", "ClusterIP"] = Field(
        default="LoadBalancer", description="Type of Envoy's Service; ClusterIP where something else brings the traffic in."
    )
    annotations: dict[str, str] = Field(
        default_factory=dict, description="Of Envoy's Service: what the cloud's load balancer controller reads."
    )
    source_ranges: list[str] = Field(
        default=["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
        description="Address ranges that the load balancer lets in; private ones unless the stack says otherwise.",
    )
    resources: Resources = Field(default=Resources(cpu="250m", memory="512Mi"), description="Requests and limits of each Envoy.")


class Connector(Model):
    """An identity provider of the company that users come from."""

    type: Literal["oidc", "ldap", "saml", "github", "gitlab", "google", "microsoft", "bitbucket-cloud", "openshift"] = Field(
        description="Dex's connector."
    )
    name: str = Field(description="What users see on the button.")
    config: dict[str, Any] = Field(default_factory=dict, description="As Dex documents it, without what is secret.")
    secret_name: Name | None = Field(default=None, description="Secret in namespace `login` with what is secret.")
    secret_refs: list[str] = Field(
        default_factory=list, description="Options of the config that are keys of that Secret (clientSecret, bindPW)."
    )


class Login(System):
    """Single sign-on: Dex as the OpenID Connect provider, oauth2-proxy as the gateway's doorkeeper."""

    users: list[Name] = Field(
        default_factory=list,
        description="Users of Dex's own, each with a generated password; `admin` where there is neither user nor connector.",
    )
    connectors: dict[Name, Connector] = Field(default_factory=dict, description="Identity providers of the company, by id.")
    groups: list[str] = Field(default_factory=list, description="Groups that may pass; everybody who can log in if empty.")
    session: Duration = Field(default="12h", description="How long a login lasts.")
    replicas: int = Field(default=2, ge=1, le=10, description="Pods of Dex and of oauth2-proxy.")
    resources: Resources = Field(
        default=Resources(cpu="50m", memory="128Mi"), description="Requests and limits of each Dex and each oauth2-proxy."
    )


class SecretStore(Model):
    """A store of secrets outside of the cluster."""

    provider: dict[str, Any] = Field(
        description="One provider as External Secrets documents it, for example {aws: {service: SecretsManager, region: ...}}."
    )
    namespaces: list[Name] = Field(default_factory=list, description="Namespaces that may read it; every one if empty.")


class RemoteKey(Model):
    """Where one key of a Secret comes from."""

    key: str = Field(description="Name of the secret in the store.")
    property: str | None = Field(default=None, description="One field of it, where it holds several.")


class MirroredSecret(Model):
    """A Secret of the cluster that is kept equal to what the store holds."""

    store: Name = Field(description="One of `stores`.")
    namespace: Name = Field(description="Namespace that the Secret is to stand in.")
    keys: dict[str, RemoteKey] = Field(min_length=1, description="Keys of the Secret.")
    refresh: Duration = Field(default="1h", description="How often the store is asked.")


class ExternalSecrets(System):
    """Secrets from outside: External Secrets Operator, its stores, and the Secrets that it keeps."""

    stores: dict[Name, SecretStore] = Field(default_factory=dict, description="ClusterSecretStores by name.")
    secrets: dict[Name, MirroredSecret] = Field(
        default_factory=dict, description="Secrets of the cluster that the stores fill, by name."
    )
    replicas: int = Field(default=1, ge=1, le=3, description="Pods of the operator and of its webhook.")
    resources: Resources = Field(default=Resources(cpu="25m", memory="256Mi"), description="Requests and limits of each pod.")

    @model_validator(mode="after")
    def _stores_are_declared(self) -> Self:
        for name, secret in self.secrets.items():
            if secret.store not in self.stores:
                raise ValueError(f'secrets.{name}.store: "{secret.store}" is none of stores ({", ".join(self.stores) or "none"})')
        return self


class Backups(System):
    """Backups of the stack's namespaces to the object store: Velero."""

    schedule: Cron = Field(default="0 1 * * *", description="When (cron expression, UTC).")
    retention: Duration = Field(default="30d", description="How long a backup is kept.")
    namespaces: list[Name] = Field(
        default_factory=list, description="Namespaces that are backed up; every one but the cluster's own if empty."
    )
    volumes: bool = Field(
        default=True, description="Also the content of volumes, file by file (a privileged agent on each node)."
    )
    resources: Resources = Field(default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of the server.")


class Prediction(Model):
    """What the lineage job asks the serving system."""

    path: str = Field(pattern=r"^/[^\s]*$", description="Path below the system's address, for example /predict.")
    body: dict[str, Any] = Field(min_length=1, description="JSON that is posted there, as the model expects it.")


class Lineage(System):
    """The platform's own acceptance test: a job that goes from a topic to a prediction through all that the stack has."""

    schedule: Cron | None = Field(
        default=None, description="When it runs by itself (cron expression, UTC); by `mlops lineage --submit` alone if unset."
    )
    records: int = Field(default=100, ge=10, le=10000, description="Records that a run writes and follows.")
    prediction: Prediction | None = Field(
        default=None, description="What the serving system is asked; only whether it answers if unset."
    )
    resources: Resources = Field(
        default=Resources(cpu="200m", memory="1Gi"), description="Requests and limits of each step; one runs at a time."
    )
