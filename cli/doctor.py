"""`mlops doctor`: what the cluster of the kubeconfig has and lacks for a platform."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from cli.engine import environment, sandbox_running
from cli.errors import UserError
from cli.live import Cluster
from cli.tables import note
from components.kubernetes.installed import OPERATORS, problems, served, told

COLOURS = {"ok": "green", "hint": "yellow", "mend": "red"}
OLDEST = (1, 32)
"""Oldest Kubernetes minor that the pinned charts and operators allow together (JupyterHub's chart: 1.32 from its next major)."""
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True)
class Line:
    """One finding: ok, a hint, or something that must be mended."""

    level: str
    subject: str
    text: str


def version(server: dict[str, Any]) -> Line:
    """Kubernetes' own version."""
    minor = int("".join(c for c in str(server["minor"]) if c.isdigit()) or 0)
    text = f"{server['gitVersion']}"
    if (int(server["major"]), minor) < OLDEST:
        return Line("mend", "cluster", f"{text} is older than {OLDEST[0]}.{OLDEST[1]}")
    return Line("ok", "cluster", text)


def storage(classes: list[dict[str, Any]]) -> Line:
    """The default StorageClass."""
    default = [c["metadata"]["name"] for c in classes if (c["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"]
    if default:
        return Line("ok", "storage", f"default StorageClass {default[0]}")
    names = ", ".join(c["metadata"]["name"] for c in classes) or "none"
    return Line("mend", "storage", f"no default StorageClass (there are: {names}); set one, or mlops:spec.cluster.storageClass")


def gpus(nodes: list[dict[str, Any]]) -> Line:
    """GPU nodes, their product and whether they are tainted."""
    found = [n for n in nodes if int((n.get("status", {}).get("allocatable") or {}).get("nvidia.com/gpu", 0))]
    if not found:
        return Line("hint", "gpus", "no node offers nvidia.com/gpu: GPU profiles and jobs would stay Pending")
    total = sum(int(n["status"]["allocatable"]["nvidia.com/gpu"]) for n in found)
    products = sorted({(n["metadata"].get("labels") or {}).get("nvidia.com/gpu.product", "unlabelled") for n in found})
    bare = [n["metadata"]["name"] for n in found if not (n.get("spec") or {}).get("taints")]
    text = f"{total} on {len(found)} nodes ({', '.join(products)})"
    return Line("hint", "gpus", f"{text}; not tainted: {', '.join(bare)}") if bare else Line("ok", "gpus", text)


def load_balancer(services: list[dict[str, Any]]) -> Line:
    """Whether something answers Services of type LoadBalancer; seen only where one exists."""
    wanted = [s for s in services if (s.get("spec") or {}).get("type") == "LoadBalancer"]
    served = [s for s in wanted if ((s.get("status") or {}).get("loadBalancer") or {}).get("ingress")]
    if not wanted:
        return Line("hint", "load balancer", "no Service of that type yet, so it cannot be told whether one would be served")
    if served:
        return Line("ok", "load balancer", f"{len(served)} of {len(wanted)} have an address")
    return Line("mend", "load balancer", f"{len(wanted)} wait for an address: the cluster has no load balancer controller")


def operators(crds: list[dict[str, Any]]) -> list[Line]:
    """Operators that are there already, with their versions and those that their CRDs serve; too old ones are to be mended."""
    by_name = {c["metadata"]["name"]: c for c in crds}
    lines = []
    for key, operator in OPERATORS.items():
        if (found := by_name.get(operator.crd)) is None:
            continue
        manager = (found["metadata"].get("labels") or {}).get("mlops.dev/stack")
        whose = f"of stack {manager}" if manager else f"not ours: say operators.{to_camel(key)}: existing in mlops:spec"
        name = " ".join(filter(None, (operator.title, told(operator, found))))
        text = f"{name} is there ({operator.crd} {', '.join(served(found))}), {whose}"
        old = [] if manager else [line for crd in operator.definitions for line in problems(operator, crd, by_name.get(crd, {}))]
        lines.append(Line("mend" if old else "hint", "operators", "; ".join((text, *old))))
    return lines or [Line("ok", "operators", "none of ours there yet; the platform brings them")]


def diagnose(cluster: Cluster) -> list[Line]:
    """Every finding; what the cluster refuses to tell is one too."""
    checks: list[tuple[str, Callable[[], Line | list[Line]]]] = [
        ("cluster", lambda: version(cluster.version())),
        ("storage", lambda: storage(cluster.list("storage.k8s.io/v1", "StorageClass"))),
        ("load balancer", lambda: load_balancer(cluster.list("v1", "Service"))),
        ("gpus", lambda: gpus(cluster.list("v1", "Node"))),
        ("operators", lambda: operators(cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition"))),
    ]
    lines: list[Line] = []
    for subject, check in checks:
        try:
            found = check()
        except UserError as error:
            found = Line("hint", subject, str(error))
        lines += found if isinstance(found, list) else [found]
    return lines


def doctor() -> None:
    """Print every finding; exit code 1 where something must be mended."""
    lines = diagnose(Cluster.connect(environment()))
    if sandbox_running():
        note("the sandbox's own control plane: nodes and pods are simulated", "dim")
    for line in lines:
        note(f"{line.level:5} {line.subject}: {line.text}", COLOURS[line.level])
    if any(line.level == "mend" for line in lines):
        raise SystemExit(1)
