"""zot's chart, its configuration and the files with its users: what may be read by whom (zot v2.1.18, examples/README.md)."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.contracts import BucketAccess
from components.kubernetes.images import PROJECT
from components.kubernetes.place import Compute

PORT = 5000
BUILDER, METRICS, ADMINISTRATOR = "builder", "metrics", "administrator"
RESERVED = (BUILDER, METRICS, ADMINISTRATOR)
"""Users of our own; a consumer of that name would share their rights."""
ACCOUNT = "registry"
"""ServiceAccount of the registry; its token is mounted nowhere."""
TLS_PATH, USERS_PATH = "/etc/mlops/tls", "/etc/mlops/users"


_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def chart_values(compute: Compute, mirror: str | None) -> dict[str, Any]:
    """Values of zot's chart, plain: its sample users and NodePort off, configuration and users by mounts of ours."""
    return {
        **({"image": {"repository": f"{mirror.rstrip('/')}/project-zot/zot"}} if mirror else {}),
        "service": {"type": "ClusterIP", "port": PORT},
        "httpGet": {"scheme": "HTTPS", "port": PORT},
        # one at a time: two would collect each other's garbage
        "replicaCount": 1,
        "strategy": {"type": "Recreate"},
        "mountConfig": False,
        "mountSecret": False,
        "persistence": False,
        "serviceAccount": {"create": False, "name": ACCOUNT},
        "podSecurityContext": {"runAsNonRoot": True, "fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": _RESTRICTED,
        "resources": compute.spec(),
        "extraVolumes": [{"name": "tmp", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def access(users: Sequence[str]) -> dict[str, Any]:
    """Who may do what: all users pull, each pushes to its own project; our own images are built by the builder, read by all."""
    own = {
        f"{user}/**": {
            "policies": [{"users": [user], "actions": ["read", "create", "update", "delete"]}],
            "defaultPolicy": ["read"],
        }
        for user in users
    }
    return {
        "metrics": {"users": [METRICS]},
        "repositories": {
            # nodes pull without a Secret: nothing of these is secret, and what they hold is in this repository
            f"{PROJECT}/**": {
                "anonymousPolicy": ["read"],
                "defaultPolicy": ["read"],
                "policies": [{"users": [BUILDER], "actions": ["read", "create", "update"]}],
            },
            **own,
            "**": {"defaultPolicy": ["read"]},
        },
        "adminPolicy": {"users": [ADMINISTRATOR], "actions": ["read", "create", "update", "delete"]},
    }


def document(bucket: BucketAccess, users: Sequence[str]) -> pulumi.Output[str]:
    """config.json; the store's keys come from the environment, users from a file."""
    driver: dict[str, Any] = {
        "name": "s3",
        "rootdirectory": "/zot",
        "region": bucket.region,
        "bucket": bucket.bucket,
        "secure": True,
        "skipverify": False,
    }
    if bucket.endpoint is not None:
        driver |= {"regionendpoint": bucket.endpoint, "forcepathstyle": True}
    whole: dict[str, Any] = {
        "distSpecVersion": "1.1.1",
        # without deduplication no index beside the objects has to survive a restart
        "storage": {"rootDirectory": "/var/lib/registry", "dedupe": False, "gc": True, "storageDriver": driver},
        "http": {
            "address": "0.0.0.0",
            "port": str(PORT),
            "realm": "mlops",
            "compat": ["docker2s2"],
            "tls": {"cert": f"{TLS_PATH}/tls.crt", "key": f"{TLS_PATH}/tls.key"},
            "auth": {"htpasswd": {"path": f"{USERS_PATH}/htpasswd"}, "failDelay": 2},
            "accessControl": access(users),
        },
        "log": {"level": "info"},
        "extensions": {
            "search": {"enable": True},
            "ui": {"enable": True},
            "metrics": {"enable": True, "prometheus": {"path": "/metrics"}},
        },
    }
    return pulumi.Output.json_dumps(whole, sort_keys=True)


def htpasswd(hashes: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    """The file of users, from bcrypt hashes that were drawn once with their passwords and stand in the state ever since."""
    return pulumi.Output.concat(*(part for user in sorted(hashes) for part in (f"{user}:", hashes[user], "\n")))


def docker_config(hosts: Sequence[pulumi.Input[str]], user: str, password: pulumi.Input[str]) -> pulumi.Output[str]:
    """`.dockerconfigjson` with one login for several names of the same registry."""

    def text(given: Sequence[Any]) -> str:
        *names, word = given
        token = base64.b64encode(f"{user}:{word}".encode()).decode()
        entry = {"username": user, "password": word, "auth": token}
        return json.dumps({"auths": {name: entry for name in names}}, sort_keys=True)

    return pulumi.Output.secret(pulumi.Output.all(*hosts, password).apply(text))
