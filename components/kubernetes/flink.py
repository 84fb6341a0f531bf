"""Stream processing on Kubernetes: Flink's operator and one session cluster with its state in the object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import chart, flink_cluster, objects
from components.kubernetes.flink_cluster import NAME, PORT
from components.kubernetes.place import SMALL, Compute, Image, Place, image
from components.kubernetes.workload import container, job, pod
from components.spec.base import duration_seconds
from components.spec.processing import Flink
from components.system import Site

OPERATOR = chart.Pin(
    "flink-kubernetes-operator",
    "1.15.0",
    "https://downloads.apache.org/flink/flink-kubernetes-operator-1.15.0/",
    checked="2026-11-23",
)
OPERATOR_IMAGE = Image("docker.io/apache/flink-kubernetes-operator", "1.15.0", "2026-11-23")
"""The chart's own tag is `latest`; releases go to Docker Hub by version (the operator's tools/olm); digest unverified."""
NAMESPACE = "flink"
WEBHOOK_PASSWORD = "flink-webhook-password"
OPERATOR_METRICS = 9999
RUNNING = {"pulumi.com/waitFor": "condition=Running"}
ANSWERS = """\
for attempt in $(seq 1 60); do
  if (exec 3<>"/dev/tcp/$HOST/443"); then exit 0; fi
  sleep 2
done
exit 1
"""
"""The webhook's container has no probe, so its Deployment is available before it listens."""


def operator_values(monitored: bool, mirror: str | None) -> dict[str, Any]:
    """Values of the operator's chart; it watches its own namespace only."""
    repository, _, tag = image(OPERATOR_IMAGE, mirror).rpartition(":")
    values: dict[str, Any] = {
        "image": {"repository": repository, "tag": tag},
        "watchNamespaces": [NAMESPACE],
        "operatorPod": {
            "resources": Compute("100m", "768Mi", "1").spec(),
            "webhook": {"resources": Compute("50m", "512Mi", "500m").spec()},
        },
        "podSecurityContext": flink_cluster.POD_SECURITY,
        "operatorSecurityContext": flink_cluster.SECURITY,
        "webhookSecurityContext": flink_cluster.SECURITY,
        # the chart's own password stands in its source
        "webhook": {
            "keystore": {
                "useDefaultPassword": False,
                "passwordSecretRef": {"name": WEBHOOK_PASSWORD, "key": "password"},
            }
        },
    }
    # jars come from hosts of the platform's own network, which the operator would refuse
    settings = ["kubernetes.operator.user.artifacts.disallow-restricted-hosts: false"]
    if monitored:
        reporter = "kubernetes.operator.metrics.reporter.prom"
        values["metrics"] = {"port": OPERATOR_METRICS}
        settings += [f"{reporter}.factory.class: {flink_cluster.REPORTER}", f"{reporter}.port: {OPERATOR_METRICS}"]
    values["defaultConfiguration"] = {"flink-conf.yaml": "".join(f"{line}\n" for line in settings)}
    return values


@dataclass
class FlinkJobArgs:
    """One job of the session cluster."""

    jar: str
    args: list[str]
    parallelism: int
    upgrade_mode: str
    entry_class: Optional[str] = None


@dataclass
class FlinkClusterArgs:
    """Arguments of FlinkCluster; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    state: contracts.BucketAccess
    """Where checkpoints, savepoints and the leader's metadata stand."""
    job_managers: int
    job_manager: Compute
    task_manager: Compute
    slots: int
    checkpoint_seconds: int
    jobs: dict[str, FlinkJobArgs]
    savepoint_seconds: Optional[int] = None
    broker: Optional[contracts.BrokerAccess] = None
    """Topics that jobs may use."""
    monitored: bool = False
    """Reports metrics and makes PodMonitors."""
    keep_crds: bool = True
    values: Optional[dict[str, Any]] = None
    """Merged last into the spec of the FlinkDeployment."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class FlinkCluster(pulumi.ComponentResource):
    """Flink 2.2: the Kubernetes operator, and a session cluster that keeps its state in a bucket and survives its JobManager.

    Creates the operator (chart flink-kubernetes-operator, this namespace alone, its webhook's certificate by cert-manager), a Job
    that waits until the webhook answers, FlinkDeployment `flink` (REST at Service `flink-rest`, port 8081) with RocksDB state,
    checkpoints, savepoints and Kubernetes HA metadata under s3://<bucket>/, a FlinkSessionJob a declared job, and PodMonitors.
    TaskManagers come and go with jobs. Jobs find Kafka in the variables KAFKA_* and its login under /etc/mlops/kafka. Source: the
    operator's chart, examples and documentation at release-1.15.0. Limits: REST speaks plain HTTP (Flink takes its key store's
    password from the resource in the open), so only wired namespaces reach it; jars come by https from a host whose certificate a
    JVM trusts by itself; a private CA that is renewed needs a restart.
    """

    needs = (contracts.ObjectStore, contracts.Certificates)
    optional = (contracts.Broker, contracts.Metrics)
    provides = (contracts.StreamProcessor,)
    tiers = ("all", "platform")
    namespace = NAMESPACE
    webhooks = (9443,)
    essential_type = "flink.apache.org/v1beta1:FlinkDeployment"

    def __init__(self, name: str, args: FlinkClusterArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:FlinkCluster", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._image = image(flink_cluster.IMAGE, args.registry_mirror)
        self._url = pulumi.Output.concat(f"http://{NAME}-rest.", args.namespace, f".svc:{PORT}")
        cluster = self._cluster(self._operator())
        for key, declared in sorted(args.jobs.items()):
            self._job(key, declared, cluster)
        if args.monitored:
            self._monitor()
        self.register_outputs({})

    def _operator(self) -> pulumi.Resource:
        """The operator; what is returned stands once its webhook answers."""
        name, args, place = self._name, self._args, self._place
        word = objects.password(f"{name}-webhook-password", place.opts)
        keystore = objects.secret(f"{name}-webhook-keystore", place, {"password": word.result}, object_name=WEBHOOK_PASSWORD)
        operator = chart.render(
            f"{name}-operator",
            OPERATOR,
            operator_values(args.monitored, args.registry_mirror),
            namespace=args.namespace,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.after(keystore),
        )
        host = pulumi.Output.concat("flink-operator-webhook-service.", args.namespace, ".svc")
        check = container("check", self._image, SMALL, command=["/bin/bash", "-c", ANSWERS], env={"HOST": host})
        return job(
            f"{name}-webhook-check",
            place,
            "webhook-check",
            pod(place, "webhook-check", [check], uid=9999, once=True),
            content=[ANSWERS, OPERATOR.version],
            object_name="flink-webhook-check",
            opts=place.after(operator),
        )

    def _cluster(self, operator: pulumi.Resource) -> pulumi.Resource:
        args = self._args
        config = flink_cluster.configuration(
            args.state,
            args.slots,
            args.checkpoint_seconds,
            args.job_manager,
            args.task_manager,
            trusted=args.state.ca_config_map is not None,
            monitored=args.monitored,
        )
        roles = [
            (size, flink_cluster.pod_template(self._image, size, args.state, args.broker, args.monitored))
            for size in (args.job_manager, args.task_manager)
        ]
        spec = flink_cluster.deployment_spec(self._image, config, args.job_managers, roles[0], roles[1])
        return objects.custom(
            f"{self._name}-cluster",
            self._place,
            flink_cluster.DEPLOYMENT,
            chart.merge(spec, args.values or {}),
            object_name=NAME,
            notes={**RUNNING, "pulumi.com/timeoutSeconds": "900"},
            opts=self._place.after(operator),
        )

    def _job(self, key: str, declared: FlinkJobArgs, cluster: pulumi.Resource) -> None:
        spec = flink_cluster.job_spec(
            declared.jar,
            declared.entry_class,
            declared.args,
            declared.parallelism,
            declared.upgrade_mode,
            self._args.savepoint_seconds,
        )
        objects.custom(
            f"{self._name}-job-{key}",
            self._place,
            flink_cluster.SESSION_JOB,
            spec,
            object_name=key,
            notes={"pulumi.com/waitFor": "jsonpath={.status.jobStatus.state}=RUNNING"},
            opts=self._place.after(cluster),
        )

    def _monitor(self) -> None:
        """PodMonitors over Job- and TaskManagers, and over the operator."""
        targets = {
            "cluster": {"app": NAME, "type": "flink-native-kubernetes"},
            "operator": {"app.kubernetes.io/name": OPERATOR.chart},
        }
        for part, labels in targets.items():
            objects.pod_monitor(f"{self._name}-monitor-{part}", self._place, labels, object_name=f"flink-{part}")

    @staticmethod
    def wants(config: Flink) -> contracts.Wants:
        """One bucket for all state, and the topics that jobs may use."""
        return contracts.Wants(buckets=("flink",), topics=tuple(config.topics))

    @staticmethod
    def plan(site: Site) -> FlinkClusterArgs:
        """The spec as constructor arguments."""
        config: Flink = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return FlinkClusterArgs(
            namespace=site.namespace or NAMESPACE,
            labels=site.naming.labels(NAME),
            state=site.buckets["flink"],
            job_managers=config.job_managers,
            job_manager=Compute.of(config.resources),
            task_manager=Compute.of(config.task_manager),
            slots=config.slots,
            checkpoint_seconds=duration_seconds(config.checkpoint_interval),
            savepoint_seconds=duration_seconds(config.savepoint_interval) if config.savepoint_interval else None,
            jobs={
                key: FlinkJobArgs(job.jar, job.args, job.parallelism, job.upgrade_mode, job.entry_class)
                for key, job in config.jobs.items()
            },
            broker=site.brokers.get(site.key),
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def endpoints(self) -> Sequence[contracts.Endpoint]:
        """The dashboard, which has no login of its own."""
        return [contracts.Endpoint(host="flink", namespace=self._args.namespace, service=f"{NAME}-rest", port=PORT)]

    def contracts(self) -> Sequence[Any]:
        """StreamProcessor."""
        return [contracts.StreamProcessor(url=self._url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address of the REST API, and where the state stands."""
        return {"url": self._url, "state": pulumi.Output.concat("s3://", self._args.state.bucket)}
