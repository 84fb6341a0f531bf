"""What JupyterHub's chart, its hub and its notebooks are told: plain values, settings of the run, and the hub's own Python."""

from collections.abc import Mapping
from typing import Any

from components.contracts import BucketAccess
from components.kubernetes import kueue
from components.kubernetes.gpus import GPU
from components.kubernetes.place import Compute, Image, image
from components.spec.base import quantity_value

NOTEBOOK = Image("quay.io/jupyter/scipy-notebook", "2026-09-29", "2026-11-23")
GPU_NOTEBOOK = Image("quay.io/jupyter/pytorch-notebook", "cuda12-2026-09-01", "2026-11-23")
"""Jupyter Docker Stacks; tags as pinned in public Dockerfiles, digests unverified."""

KEYS = "jupyterhub-keys"
USERS = "jupyterhub-users"
UNUSED = "unused-see-jupyterhub-keys"
"""In place of what the chart would draw at random at each render: the hub reads KEYS first, and the transform of jupyterhub.py
points both pods at it for the one key that the chart reads from its own Secret."""

HUB = Compute("200m", "512Mi", "1")
PROXY = Compute("50m", "128Mi", "500m")
TRUST = "/etc/mlops/trust/ca.crt"
"""Public CAs and the platform's own, in one file."""

RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Pod Security `restricted`, for notebooks."""

DECLARED_USERS = '''\
import pathlib

import bcrypt
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo


class DeclaredUsers(NativeAuthenticator):
    """Nobody signs up: each declared user is made once, with the first password of the mounted Secret."""

    def add_new_table(self):
        super().add_new_table()
        for file in sorted(pathlib.Path("/etc/jupyterhub/users").iterdir()):
            # a mounted Secret also holds ..data and ..<date>
            if not file.name.startswith("..") and not self.user_exists(file.name):
                first = bcrypt.hashpw(file.read_bytes(), bcrypt.gensalt())
                self.db.add(UserInfo(username=file.name, password=first, is_authorized=True))
        self.db.commit()


c.JupyterHub.authenticator_class = DeclaredUsers
'''

MYSQL = """\
import os
from urllib.parse import quote

c.JupyterHub.db_url = "mysql+pymysql://{}:{}@{}:{}/{}?charset=utf8mb4&ssl_ca={}".format(
    *(quote(os.environ["HUB_DB_" + key], safe="/" if key == "CA" else "")
      for key in ("USERNAME", "PASSWORD", "HOST", "PORT", "NAME", "CA"))
)
"""


def profile(
    name: str,
    description: str,
    cpu: str,
    memory: str,
    gpus: int,
    ref: str | None,
    product: str | None,
    first: bool,
    mirror: str | None,
    resource: str = GPU,
    queue: str | None = None,
) -> dict[str, Any]:
    """One entry of the start page, with GPUs through the `queue` where there is one.

    kubespawner takes memory in bytes (its suffixes are not Kubernetes').
    """
    cores, size = quantity_value(cpu), int(quantity_value(memory))
    override: dict[str, Any] = {
        "image": image(ref or (GPU_NOTEBOOK if gpus else NOTEBOOK), mirror),
        "cpu_guarantee": cores,
        "cpu_limit": cores * 2,
        "mem_guarantee": size,
        "mem_limit": size,
    }
    if gpus:
        override |= {
            "extra_resource_limits": {resource: str(gpus)},
            "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
            "node_selector": {f"{GPU}.product": product} if product else {f"{GPU}.present": "true"},
        }
    if gpus and queue:
        # the profile's labels stand in place of the chart's, by which the hub lets notebooks in
        override["extra_labels"] = {"hub.jupyter.org/network-access-hub": "true", kueue.LABEL: queue}
    return {
        "slug": name,
        "display_name": name.upper() if len(name) <= 3 else name.capitalize(),
        "description": description,
        "default": first,
        "kubespawner_override": override,
    }


def mirrored(mirror: str | None) -> dict[str, Any]:
    """Image names of the chart's own pods behind the stack's mirror; their tags stay the chart's."""
    if not mirror:
        return {}
    return {
        "hub": {"image": {"name": image("quay.io/jupyterhub/k8s-hub", mirror)}},
        "proxy": {"chp": {"image": {"name": image("quay.io/jupyterhub/configurable-http-proxy", mirror)}}},
    }


def environment(uri: Any, secret: Any, bucket: BucketAccess | None) -> dict[str, Any]:
    """Variables of each notebook: MLflow's `uri`, the Secret of its user, the bucket; what is secret stays in Secrets."""

    def key(name: Any, entry: str) -> dict[str, Any]:
        return {"valueFrom": {"secretKeyRef": {"name": name, "key": entry}}}

    found: dict[str, Any] = {}
    if uri is not None:
        # over S3 its clients are offered addresses of the bucket itself, which need be none that notebooks reach
        proxied = {f"MLFLOW_ENABLE_PROXY_MULTIPART_{way}": "false" for way in ("DOWNLOAD", "UPLOAD")}
        found |= {"MLFLOW_TRACKING_URI": uri, **proxied}
    if secret is not None:
        found["MLFLOW_TRACKING_USERNAME"] = key(secret, "username")
        found["MLFLOW_TRACKING_PASSWORD"] = key(secret, "password")
    if bucket is not None:
        found |= {"AWS_DEFAULT_REGION": bucket.region, "NOTEBOOK_BUCKET": bucket.bucket}
        if bucket.endpoint is not None:
            found["AWS_ENDPOINT_URL_S3"] = bucket.endpoint
        if bucket.secret is not None:
            found |= {entry: key(bucket.secret, entry) for entry in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return found


def notebook_settings(preset: Mapping[str, Any], bundle: Any, mirror: str | None) -> dict[str, Any]:
    """The `singleuser` section that the hub merges over the chart's: it holds what is known only during the run.

    With a `bundle` (ConfigMap, key ca.crt) an init container joins it to the image's public CAs, so that both the platform and
    package indexes are trusted.
    """
    if bundle is None:
        return {"extraEnv": dict(preset)}
    joined = {name: TRUST for name in ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "SSL_CERT_FILE")}
    return {
        "extraEnv": {**preset, **joined},
        "initContainers": [
            {
                "name": "trust",
                "image": image(NOTEBOOK, mirror),
                "command": ["sh", "-c", f"cat /etc/ssl/certs/ca-certificates.crt /etc/mlops/ca/ca.crt > {TRUST}"],
                "securityContext": {**RESTRICTED, "runAsUser": 1000, "readOnlyRootFilesystem": True},
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"}},
                "volumeMounts": [
                    {"name": "platform-ca", "mountPath": "/etc/mlops/ca", "readOnly": True},
                    {"name": "trust", "mountPath": "/etc/mlops/trust"},
                ],
            }
        ],
        "storage": {
            "extraVolumes": [{"name": "platform-ca", "configMap": {"name": bundle}}, {"name": "trust", "emptyDir": {}}],
            "extraVolumeMounts": [{"name": "trust", "mountPath": "/etc/mlops/trust", "readOnly": True}],
        },
    }
