"""A policy engine's proxied values as plain data: unknown leaves as UNKNOWN, secrets unwrapped and their places told."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy.proxy import _is_unknown
from pulumi_policy.secret import Secret

from policies.model import UNKNOWN, join

_PROXIES = {"_DictProxy", "_ListProxy", "_DictSecretsProxy", "_ListSecretsProxy"}


def _target(value: Any) -> Any:
    return value["__target"] if type(value).__name__ in _PROXIES else value


def plain(value: Any) -> Any:
    """The value as dict, list and leaves."""
    value = _target(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return UNKNOWN if _is_unknown(value) else value


def secret_paths(value: Any, path: str = "") -> Iterator[str]:
    """Where secrets stand in a remediation's view of a resource."""
    value = _target(value)
    if isinstance(value, Secret):
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from secret_paths(item, join(path, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from secret_paths(item, f"{path}[{index}]")
