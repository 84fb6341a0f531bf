"""Backups: Velero writes the stack's namespaces, and the content of their volumes, to the object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components.contracts import BucketAccess, Certificates, Metrics, ObjectStore, Wants
from components.kubernetes import chart, extend, objects
from components.kubernetes.place import NODE_AGENTS, Compute, Image, Place, image
from components.spec.base import duration_seconds
from components.spec.shared import Backups
from components.system import Site

CHART = chart.Pin("velero", "12.1.0", "https://vmware-tanzu.github.io/helm-charts", checked="2026-11-23")
VELERO = Image("docker.io/velero/velero", "v1.18.1", checked="2026-11-23")
PLUGIN = Image("docker.io/velero/velero-plugin-for-aws", "v1.13.1", checked="2026-11-23")
"""The S3 plugin that the chart's values.yaml names."""
LOCATION = ("velero.io/v1", "BackupStorageLocation")
SCHEDULE = ("velero.io/v1", "Schedule")
NAME = "mlops"
"""Of the location and the schedule."""
REPOSITORY_KEY = "velero-repo-credentials"
"""Secret that Velero encrypts the content of volumes with; it would make one with a password that everybody knows."""
CLUSTERS_OWN = ["kube-system", "kube-public", "kube-node-lease"]
AGENT = Compute("100m", "512Mi", "1")
CA_PATH = "/etc/mlops/store"
RESTRICTED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


@dataclass
class VeleroBackupsArgs:
    """What is backed up, when, and to where."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    bucket: BucketAccess
    schedule: str
    """Cron expression, UTC."""
    retention_seconds: int
    compute: Compute
    """Of the server."""
    namespaces: list[str] = field(default_factory=list)
    """Every one but the cluster's own if empty."""
    volumes: bool = True
    monitored: bool = False
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def chart_values(args: VeleroBackupsArgs) -> dict[str, Any]:
    """Values of the chart, plain; the bucket's address and key are added during the run (extend.py)."""
    velero, plugin = image(VELERO, args.registry_mirror), image(PLUGIN, args.registry_mirror)
    user = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532}
    return {
        "image": {"repository": velero.rpartition(":")[0], "tag": VELERO.tag},
        "resources": args.compute.spec(),
        "podSecurityContext": {**user, "seccompProfile": {"type": "RuntimeDefault"}},
        "containerSecurityContext": RESTRICTED,
        "initContainers": [
            {
                "name": "velero-plugin-for-aws",
                "image": plugin,
                "resources": Compute("50m", "128Mi").spec(),
                "securityContext": RESTRICTED,
                "volumeMounts": [{"mountPath": "/target", "name": "plugins"}],
            }
        ],
        # hooks; the definitions are upgraded with the pin
        "upgradeCRDs": False,
        "cleanUpCRDs": False,
        # location and schedule are resources of ours: their addresses are known only during the run
        "backupsEnabled": False,
        "snapshotsEnabled": False,
        "credentials": {"useSecret": False},
        "deployNodeAgent": args.volumes,
        "nodeAgent": {"resources": AGENT.spec(), "priorityClassName": NODE_AGENTS},
        # made by ours, whatever the chart can see at render
        "metrics": {"serviceMonitor": {"enabled": False}, "nodeAgentPodMonitor": {"enabled": False}},
    }


def told(access: BucketAccess) -> extend.Extension:
    """What server and agents are told of the bucket: its key, and the CA that signed the store's certificate."""
    told = extend.Extension()
    if access.secret is not None:
        told.secret(access.secret, AWS_ACCESS_KEY_ID="AWS_ACCESS_KEY_ID", AWS_SECRET_ACCESS_KEY="AWS_SECRET_ACCESS_KEY")
    if access.ca_config_map is not None:
        # plugin and uploader are Go programs, which both take their trust from it
        told.value(SSL_CERT_FILE=f"{CA_PATH}/ca.crt")
        told.mounts.append({"name": "store-ca", "mountPath": CA_PATH, "readOnly": True})
        told.volumes.append({"name": "store-ca", "configMap": {"name": access.ca_config_map}})
    return told


class VeleroBackups(pulumi.ComponentResource):
    """Velero with one BackupStorageLocation in the object store and one Schedule.

    A backup holds the objects of the namespaces and, with `volumes`, the files of their volumes (kopia, by an agent on each
    node), encrypted with a generated key in Secret `velero-repo-credentials`: keep a copy of it outside of the cluster, no
    backup of volumes can be read without. How to restore: docs/restore.md. Source: chart velero, its values and CRDs; the
    plugin's and the uploader's reading of AWS variables (velero pkg/repository/config/aws.go). Limits: files are copied while
    they are written, so databases count on their own backups (mysql has them); an object store inside the cluster does not
    outlive the cluster: bring your own for that; Velero restores whatever kind it finds, so its server is cluster-admin.
    """

    needs = (ObjectStore,)
    optional = (Metrics, Certificates)
    provides = ()
    tiers = ("all", "platform")
    namespace = "velero"
    # the agents read the nodes' directories of volumes
    security = "privileged"
    # a store that outlives the cluster stands outside of it
    internet = True
    essential_type = "velero.io/v1:Schedule"

    def __init__(self, name: str, args: VeleroBackupsArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:VeleroBackups", name, None, opts)
        place = Place("velero", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._args = args
        key = objects.password(f"{name}-repository-key", place.opts, 48)
        kept = objects.secret(f"{name}-repository", place, {"repository-password": key.result}, object_name=REPOSITORY_KEY)
        extension = told(args.bucket)
        server = chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.after(
                kept,
                transforms=[
                    extend.deployment("velero", extension),
                    extend.deployment("node-agent", extension, kind="DaemonSet"),
                ],
            ),
        )
        location = objects.custom(
            f"{name}-location",
            place,
            LOCATION,
            storage(args.bucket),
            object_name=NAME,
            notes={"pulumi.com/waitFor": "jsonpath={.status.phase}=Available"},
            opts=place.after(server),
        )
        objects.custom(
            f"{name}-schedule",
            place,
            SCHEDULE,
            schedule(args),
            object_name=NAME,
            notes={"pulumi.com/waitFor": "jsonpath={.status.phase}=Enabled"},
            opts=place.after(location),
        )
        if args.monitored:
            pods = {"app.kubernetes.io/name": "velero"}
            objects.pod_monitor(f"{name}-monitor", place, pods, port="http-monitoring", path="/metrics", object_name="velero")
        self.register_outputs({})

    @staticmethod
    def wants(config: Backups) -> Wants:
        """One bucket."""
        return Wants(buckets=("velero",))

    @staticmethod
    def plan(site: Site) -> VeleroBackupsArgs:
        """The spec as constructor arguments."""
        config: Backups = site.config
        metrics = site.maybe(Metrics)
        site.ready += list(metrics.ready) if metrics else []
        return VeleroBackupsArgs(
            namespace=site.namespace or VeleroBackups.namespace,
            labels=site.naming.labels("velero"),
            bucket=site.buckets["velero"],
            schedule=config.schedule,
            retention_seconds=duration_seconds(config.retention),
            compute=Compute.of(config.resources),
            namespaces=list(config.namespaces),
            volumes=config.volumes,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Any]:
        """None."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where backups lie, and the Secret without which those of volumes cannot be read."""
        return {
            "bucket": self._args.bucket.bucket,
            "schedule": NAME,
            "repositoryKeySecret": pulumi.Output.concat(self._args.namespace, f"/{REPOSITORY_KEY}"),
        }


def storage(access: BucketAccess) -> dict[str, Any]:
    """BackupStorageLocation: the bucket, by path where the store is not the cloud's own."""
    own: dict[str, Any] = {"s3Url": access.endpoint, "s3ForcePathStyle": "true"} if access.endpoint is not None else {}
    return {
        "provider": "aws",
        "default": True,
        "accessMode": "ReadWrite",
        "objectStorage": {"bucket": access.bucket},
        # stores other than S3 itself may not know the newer checksums
        "config": {"region": access.region, **own, "checksumAlgorithm": ""},
    }


def schedule(args: VeleroBackupsArgs) -> dict[str, Any]:
    """Schedule: the namespaces, at their time, kept so long."""
    picked = {"includedNamespaces": list(args.namespaces)} if args.namespaces else {"excludedNamespaces": CLUSTERS_OWN}
    return {
        "schedule": args.schedule,
        # a backup at once, where none is
        "skipImmediately": False,
        "template": {
            **picked,
            "storageLocation": NAME,
            "ttl": f"{args.retention_seconds // 3600}h0m0s",
            "snapshotVolumes": False,
            "defaultVolumesToFsBackup": args.volumes,
        },
    }
