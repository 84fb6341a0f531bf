"""Model services in containers on Azure: what fastapi, flask and bentoml have in common, which is nearly everything."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.app_environment import environment
from components.azureml.identity import client_id
from components.azureml.place import AzurePlaceArgs, place_of
from components.contracts import Consumer, Serving, Wants
from components.naming import fit
from components.spec.base import quantity_value
from components.spec.serving import ModelServices, ServedModel
from components.system import Site

BUCKET = "models"
GPU_PROFILE = "Consumption-GPU-NC8as-T4"
"""One NVIDIA T4 a replica (Azure Container Apps documentation, "Using serverless GPUs in Azure Container Apps")."""
CORES = 4
"""vCPUs of a replica at most; it has twice as many GiB (the same, "Containers in Azure Container Apps")."""


@dataclass
class ContainerModelArgs:
    """One model behind an HTTP API."""

    image: str
    port: int
    health: str
    """Path that answers 200 when ready."""
    replicas: int
    max_replicas: int
    target_cpu: int
    """Percent of a replica's cores that the autoscaler aims at."""
    cores: float
    """A multiple of 0.25; a replica has twice as many GiB."""
    gpus: int = 0
    model: Optional[str] = None
    """Prefix of its files in container `models`."""
    environment: dict[str, str] = field(default_factory=dict)
    canary_weight: int = 0
    """Percent of the requests that go to a second version; 0: there is none."""
    canary_image: Optional[str] = None
    canary_model: Optional[str] = None
    canary_replicas: int = 1


@dataclass
class ContainerAppsArgs:
    """The models of one system."""

    stem: str
    """`<stack>-<system>`: begins names."""
    identity_id: pulumi.Input[str]
    """Identity that the containers run as; its right to the container and to pull is granted beforehand."""
    bucket: contracts.BucketAccess
    subnet_id: pulumi.Input[str]
    """The environment's own subnet."""
    network_id: pulumi.Input[str]
    production: bool
    """Spread over zones."""
    place: AzurePlaceArgs
    registry_host: Optional[pulumi.Input[str]] = None
    """The stack's registry, which images are pulled from by identity."""
    models: dict[str, ContainerModelArgs] = field(default_factory=dict)


class ContainerApps(pulumi.ComponentResource):
    """A Container Apps environment of the system's own, and for each declared model an app in it.

    Without a model: the environment (app_environment.py) with its identity and its right to container `models` and to the
    stack's registry, for a delivery of the user's own. With one: a ContainerApp with its own scale by CPU, and with a canary a
    second one and a route that shares the requests out. A container gets MODEL_URI (the folder of its files), AZURE_CLIENT_ID
    (whom to ask for a token as) and the model's own variables. Source: Azure Container Apps documentation, "Set scaling rules",
    "Use rule-based routing".
    """

    noun = "ContainerApps"
    port = 8000
    health = "/healthz"
    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.ImageRegistry,)
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "azure-native:app:ManagedEnvironment"
    identity = True

    def __init__(self, name: str, args: ContainerAppsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        self._args, self._name = args, name
        self._opts = pulumi.ResourceOptions(parent=self)
        gpus = any(model.gpus for model in args.models.values())
        self._environment = environment(name, args.stem, args, [GPU_PROFILE] if gpus else [], self._opts)
        self._client = client_id(args.identity_id, self) if args.models else None
        self._urls = {key: self._model(key, model) for key, model in sorted(args.models.items())}
        self.register_outputs({})

    def _model(self, key: str, model: ContainerModelArgs) -> pulumi.Output[str]:
        """Its address inside the network."""
        args = self._args
        main = self._app(key, key, model, model.image, model.model, model.replicas, model.max_replicas)
        url: pulumi.Output[str]
        if not model.canary_weight:
            url = main.configuration.apply(lambda found: f"https://{found.ingress.fqdn}" if found and found.ingress else "")
            return url
        image, files = model.canary_image or model.image, model.canary_model or model.model
        second = self._app(f"{key}-canary", key, model, image, files, model.canary_replicas, model.canary_replicas)
        shares = ((main, 100 - model.canary_weight), (second, model.canary_weight))
        route = azure.app.HttpRouteConfig(
            f"{self._name}-{key}",
            resource_group_name=args.place.group,
            environment_name=self._environment.name,
            http_route_name=fit(f"{key}-shared", 32),
            properties=azure.app.HttpRouteConfigPropertiesArgs(
                rules=[
                    azure.app.HttpRouteRuleArgs(
                        description=f"{model.canary_weight} percent to the canary",
                        routes=[azure.app.HttpRouteArgs(match=azure.app.HttpRouteMatchArgs(prefix="/"))],
                        targets=[azure.app.HttpRouteTargetArgs(container_app=app.name, weight=share) for app, share in shares],
                    )
                ]
            ),
            opts=self._opts,
        )
        url = route.properties.apply(lambda found: f"https://{found.fqdn}")
        return url

    def _app(
        self,
        noun: str,
        key: str,
        model: ContainerModelArgs,
        image: str,
        files: str | None,
        replicas: int,
        most: int,
    ) -> azure.app.ContainerApp:
        args, app = self._args, azure.app
        variables: dict[str, pulumi.Input[str]] = {**model.environment}
        if self._client is not None:
            variables["AZURE_CLIENT_ID"] = self._client
        if files is not None:
            variables["MODEL_URI"] = pulumi.Output.concat(args.bucket.endpoint or "", args.bucket.bucket, f"/{files}")
        server = app.RegistryCredentialsArgs(server=args.registry_host or "", identity=args.identity_id)
        check = app.ContainerAppProbeHttpGetArgs(path=model.health.format(model=key), port=model.port, scheme="HTTP")
        busy = app.CustomScaleRuleArgs(type="cpu", metadata={"type": "Utilization", "value": str(model.target_cpu)})
        return app.ContainerApp(
            f"{self._name}-{noun}",
            resource_group_name=args.place.group,
            container_app_name=fit(f"{args.stem}-{noun}", 32),
            managed_environment_id=self._environment.id,
            workload_profile_name=GPU_PROFILE if model.gpus else "Consumption",
            identity=app.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[args.identity_id]),
            configuration=app.ConfigurationArgs(
                active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
                # outside of the environment, which is inside the network alone
                ingress=app.IngressArgs(external=True, allow_insecure=False, target_port=model.port, transport="auto"),
                registries=[server] if args.registry_host is not None else None,
            ),
            template=app.TemplateArgs(
                containers=[
                    app.ContainerArgs(
                        name="model",
                        image=image,
                        env=[app.EnvironmentVarArgs(name=variable, value=value) for variable, value in variables.items()],
                        resources=app.ContainerResourcesArgs(cpu=model.cores, memory=f"{model.cores * 2:g}Gi"),
                        probes=[
                            app.ContainerAppProbeArgs(type="Readiness", http_get=check, period_seconds=10, failure_threshold=3),
                            app.ContainerAppProbeArgs(type="Startup", http_get=check, period_seconds=10, failure_threshold=30),
                        ],
                    )
                ],
                scale=app.ScaleArgs(min_replicas=replicas, max_replicas=most, rules=[app.ScaleRuleArgs(name="cpu", custom=busy)]),
            ),
            opts=self._opts,
        )

    @staticmethod
    def wants(config: ModelServices) -> Wants:
        """The container of the models' files."""
        return Wants(buckets=(BUCKET,))

    @classmethod
    def plan(cls, site: Site) -> ContainerAppsArgs:
        """From the system's section of the spec."""
        return _plan(site, cls.port, cls.health)

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model's address; nothing where nothing is served."""
        return [Serving(next(iter(self._urls.values())))] if self._urls else []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The environment, what containers run as, where files go, and each model's address."""
        args = self._args
        found: dict[str, pulumi.Input[str]] = {
            "environment": self._environment.id,
            "identity": args.identity_id,
            "artifacts": pulumi.Output.concat(args.bucket.endpoint or "", args.bucket.bucket),
        }
        return found | {f"{key}.url": url for key, url in self._urls.items()}


def _plan(site: Site, port: int, health: str) -> ContainerAppsArgs:
    """The spec as constructor arguments; `port` and `health` are the system's usual ones."""
    network = site.contract(contracts.Network)
    place = place_of(network, site.namespace)
    if site.role is None or site.role_arn is None:
        raise pulumi.RunError(f"{site.key}: the landing gave no identity")
    if site.key not in place.subnets:
        raise pulumi.RunError(f"{site.key}: the network has no subnet for it; the platform has to have systems.{site.key}")
    images = site.maybe(contracts.ImageRegistry)
    puller = Consumer(site.key, role=site.role, opts=site.opts)
    host: Any = images.grant(puller) if images and images.registry is not None else None
    site.ready += puller.ready
    config: ModelServices = site.config
    return ContainerAppsArgs(
        stem=f"{site.stack.name}-{site.key}",
        identity_id=site.role_arn,
        bucket=site.buckets[BUCKET],
        subnet_id=place.subnets[site.key],
        network_id=network.network_id,
        production=site.spec.environment == "prod",
        place=place,
        registry_host=host,
        models={key: _model(site, key, found, port, health) for key, found in config.models.items()},
    )


def _model(site: Site, key: str, found: ServedModel, port: int, health: str) -> ContainerModelArgs:
    """A declared model; Secrets, logins and metrics mean nothing here."""
    path = f"mlops:spec.systems.{site.key}.models.{key}"
    if found.image is None:
        raise pulumi.RunError(f"{path}.image: missing; on Azure a model names the image that serves it")
    if found.gpus > 1:
        raise pulumi.RunError(f"{path}.gpus: {found.gpus}: a container app has one GPU; say kserve for a model that needs more")
    asked = max(quantity_value(found.resources.cpu), quantity_value(found.resources.memory) / 2**31)
    cores = max(0.25, math.ceil(float(asked) * 4) / 4)
    if cores > CORES:
        raise pulumi.RunError(
            f"{path}.resources: a replica of a container app has {CORES} cores and {2 * CORES}Gi at most, half a core a GiB; "
            "say kserve for a model that needs more"
        )
    canary = found.canary
    return ContainerModelArgs(
        image=found.image,
        port=found.port or port,
        health=found.health or health,
        replicas=found.replicas,
        max_replicas=found.max_replicas or found.replicas,
        target_cpu=found.target_cpu,
        cores=float(cores),
        gpus=found.gpus,
        model=found.model,
        environment=dict(found.environment),
        canary_weight=canary.weight if canary else 0,
        canary_image=canary.image if canary else None,
        canary_model=canary.model if canary else None,
        canary_replicas=canary.replicas if canary else 1,
    )
