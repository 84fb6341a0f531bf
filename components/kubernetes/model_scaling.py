"""How many pods a model has: by CPU with Kubernetes' own autoscaler, or by requests at the gateway with KEDA."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import autoscaling

from components.kubernetes import objects
from components.kubernetes.model_args import ServedModelArgs
from components.kubernetes.place import Place

SCALED_OBJECT = ("keda.sh/v1alpha1", "ScaledObject")


@dataclass(frozen=True)
class Scaled:
    """The Deployment that is scaled."""

    system: str
    model: str
    object_name: str
    query_url: pulumi.Input[str] | None
    """Prometheus, where the stack has one."""


def scale(name: str, place: Place, target: Scaled, args: ServedModelArgs) -> None:
    """The one object that says how many pods there are, between `replicas` and `max_replicas`.

    Raises pulumi.RunError where requests are to be counted and nothing can be asked for them.
    """
    if args.target_requests is None:
        _by_cpu(name, place, target, args)
        return
    if target.query_url is None:
        raise pulumi.RunError(
            f"mlops:spec.systems.{target.system}.models.{target.model}.scaleBy: requests needs metrics; "
            "add systems.prometheus: {}"
        )
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target.object_name},
        "minReplicaCount": args.replicas,
        "maxReplicaCount": args.max_replicas,
        "triggers": [
            {
                "type": "prometheus",
                "metadata": {
                    "serverAddress": target.query_url,
                    "query": requests(target.system, target.model),
                    "threshold": str(args.target_requests),
                },
            },
            # few but heavy requests
            {"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(args.target_cpu)}},
        ],
    }
    objects.custom(f"{name}-autoscaler", place, SCALED_OBJECT, spec, object_name=target.object_name, notes=objects.WAIT_READY)


def requests(system: str, model: str) -> str:
    """PromQL: requests a second for a model as the gateway counts them, those of its canary too (exposure.py names the route).

    Source: envoyproxy/gateway charts/gateway-addons-helm/dashboards/envoy-clusters.json.
    """
    route = f"httproute/[^/]+/mlops-{system}-{model}/rule/.+"
    return f'sum(rate(envoy_cluster_upstream_rq_xx{{envoy_cluster_name=~"{route}"}}[2m]))'


def _by_cpu(name: str, place: Place, target: Scaled, args: ServedModelArgs) -> None:
    v2 = autoscaling.v2
    aim = v2.MetricTargetArgs(type="Utilization", average_utilization=args.target_cpu)
    metric = v2.MetricSpecArgs(type="Resource", resource=v2.ResourceMetricSourceArgs(name="cpu", target=aim))
    v2.HorizontalPodAutoscaler(
        f"{name}-autoscaler",
        metadata=place.meta(target.object_name),
        spec=v2.HorizontalPodAutoscalerSpecArgs(
            scale_target_ref=v2.CrossVersionObjectReferenceArgs(
                api_version="apps/v1", kind="Deployment", name=target.object_name
            ),
            min_replicas=args.replicas,
            max_replicas=args.max_replicas,
            metrics=[metric],
        ),
        opts=place.opts,
    )
