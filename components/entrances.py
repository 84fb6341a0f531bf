"""How users come in from outside: what a system offers them, the gateway, and the single sign-on in front of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi


@dataclass(frozen=True)
class Endpoint:
    """A user interface or API that the gateway exposes at https://<host>.<the stack's domain>."""

    host: str
    """First label of the host name ("mlflow")."""
    namespace: pulumi.Input[str]
    service: pulumi.Input[str]
    port: int
    scheme: str = "http"
    """What the Service speaks: http or https (signed by the platform's issuer)."""
    login: bool = True
    """Whether the single sign-on stands in front; off for what has a login or token of its own."""
    weights: Mapping[str, int] = field(default_factory=dict)
    """Share of the requests by Service, where several share them (a canary); all go to `service` if empty."""


@dataclass(frozen=True)
class Gateway:
    """The way in from outside (Gateway API): routes name it as their parent."""

    name: str
    namespace: pulumi.Input[str]
    listener: str
    """Name of the HTTPS listener."""
    address: pulumi.Input[str]
    """Inside the cluster: the host of its data plane's Service."""
    ready: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class Login:
    """Single sign-on: the service that the gateway asks whether a request may pass."""

    service: str
    namespace: pulumi.Input[str]
    port: int
    issuer: pulumi.Input[str]
    """URL of the OpenID Connect provider, as users and tokens know it."""
    ready: Sequence[pulumi.Resource] = ()
