"""No pod is privileged, runs as root or shares the node's namespaces."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, items, join, undecided
from policies.pods import containers, hidden, is_kubernetes

REMEDY = "Run as a non-root user without privilege (securityContext), or list the exception in policies/exceptions.yaml"
HOST = ("hostNetwork", "hostPID", "hostIPC")
CAPABILITIES = {"NET_BIND_SERVICE"}
"""Capabilities that Pod Security's restricted profile allows to add."""
BAD: Mapping[str, tuple[Any, str]] = {
    "privileged": (True, "is true"),
    "allowPrivilegeEscalation": (True, "is true"),
    "runAsUser": (0, "is root"),
    "runAsNonRoot": (False, "is false"),
    "procMount": ("Unmasked", "is Unmasked"),
    "seccompProfile.type": ("Unconfined", "is Unconfined"),
    "windowsOptions.hostProcess": (True, "is true"),
}
"""Settings of a security context, the value that gives a pod more than it may have, and what is said of it."""


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Host namespaces, paths and ports, privilege, escalation, capabilities, root user; in custom resources too."""
    if not is_kubernetes(resource):
        return
    for path in hidden(resource, {"volumes"}):
        yield undecided(path, REMEDY)
    for path, mapping in resource.mappings:
        yield from _host(path, mapping)
        for key, context in mapping.items():
            if key.lower().endswith("securitycontext"):
                yield from _context(join(path, key), context)
    if not resource.partial:
        for path, container, pod in containers(resource):
            yield from _user(path, container, pod)


def _host(path: str, mapping: Mapping[str, Any]) -> Iterator[Finding]:
    for key in HOST:
        yield from _taken(join(path, key), mapping.get(key), "shares the node's namespace")
    for index, volume in enumerate(items(mapping.get("volumes"))):
        yield from _taken(join(path, f"volumes[{index}].hostPath"), at(volume, "hostPath"), "mounts a directory of the node")
    for index, port in enumerate(items(mapping.get("ports"))):
        if isinstance(port, Mapping) and "containerPort" in port:
            yield from _taken(join(path, f"ports[{index}].hostPort"), port.get("hostPort"), "takes a port of the node")


def _taken(path: str, value: Any, problem: str) -> Iterator[Finding]:
    if value is UNKNOWN:
        yield undecided(path, REMEDY)
    elif value:
        yield Finding(path, problem, REMEDY)


def _context(path: str, context: Any) -> Iterator[Finding]:
    if context is UNKNOWN:
        yield undecided(path, REMEDY)
    if not isinstance(context, Mapping):
        return
    for key, (value, problem) in BAD.items():
        found = at(context, key)
        if found is UNKNOWN:
            yield undecided(f"{path}.{key}", REMEDY)
        # 0 == False, but "runAsNonRoot: 0" is no answer and "runAsUser: false" no user
        elif found == value and isinstance(found, bool) == isinstance(value, bool):
            yield Finding(f"{path}.{key}", problem, REMEDY)
    added = at(context, "capabilities.add")
    for index, name in enumerate(items(added)):
        if name is UNKNOWN:
            yield undecided(f"{path}.capabilities.add", REMEDY)
        elif str(name).upper().removeprefix("CAP_") not in CAPABILITIES:
            yield Finding(f"{path}.capabilities.add[{index}]", f"adds {name}", REMEDY)


def _user(path: str, container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[Finding]:
    """A container whose own setting, or else its pod's, does not keep it from being root."""
    non_root, user = (_effective(container, pod, key) for key in ("runAsNonRoot", "runAsUser"))
    if UNKNOWN in (container.get("securityContext"), pod.get("securityContext"), non_root, user):
        if non_root is not True and not _is_user(user):
            yield undecided(f"{path}.securityContext.runAsNonRoot", REMEDY)
    elif non_root is None and user is None:
        yield Finding(f"{path}.securityContext", "may run as root: neither runAsNonRoot nor a user is set", REMEDY)


def _effective(container: Mapping[str, Any], pod: Mapping[str, Any], key: str) -> Any:
    """A container's setting goes before its pod's."""
    own = at(container, f"securityContext.{key}")
    return at(pod, f"securityContext.{key}") if own is None else own


def _is_user(value: Any) -> bool:
    return isinstance(value, int | float) and value > 0


RULE = Rule("no-privilege", "Pods are neither privileged nor root.", Level.STANDARD, check)
