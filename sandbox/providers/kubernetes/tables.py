"""Which kinds are known, and which of their fields cannot change in place.

Source: the force-new table and the list of built-in API versions of the official provider (provider/pkg/provider/diff.go,
provider/pkg/kinds/kinds.go), read 2026-11-23.
"""

from __future__ import annotations

from typing import Any, Final

from sandbox.providers.values import Path

Fields = tuple[tuple[str, ...], ...]


def words(text: str) -> tuple[str, ...]:
    """The words of a text; long lists of names read better so."""
    return tuple(text.split())


_BUILT_IN_GROUPS: Final = frozenset(
    words(
        "admissionregistration.k8s.io apiextensions.k8s.io apiregistration.k8s.io apps autoscaling batch "
        "certificates.k8s.io coordination.k8s.io discovery.k8s.io events.k8s.io extensions flowcontrol.apiserver.k8s.io "
        "networking.k8s.io node.k8s.io policy rbac.authorization.k8s.io resource.k8s.io scheduling.k8s.io "
        "storage.k8s.io"
    )
)


def _fields(text: str) -> Fields:
    return tuple(tuple(word.split(".")) for word in words(text))


_SELECTOR: Final = _fields("spec.selector")
_ROLE_REF: Final = _fields("roleRef")
_CONTAINER: Final = words(
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext "
    "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
)

FORCE_NEW: Final[dict[tuple[str, str], Fields]] = {
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "StatefulSet"): _fields(
        "spec.podManagementPolicy spec.revisionHistoryLimit spec.selector spec.serviceName spec.volumeClaimTemplates"
    ),
    ("batch", "Job"): _fields("spec.completions spec.parallelism spec.selector spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _ROLE_REF,
    ("rbac.authorization.k8s.io", "RoleBinding"): _ROLE_REF,
    ("storage.k8s.io", "StorageClass"): _fields("parameters provisioner"),
    ("", "PersistentVolume"): _fields(
        "spec.awsElasticBlockStore spec.azureDisk spec.azureFile spec.cephfs spec.cinder spec.csi spec.fc spec.flexVolume"
        " spec.flocker spec.gcePersistentDisk spec.glusterfs spec.hostPath spec.iscsi spec.local spec.nfs"
        " spec.photonPersistentDisk spec.portworxVolume spec.quobyte spec.rbd spec.scaleIO spec.storageos spec.vsphereVolume"
    ),
    ("", "PersistentVolumeClaim"): _fields("spec.accessModes spec.selector spec.storageClassName spec.volumeName"),
    ("", "Pod"): _fields(
        "spec.affinity spec.automountServiceAccountToken spec.dnsConfig spec.dnsPolicy spec.enableServiceLinks spec.hostAliases"
        " spec.hostIPC spec.hostNetwork spec.hostPID spec.hostname spec.imagePullSecrets spec.nodeName spec.nodeSelector"
        " spec.overhead spec.preemptionPolicy spec.priority spec.priorityClassName spec.readinessGates spec.restartPolicy"
        " spec.runtimeClassName spec.schedulerName spec.securityContext spec.serviceAccount spec.serviceAccountName"
        " spec.shareProcessNamespace spec.subdomain spec.terminationGracePeriodSeconds spec.volumes"
    )
    + tuple(("spec", part, "*", name) for part in ("containers", "initContainers") for name in _CONTAINER),
    ("", "ResourceQuota"): _fields("spec.scopes"),
    ("", "Secret"): _fields("type"),
    ("", "Service"): _fields("spec.clusterIP"),
}
IDENTITY: Final = _fields("metadata.name metadata.namespace")
_SECRET_DATA: Final = _fields("type stringData data")
_CONFIG_DATA: Final = _fields("binaryData data")


def group_of(api_version: str) -> str:
    """The API group of an apiVersion; "" for the core group, however it is written."""
    group = api_version.rpartition("/")[0]
    return "" if group == "core" else group


def is_built_in(api_version: str) -> bool:
    """True for kinds that every API server has, false for custom resources."""
    group = group_of(api_version)
    return not group or group in _BUILT_IN_GROUPS


def force_new(obj: dict[str, Any], secret_mutable: bool = False, config_map_mutable: bool = False) -> Fields:
    """Fields whose change replaces the object. Secrets and ConfigMaps count as immutable unless the provider says otherwise."""
    group, kind = group_of(str(obj.get("apiVersion", ""))), str(obj.get("kind", ""))
    immutable = obj.get("immutable") is True
    if not group and kind == "Secret" and (immutable or not secret_mutable):
        return IDENTITY + _SECRET_DATA
    if not group and kind == "ConfigMap" and (immutable or not config_map_mutable):
        return IDENTITY + _CONFIG_DATA
    return IDENTITY + FORCE_NEW.get((group, kind), ())


def forces(path: Path, value: Any, fields: Fields) -> bool:
    """True when the change at `path` (to `value`) touches one of the fields: below it, at it, or a whole parent that holds it."""
    return any(_touches(path, value, field) for field in fields)


def _touches(path: Path, value: Any, field: tuple[str, ...]) -> bool:
    for step, wanted in zip(path, field, strict=False):
        if step != wanted and not (wanted == "*" and isinstance(step, int)):
            return False
    for wanted in field[len(path) :]:
        if wanted == "*":
            if not isinstance(value, list) or not value:
                return False
            value = value[0]
        elif isinstance(value, dict) and wanted in value:
            value = value[wanted]
        else:
            return False
    return True


def pick(obj: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """The values at these fields that the object has, keyed by dotted path."""
    found: dict[str, Any] = {}
    for field in fields:
        value: Any = obj
        for step in field:
            if step == "*":
                break
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            found[".".join(field)] = value
    return found


# Built-in kinds outside of namespaces; the API server's discovery says the same (tested).
CLUSTER_WIDE: Final = frozenset(
    words(
        "APIService CSIDriver CSINode CertificateSigningRequest ClusterRole ClusterRoleBinding ClusterTrustBundle ComponentStatus"
        " CustomResourceDefinition DeviceClass DeviceTaintRule FlowSchema IPAddress IngressClass MutatingAdmissionPolicy"
        " MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node PersistentVolume PriorityClass"
        " PriorityLevelConfiguration ResourceSlice RuntimeClass SelfSubjectAccessReview SelfSubjectReview SelfSubjectRulesReview"
        " ServiceCIDR StorageClass StorageVersion StorageVersionMigration SubjectAccessReview TokenReview"
        " ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttachment"
        " VolumeAttributesClass"
    )
)
# Kinds whose deletion `pulumi.com/skipAwait` leaves unawaited.
SKIP_AWAIT_ON_DELETE: Final = frozenset(
    {("", "Namespace"), ("", "Pod"), ("", "ReplicationController"), ("apps", "DaemonSet"), ("apps", "Deployment")}
    | {("apps", "StatefulSet"), ("batch", "Job")}
)
