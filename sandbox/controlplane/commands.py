"""Command lines and configuration files of the control plane's processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from sandbox.build import MODULES, tool, version
from sandbox.controlplane import pki
from sandbox.controlplane.pki import write_private
from sandbox.paths import home

STAGES = Path(__file__).with_name("stages")
# Real ones would call webhooks inside pods that do not run here, and block every write.
NO_WEBHOOKS = "MutatingAdmissionWebhook,ValidatingAdmissionWebhook"
# Nothing here has attachable volumes, kubelets that ask for certificates, devices to claim, pod metrics or node ranges.
CONTROLLERS_OFF = (
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "certificatesigningrequest-signing-controller",
    "device-taint-eviction-controller",
    "horizontal-pod-autoscaler-controller",
    "kube-apiserver-serving-clustertrustbundle-publisher-controller",
    "node-ipam-controller",
    "persistentvolume-attach-detach-controller",
    "podcertificaterequest-cleaner-controller",
    "resourceclaim-controller",
    "storage-version-migrator-controller",
    "ttl-controller",
)
# Soft limits: the collector works harder beyond them, nothing fails. A sandbox with 300 objects stays well below.
MEMORY = {
    "etcd": "512MiB",
    "kube-apiserver": "1GiB",
    "kube-controller-manager": "384MiB",
    "kube-scheduler": "256MiB",
    "kwok": "256MiB",
}


def kubernetes_version() -> str:
    """Version of the API server ("v1.37.2")."""
    return version(MODULES["kubernetes"])


def _arguments(options: dict[str, Any]) -> list[str]:
    return [f"--{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in options.items()]


def etcd(client: int, peer: int) -> list[str]:
    """The database; without fsync, for what it holds can be made again, and disks of small machines are slow."""
    keys = pki.folder()
    here, there = f"https://127.0.0.1:{client}", f"https://127.0.0.1:{peer}"
    options = {
        "name": "sandbox",
        "data-dir": home() / "etcd",
        "listen-client-urls": here,
        "advertise-client-urls": here,
        # the address of the only member is part of its data; a changed peer port is harmless as nobody dials it
        "listen-peer-urls": there,
        "initial-advertise-peer-urls": there,
        "initial-cluster": f"sandbox={there}",
        "cert-file": keys / "etcd.crt",
        "key-file": keys / "etcd.key",
        "trusted-ca-file": keys / "etcd-ca.crt",
        "client-cert-auth": True,
        "peer-cert-file": keys / "etcd.crt",
        "peer-key-file": keys / "etcd.key",
        "peer-trusted-ca-file": keys / "etcd-ca.crt",
        "peer-client-cert-auth": True,
        "unsafe-no-fsync": True,
        "log-level": "warn",
    }
    return [str(tool("etcd")), *_arguments(options)]


def apiserver(port: int, database: int) -> list[str]:
    """The API server on loopback: RBAC, tokens and certificates of its own, no webhooks."""
    keys = pki.folder()
    options = {
        "bind-address": "127.0.0.1",
        "secure-port": port,
        # the `kubernetes` Service may not have a loopback endpoint; no pod runs that would use it
        "advertise-address": "127.0.0.1",
        "endpoint-reconciler-type": "none",
        "etcd-servers": f"https://127.0.0.1:{database}",
        "etcd-cafile": keys / "etcd-ca.crt",
        "etcd-certfile": keys / "etcd-client.crt",
        "etcd-keyfile": keys / "etcd-client.key",
        "encryption-provider-config": keys / "encryption.yaml",
        "authorization-mode": "Node,RBAC",
        "anonymous-auth": False,
        "client-ca-file": keys / "ca.crt",
        "tls-cert-file": keys / "apiserver.crt",
        "tls-private-key-file": keys / "apiserver.key",
        "token-auth-file": keys / "tokens.csv",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": keys / "service-accounts.key",
        "service-account-signing-key-file": keys / "service-accounts.key",
        "service-cluster-ip-range": pki.SERVICE_RANGE,
        "allow-privileged": True,
        "disable-admission-plugins": NO_WEBHOOKS,
        # one user: queueing between flows only costs
        "enable-priority-and-fairness": False,
        "max-requests-inflight": 800,
        "max-mutating-requests-inflight": 400,
        "etcd-count-metric-poll-period": "0",
        "etcd-db-metric-poll-interval": "0",
        "profiling": False,
        # `down` ends the clients first, so there is nobody to wait for
        "shutdown-delay-duration": "0",
        "shutdown-watch-termination-grace-period": "1s",
    }
    return [str(tool("kube-apiserver")), *_arguments(options)]


def controller_manager() -> list[str]:
    """The built-in controllers, each with its own service account as on a real cluster."""
    options = {
        "kubeconfig": pki.folder() / "controller-manager.kubeconfig",
        "controllers": ",".join(["*", *(f"-{name}" for name in CONTROLLERS_OFF)]),
        "use-service-account-credentials": True,
        "service-account-private-key-file": pki.folder() / "service-accounts.key",
        "root-ca-file": pki.folder() / "ca.crt",
        "leader-elect": False,
        "secure-port": 0,
        "kube-api-qps": 500,
        "kube-api-burst": 1000,
        "concurrent-deployment-syncs": 10,
        "concurrent-replicaset-syncs": 10,
        "concurrent-statefulset-syncs": 10,
        "concurrent-job-syncs": 10,
        "concurrent-namespace-syncs": 20,
        "concurrent-serviceaccount-token-syncs": 10,
        "pvclaimbinder-sync-period": "5s",
        # KWOK beats every 30 s (stages/nodes.yaml); a busy two-core machine must not make nodes look dead
        "node-monitor-grace-period": "150s",
        "profiling": False,
    }
    return [str(tool("kube-controller-manager")), *_arguments(options)]


def scheduler() -> list[str]:
    """The scheduler; a pod that did not fit is looked at again soon, nodes and quotas come and go quickly here."""
    configuration = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(pki.folder() / "scheduler.kubeconfig"), "qps": 500, "burst": 1000},
        "leaderElection": {"leaderElect": False},
        "podInitialBackoffSeconds": 1,
        "podMaxBackoffSeconds": 2,
        "enableProfiling": False,
        "enableContentionProfiling": False,
    }
    path = write_private(home() / "scheduler.yaml", yaml.safe_dump(configuration))
    return [str(tool("kube-scheduler")), f"--config={path}", "--secure-port=0"]


def kwok() -> list[str]:
    """KWOK with our Stages; built-in kinds only, for it ends when a Stage's kind is not served."""
    configuration = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": {
            "manageAllNodes": True,
            "cidr": "10.64.0.1/14",
            # heartbeats in the node's status; KWOK's leases would block a restarted one until they run out
            "nodeLeaseDurationSeconds": 0,
            "nodePlayStageParallelism": 4,
            "podPlayStageParallelism": 16,
        },
    }
    documents = [json.dumps(configuration), *(path.read_text() for path in sorted(STAGES.glob("*.yaml")))]
    path = write_private(home() / "kwok.yaml", "\n---\n".join(documents))
    kubeconfig = pki.folder() / "kwok.kubeconfig"
    # at its default level it logs every heartbeat
    return [str(tool("kwok")), f"--kubeconfig={kubeconfig}", f"--config={path}", "--v=WARN"]


def environment(process: str) -> dict[str, str]:
    """Environment of a control-plane process: its soft memory limit."""
    return {"GOMEMLIMIT": MEMORY[process]}
