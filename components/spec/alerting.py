"""Typed configuration of who is told of an alert."""

from typing import Literal, Self

from pydantic import Field, model_validator

from components.spec.base import Duration, Model, Name

Severity = Literal["critical", "warning", "info"]


class Receiver(Model):
    """Where alerts go. What is secret of it (a hook's URL, a key) stands in a Secret of the user's own, named here."""

    kind: Literal["slack", "pagerduty", "webhook"] = Field(description="slack, pagerduty or webhook.")
    secret: Name = Field(
        description="Secret in the namespace of Prometheus, made by hand: key `url` (slack, webhook) or `key` (pagerduty)."
    )
    channel: str | None = Field(default=None, description="Channel, for slack.")


class Route(Model):
    """Which alerts a receiver gets; every alert where nothing is said."""

    receiver: Name = Field(description="A key of receivers.")
    severities: list[Severity] = Field(default_factory=list, description="Of these severities alone.")
    namespaces: list[Name] = Field(default_factory=list, description="From these namespaces (systems or teams) alone.")
    go_on: bool = Field(default=False, description="Whether later routes get them as well.")


class Alerting(Model):
    """Receivers, and the routes to them in order: the first that fits gets the alert."""

    receivers: dict[Name, Receiver] = Field(default_factory=dict, description="Where alerts go, by name.")
    routes: list[Route] = Field(default_factory=list, description="Who gets which, in order.")
    repeat: Duration = Field(default="12h", description="How long until an alert that still fires is sent again.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for route in self.routes:
            if route.receiver not in self.receivers:
                known = ", ".join(sorted(self.receivers)) or "none"
                raise ValueError(f'route to "{route.receiver}": expected a key of receivers ({known})')
        if self.receivers and not self.routes:
            raise ValueError(f"receivers without a route get nothing; add routes: [{{receiver: {next(iter(self.receivers))}}}]")
        return self
