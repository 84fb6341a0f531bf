"""Model services of our own: what fastapi, flask, bentoml and tfserving have in common, which is nearly everything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import core

from components.contracts import Endpoint, Serving
from components.kubernetes import model_scaling, model_scripts, objects, workload
from components.kubernetes.mlflow import IMAGE as MLFLOW
from components.kubernetes.model_args import ModelServicesArgs, ServedModelArgs
from components.kubernetes.place import SMALL, Compute, Place, content_hash, image

MODELS = "/models"
SCRIPTS = "/opt/mlops"
STORE_CA = "/etc/mlops/store"
GPU = "nvidia.com/gpu"


@dataclass(frozen=True)
class Server:
    """What one serving system does its own way."""

    system: str
    port: int
    health: str
    metrics: str
    image: str | None = None
    """Its own server, for models without an image; None where there is none."""
    command: Callable[[str, int], list[str]] | None = None
    """(model, port) -> command line of its own server."""
    scripts: tuple[tuple[str, str], ...] = ()
    """Files beside its own server, by name."""
    always: bool = False
    """Its command line runs in images of the user too (other builds of the same server)."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables of every container, the user's images included, which the user's own replace."""
    start_seconds: int = 300
    """A model may take that long to load."""


class ModelFleet:
    """The resources of a system's models below `parent`; the systems' components hand everything to it."""

    def __init__(self, parent: pulumi.ComponentResource, name: str, args: ModelServicesArgs, server: Server):
        self._name, self._args, self._server = name, args, server
        own = pulumi.ResourceOptions(parent=parent)
        self._place = Place(server.system, args.namespace, args.labels, own, args.registry_mirror)
        files = {"fetch_model.py": model_scripts.FETCH, **dict(server.scripts)}
        self._marks = {"mlops.dev/scripts": content_hash(files)}
        self._scripts = objects.config_map(f"{name}-scripts", self._place, files, object_name=f"{server.system}-scripts")
        self._account = objects.service_account(f"{name}-account", self._place, object_name=f"{server.system}-models")
        for model, found in args.models.items():
            self._serve(model, found)

    def _serve(self, model: str, args: ServedModelArgs) -> None:
        """The model's objects, and those of its canary."""
        scaled = args.max_replicas > args.replicas
        self._version(model, args, args.image, args.model, None if scaled else args.replicas)
        name = f"{self._name}-{model}"
        if scaled:
            found = model_scaling.Scaled(self._server.system, model, self._object(model), self._args.query_url)
            model_scaling.scale(name, self._place, found, args)
        if self._args.monitored:
            for part in [model, *([f"{model}-canary"] if args.canary else [])]:
                objects.service_monitor(
                    f"{self._name}-{part}-monitor",
                    self._place,
                    part,
                    port="http",
                    path=args.metrics or self._server.metrics,
                    object_name=self._object(part),
                )
        if canary := args.canary:
            self._version(f"{model}-canary", args, canary.image or args.image, canary.model or args.model, canary.replicas)

    def _object(self, part: str) -> str:
        return f"{self._server.system}-{part}"

    def _version(self, part: str, args: ServedModelArgs, ref: str | None, prefix: str | None, replicas: int | None) -> None:
        """Service, budget and Deployment of one version."""
        name, object_name, place = f"{self._name}-{part}", self._object(part), self._place
        port = args.port or self._server.port
        objects.service(f"{name}-service", place, part, {"http": port}, object_name=object_name)
        objects.disruption_budget(f"{name}-budget", place, part, object_name=object_name)
        template = workload.pod(
            place,
            part,
            [self._container(part, args, ref, prefix is not None, port)],
            init=[self._fetch(part, prefix)] if prefix else [],
            account=self._account.metadata.name,
            volumes=self._volumes(args, prefix is not None),
            notes=self._marks,
        )
        if args.gpus:
            pod: Any = template.spec
            pod.tolerations = [core.v1.TolerationArgs(key=GPU, operator="Exists", effect="NoSchedule")]
        waits = place.after(self._scripts, self._account)
        workload.deployment(f"{name}-deployment", place, part, template, replicas=replicas, object_name=object_name, opts=waits)

    def _container(self, part: str, args: ServedModelArgs, ref: str | None, fetched: bool, port: int) -> core.v1.ContainerArgs:
        server, model = self._server, part.removesuffix("-canary")
        own = ref is None or server.always
        path = args.health or server.health.format(model=model)
        mounts = {SCRIPTS: "scripts"} if own else {}
        made = workload.container(
            "server",
            image(ref or server.image or "", self._args.registry_mirror),
            args.compute,
            command=server.command(model, port) if own and server.command else (),
            env={
                "MODEL_NAME": model,
                "HOME": "/tmp",
                **({"MODEL_PATH": _path(part)} if fetched else {}),
                **({"PYTHONPATH": SCRIPTS} if own else {}),
                **dict(server.environment),
                **args.environment,
            },
            ports={"http": port},
            mounts={**mounts, **({MODELS: "models"} if fetched else {})},
            ready=workload.http(path, "http"),
            live=workload.http(path, "http", period=30),
            start=workload.http(path, "http", failures=max(1, server.start_seconds // 10)),
        )
        made.env_from = [
            core.v1.EnvFromSourceArgs(secret_ref=core.v1.SecretEnvSourceArgs(name=secret)) for secret in args.secret_names
        ] or None
        if args.gpus:
            gpus = {GPU: str(args.gpus)}
            made.resources = core.v1.ResourceRequirementsArgs(
                requests={**args.compute.requests(), **gpus}, limits={**args.compute.limits(), **gpus}
            )
        return made

    def _fetch(self, part: str, prefix: str) -> core.v1.ContainerArgs:
        """An init container that copies the model's files into the pod."""
        access = self._args.bucket
        if access is None:
            raise pulumi.RunError(f"{self._server.system}: a model's files come from an object store, and the stack has none")
        env: dict[str, pulumi.Input[str]] = {
            "MODEL_BUCKET": access.bucket,
            "MODEL_PREFIX": prefix,
            "MODEL_PATH": _path(part),
            "MODEL_REGION": access.region,
            "HOME": "/tmp",
        }
        if access.endpoint is not None:
            env["MODEL_ENDPOINT"] = access.endpoint
        if access.ca_config_map is not None:
            env["AWS_CA_BUNDLE"] = f"{STORE_CA}/ca.crt"
        secrets: dict[str, tuple[pulumi.Input[str], str]] = {}
        if access.secret is not None:
            secrets = {key: (access.secret, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        mounts = {SCRIPTS: "scripts", MODELS: "models"}
        return workload.container(
            "fetch",
            image(MLFLOW, self._args.registry_mirror),
            Compute(SMALL.cpu, "256Mi", "1"),
            command=["python", f"{SCRIPTS}/fetch_model.py"],
            env=env,
            secrets=secrets,
            mounts={**mounts, **({STORE_CA: "store-ca"} if access.ca_config_map is not None else {})},
        )

    def _volumes(self, args: ServedModelArgs, fetched: bool) -> list[core.v1.VolumeArgs]:
        volumes = [workload.config_volume("scripts", self._scripts.metadata.name)]
        if fetched:
            room = core.v1.EmptyDirVolumeSourceArgs(size_limit=args.scratch)
            volumes.append(core.v1.VolumeArgs(name="models", empty_dir=room))
        if fetched and self._args.bucket and self._args.bucket.ca_config_map is not None:
            volumes.append(workload.config_volume("store-ca", self._args.bucket.ca_config_map))
        return volumes

    def endpoints(self) -> list[Endpoint]:
        """Each model at https://<system>-<model>.<domain>, its canary's share with it."""
        found = []
        for model, args in self._args.models.items():
            service = self._object(model)
            weights = {}
            if canary := args.canary:
                weights = {service: 100 - canary.weight, f"{service}-canary": canary.weight}
            port = args.port or self._server.port
            found.append(Endpoint(service, self._args.namespace, service, port, login=args.login, weights=weights))
        return found

    def urls(self) -> dict[str, pulumi.Output[str]]:
        """Where each model is asked inside the cluster."""
        return {
            model: pulumi.Output.concat(
                "http://", self._object(model), ".", self._args.namespace, f".svc:{found.port or self._server.port}"
            )
            for model, found in self._args.models.items()
        }

    def contracts(self) -> list[Serving]:
        """Serving: the first model, by which a consumer that names none is served."""
        return [Serving(url=next(iter(self.urls().values())))]


def _path(part: str) -> str:
    """Where the files of a version lie in its pods."""
    return f"{MODELS}/{part.removesuffix('-canary')}"
