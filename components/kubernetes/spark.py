"""Batch processing on Kubernetes: Kubeflow's Spark operator, a history server over the event logs, and applications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import chart, objects, spark_applications
from components.kubernetes.images import own_image
from components.kubernetes.place import Compute, Place
from components.kubernetes.spark_applications import ACCOUNT, SCRIPTS, SCRIPTS_PATH, STREAM
from components.kubernetes.spark_history import PORT, history_server
from components.spec.base import duration_seconds
from components.spec.processing import Spark, SparkSize
from components.system import Site

OPERATOR = chart.Pin("spark-operator", "2.5.2", "https://kubeflow.github.io/spark-operator", checked="2026-11-23")
NAMESPACE = "spark"


def operator_values(monitored: bool, mirror: str | None) -> dict[str, Any]:
    """Values of the operator's chart; jobs run beside it. Its webhook signs its own certificate: the chart refuses to render
    cert-manager's where that is not in the cluster yet, as on the first preview of a platform."""
    return {
        "controller": {"resources": Compute("100m", "1Gi", "2").spec()},
        "webhook": {"resources": Compute("50m", "256Mi", "500m").spec()},
        "spark": {"jobNamespaces": [NAMESPACE]},
        "prometheus": {"metrics": {"enable": monitored}},
        **({"image": {"registry": mirror.rstrip("/")}} if mirror else {}),
    }


@dataclass
class SparkApplicationArgs:
    """One application: the user's own (`main`), or a stream of ours (`topic`)."""

    driver: Compute
    executor: Compute
    executors: int
    main: Optional[str] = None
    main_class: Optional[str] = None
    args: Optional[list[str]] = None
    schedule: Optional[str] = None
    topic: Optional[str] = None
    trigger_seconds: Optional[int] = None


@dataclass
class SparkOperatorArgs:
    """Arguments of SparkOperator; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    image: pulumi.Input[str]
    """Spark with the cloud and Kafka modules (images/spark)."""
    store: contracts.BucketAccess
    """Event logs, streams and whatever jobs read and write."""
    compute: Compute
    """Of the history server."""
    keep_seconds: int
    """Age at which event logs are deleted."""
    applications: dict[str, SparkApplicationArgs]
    broker: Optional[contracts.BrokerAccess] = None
    monitored: bool = False
    keep_crds: bool = True
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class SparkOperator(pulumi.ComponentResource):
    """Spark 4.0: Kubeflow's operator, a history server, and declared applications with S3A, Kafka and a private CA wired in.

    Creates the operator (chart spark-operator, jobs in this namespace), ConfigMap `spark-scripts`, the history server (Service
    `spark-history`, port 18080), a SparkApplication or ScheduledSparkApplication a declared job, a SparkApplication a
    stream (Kafka topic to Parquet under s3a://<bucket>/streams/<name>), and PodMonitors. Event logs stand under
    s3a://<bucket>/events. Source: the operator's chart and API at v2.5.2. Limits: upstream's image lacks the cloud and Kafka
    modules, so it runs images/spark; the history server speaks plain HTTP to wired namespaces.
    """

    needs = (contracts.ObjectStore,)
    optional = (contracts.Broker, contracts.Metrics, contracts.Certificates, contracts.ImageRegistry)
    provides = (contracts.BatchCompute,)
    tiers = ("all", "platform")
    namespace = NAMESPACE
    webhooks = (9443,)
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: SparkOperatorArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:SparkOperator", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("spark", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._log = spark_applications.events(args.store)
        self._operator = chart.render(
            f"{name}-operator",
            OPERATOR,
            operator_values(args.monitored, args.registry_mirror),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=self._place.opts,
        )
        scripts = objects.config_map(f"{name}-scripts", self._place, {"stream.py": STREAM}, object_name=SCRIPTS)
        # its first start makes the folder that applications log to
        history = history_server(f"{name}-history", self._place, args.image, args.store, args.compute, args.keep_seconds)
        for key, wanted in sorted(args.applications.items()):
            self._application(key, wanted, [self._operator, scripts, history])
        if args.monitored:
            self._monitor()
        self.register_outputs({})

    def _application(self, key: str, wanted: SparkApplicationArgs, after: Sequence[pulumi.Resource]) -> None:
        args = self._args
        main: pulumi.Input[str] = wanted.main or f"local://{SCRIPTS_PATH}/stream.py"
        arguments: list[pulumi.Input[str]] = list(wanted.args or [])
        if wanted.topic:
            home = pulumi.Output.concat("s3a://", args.store.bucket)
            arguments = [
                wanted.topic,
                pulumi.Output.concat(home, f"/streams/{key}"),
                pulumi.Output.concat(home, f"/checkpoints/{key}"),
                f"{wanted.trigger_seconds} seconds",
            ]
        spec = spark_applications.application(
            args.image,
            main,
            arguments,
            args.store,
            args.broker,
            wanted.driver,
            wanted.executor,
            wanted.executors,
            python=str(main).endswith(".py"),
            main_class=wanted.main_class,
            forever=wanted.topic is not None,
            monitored=args.monitored,
        )
        kind, notes = spark_applications.APPLICATION, {"pulumi.com/waitFor": "jsonpath={.status.applicationState.state}=RUNNING"}
        if wanted.schedule:
            kind, spec = spark_applications.SCHEDULED, spark_applications.scheduled(spec, wanted.schedule)
            notes = {"pulumi.com/waitFor": "jsonpath={.status.scheduleState}=Scheduled"}
        elif not wanted.topic:
            # a job that runs once may be done before anybody looks
            notes = {"pulumi.com/skipAwait": "true"}
        objects.custom(
            f"{self._name}-application-{key}",
            self._place,
            kind,
            spec,
            object_name=key,
            notes=notes,
            opts=self._place.after(*after),
        )

    def _monitor(self) -> None:
        """PodMonitors over the operator, and over drivers, which report their executors."""
        for part, labels, port, path in (
            ("operator", {"app.kubernetes.io/name": "spark-operator"}, "metrics", ""),
            ("drivers", {"spark-role": "driver"}, "spark-ui", "/metrics/executors/prometheus/"),
        ):
            objects.pod_monitor(
                f"{self._name}-monitor-{part}", self._place, labels, port=port, path=path, object_name=f"spark-{part}"
            )

    @staticmethod
    def wants(config: Spark) -> contracts.Wants:
        """One bucket, and the topics of jobs and streams."""
        topics = dict.fromkeys([*config.topics, *(stream.topic for stream in config.streams.values())])
        return contracts.Wants(buckets=("spark",), topics=tuple(topics))

    @staticmethod
    def plan(site: Site) -> SparkOperatorArgs:
        """The spec as constructor arguments. Raises pulumi.RunError where a stream has no broker to read from."""
        config: Spark = site.config
        certificates, metrics = site.maybe(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*(certificates.ready if certificates else ()), *(metrics.ready if metrics else ())]
        broker = site.brokers.get(site.key)
        if config.streams and broker is None:
            raise pulumi.RunError(
                "mlops:spec.systems.spark.streams: this stack has no broker to read from; add systems.kafka: {}"
            )
        applications = {
            key: _args(job, main=job.main, main_class=job.main_class, args=job.args, schedule=job.schedule)
            for key, job in config.jobs.items()
        }
        for key, stream in config.streams.items():
            applications[key] = _args(stream, topic=stream.topic, trigger_seconds=duration_seconds(stream.trigger))
        return SparkOperatorArgs(
            namespace=site.namespace or NAMESPACE,
            labels=site.naming.labels("spark"),
            image=own_image(site, "spark", config.image),
            store=site.buckets["spark"],
            compute=Compute.of(config.resources),
            keep_seconds=duration_seconds(config.keep_logs),
            applications=applications,
            broker=broker,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def endpoints(self) -> Sequence[contracts.Endpoint]:
        """The history server, which has no login of its own."""
        return [contracts.Endpoint(host="spark", namespace=self._args.namespace, service="spark-history", port=PORT)]

    def contracts(self) -> Sequence[Any]:
        """BatchCompute."""
        ready = [self._operator]
        return [contracts.BatchCompute(namespaces=[NAMESPACE], service_account=ACCOUNT, event_log=self._log, ready=ready)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where jobs run, as whom, and where their logs are."""
        return {
            "history": pulumi.Output.concat("http://spark-history.", self._args.namespace, f".svc:{PORT}"),
            "serviceAccount": ACCOUNT,
            "eventLog": self._log,
        }


def _args(size: SparkSize, **more: Any) -> SparkApplicationArgs:
    return SparkApplicationArgs(Compute.of(size.driver), Compute.of(size.executor), size.executors, **more)
