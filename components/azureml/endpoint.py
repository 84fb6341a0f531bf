"""One model behind an Azure ML managed online endpoint: model, environment, endpoint, deployments, shares, autoscaling."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_azure_native as azure

from components.azureml.jobs import MlGround
from components.azureml.place import AzurePlaceArgs
from components.azureml.private import logged
from components.azureml.templates import deploy
from components.naming import fit

MAIN, CANARY = "main", "canary"
METRICS = "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments"
API = "2025-12-01"
"""Of Azure Machine Learning, as the SDK uses it for OnlineEndpoint (pulumi-azure-native 3.29.0)."""
COLLECTED = ("model_inputs", "model_outputs")


@dataclass
class OnlineModelArgs:
    """One served model."""

    vm_size: str
    replicas: int
    """Machines at least."""
    max_replicas: int
    target_cpu: int
    """Percent of the machines' cores above which the autoscaler adds one; below half of it one goes."""
    model: Optional[str] = None
    """Folder of its files in container `models`; an image without it carries its model."""
    mlflow: bool = False
    """An MLflow model, which the service serves without an image."""
    image: Optional[str] = None
    port: int = 8080
    health: str = "/ping"
    """Path that answers 200 when ready."""
    score: str = "/invocations"
    """Path that predictions are asked at."""
    mount: Optional[str] = None
    """Where models are mounted; $AZUREML_MODEL_DIR says where they are if unset."""
    base_variable: Optional[str] = None
    """Variable that tells the image in which folder below the mount its model's folder lies."""
    environment: dict[str, str] = field(default_factory=dict)
    canary_weight: int = 0
    """Percent of the requests that go to a second version; 0: there is none."""
    canary_image: Optional[str] = None
    canary_model: Optional[str] = None
    canary_replicas: int = 1


def online(name: str, noun: str, key: str, ground: MlGround, args: OnlineModelArgs, place: AzurePlaceArgs) -> pulumi.Output[str]:
    """Name of endpoint `<stack>-<noun>`, with everything of it made; `key` is the model's name.

    The endpoint takes tokens of Entra alone and is reached by the workspace's private endpoint; deployments run as the system's
    identity in the workspace's managed network, whose rules say what they reach. All requests and answers are collected. The
    shares of the requests are set when the deployments stand, by a nested deployment, for an endpoint refuses a share of what
    does not exist yet. Source: Azure Machine Learning documentation, "Network isolation with managed online endpoints",
    "Collect production data from models deployed for real-time inferencing", "Autoscale an online endpoint", "Perform safe
    rollout of new deployments for real-time inference".
    """
    ml, full = azure.machinelearningservices, fit(noun, 32)
    identity = ml.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[ground.args.identity_id])
    endpoint = ml.OnlineEndpoint(
        f"{name}-endpoint",
        resource_group_name=ground.ref.group,
        workspace_name=ground.ref.name,
        endpoint_name=full,
        kind="Managed",
        identity=identity,
        properties=ml.OnlineEndpointPropertiesArgs(
            auth_mode=ml.EndpointAuthMode.AAD_TOKEN,
            public_network_access="Disabled",
            description=f"Model {key}",
        ),
        # the shares are another's, see below
        opts=pulumi.ResourceOptions.merge(ground.later, pulumi.ResourceOptions(ignore_changes=["properties.traffic"])),
    )
    logged(f"{name}-logs", endpoint.id, place.logs, ground.opts)
    versions = [(MAIN, args.image, args.model, args.replicas)]
    if args.canary_weight:
        second = (args.canary_image or args.image, args.canary_model or args.model)
        versions.append((CANARY, *second, args.canary_replicas))
    made = [_deployment(name, full, version, key, ground, args, endpoint) for version in versions]
    if args.max_replicas > args.replicas:
        _scale(name, full, made[0], args, ground)
    shares = {MAIN: 100 - args.canary_weight, **({CANARY: args.canary_weight} if args.canary_weight else {})}
    shared = _share(name, full, shares, ground, place, made)
    return pulumi.Output.all(endpoint.name, shared.id).apply(lambda both: str(both[0]))


def _version(*parts: object) -> str:
    """A version of an asset, which the service never changes: by what it holds."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:12]


def _deployment(
    name: str,
    full: str,
    version: tuple[str, str | None, str | None, int],
    key: str,
    ground: MlGround,
    args: OnlineModelArgs,
    endpoint: azure.machinelearningservices.OnlineEndpoint,
) -> azure.machinelearningservices.OnlineDeployment:
    """One version of the model on machines of its own."""
    ml = azure.machinelearningservices
    which, image, files, machines = version
    scaled = which == MAIN and args.max_replicas > args.replicas
    model = _model(f"{name}-{which}", full, which, key, files, args.mlflow, ground) if files else None
    holder = _environment(f"{name}-{which}", full, which, image, key, args, ground) if image else None
    variables = {**args.environment}
    if args.mount and args.base_variable and files:
        variables[args.base_variable] = f"{args.mount}/{full}-{which}/{_version(files, args.mlflow)}"
    collections = {noun: ml.CollectionArgs(data_collection_mode="Enabled", sampling_rate=1.0) for noun in COLLECTED}
    probe = ml.ProbeSettingsArgs(initial_delay="PT10S", period="PT10S", timeout="PT2S", failure_threshold=30, success_threshold=1)
    return ml.OnlineDeployment(
        f"{name}-{which}",
        resource_group_name=ground.ref.group,
        workspace_name=ground.ref.name,
        endpoint_name=endpoint.name,
        deployment_name=which,
        kind="Managed",
        sku=ml.SkuArgs(name="Default", capacity=machines),
        properties=ml.ManagedOnlineDeploymentArgs(
            endpoint_compute_type="Managed",
            instance_type=args.vm_size,
            model=model.id if model else None,
            model_mount_path=args.mount if model else None,
            environment_id=holder.id if holder else None,
            environment_variables=variables,
            app_insights_enabled=True,
            data_collector=ml.DataCollectorArgs(collections=collections, rolling_rate="Hour"),
            scale_settings=ml.DefaultScaleSettingsArgs(scale_type="Default"),
            liveness_probe=probe,
            readiness_probe=probe,
        ),
        opts=pulumi.ResourceOptions.merge(
            ground.later, pulumi.ResourceOptions(ignore_changes=["sku.capacity"] if scaled else None)
        ),
    )


def _model(
    name: str, full: str, which: str, key: str, files: str, mlflow: bool, ground: MlGround
) -> azure.machinelearningservices.ModelVersion:
    ml = azure.machinelearningservices
    models = ml.ModelContainer(
        f"{name}-model",
        resource_group_name=ground.ref.group,
        workspace_name=ground.ref.name,
        name=f"{full}-{which}",
        properties=ml.ModelContainerPropertiesArgs(description=f"Model {key}, {which}"),
        opts=ground.later,
    )
    return ml.ModelVersion(
        f"{name}-model",
        resource_group_name=ground.ref.group,
        workspace_name=ground.ref.name,
        name=models.name,
        version=_version(files, mlflow),
        properties=ml.ModelVersionPropertiesArgs(
            model_type="mlflow_model" if mlflow else "custom_model", model_uri=ground.path(f"{files.rstrip('/')}/")
        ),
        opts=ground.later,
    )


def _environment(
    name: str, full: str, which: str, image: str, key: str, args: OnlineModelArgs, ground: MlGround
) -> azure.machinelearningservices.EnvironmentVersion:
    """The image, and where it answers."""
    ml = azure.machinelearningservices
    ready, score = args.health.format(model=key), args.score.format(model=key)
    holder = ml.EnvironmentContainer(
        f"{name}-image",
        resource_group_name=ground.ref.group,
        workspace_name=ground.ref.name,
        name=f"{full}-{which}",
        properties=ml.EnvironmentContainerPropertiesArgs(description=f"Server of {key}, {which}"),
        opts=ground.later,
    )
    return ml.EnvironmentVersion(
        f"{name}-image",
        resource_group_name=ground.ref.group,
        workspace_name=ground.ref.name,
        name=holder.name,
        version=_version(image, args.port, ready, score),
        properties=ml.EnvironmentVersionPropertiesArgs(
            image=image,
            os_type="Linux",
            inference_config=ml.InferenceContainerPropertiesArgs(
                liveness_route=ml.RouteArgs(path=ready, port=args.port),
                readiness_route=ml.RouteArgs(path=ready, port=args.port),
                scoring_route=ml.RouteArgs(path=score, port=args.port),
            ),
        ),
        opts=ground.later,
    )


def _scale(
    name: str,
    full: str,
    deployment: azure.machinelearningservices.OnlineDeployment,
    args: OnlineModelArgs,
    ground: MlGround,
) -> None:
    """One machine more when they are busy for five minutes, one less when they idle for fifteen."""
    monitor = azure.monitor
    more = monitor.ComparisonOperationType

    def rule(operator: Any, threshold: float, window: str, direction: Any) -> azure.monitor.ScaleRuleArgs:
        return monitor.ScaleRuleArgs(
            metric_trigger=monitor.MetricTriggerArgs(
                metric_name="CpuUtilizationPercentage",
                metric_namespace=METRICS,
                metric_resource_uri=deployment.id,
                operator=operator,
                threshold=threshold,
                statistic=monitor.MetricStatisticType.AVERAGE,
                time_aggregation=monitor.TimeAggregationType.AVERAGE,
                time_grain="PT1M",
                time_window=window,
            ),
            scale_action=monitor.ScaleActionArgs(
                direction=direction, type=monitor.ScaleType.CHANGE_COUNT, value="1", cooldown=window
            ),
        )

    monitor.AutoscaleSetting(
        f"{name}-scale",
        resource_group_name=ground.ref.group,
        autoscale_setting_name=f"{full}-scale",
        enabled=True,
        target_resource_uri=deployment.id,
        profiles=[
            monitor.AutoscaleProfileArgs(
                name="cpu",
                capacity=monitor.ScaleCapacityArgs(
                    default=str(args.replicas), minimum=str(args.replicas), maximum=str(args.max_replicas)
                ),
                rules=[
                    rule(more.GREATER_THAN, args.target_cpu, "PT5M", monitor.ScaleDirection.INCREASE),
                    rule(more.LESS_THAN, args.target_cpu / 2, "PT15M", monitor.ScaleDirection.DECREASE),
                ],
            )
        ],
        opts=ground.opts,
    )


def _share(
    name: str, full: str, shares: dict[str, int], ground: MlGround, place: AzurePlaceArgs, after: list[pulumi.Resource]
) -> azure.resources.Deployment:
    """Says which deployment gets which percentage: the endpoint once more, with its traffic."""
    endpoint = {
        "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
        "apiVersion": API,
        "name": pulumi.Output.concat(ground.ref.name, f"/{full}"),
        "location": place.region,
        "kind": "Managed",
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": pulumi.Output.from_input(ground.args.identity_id).apply(lambda id: {id: {}}),
        },
        "properties": {"authMode": "AADToken", "publicNetworkAccess": "Disabled", "traffic": shares},
    }
    later = pulumi.ResourceOptions.merge(ground.opts, pulumi.ResourceOptions(depends_on=after))
    return deploy(f"{name}-traffic", fit(f"{full}-traffic", 64), ground.ref.group, endpoint, later)
