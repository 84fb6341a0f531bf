"""Values of the SeaweedFS chart (4.44.0), plain: security by variables and Secrets of ours, nothing drawn at render.

The chart's own switch (`global.seaweedfs.enableSecurity`) would make a CA of its own and write random JWT keys into a
ConfigMap at each render. SeaweedFS reads every key of security.toml from a variable too (weed scaffold -config=security),
so the same is said with our certificates and a Secret of ours.
"""

from typing import Any

from components.kubernetes.place import Compute

PORT = 8333
MASTER_PORT = 9333
FILER_PORT = 8888
KEYS = "seaweedfs-keys"
"""Secret with the JWT signing keys; it leaves this namespace nowhere."""
IDENTITIES = "seaweedfs-identities"
"""Secret with the administrator's key; a static identity, so that the gateway never serves without asking for one."""
INTERNAL = "seaweedfs-internal-tls"
"""Secret with the certificate of the servers among themselves (mutual TLS of every gRPC call)."""
SERVER = "seaweedfs-s3-tls"
"""Secret with the certificate of the S3 port."""
COMMON_NAME = "seaweedfs-internal"
"""The only name that a gRPC caller may have: the same CA signs for every other system."""

_TLS = "/etc/mlops/internal"
_SECURITY = {
    "enabled": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_POD = {
    "enabled": True,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "fsGroup": 1000,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
MASTER = Compute("100m", "256Mi", "1")
GATEWAY = Compute("250m", "512Mi", "2")


def environment() -> dict[str, Any]:
    """security.toml as variables: mutual TLS of gRPC between the servers, signed writes, and signed reads of the filer."""
    made: dict[str, Any] = {"WEED_GRPC_CA": f"{_TLS}/ca.crt"}
    for part in ("MASTER", "VOLUME", "FILER", "S3", "CLIENT"):
        made[f"WEED_GRPC_{part}_CERT"] = f"{_TLS}/tls.crt"
        made[f"WEED_GRPC_{part}_KEY"] = f"{_TLS}/tls.key"
        if part != "CLIENT":
            made[f"WEED_GRPC_{part}_ALLOWED_COMMONNAMES"] = COMMON_NAME
    for name, key in (
        ("WEED_JWT_SIGNING_KEY", "volume-write"),
        ("WEED_JWT_FILER_SIGNING_KEY", "filer-write"),
        ("WEED_JWT_FILER_SIGNING_READ_KEY", "filer-read"),
    ):
        made[name] = {"secretKeyRef": {"name": KEYS, "key": key}}
    return made


def masters(replicas: int, namespace: str) -> str:
    """The masters' addresses as a client takes them."""
    return ",".join(f"seaweedfs-master-{i}.seaweedfs-master.{namespace}:{MASTER_PORT}" for i in range(replicas))


def filer(namespace: str) -> str:
    """The filer's address."""
    return f"seaweedfs-filer-client.{namespace}:{FILER_PORT}"


def _apart(component: str) -> str:
    """Affinity (the chart takes text): pods of a part on different nodes where there are enough."""
    return (
        "podAntiAffinity:\n"
        "  preferredDuringSchedulingIgnoredDuringExecution:\n"
        "    - weight: 100\n"
        "      podAffinityTerm:\n"
        "        labelSelector:\n"
        f"          matchLabels: {{app.kubernetes.io/name: seaweedfs, app.kubernetes.io/component: {component}}}\n"
        "        topologyKey: kubernetes.io/hostname\n"
    )


def _part(component: str, compute: Compute, server: bool = False) -> dict[str, Any]:
    """What every component has: bounds, security context, the certificates and a /tmp to write."""
    # 288 is 0440: readers of YAML differ over numbers with a leading zero
    volumes = f"- name: internal-tls\n  secret: {{secretName: {INTERNAL}, defaultMode: 288}}\n- name: tmp\n  emptyDir: {{}}\n"
    mounts = f"- {{name: internal-tls, mountPath: {_TLS}, readOnly: true}}\n- {{name: tmp, mountPath: /tmp}}\n"
    if server:
        volumes += f"- name: server-tls\n  secret: {{secretName: {SERVER}, defaultMode: 288}}\n"
        mounts += "- {name: server-tls, mountPath: /etc/mlops/server, readOnly: true}\n"
    return {
        "resources": compute.spec(),
        "podSecurityContext": _POD,
        "containerSecurityContext": _SECURITY,
        "extraVolumes": volumes,
        "extraVolumeMounts": mounts,
        # the gateway's template has no default of its own
        **({} if component == "s3" else {"affinity": _apart(component)}),
    }


def chart_values(
    *,
    replicas: int,
    copies: int,
    masters: int,
    gateways: int,
    storage: str,
    metadata_storage: str,
    storage_class: str | None,
    compute: Compute,
    monitored: bool,
    mirror: str | None,
) -> dict[str, Any]:
    """Masters, volume servers, one filer on a volume of its own, and S3 gateways that speak TLS alone."""
    claim = {"type": "persistentVolumeClaim", "storageClass": storage_class or ""}
    # "" in place of hostPath: logs go to standard error
    quiet = {"logs": {"type": ""}}
    tcp = {"tcpSocket": {"port": FILER_PORT}}
    placement = f"00{copies - 1}"
    return {
        "global": {
            **({"imageRegistry": mirror} if mirror else {}),
            "seaweedfs": {
                "createClusterRole": False,
                "automountServiceAccountToken": False,
                "enableSecurity": False,
                "securityConfig": {"jwtSigning": {"volumeWrite": False}},
                "enableReplication": True,
                "replicationPlacement": placement,
                "monitoring": {"enabled": monitored},
                "extraEnvironmentVars": environment(),
            },
        },
        "master": {
            **_part("master", MASTER),
            **quiet,
            "replicas": masters,
            "data": {**claim, "size": "2Gi"},
            "defaultReplication": placement,
            # one volume at a time for each bucket: seven (the default) for each would fill small disks with empty promises
            "extraEnvironmentVars": {f"WEED_MASTER_VOLUME_GROWTH_COPY_{n}": "1" for n in ("1", "2", "3", "OTHER")},
        },
        "volume": {
            **_part("volume", compute),
            "replicas": replicas,
            "dataDirs": [{**claim, "name": "data1", "size": storage, "maxVolumes": 0}],
            # a hook with kubectl and lookup
            "resizeHook": {"enabled": False},
        },
        "filer": {
            **_part("filer", compute),
            **quiet,
            "replicas": 1,
            "data": {**claim, "size": metadata_storage},
            "defaultReplicaPlacement": placement,
            # reads are signed, so that a probe by HTTP would be refused
            "readinessProbe": tcp,
            "livenessProbe": tcp,
        },
        "s3": {
            **_part("s3", GATEWAY, server=True),
            **quiet,
            "enabled": True,
            "replicas": gateways,
            "port": PORT,
            "enableAuth": True,
            "existingConfigSecret": IDENTITIES,
            "serviceAccountName": "seaweedfs",
            # with a key and no second port, the one port speaks TLS (weed/command/s3.go); no table catalogues beside it
            "extraArgs": [
                "-key.file=/etc/mlops/server/tls.key",
                "-cert.file=/etc/mlops/server/tls.crt",
                "-port.iceberg=0",
                "-port.lance=0",
                "-allowDeleteBucketNotEmpty=false",
            ],
            "readinessProbe": {"httpGet": {"scheme": "HTTPS"}},
            "livenessProbe": {"httpGet": {"scheme": "HTTPS"}},
        },
    }
