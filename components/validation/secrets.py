"""Finds credentials that stand in a file in plain text. Never shows them."""

import re
from collections.abc import Iterator
from typing import Any

from components.validation.problems import Path

_CREDENTIAL = re.compile(
    r"(passw(or)?d|passphrase|pwd$|secret|token|api_?key|access_?key|private_?key|client_?key|encryption_?key"
    r"|credential|connection_?string|auth_?key|webhook_?url)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(existing|ref$|refs$|name$|names$|file$|path$|dir$|store$|ttl|expir|policy|length|rotation|provider$|class$|type$"
    r"|enabled?$|disabled?$|arn$|mount|annotations?$|labels?$|^automount|method$|audience$|issuer$|endpoint$)",
    re.IGNORECASE,
)
"""Keys about a credential that hold its name or place, not itself."""
_VALUES = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,}\b"),
    re.compile(r"\bgithub_pat_[A-Za-z0-9_]{30,}\b"),
    re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."),
    re.compile(r"://[^/\s:@]+:[^/\s:@]+@"),
)
"""Shapes that are a credential under whatever key: key blocks, cloud and forge keys, tokens, URLs with a password."""
_SEPARATORS = re.compile(r"[-. ]")


def is_credential_key(key: str) -> bool:
    """Whether a value under this key would be a credential itself."""
    plain = _SEPARATORS.sub("_", key)
    return bool(_CREDENTIAL.search(plain)) and not _REFERENCE.search(plain)


def is_credential_value(value: Any) -> bool:
    """Whether the value is a credential by its shape."""
    return isinstance(value, str) and any(pattern.search(value) for pattern in _VALUES)


def is_encrypted(value: Any) -> bool:
    """Whether it is a value that the Pulumi CLI encrypted: `{secure: …}`."""
    return isinstance(value, dict) and set(value) == {"secure"}


def find_plain(value: Any, path: Path = (), suspect: bool = False) -> Iterator[Path]:
    """The paths of all credentials in plain text at or under a value."""
    if is_encrypted(value):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            child = (*path, key)
            if not _names_secrets(child):
                yield from find_plain(item, child, is_credential_key(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_plain(item, (*path, index), suspect)
    elif is_credential_value(value) or (suspect and isinstance(value, str | int | float) and _telling(value)):
        yield path


def find_encrypted(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all encrypted values at or under a value."""
    if is_encrypted(value):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from find_encrypted(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_encrypted(item, (*path, index))


def hides(path: Path, value: Any) -> bool:
    """Whether a value at this path must not be shown in a message."""
    return (
        is_credential_value(value)
        or (any(isinstance(step, str) and is_credential_key(step) for step in path) and not _names_secrets(path))
        or any(True for _ in find_plain(value))
    )


def _names_secrets(path: Path) -> bool:
    """`bringYourOwn.<contract>.credentials` holds names of Secrets, never what is in them."""
    return len(path) >= 3 and path[-1] == "credentials" and path[-3] == "bringYourOwn"


def _telling(value: Any) -> bool:
    """A switch or an empty text gives nothing away."""
    return not isinstance(value, bool) and str(value).strip() != ""
