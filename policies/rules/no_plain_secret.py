"""No credential stands in the open: not in a variable, a ConfigMap or a cloud resource's settings."""

import re
from collections.abc import Iterator, Mapping

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, undecided
from policies.pods import containers

NAME = re.compile(r"(?i)(^|[_.-])(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)$")
CONTENT = re.compile(
    r"(?i)(-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|"
    r"\b(?:password|secret_access_key|passwd)\s*[:=]\s*['\"]?[^\s'\"{$<%]{6,})"
)
URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:(?![$%{<])[^/\s:@]{3,}@")
REMEDY = "Put it into a Secret and refer to it (valueFrom.secretKeyRef, existingSecret, manageMasterUserPassword)"
CLOUD = {"aws:rds/instance:Instance": ("password",), "aws:rds/cluster:Cluster": ("masterPassword",)}
"""Cloud resources with a setting of their own for a managed password."""


def leaks(text: str) -> bool:
    """Whether a text holds a key, a password assignment or a URL with a password."""
    return bool(CONTENT.search(text) or URL.search(text))


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Environment variables, ConfigMap data, administrator passwords of cloud databases."""
    for path, item in containers(resource):
        for index, variable in enumerate(item.get("env") or ()):
            if not isinstance(variable, Mapping):
                continue
            value, where = variable.get("value"), f"{path}.env[{index}] ({variable.get('name')})"
            named = bool(NAME.search(str(variable.get("name", ""))))
            if value is UNKNOWN and named:
                yield undecided(where, REMEDY)
            elif isinstance(value, str) and value and (leaks(value) or (named and not value.startswith(("/", "$(")))):
                yield Finding(where, "a credential in plain text", REMEDY)
    if resource.type == "kubernetes:core/v1:ConfigMap":
        for key, value in (resource.props.get("data") or {}).items():
            if value is UNKNOWN:
                yield undecided(f"data.{key}", REMEDY)
            elif isinstance(value, str) and (leaks(value) or (NAME.search(key) and value.strip())):
                yield Finding(f"data.{key}", "a credential in plain text", REMEDY)
    for key in CLOUD.get(resource.type, ()):
        if resource.props.get(key):
            yield Finding(key, "a password of our own where the service would manage one", REMEDY)


RULE = Rule("no-plain-secret", "No credential stands in plain text.", Level.BASELINE, check)
