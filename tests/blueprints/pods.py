"""`python -m tests.blueprints.pods [BLUEPRINT]`: which pods of a blueprint keep Pod Security's `restricted` profile.

Judged is every pod template that can be seen without a cluster: our own objects as the program registers them, charts' and
manifest files' as the lock knows them, and custom resources that carry containers. Pods that an operator makes out of a custom
resource without containers (brokers of a Kafka, servers of a PerconaServerMySQL) are not among them; their kinds are listed.
The lock shows charts before our own transforms; those of them that matter here are done again (TRANSFORMS).

Source of the profile: kubernetes.io/docs/concepts/security/pod-security-standards (restricted, which includes baseline).
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.kubernetes import feast, manifests
from policies.exceptions import Exceptions
from policies.model import Resource
from policies.pods import is_custom, pod_specs
from tests.blueprints.recorded import Made, Recorded, blueprint

RULE = "no-privilege"
"""The rule under whose name an exception stands in policies/exceptions.yaml."""
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
HOST = ("hostNetwork", "hostPID", "hostIPC")
PROFILES = ("RuntimeDefault", "Localhost")
SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip
PATCHED = {"Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"}
"""Their `containers` are patches that the prometheus-operator merges by name into pods of its own making."""
RUNTIME = "ClusterServingRuntime"
"""Half a pod: KServe puts the pod settings of an InferenceService's predictor over it."""
TRANSFORMS = {feast.OPERATOR.place(manifests.UPSTREAM): feast.adjusted(None)}
"""What our own program changes in the pods of a source."""


@dataclass(frozen=True)
class Pod:
    """One pod template, what keeps it from `restricted`, and the reasons for that."""

    made: Made
    path: str
    problems: tuple[str, ...]
    """Paths of the settings that are missing or wrong."""
    reasons: tuple[str, ...]
    """Of the exceptions that cover them."""
    bare: tuple[str, ...]
    """Problems that no exception covers."""

    @property
    def restricted(self) -> bool:
        """Whether Pod Security would admit it under `restricted`."""
        return not self.problems


def problems(path: str, pod: Mapping[str, Any]) -> Iterator[str]:
    """Paths of what `restricted` does not admit in a pod spec."""
    yield from (f"{path}.{key}" for key in HOST if pod.get(key))
    for index, volume in enumerate(pod.get("volumes") or []):
        yield from (f"{path}.volumes[{index}].{kind}" for kind in volume if kind not in VOLUMES | {"name"})
    context = pod.get("securityContext") or {}
    yield from _everywhere(f"{path}.securityContext", context)
    for index, sysctl in enumerate(context.get("sysctls") or []):
        if sysctl.get("name") not in SYSCTLS:
            yield f"{path}.securityContext.sysctls[{index}]"
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(pod.get(key) or []):
            yield from _container(f"{path}.{key}[{index}]", container, context)


def _container(path: str, container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    own = container.get("securityContext") or {}
    here = f"{path}.securityContext"
    yield from (f"{path}.ports[{i}].hostPort" for i, port in enumerate(container.get("ports") or []) if port.get("hostPort"))
    yield from _everywhere(here, own)
    if own.get("privileged"):
        yield f"{here}.privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{here}.allowPrivilegeEscalation"
    capabilities = own.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        yield f"{here}.capabilities.drop"
    if set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        yield f"{here}.capabilities.add"
    if own.get("procMount") not in (None, "Default"):
        yield f"{here}.procMount"
    # a container's setting goes before its pod's; root is said once
    user, non_root = (own.get(key, pod.get(key)) for key in ("runAsUser", "runAsNonRoot"))
    if user == 0:
        yield f"{here}.runAsUser"
    elif non_root is not True:
        yield f"{here}.runAsNonRoot"
    if (own.get("seccompProfile") or pod.get("seccompProfile") or {}).get("type") not in PROFILES:
        yield f"{here}.seccompProfile.type"


def _everywhere(path: str, context: Mapping[str, Any]) -> Iterator[str]:
    """What a pod and a container may both say."""
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield f"{path}.windowsOptions.hostProcess"
    if (context.get("appArmorProfile") or {}).get("type") == "Unconfined":
        yield f"{path}.appArmorProfile.type"
    linux = context.get("seLinuxOptions") or {}
    if linux.get("type", "") not in SELINUX or linux.get("user") or linux.get("role"):
        yield f"{path}.seLinuxOptions"


def judged(found: Recorded, exceptions: Exceptions | None = None) -> list[Pod]:
    """Every pod template of a blueprint."""
    known = exceptions or Exceptions.load()
    return [_judge(made, path, spec, known) for made, path, spec in specs(found)]


def _judge(made: Made, path: str, spec: Mapping[str, Any], exceptions: Exceptions) -> Pod:
    resource, wrong = Resource(made.type, made.name, made.props), tuple(problems(path, spec))
    bare = tuple(problem for problem in wrong if not exceptions.covers(RULE, resource, problem))
    reasons = [w.reason for w in exceptions.waivers for p in wrong if Exceptions((w,)).covers(RULE, resource, p)]
    return Pod(made, path, wrong, tuple(dict.fromkeys(reasons)), bare)


def specs(found: Recorded) -> Iterator[tuple[Made, str, Mapping[str, Any]]]:
    """Pod specs with the object and the path they stand at; half pods whole, as they will run."""
    predictors = [m.props["spec"]["predictor"] for m in found.objects if m.kind == "InferenceService"]
    for made in found.objects:
        if made.kind in PATCHED or (made.kind == RUNTIME and made.props["spec"].get("disabled")):
            continue
        for path, spec in pod_specs(Resource(made.type, made.name, _transformed(made))):
            if made.kind != RUNTIME:
                yield made, path, spec
            for predictor in predictors if made.kind == RUNTIME else ():
                yield made, path, {**spec, **{key: predictor[key] for key in ("securityContext", "volumes") if key in predictor}}


def _transformed(made: Made) -> Mapping[str, Any]:
    """The object after our own transform of its source."""
    change = TRANSFORMS.get(made.source)
    args = pulumi.ResourceTransformArgs(True, made.type, made.name, dict(made.props), pulumi.ResourceOptions())
    result = change(args) if change else None
    return dict(result.props) if result else made.props


def by_operators(found: Recorded) -> list[str]:
    """Kinds of custom resources out of which operators make pods that nothing here shows."""
    kinds = {
        "Alertmanager", "Cluster", "EnvoyProxy", "FeatureStore", "FlinkDeployment", "HdfsCluster", "Kafka", "KafkaNodePool",
        "ClusterPolicy", "PerconaServerMySQL", "Prometheus", "ThanosRuler", "ZookeeperCluster",
    }  # fmt: skip
    there = {m.kind for m in found.objects if is_custom(Resource(m.type, m.name, m.props)) and m.kind in kinds}
    seen = {pod.made.kind for pod in judged(found)}
    return sorted(there - seen)


def table(found: Recorded) -> str:
    """What is printed."""
    pods = judged(found)
    good = [pod for pod in pods if pod.restricted]
    lines = [f"{'yes' if p.restricted else 'NO':4} {p.made.at:74} {p.made.source.rpartition('/')[2] or 'ours'}" for p in pods]
    lines += ["", f"{found.name}: {len(good)} of {len(pods)} pod templates are restricted ({len(good) / len(pods):.0%})"]
    for pod in pods:
        if not pod.restricted:
            lines += ["", f"{pod.made.at}: {len(pod.problems)} settings"]
            lines += [f"  because {reason}" for reason in pod.reasons] + [f"  NO REASON GIVEN for {path}" for path in pod.bare]
    return "\n".join([*lines, "", "not seen, made by operators: " + ", ".join(by_operators(found))])


if __name__ == "__main__":
    print(table(blueprint(sys.argv[1] if len(sys.argv) > 1 else "full")))
