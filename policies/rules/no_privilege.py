"""No pod is privileged, runs as root or shares the node's namespaces."""

from collections.abc import Iterator

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided
from policies.pods import containers, pod_specs

REMEDY = "Run as a non-root user without privilege (securityContext), or list the exception in policies/exceptions.yaml"
HOST = ("hostNetwork", "hostPID", "hostIPC")


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Host namespaces, privilege, escalation, root user."""
    for path, spec in pod_specs(resource):
        for key in HOST:
            if spec.get(key) is True:
                yield Finding(f"{path}.{key}", "shares the node's namespace", REMEDY)
    for path, item in containers(resource):
        context = item.get("securityContext")
        if context is UNKNOWN:
            yield undecided(f"{path}.securityContext", REMEDY)
            continue
        if at(context, "privileged") is True:
            yield Finding(f"{path}.securityContext.privileged", "is true", REMEDY)
        if at(context, "allowPrivilegeEscalation") is True:
            yield Finding(f"{path}.securityContext.allowPrivilegeEscalation", "is true", REMEDY)
        if at(context, "runAsUser") == 0:
            yield Finding(f"{path}.securityContext.runAsUser", "is root", REMEDY)
        pod = _pod_of(resource, path)
        user = at(context, "runAsNonRoot"), at(pod, "securityContext.runAsNonRoot")
        ids = at(context, "runAsUser"), at(pod, "securityContext.runAsUser")
        if True not in user and not any(isinstance(i, int | float) and i > 0 for i in ids):
            if UNKNOWN in user or UNKNOWN in ids:
                yield undecided(f"{path}.securityContext.runAsNonRoot", REMEDY)
            else:
                yield Finding(f"{path}.securityContext", "may run as root: neither runAsNonRoot nor a user is set", REMEDY)


def _pod_of(resource: Resource, container_path: str) -> object:
    return next((spec for path, spec in pod_specs(resource) if container_path.startswith(f"{path}.")), None)


RULE = Rule("no-privilege", "Pods are neither privileged nor root.", Level.STANDARD, check)
