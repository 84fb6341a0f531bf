"""Notebooks of Kubeflow: its controller as a workload of ours, without Istio, and the notebooks that the stack file names."""

from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core, meta, rbac

from components.contracts import Endpoint
from components.kubernetes import chart, manifests, objects, workload
from components.kubernetes.jupyterhub_values import NOTEBOOK
from components.kubernetes.place import Compute, Image, Place, image

DEFINITION = manifests.Source(
    "kubeflow/notebooks",
    "3454bb75696a6f76efe0b483fc44f577c9596807",
    "components/notebook-controller/config/crd/bases/kubeflow.org_notebooks.yaml",
    checked="2026-11-23",
)
CONTROLLER = Image("ghcr.io/kubeflow/notebooks/notebook-controller", "v1.11.0", "2026-11-23")
KIND = ("kubeflow.org/v1", "Notebook")
PART = "notebook-controller"
METRICS, HEALTH, PORT, SERVED = 8080, 8081, 8888, 80
"""Ports of the controller, of a notebook, and of the Service that the controller makes for it (notebook_controller.go)."""
HOME = "/home/jovyan"
GPU = "nvidia.com/gpu"
_READ, _WRITE = ["get", "list", "watch"], ["create", "update", "patch", "delete"]
RIGHTS = (
    ("", ["events"], [*_READ, "create", "patch"]),
    ("", ["pods"], _READ),
    ("", ["services"], [*_READ, *_WRITE]),
    ("apps", ["statefulsets"], [*_READ, *_WRITE]),
    ("kubeflow.org", ["notebooks"], [*_READ, "update", "patch"]),
    ("kubeflow.org", ["notebooks/status", "notebooks/finalizers"], ["get", "update", "patch"]),
)
"""Of upstream's role.yaml, its wildcards spelled out; nothing of Istio's."""


@dataclass
class NotebookArgs:
    """One notebook."""

    compute: Compute
    storage: str
    """Bytes of its home volume."""
    image: Optional[str] = None
    """A Jupyter Docker Stacks image; scipy-notebook if unset."""
    gpus: int = 0


class Notebooks:
    """The controller, and below it each notebook with a home volume, a token and its address at the gateway.

    The controller makes a StatefulSet and a Service of each Notebook, in any namespace: teams make theirs by the same resource.
    Source: kubeflow/notebooks v1.11.0, components/notebook-controller (config/overlays/standalone: USE_ISTIO=false). Limits: one
    controller; idle notebooks are not stopped (the culler asks without a token, and is refused); an address at the gateway is
    made for the notebooks of the stack file alone.
    """

    def __init__(
        self,
        name: str,
        place: Place,
        notebooks: dict[str, NotebookArgs],
        compute: Compute,
        *,
        storage_class: str | None,
        monitored: bool,
        keep_crds: bool,
        protect: bool,
        mirror: str | None,
    ):
        self._name, self._place, self._notebooks = name, place, notebooks
        self._storage_class, self._protect = storage_class, protect
        kept = pulumi.ResourceOptions.merge(place.opts, pulumi.ResourceOptions(transforms=[chart.keep_crds]))
        crd = manifests.render(f"{name}-notebook-definition", DEFINITION, mirror=mirror, opts=kept if keep_crds else place.opts)
        controller = self._controller(compute, [crd, self._access()], monitored)
        for notebook, args in notebooks.items():
            self._notebook(notebook, args, controller)

    def _access(self) -> pulumi.Resource:
        """The controller's account, and what it may do in every namespace."""
        place, name = self._place, f"{self._name}-{PART}"
        account = objects.service_account(f"{name}-account", place, object_name=PART)
        head = meta.v1.ObjectMetaArgs(name=f"mlops-{PART}", labels=dict(place.labels))
        rules = [rbac.v1.PolicyRuleArgs(api_groups=[g], resources=list(r), verbs=list(v)) for g, r, v in RIGHTS]
        role = rbac.v1.ClusterRole(f"{name}-role", metadata=head, rules=rules, opts=place.opts)
        return rbac.v1.ClusterRoleBinding(
            f"{name}-binding",
            metadata=head,
            role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=f"mlops-{PART}"),
            subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=PART, namespace=place.namespace)],
            opts=place.after(account, role),
        )

    def _controller(self, compute: Compute, waits: list[pulumi.Resource], monitored: bool) -> pulumi.Resource:
        place, name = self._place, f"{self._name}-{PART}"
        manager = workload.container(
            "manager",
            image(CONTROLLER, place.mirror),
            compute,
            command=["/manager"],
            env={"USE_ISTIO": "false", "ENABLE_CULLING": "false", "CLUSTER_DOMAIN": "cluster.local"},
            ports={"metrics": METRICS, "health": HEALTH},
            ready=workload.http("/readyz", "health"),
            live=workload.http("/healthz", "health", period=30),
        )
        objects.service(f"{name}-service", place, PART, {"metrics": METRICS}, object_name=PART)
        if monitored:
            objects.service_monitor(f"{name}-monitor", place, PART, port="metrics", object_name=PART)
        template = workload.pod(place, PART, [manager], account=PART, token=True)
        return workload.deployment(name, place, PART, template, replicas=1, object_name=PART, opts=place.after(*waits))

    def _notebook(self, notebook: str, args: NotebookArgs, controller: pulumi.Resource) -> None:
        """A Notebook; who opens it passes the gateway's login, and shows its token once."""
        place, name, own = self._place, f"{self._name}-notebook-{notebook}", f"notebook-{notebook}"
        token = objects.password(f"{name}-token", place.opts, 48)
        secret = objects.secret(f"{name}-secret", place, {"token": token.result}, object_name=own)
        claim = core.v1.PersistentVolumeClaim(
            f"{name}-home",
            metadata=place.meta(f"{own}-home", notes={"pulumi.com/skipAwait": "true"}),
            spec=core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=self._storage_class,
                resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": args.storage}),
            ),
            opts=place.after(protect=self._protect, retain_on_delete=self._protect),
        )
        account = objects.service_account(f"{name}-account", place, object_name=own)
        opts = place.after(controller, secret, claim, account)
        objects.custom(name, place, KIND, self._spec(own, args), object_name=own, notes=objects.WAIT_READY, opts=opts)

    def _spec(self, own: str, args: NotebookArgs) -> dict[str, Any]:
        gpus = {GPU: str(args.gpus)} if args.gpus else {}
        probe = {"tcpSocket": {"port": PORT}, "periodSeconds": 10, "timeoutSeconds": 5}
        container = {
            "name": own,
            "image": image(args.image or NOTEBOOK, self._place.mirror),
            # $(NB_PREFIX) is the path that the controller gives it: /notebook/<namespace>/<name>
            "command": ["start-notebook.py", "--ServerApp.base_url=$(NB_PREFIX)", f"--ServerApp.port={PORT}"],
            "env": [
                {"name": "JUPYTER_TOKEN", "valueFrom": {"secretKeyRef": {"name": own, "key": "token"}}},
                {"name": "HOME", "value": HOME},
            ],
            "ports": [{"name": "notebook-port", "containerPort": PORT, "protocol": "TCP"}],
            "resources": {
                "requests": {**args.compute.requests(), **gpus},
                "limits": {**args.compute.limits(), **gpus},
            },
            "volumeMounts": [{"name": "home", "mountPath": HOME}, {"name": "tmp", "mountPath": "/tmp"}],
            "readinessProbe": probe,
            "livenessProbe": {**probe, "periodSeconds": 30, "failureThreshold": 5},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
        pod: dict[str, Any] = {
            "serviceAccountName": own,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "runAsGroup": 100,
                "fsGroup": 100,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [
                {"name": "home", "persistentVolumeClaim": {"claimName": f"{own}-home"}},
                {"name": "tmp", "emptyDir": {}},
            ],
        }
        if args.gpus:
            pod["tolerations"] = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
        return {"template": {"spec": pod}}

    def endpoints(self) -> list[Endpoint]:
        """Each notebook at https://notebook-<name>.<domain>/notebook/<namespace>/notebook-<name>/, behind the gateway's login."""
        return [Endpoint(f"notebook-{n}", self._place.namespace, f"notebook-{n}", SERVED) for n in self._notebooks]

    def exports(self) -> dict[str, pulumi.Input[str]]:
        """Path of each at its address, and the Secret with its token."""
        found: dict[str, pulumi.Input[str]] = {}
        for notebook in self._notebooks:
            found[f"notebook-{notebook}.path"] = pulumi.Output.concat(
                "/notebook/", self._place.namespace, f"/notebook-{notebook}/"
            )
            found[f"notebook-{notebook}.secret"] = pulumi.Output.concat(self._place.namespace, f"/notebook-{notebook}")
        return found
