"""What Seldon Core 2 is told: values of its setup chart, and what is put into the pods that the chart describes.

The chart's SeldonConfig and ServerConfig hold whole pod specs. Addresses and names of Secrets are known only during the run,
and the chart has no values for CPU limits, security profiles or a private CA: `configured` and `served` add them as the chart
is rendered.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components.contracts import BrokerAccess, BucketAccess
from components.kubernetes.place import Compute

NAMESPACE = "seldon"
TOPIC_PREFIX = "seldon"
TOPIC_PREFIXES = ("seldon.", "seldon-")
"""Its own topics are `seldon.<namespace>.…`, those inside its streams begin with the group, `seldon-<namespace>-…`."""
SERVERS = ("mlserver", "triton")
"""Of the chart's ServerConfigs."""
MESH, MESH_PORT = "seldon-mesh", 80
"""Service of the data plane's Envoy."""
REMOTE = "s3"
"""Name of rclone's remote, and scheme of a model's address."""
BROKER_CA, STORE_CA = "/etc/mlops/kafka", "/etc/mlops/store"
KAFKA_CLIENTS = ("pipelinegateway", "modelgateway", "dataflow-engine")
"""Containers that talk to Kafka (the scheduler reads its settings for names alone)."""
CONFIG_TYPE = "kubernetes:mlops.seldon.io/v1alpha1:SeldonConfig"
SERVER_CONFIG_TYPE = "kubernetes:mlops.seldon.io/v1alpha1:ServerConfig"
DEPLOYMENT_TYPE = "kubernetes:apps/v1:Deployment"
SILENT = "hodometer"
"""Reports usage to Seldon. It stands without pods: if it is disabled, SeldonRuntime is never Ready."""
_COMPONENTS = ("scheduler", "envoy", "modelgateway", "pipelinegateway", "dataflow", "controller", SILENT)

Transform = Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]


@dataclass
class SeldonServerArgs:
    """One inference server and the room for its models."""

    replicas: int
    max_replicas: int
    storage: str
    """Volume of each replica in bytes."""
    compute: Compute
    """Of the server's container; models share it."""


@dataclass
class SeldonModelArgs:
    """One Model."""

    requirements: list[str]
    """Capabilities that its server must have."""
    model: str
    """Prefix in the bucket."""
    replicas: int
    memory: str
    server: Optional[str] = None


@dataclass
class SeldonSizes:
    """What the control plane and the gateways get."""

    compute: Compute
    """Of the scheduler, the gateways and Envoy, each."""
    dataflow: Compute
    servers: dict[str, SeldonServerArgs] = field(default_factory=dict)


def setup(sizes: SeldonSizes, partitions: int, copies: int, mirror: str | None) -> dict[str, Any]:
    """Values of seldon-core-v2-setup: one namespace, Kafka over TLS with SCRAM, Services inside the cluster, no tracing."""
    values: dict[str, Any] = {name: _from(mirror) for name in _COMPONENTS}
    # the limit is four times the request: the chart's 10m would throttle the controller's own probes
    values["controller"]["resources"] = {"cpu": "50m", "memory": "128Mi"}
    for name in ("scheduler", "envoy", "modelgateway", "pipelinegateway"):
        values[name]["resources"] = sizes.compute.requests()
    values["dataflow"]["resources"] = sizes.dataflow.requests()
    for name in ("scheduler", "envoy"):
        values[name]["service"] = {"type": "ClusterIP"}
    servers: dict[str, Any] = {name: _from(mirror) for name in ("rclone", "agent", *SERVERS)}
    servers["rclone"]["resources"] = {"cpu": "250m"}
    for name, found in sizes.servers.items():
        servers[name] |= {"modelVolumeStorage": found.storage, "resources": found.compute.requests()}
    return {
        **values,
        "serverConfig": servers,
        "services": {"defaultServiceType": "ClusterIP"},
        "opentelemetry": {"disable": True},
        "kafka": {
            "topicPrefix": TOPIC_PREFIX,
            "topics": {"replicationFactor": copies, "numPartitions": partitions},
        },
        "security": {
            "kafka": {
                "protocol": "SASL_SSL",
                "sasl": {"mechanism": "SCRAM-SHA-512", "client": {"passwordPath": "password"}},
                "ssl": {"client": {"brokerCaPath": f"{BROKER_CA}/ca.crt", "endpointIdentificationAlgorithm": "https"}},
            }
        },
    }


def _from(mirror: str | None) -> dict[str, Any]:
    return {"image": {"registry": mirror}} if mirror else {}


def configured(broker: BrokerAccess, bucket: BucketAccess | None, storage_class: str | None = None) -> Transform:
    """Resource transform of SeldonConfig: our broker and store in place of the chart's, and pods held to what they need."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != CONFIG_TYPE:
            return None
        spec: Any = args.props["spec"]
        config = spec["config"]
        changed = {
            **spec,
            "components": [
                {
                    # the chart writes null where there are no labels, which its definition has no room for
                    **{key: value for key, value in component.items() if value is not None},
                    "podSpec": hardened(_with_broker(component["podSpec"], broker)),
                    **_claims(component, storage_class),
                }
                for component in spec["components"]
            ],
            "config": {
                **config,
                # the chart names a Secret of its sample models, which is not there
                "agentConfig": {"rclone": {"config": [remote(bucket)] if bucket else []}},
                "kafkaConfig": {
                    **config["kafkaConfig"],
                    "bootstrap.servers": broker.bootstrap,
                    "consumerGroupIdPrefix": broker.username,
                },
            },
        }
        return pulumi.ResourceTransformResult(props={**args.props, "spec": changed}, opts=args.opts)

    return transform


def served(bucket: BucketAccess | None, storage_class: str | None = None) -> Transform:
    """Resource transform of ServerConfigs: rclone reads our store with its key and CA."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != SERVER_CONFIG_TYPE:
            return None
        spec: Any = args.props["spec"]
        pod = spec["podSpec"] if bucket is None else _with_store(spec["podSpec"], bucket)
        changed = {**spec, "podSpec": hardened(pod), **_claims(spec, storage_class)}
        return pulumi.ResourceTransformResult(props={**args.props, "spec": changed}, opts=args.opts)

    return transform


def bounded(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Resource transform of the controller's Deployment: the same limits and profile as every other pod."""
    if args.type_ != DEPLOYMENT_TYPE:
        return None
    spec: Any = args.props["spec"]
    template = {**spec["template"], "spec": hardened(spec["template"]["spec"])}
    return pulumi.ResourceTransformResult(props={**args.props, "spec": {**spec, "template": template}}, opts=args.opts)


def hardened(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The pod with a CPU limit of four times the request in each container, no capability, and the default seccomp profile."""
    security = {**(pod.get("securityContext") or {}), "seccompProfile": {"type": "RuntimeDefault"}}
    return {**pod, "securityContext": security, "containers": [_limited(c) for c in pod["containers"]]}


def _limited(container: Mapping[str, Any]) -> dict[str, Any]:
    resources = container["resources"]
    requests = resources["requests"]
    limits = {"cpu": Compute(requests["cpu"], requests["memory"]).limit(), **resources["limits"]}
    security = {
        **(container.get("securityContext") or {}),
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    return {**container, "resources": {**resources, "limits": limits}, "securityContext": security}


def _claims(holder: Mapping[str, Any], storage_class: str | None) -> dict[str, Any]:
    claims = holder.get("volumeClaimTemplates")
    if not claims or not storage_class:
        return {}
    return {"volumeClaimTemplates": [{**c, "spec": {**c["spec"], "storageClassName": storage_class}} for c in claims]}


def _with_broker(pod: Mapping[str, Any], broker: BrokerAccess) -> Mapping[str, Any]:
    """Where, as whom and with whose CA Kafka is spoken to; the password is read from its Secret by the API."""
    if pod["containers"][0]["name"] not in KAFKA_CLIENTS:
        return pod
    env = {
        "KAFKA_CLIENT_SASL_USERNAME": broker.username,
        "KAFKA_CLIENT_SASL_SECRET_NAME": broker.secret,
        "SELDON_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
        "SELDON_KAFKA_CONSUMER_PREFIX": broker.username,
        "SELDON_KAFKA_SASL_USERNAME": broker.username,
        "SELDON_KAFKA_SASL_SECRET": broker.secret,
    }
    first = pod["containers"][0]
    told = [{"name": e["name"], "value": env[e["name"]]} if e["name"] in env else e for e in first.get("env") or []]
    return _mounted({**pod, "containers": [{**first, "env": told}, *pod["containers"][1:]]}, "kafka-ca", BROKER_CA, broker)


def _with_store(pod: Mapping[str, Any], bucket: BucketAccess) -> Mapping[str, Any]:
    """rclone's container (the first) with the key of the store, and its CA."""
    first = pod["containers"][0]
    env = list(first.get("env") or [])
    if bucket.secret is not None:
        env += [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": bucket.secret, "key": key}}}
            for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        ]
    if bucket.ca_config_map is not None:
        env.append({"name": "RCLONE_CA_CERT", "value": f"{STORE_CA}/ca.crt"})
    changed = {**pod, "containers": [{**first, "env": env}, *pod["containers"][1:]]}
    return _mounted(changed, "store-ca", STORE_CA, bucket)


def _mounted(pod: Mapping[str, Any], name: str, path: str, access: BrokerAccess | BucketAccess) -> Mapping[str, Any]:
    """The CA of an access in the pod's first container."""
    if access.ca_config_map is None:
        return pod
    first = pod["containers"][0]
    mounts = [*(first.get("volumeMounts") or []), {"name": name, "mountPath": path, "readOnly": True}]
    volumes = [*(pod.get("volumes") or []), {"name": name, "configMap": {"name": access.ca_config_map}}]
    return {**pod, "containers": [{**first, "volumeMounts": mounts}, *pod["containers"][1:]], "volumes": volumes}


def remote(bucket: BucketAccess) -> pulumi.Output[str]:
    """rclone's remote for our store as the agent reads it (JSON): the key comes from rclone's own environment."""

    def text(found: Mapping[str, Any]) -> str:
        place = {"endpoint": found["endpoint"]} if found["endpoint"] else {}
        parameters = {"provider": "Other" if place else "AWS", "env_auth": "true", "region": found["region"], **place}
        return json.dumps({"name": REMOTE, "type": "s3", "parameters": parameters}, sort_keys=True)

    return pulumi.Output.all(endpoint=bucket.endpoint, region=bucket.region).apply(text)


def runtime() -> dict[str, Any]:
    """SeldonRuntime's `spec`: the data plane of this namespace, by the chart's SeldonConfig `default`."""
    inside = [{"name": name, "serviceType": "ClusterIP"} for name in ("seldon-scheduler", "seldon-envoy")]
    return {
        "seldonConfig": "default",
        "overrides": [{"name": SILENT, "replicas": 0}, *inside],
        # of all settings the only one that is not taken over from SeldonConfig
        "config": {"tracingConfig": {"disable": True}},
    }


def server(name: str, args: SeldonServerArgs) -> dict[str, Any]:
    """Server's `spec`; its claims go with it, since models are fetched again."""
    return {
        "serverConfig": name,
        "replicas": args.replicas,
        "minReplicas": args.replicas,
        "maxReplicas": args.max_replicas,
        "statefulSetPersistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"},
    }


def model(args: SeldonModelArgs, bucket: BucketAccess) -> dict[str, Any]:
    """Model's `spec`."""
    return {
        "storageUri": pulumi.Output.concat(f"{REMOTE}://", bucket.bucket, f"/{args.model}"),
        "requirements": args.requirements,
        "replicas": args.replicas,
        "memory": args.memory,
        # the topics of a model that is gone are nobody's
        "dataflow": {"cleanTopicsOnDelete": True},
        **({"server": args.server} if args.server else {}),
    }


def monitors() -> Sequence[tuple[str, str, str, str]]:
    """What is scraped: name, the pods' app.kubernetes.io/name, port and path (prometheus/monitors of Seldon, and Envoy)."""
    return (
        ("agents", "seldon-server", "metrics", "/metrics"),
        ("servers", "seldon-server", "server-metrics", "/metrics"),
        ("pipelinegateway", "seldon-pipelinegateway", "metrics", "/metrics"),
        ("envoy", "seldon-envoy", "envoy-stats", "/stats/prometheus"),
    )
