"""Physical names for resources whose program gave none: `<logical name>-<7 hex>` or the cloud's form, the same at every run.

A name drawn at random would be lost when the engine is killed between the API call and its record; a computed one lets
the next run find what the last one made.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.providers.cloud.spec import Name, Spec
from sandbox.providers.values import UNKNOWN


def automatic(spec: Spec, name: Name, urn: str, inputs: Mapping[str, Any], generation: int = 0) -> str:
    """The name for `urn` with these inputs.

    Inputs that force a replacement go into the hash, so that the new object can stand beside the old one; `generation`
    tells two objects apart when a replacement was asked for and no input changed.
    """
    paths = inputs if "*" in spec.replace else spec.replace
    forcing = {path: inputs.get(path.split(".")[0]) for path in paths if path.split(".")[0] != name.property}
    return named(name, urn.rsplit("::", 1)[-1], f"{urn}{_canonical(forcing)}{generation or ''}")


def named(name: Name, logical: str, seed: str) -> str:
    """`logical` in the cloud's alphabet and length, with a hash of `seed`."""
    text = logical.lower() if name.lower else logical
    text = "".join(letter if re.fullmatch(name.allowed, letter) else "-" for letter in text)
    suffix = name.joint + hashlib.sha256(seed.encode()).hexdigest()[: name.digits]
    return f"{name.prefix}{text[: name.limit - len(name.prefix) - len(suffix)].rstrip('-')}{suffix}"


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=lambda item: "?" if item is UNKNOWN else repr(item))
