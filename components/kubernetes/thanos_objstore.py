"""The bucket that Prometheus' sidecar and Thanos share, and how both are told of it.

The sidecar stands in Prometheus' own pod, which is made before any object store (the store wants Prometheus' operator for its
monitors). So Prometheus is told NAMES alone, all known beforehand: the Secret with the bucket's address that thanos.py makes, and
the Secret with the key that the store grants to `thanos`. Its sidecar waits for both; nothing else does.
"""

from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.accesses import BucketAccess
from components.kubernetes.place import Compute
from components.naming import bucket_secret
from components.spec.stack import StackSpec

SYSTEM = "thanos"
BUCKET = "thanos"
SECRET = "thanos-objstore"
KEY = "objstore.yml"
CA_PATH = "/etc/mlops/objstore"
CA_VOLUME = "objstore-ca"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Variables that Thanos' S3 client reads where its configuration names no key (objstore, providers/s3: EnvAWS)."""
SIDECAR = Compute("50m", "256Mi", "500m")


@dataclass
class ObjstoreArgs:
    """Names by which a pod reaches the bucket."""

    credentials: str
    """Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""
    ca_config_map: Optional[str] = None
    """ConfigMap with the CA bundle in key ca.crt; the image's public CAs if unset."""


def names(spec: StackSpec, bundle: str) -> ObjstoreArgs | None:
    """The names, known before the store stands; None where the stack has no Thanos. `bundle` is the platform's CA."""
    if spec.systems.thanos is None:
        return None
    if brought := spec.bring_your_own.get("objectStore"):
        return ObjstoreArgs(brought.credentials.get(SYSTEM, bucket_secret(SYSTEM, BUCKET)), brought.ca_config_map)
    return ObjstoreArgs(bucket_secret(SYSTEM, BUCKET), bundle)


def environment(args: ObjstoreArgs) -> list[dict[str, Any]]:
    """The key, as variables of a container."""
    return [{"name": key, "valueFrom": {"secretKeyRef": {"name": args.credentials, "key": key}}} for key in KEYS]


def mounts(args: ObjstoreArgs) -> list[dict[str, Any]]:
    """Where a container finds the CA."""
    return [{"name": CA_VOLUME, "mountPath": CA_PATH}] if args.ca_config_map else []


def volumes(args: ObjstoreArgs) -> list[dict[str, Any]]:
    """The pod's volume of it."""
    return [{"name": CA_VOLUME, "configMap": {"name": args.ca_config_map}}] if args.ca_config_map else []


def sidecar_values(args: ObjstoreArgs) -> dict[str, Any]:
    """Values of kube-prometheus-stack: the sidecar, its Service, and a monitor over it.

    ThanosSpec has no variables, so the key comes through `containers`, which the operator merges by name into what it makes.
    """
    return {
        "prometheus": {
            "thanosService": {"enabled": True},
            "thanosServiceMonitor": {"enabled": True},
            "prometheusSpec": {
                "thanos": {
                    "objectStorageConfig": {"existingSecret": {"name": SECRET, "key": KEY}},
                    "resources": SIDECAR.spec(),
                    "volumeMounts": mounts(args),
                },
                "containers": [{"name": "thanos-sidecar", "env": environment(args), "resources": SIDECAR.spec()}],
                "volumes": volumes(args),
            },
        }
    }


def configuration(access: BucketAccess) -> pulumi.Output[str]:
    """The text of objstore.yml (JSON is YAML): addresses, no key."""

    def text(endpoint: str | None, region: str, bucket: str, ca: str | None) -> dict[str, Any]:
        config: dict[str, Any] = {"bucket": bucket, "region": region}
        if endpoint is None:
            config["endpoint"] = f"s3.{region}.amazonaws.com"
        else:
            scheme, _, host = endpoint.rpartition("://")
            config |= {"endpoint": host.rstrip("/"), "insecure": scheme == "http", "bucket_lookup_type": "path"}
        if ca:
            config["http_config"] = {"tls_config": {"ca_file": f"{CA_PATH}/ca.crt"}}
        return {"type": "S3", "config": config}

    known = pulumi.Output.all(access.endpoint, access.region, access.bucket, access.ca_config_map)
    return pulumi.Output.json_dumps(known.apply(lambda found: text(*found)), sort_keys=True)
