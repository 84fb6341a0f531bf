"""What every part of the typed configuration shares: the model base and the checked scalar types."""

import ipaddress
import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

_QUANTITY = re.compile(r"^(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?$")
_DURATION = re.compile(r"^(\d+)(s|m|h|d|w|y)$")
_LABEL = re.compile(r"^[a-z]([a-z0-9-]*[a-z0-9])?$")
_LABEL_VALUE = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
_TOPIC = re.compile(r"^[A-Za-z0-9._-]+$")
_DOMAIN = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$")
_CRON_FIELD = re.compile(r"^(\*|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/\d+)?(,(\*|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/\d+)?)*$")
_FACTORS = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_LOOSE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*$")
NAME_LIMIT = 40
"""Longest name in characters: children, Services and cloud names are built from it."""


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
        raise ValueError(f'expected a duration such as "30s", "15m", "12h", "7d", "4w" or "1y"{_meant(text, _duration_unit)}')
    return int(found.group(1)) * _SECONDS[found.group(2)]


def _meant(text: str, unit: Any) -> str:
    """`; did you mean "100Gi"?` where only the unit is misspelt, else nothing."""
    found = _LOOSE.match(text)
    right = unit(found.group(2)) if found else None
    return f'; did you mean "{found.group(1)}{right}"?' if found and right is not None else ""


def _byte_unit(word: str) -> str | None:
    """ "Gi" for "GB", "gb", "gib", "g"."""
    first, rest = word[0].upper(), word[1:].lower()
    return f"{first}i" if first in "KMGTPE" and rest in ("", "i", "b", "ib") else None


def _core_unit(word: str) -> str | None:
    """ "" for "cores" and "cpu", "m" for "millicores"."""
    if word.lower() in ("core", "cores", "cpu", "cpus", "vcpu", "vcpus"):
        return ""
    return "m" if word.lower().startswith("milli") else None


def _duration_unit(word: str) -> str | None:
    """ "d" for "days"; minutes, hours and the rest likewise."""
    words = {"second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "hr": "h", "day": "d", "week": "w", "year": "y"}
    lower = word.lower()
    return words.get(lower.rstrip("s")) or (lower if lower in _SECONDS else None)


def _number_as_text(value: Any) -> Any:
    """YAML reads `cpu: 2` as a number; a quantity is text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _cores(value: str) -> str:
    found = _QUANTITY.match(value)
    if not found or found.group(2) not in (None, "m"):
        raise ValueError(f'expected cores such as "500m", "2" or "1.5"{_meant(value, _core_unit)}')
    if quantity_value(value) <= 0:
        raise ValueError("expected cores above zero")
    return value


def _bytes(value: str) -> str:
    found = _QUANTITY.match(value)
    if not found or found.group(2) == "m":
        raise ValueError(f'expected bytes with their unit such as "512Mi" or "100Gi"{_meant(value, _byte_unit)}')
    # nothing we size is under a mebibyte: a bare "100" is a forgotten unit
    if quantity_value(value) < _FACTORS["Mi"]:
        forgotten = "" if found.group(2) or float(value) == 0 else f'; did you mean "{value}Gi"?'
        raise ValueError(f'expected at least "1Mi"{forgotten}')
    return value


def _duration(value: str) -> str:
    if duration_seconds(value) <= 0:
        raise ValueError("expected a duration above zero")
    return value


def label(value: str) -> str:
    """The value itself where it is a name of ours. Raises ValueError saying what is accepted."""
    if len(value) > NAME_LIMIT:
        raise ValueError(f"expected at most {NAME_LIMIT} characters, got {len(value)}: names of children are built from it")
    if not _LABEL.match(value):
        raise ValueError("expected lower-case letters, digits and '-', beginning with a letter, ending with a letter or digit")
    return value


def _label_value(value: str) -> str:
    if len(value) > 63 or not _LABEL_VALUE.match(value):
        raise ValueError("expected 1 to 63 letters, digits, '-', '_' or '.', as in a Kubernetes label's value")
    return value


def _topic(value: str) -> str:
    if len(value) > 249 or not _TOPIC.match(value) or value in (".", ".."):
        raise ValueError("expected 1 to 249 letters, digits, '.', '_' or '-' (a Kafka topic)")
    return value


def _domain(value: str) -> str:
    if len(value) > 253 or not _DOMAIN.match(value):
        raise ValueError('expected a DNS domain such as "mlops.example.com"')
    return value


def _cron(value: str) -> str:
    if len(fields := value.split()) != 5 or not all(_CRON_FIELD.match(field) for field in fields):
        raise ValueError('expected a cron expression of five fields such as "0 2 * * *"')
    return value


def _cidr(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError('expected an IPv4 range such as "10.64.0.0/16", its host bits zero') from None
    if not 16 <= network.prefixlen <= 24:
        raise ValueError("expected a range from /16 to /24: a VPC takes no more, a subnet a zone no less")
    return value


def _range(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError('expected an IPv4 range such as "203.0.113.0/24", its host bits zero') from None
    if network.prefixlen < 16:
        raise ValueError("expected a range of /16 or smaller: the addresses of somebody's own network")
    return value


def _image(value: str) -> str:
    last = value.rsplit("/", 1)[-1]
    if any(c.isspace() for c in value) or (":" not in last and "@" not in last):
        raise ValueError('expected an image reference with tag or digest such as "registry.example.com/notebook:1.4"')
    return value


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError(f"expected an odd number (a majority must exist): {value - 1} or {value + 1}")
    return value


def _erasure_set(value: int) -> int:
    if value in (2, 3):
        raise ValueError("expected 1, or 4 and more: erasure coding begins at four servers")
    return value


def _text_schema(description: str, pattern: str, numbers: bool = False) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "number"] if numbers else "string", "pattern": pattern, "description": description})


Cores = Annotated[
    str,
    BeforeValidator(_number_as_text),
    AfterValidator(_cores),
    _text_schema('Cores: "500m", "2".', r"^\d+(\.\d+)?m?$", numbers=True),
]
"""CPU as a Kubernetes quantity: "500m", "2"."""
Quantity = Annotated[
    str,
    BeforeValidator(_number_as_text),
    AfterValidator(_bytes),
    _text_schema('Bytes: "512Mi", "100Gi".', r"^\d+(\.\d+)?([kMGTPE]|[KMGTPE]i)?$"),
]
"""Bytes as a Kubernetes quantity: "512Mi", "100Gi"."""
Duration = Annotated[str, AfterValidator(_duration), _text_schema('A length of time: "12h", "7d".', _DURATION.pattern)]
"""A length of time with its unit: "30s", "15m", "12h", "7d", "4w", "1y"."""
Name = Annotated[str, AfterValidator(label), Field(json_schema_extra={"pattern": _LABEL.pattern, "maxLength": NAME_LIMIT})]
"""An RFC 1123 label of at most 40 characters."""
LabelValue = Annotated[str, AfterValidator(_label_value), Field(json_schema_extra={"pattern": _LABEL_VALUE.pattern})]
"""Text that can be written on a resource as a label's value."""
TopicName = Annotated[str, AfterValidator(_topic)]
"""A Kafka topic's name."""
Domain = Annotated[str, AfterValidator(_domain)]
"""A DNS domain."""
Cron = Annotated[str, AfterValidator(_cron)]
"""A cron expression of five fields, UTC."""
Cidr = Annotated[str, AfterValidator(_cidr)]
"""An IPv4 range of a private network."""
Range = Annotated[str, AfterValidator(_range)]
"""An IPv4 range of people or machines that may connect."""
Image = Annotated[str, AfterValidator(_image)]
"""A pinned image reference."""
Odd = Annotated[int, AfterValidator(_odd), Field(json_schema_extra={"not": {"multipleOf": 2}})]
"""A number of voters."""
Servers = Annotated[int, AfterValidator(_erasure_set), Field(json_schema_extra={"not": {"enum": [2, 3]}})]
"""A number of object store servers."""


class Target(StrEnum):
    """What a stack's systems become."""

    KUBERNETES = "kubernetes"
    SAGEMAKER = "sagemaker"
    VERTEX = "vertex"
    AZUREML = "azureml"


class Model(BaseModel):
    """Frozen, closed, camelCase in YAML and snake_case in Python."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Resources(Model):
    """Requests (and, for memory, limits) of one container."""

    cpu: Cores = Field(default="250m", description="CPU request in cores.")
    memory: Quantity = Field(default="512Mi", description="Memory request and limit in bytes.")
    cpu_limit: Cores | None = Field(default=None, description="CPU limit in cores; four times the request if unset.")


class System(Model):
    """Keys that every system has."""

    target: Target | None = Field(default=None, description="Overrides the stack's target for this system alone.")
    uses: dict[str, str] = Field(
        default_factory=dict,
        description="System that meets a contract for it, by contract (database: postgres); else the first of the stack.",
    )
    values: dict[str, Any] = Field(
        default_factory=dict,
        description="Merged last into what the installer is given (Helm values, custom resource spec or service arguments).",
    )

    def brings(self, name: str) -> bool:
        """Whether it does without the stack's image `name` of ours: it names a reference itself, or runs none."""
        return False
