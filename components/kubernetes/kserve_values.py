"""What KServe is told: values of its charts, the way to the object store, and InferenceServices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.contracts import BucketAccess
from components.kubernetes import gateway_specs
from components.kubernetes.place import Compute, image

NAMESPACE = "kserve"
GATEWAY_NAMESPACE = "gateway"
"""Where the stack's Gateway stands (gateway.py)."""
STORAGE_NAME = "mlops"
ACCOUNT = "kserve-models"
VERSION = "v0.20.0"
STORE_CA = "/etc/mlops/store"
GPU = "nvidia.com/gpu"
POD = {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
RUNTIME_IMAGES = {
    "sklearnserver": "docker.io/kserve/sklearnserver",
    "xgbserver": "docker.io/kserve/xgbserver",
    "lgbserver": "docker.io/kserve/lgbserver",
    "mlserver": "docker.io/seldonio/mlserver",
    "tensorflow": "docker.io/tensorflow/serving",
    "tritonserver": "nvcr.io/nvidia/tritonserver",
    "huggingfaceserver": "docker.io/kserve/huggingfaceserver",
    "pmmlserver": "docker.io/kserve/pmmlserver",
    "paddleserver": "docker.io/kserve/paddleserver",
    "predictiveserver": "docker.io/kserve/predictiveserver",
    "autogluonserver": "docker.io/kserve/autogluonserver",
    "torchserve": "docker.io/pytorch/torchserve-kfs",
}
"""The chart's runtimes with their images; those without one of their own or with a tag that moves are not offered."""
LEFT_OUT = ("vllmserver", "huggingfaceserver_multinode")


@dataclass
class InferenceArgs:
    """One InferenceService."""

    format: str
    model: str
    """Prefix in the bucket."""
    replicas: int
    max_replicas: int
    compute: Compute
    gpus: int = 0
    runtime: Optional[str] = None
    """ClusterServingRuntime; KServe picks one by the format if unset."""
    login: bool = True


def controller(domain: str, compute: Compute, mirror: str | None) -> dict[str, Any]:
    """Values of kserve-resources: Standard mode, HTTPRoutes on the stack's Gateway."""

    def ours(name: str) -> str:
        return image(f"docker.io/kserve/{name}", mirror)

    return {
        "kserve": {
            "agent": {"image": ours("agent")},
            "router": {"image": ours("router")},
            "storage": {"image": ours("storage-initializer")},
            # off both, but the controller's ConfigMap names them
            "servingruntime": {"art": {"image": ours("art-explainer")}},
            "localmodel": {"defaultJobImage": ours("storage-initializer")},
            "controller": {
                "deploymentMode": "Standard",
                "image": ours("kserve-controller"),
                "imagePullPolicy": "IfNotPresent",
                "rbacProxyImage": image("quay.io/brancz/kube-rbac-proxy:v0.18.0", mirror),
                "resources": compute.spec(),
                "gateway": {
                    "domain": domain,
                    "urlScheme": "https",
                    "disableIstioVirtualHost": True,
                    "ingressGateway": {
                        "enableGatewayApi": True,
                        "createGateway": False,
                        "kserveGateway": f"{GATEWAY_NAMESPACE}/{gateway_specs.NAME}",
                    },
                },
            },
        }
    }


def runtimes(wanted: Sequence[str], mirror: str | None) -> dict[str, Any]:
    """Values of kserve-runtime-configs: the wanted runtimes, their images from the mirror."""
    known: dict[str, Any] = {
        name: {"disabled": name not in wanted, "image": image(ref, mirror)} for name, ref in RUNTIME_IMAGES.items()
    }
    # rendered all the same, as disabled: without a user of its own one of them would count as root
    out: dict[str, dict[str, Any]]
    out = {name: {"disabled": True, "securityContext": {"runAsNonRoot": True}} for name in LEFT_OUT}
    if mirror:
        # what is left out stands in the cluster all the same, disabled and with its image
        out["vllmserver"]["image"] = image("docker.io/vllm/vllm-openai", mirror)
    return {"kserve": {"servingruntime": {"enabled": True, **known, **out}}}


def storage(access: BucketAccess, mirror: str | None) -> dict[str, Any]:
    """ClusterStorageContainer's `spec`: how a model's files are fetched from our object store."""
    env: list[dict[str, Any]] = [{"name": "AWS_DEFAULT_REGION", "value": access.region}]
    if access.endpoint is not None:
        env.append({"name": "AWS_ENDPOINT_URL", "value": access.endpoint})
    if access.secret is not None:
        env += [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": access.secret, "key": key}}}
            for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        ]
    container: dict[str, Any] = {
        "name": "storage-initializer",
        "image": image(f"docker.io/kserve/storage-initializer:{VERSION}", mirror),
        "imagePullPolicy": "IfNotPresent",
        "resources": Compute("100m", "512Mi", "1").spec(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if access.ca_config_map is not None:
        env.append({"name": "AWS_CA_BUNDLE", "value": f"{STORE_CA}/ca.crt"})
        container["volumeMounts"] = [{"name": "store-ca", "mountPath": STORE_CA, "readOnly": True}]
    return {
        "container": {**container, "env": env},
        # by name only (storageContainerName): no other InferenceService is caught by it
        "supportedUriFormats": [{"prefix": "s3://"}],
        "workloadType": "initContainer",
    }


def inference_service(args: InferenceArgs, access: BucketAccess) -> dict[str, Any]:
    """InferenceService's `spec`."""
    resources = args.compute.spec()
    if args.gpus:
        resources = {kind: {**amounts, GPU: str(args.gpus)} for kind, amounts in resources.items()}
    model: dict[str, Any] = {
        "modelFormat": {"name": args.format},
        "storageUri": pulumi.Output.concat("s3://", access.bucket, f"/{args.model}"),
        "resources": resources,
        **({"runtime": args.runtime} if args.runtime else {}),
    }
    predictor: dict[str, Any] = {
        "minReplicas": args.replicas,
        "maxReplicas": args.max_replicas,
        "scaleMetric": "cpu",
        "scaleTarget": 70,
        "serviceAccountName": ACCOUNT,
        "automountServiceAccountToken": False,
        "storageContainerName": STORAGE_NAME,
        "securityContext": POD,
        "model": model,
    }
    if access.ca_config_map is not None:
        predictor["volumes"] = [{"name": "store-ca", "configMap": {"name": access.ca_config_map}}]
    if args.gpus:
        predictor["tolerations"] = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
    return {"predictor": predictor}
