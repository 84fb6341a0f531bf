"""No credential stands in the open: not in a variable, an argument, a ConfigMap or a cloud resource's settings."""

import re
from collections.abc import Iterator
from typing import Any

from policies import azure
from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, undecided
from policies.pods import hidden, texts, variables

WORDS = "password|passwd|passphrase|pwd|secret|token|api_?key|access_?key|private_?key|credentials?|account_?key"
NAME = re.compile(rf"(?:^|[_.-]|(?<=[a-z]))(?:{WORDS})$|(?:^|[_.-])(?:pass|auth)$|^(?:PG|MYSQL)?PASSWORD$|PWD$", re.IGNORECASE)
REFERENCE = re.compile(r"(existing|pull|tls|ca)[_-]?secret$", re.IGNORECASE)
"""Settings that name a Secret."""
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
KNOWN = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20}"
    r"|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{35}|\bhf_[A-Za-z0-9]{30,}|\bsk-[A-Za-z0-9_-]{32,}|\bnpm_[A-Za-z0-9]{36}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
)
"""Credentials that tell what they are (AWS, GitHub, GitLab, Slack, Google, Hugging Face, OpenAI, npm, JWT, PEM)."""
ASSIGNED = re.compile(
    r"(?i)\b(?:password|passwd|secret_access_key|secret_key|auth_token|api_key)[\"']?\s*[:=]\s*[\"']?(?P<value>[^\s\"'{}$<%,;]{6,})"
)
URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:(?![$%{<])[^/\s:@]{3,}@")
ARGUMENT = re.compile(rf"(?i)^--?[\w-]*(?:{WORDS.replace('_', '[-_]')})=(?P<value>.+)$")
HARMLESS = re.compile(r"(?i)^(/|\$[({]|\{\{|%[({]|<[\w -]+>$|file:|env:|true$|false$|none$|null$|changeme-not$)")
"""References, paths and switches under a name that sounds like a credential's."""
REMEDY = "Put it into a Secret and refer to it (valueFrom.secretKeyRef, existingSecret, manageMasterUserPassword)"
PLAIN = "a credential in plain text"
KEPT = "a value that Pulumi keeps secret, where anybody may read it"
CLOUD = {
    "aws:rds/instance:Instance": ("password",),
    "aws:rds/cluster:Cluster": ("masterPassword",),
    "aws:ssm/parameter:Parameter": ("insecureValue",),
}
"""Cloud resources with a setting of their own for a managed or hidden value."""


def leaks(text: str) -> bool:
    """Whether a text holds a known credential, a password assignment or a URL with a password."""
    assigned = (found["value"] for found in ASSIGNED.finditer(text))
    return bool(KNOWN.search(text) or URL.search(text)) or any(not HARMLESS.match(value) for value in assigned)


def sensitive(name: str) -> bool:
    """Whether a variable or key of that name holds a credential (DB_PASSWORD, PGPASSWORD, dbPassword, auth-token)."""
    spaced = CAMEL.sub("_", name)
    return bool(NAME.search(name) or NAME.search(spaced)) and not REFERENCE.search(spaced)


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Environment variables and arguments wherever they stand, ConfigMap data, administrator passwords of cloud databases."""
    for path in hidden(resource, {"env"}):
        yield undecided(path, REMEDY)
    for path, name, value in variables(resource):
        yield from _value(resource, f"{path} ({name})", path, name, value)
    for path, value in texts(resource):
        if resource.is_secret(path):
            yield Finding(path, KEPT, REMEDY)
        elif value is UNKNOWN:
            yield undecided(path, REMEDY)
        elif leaks(value) or ((found := ARGUMENT.match(value)) and not HARMLESS.match(found["value"])):
            yield Finding(path, PLAIN, REMEDY)
    if resource.type.startswith("kubernetes:core/v1:ConfigMap"):
        yield from _config_map(resource)
    yield from azure.plain_secrets(resource, REMEDY)
    for key in CLOUD.get(resource.type, ()):
        if resource.props.get(key):
            yield Finding(key, "a password of our own where the service would manage one", REMEDY)


def _config_map(resource: Resource) -> Iterator[Finding]:
    for section in ("data", "binaryData"):
        data = resource.props.get(section)
        if data is UNKNOWN:
            yield undecided(section, REMEDY)
        for key, value in data.items() if isinstance(data, dict) else ():
            yield from _value(resource, f"{section}.{key}", f"{section}.{key}", str(key), value)


def _value(resource: Resource, where: str, path: str, name: str, value: Any) -> Iterator[Finding]:
    named = sensitive(name)
    if resource.is_secret(path):
        yield Finding(where, KEPT, REMEDY)
    elif value is UNKNOWN:
        # an address or a number that the stack makes is no credential, and its text is read again by up
        yield undecided(where, REMEDY)
    elif isinstance(value, str) and value.strip() and (leaks(value) or (named and not HARMLESS.match(value.strip()))):
        yield Finding(where, PLAIN, REMEDY)


RULE = Rule("no-plain-secret", "No credential stands in plain text.", Level.BASELINE, check)
