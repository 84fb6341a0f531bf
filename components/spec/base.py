"""What every part of the typed configuration shares: the model base and the checked scalar types."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_QUANTITY = re.compile(r"^(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?$")
_DURATION = re.compile(r"^(\d+)(s|m|h|d|w|y)$")
_LABEL = re.compile(r"^[a-z]([a-z0-9-]*[a-z0-9])?$")
_FACTORS = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


def quantity_value(text: str) -> float:
    """The number a Kubernetes quantity stands for: bytes of "100Gi", cores of "500m".

    Raises ValueError where the text is not a quantity.
    """
    found = _QUANTITY.match(text)
    if not found:
        raise ValueError('expected a Kubernetes quantity such as "500m", "2", "512Mi" or "100Gi"')
    return float(found.group(1)) * _FACTORS[found.group(2) or ""]


def duration_seconds(text: str) -> int:
    """Seconds of a duration such as "30s", "12h", "15d". Raises ValueError where the text is not one."""
    found = _DURATION.match(text)
    if not found:
        raise ValueError('expected a duration such as "30s", "15m", "12h", "7d", "4w" or "1y"')
    return int(found.group(1)) * _SECONDS[found.group(2)]


def _quantity(value: str) -> str:
    if quantity_value(value) <= 0:
        raise ValueError("expected a quantity above zero")
    return value


def _duration(value: str) -> str:
    duration_seconds(value)
    return value


def _label(value: str) -> str:
    if not _LABEL.match(value):
        raise ValueError("expected lower-case letters, digits and '-', beginning with a letter (RFC 1123 label)")
    if len(value) > 40:
        raise ValueError(f"expected at most 40 characters, got {len(value)}: names of children are built from it")
    return value


Quantity = Annotated[str, AfterValidator(_quantity)]
"""A Kubernetes quantity: cores ("500m", "2") or bytes ("512Mi", "100Gi")."""
Duration = Annotated[str, AfterValidator(_duration)]
"""A length of time with its unit: "30s", "15m", "12h", "7d", "4w", "1y"."""
Name = Annotated[str, AfterValidator(_label)]
"""An RFC 1123 label of at most 40 characters."""


class Model(BaseModel):
    """Frozen, closed, camelCase in YAML and snake_case in Python."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class Resources(Model):
    """Requests (and, for memory, limits) of one container."""

    cpu: Quantity = Field(default="250m", description="CPU request in cores.")
    memory: Quantity = Field(default="512Mi", description="Memory request and limit in bytes.")
    cpu_limit: Quantity | None = Field(default=None, description="CPU limit in cores; four times the request if unset.")


class System(Model):
    """Keys that every system has."""

    target: str | None = Field(default=None, description="Overrides the stack's target for this system alone.")
    values: dict[str, Any] = Field(
        default_factory=dict,
        description="Merged last into what the installer is given (Helm values, custom resource spec or service arguments).",
    )
