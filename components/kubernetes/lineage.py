"""The lineage job: the platform tries itself, from a topic to a prediction, through every system that the stack has."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Optional
from urllib.parse import urlsplit

import pulumi
from pulumi_kubernetes import batch, core, meta, rbac

from components import contracts
from components.kubernetes import dvc, objects, optuna_scripts, spark_applications
from components.kubernetes.feast_store import ROLES
from components.kubernetes.images import own_image
from components.kubernetes.lineage_data_scripts import BATCH
from components.kubernetes.lineage_scripts import files
from components.kubernetes.lineage_steps import TOPIC, BatchArgs, LineageJobArgs, containers, parts
from components.kubernetes.place import Compute, Place, content_hash
from components.kubernetes.workload import config_volume, pod
from components.mapping.lineage import CONTRACTS, STEPS, steps
from components.spec.shared import Lineage
from components.system import Site

__all__ = ["LineageJob", "LineageJobArgs"]

NAME = "lineage"
SCRIPTS = "lineage-scripts"
BATCH_CONFIG = "lineage-batch"
NEVER = "0 0 1 1 *"
"""A CronJob has to have a schedule, also while it is suspended."""
SECONDS = 3600
"""That a run may take."""
KEPT = 7 * 86400
"""Seconds that a finished run is kept."""
ROOT_CA = "kube-root-ca.crt"
"""ConfigMap that the cluster puts into every namespace: the authority of its API server."""


class LineageJob(pulumi.ComponentResource):
    """A suspended CronJob `lineage` whose Job goes through the stack, a container a step, with grants of its own.

    `mlops lineage <stack> --submit` runs it; no `up` does. Steps are those of components/mapping/lineage.py whose contracts the
    stack meets: each is an init container with its system's client, the credentials of its own connection and no others, and
    hands on in a shared directory; the last one is the pod's container, so that the first that fails ends the run. Creates also
    the ServiceAccount, ConfigMap `lineage-scripts`, a PodMonitor (metrics), in Spark's namespace the program of the batch job
    with a key and a user of its own and a Role to submit there, and in Feast's a RoleBinding to its role feast-writer. Topic and
    bucket are both called lineage. Sources: KIP-1147 (--command-config of Kafka's console clients), feast 0.66.0
    feature_server.py (/materialize-incremental) and permissions/enforcer.py. Limits: models are asked, not deployed; where the
    feature repository declares permissions, one must let feast-writer write online; of the search systems only one that keeps
    its studies in a database is tried, on the first database of the stack, or those that `uses` names; runs leave their
    objects in topic, bucket, study and experiment.
    """

    needs = ()
    optional = tuple(contracts.CONTRACTS[key] for key in CONTRACTS)
    provides = ()
    tiers = ("all", "platform")
    namespace = NAME
    essential_type = "batch/v1:CronJob"

    def __init__(self, name: str, args: LineageJobArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:LineageJob", name, None, opts)
        self._name, self._args, self._keys = name, args, list(parts(args))
        place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._place = place
        programs = files(self._keys)
        if "train" in self._keys:
            programs["optuna_storage.py"] = optuna_scripts.STORAGE
        waits: list[pulumi.Resource] = [
            objects.config_map(f"{name}-scripts", place, programs, object_name=SCRIPTS),
            objects.service_account(f"{name}-account", place, object_name=NAME),
        ]
        steps, volumes = containers(args)
        volumes += [config_volume("scripts", SCRIPTS), core.v1.VolumeArgs(name="work", empty_dir=_room("256Mi"))]
        if args.batch is not None:
            waits += self._batch(args.batch)
            volumes.append(config_volume("batch", BATCH_CONFIG))
        if "version" in self._keys and args.bucket is not None:
            text = dvc.config(args.bucket, "versions")
            waits.append(objects.config_map(f"{name}-dvc", place, {"config": text}, object_name=dvc.CONFIG))
            volumes.append(config_volume("dvc", dvc.CONFIG))
        if args.features_url is not None:
            self._bind("features", _namespace(args.features_url), ROLES[1])
        if args.batch is not None or args.features_url is not None:
            volumes.append(_token())
        self._job(steps, volumes, {"mlops.dev/scripts": content_hash(programs)}, waits)
        if args.metrics_url is not None:
            self._monitor()
        self.register_outputs({})

    def _job(
        self,
        steps: list[core.v1.ContainerArgs],
        volumes: list[core.v1.VolumeArgs],
        notes: Mapping[str, str],
        waits: list[pulumi.Resource],
    ) -> None:
        template = pod(self._place, "run", steps[-1:], init=steps[:-1], account=NAME, volumes=volumes, once=True, notes=notes)
        spec: Any = template.spec
        # a step that failed is looked at, not tried again: what it wrote would stand in its own way
        spec.restart_policy = "Never"
        batch.v1.CronJob(
            f"{self._name}-job",
            metadata=self._place.meta(NAME, "run"),
            spec=batch.v1.CronJobSpecArgs(
                schedule=self._args.schedule or NEVER,
                suspend=self._args.schedule is None,
                time_zone="Etc/UTC",
                concurrency_policy="Forbid",
                successful_jobs_history_limit=3,
                failed_jobs_history_limit=3,
                job_template=batch.v1.JobTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels={**self._place.labels, **self._place.selector("run")}),
                    spec=batch.v1.JobSpecArgs(
                        template=template,
                        backoff_limit=0,
                        active_deadline_seconds=SECONDS,
                        # these Jobs are none of the state's resources, so that their end is no drift
                        ttl_seconds_after_finished=KEPT,
                    ),
                ),
            ),
            opts=self._place.after(*waits),
        )

    def _batch(self, args: BatchArgs) -> list[pulumi.Resource]:
        """The batch job as it will be submitted, its program where it runs, and the right to submit it."""
        there = Place("spark", args.namespace, self._args.labels, self._place.opts, self._args.registry_mirror)
        program = objects.config_map(f"{self._name}-batch-scripts", there, {"batch.py": BATCH}, object_name=SCRIPTS)
        target = pulumi.Output.concat("s3a://", args.bucket.bucket, "/runs/@RUN@/processed")
        spec = spark_applications.application(
            args.image,
            f"local://{spark_applications.SCRIPTS_PATH}/batch.py",
            ["@RUN@", args.broker.topics[0], str(self._args.records), target],
            args.bucket,
            args.broker,
            SIZE,
            SIZE,
            1,
            python=True,
            scripts=SCRIPTS,
        )
        # kept as long as the Job; event logs would be in the way of a bucket of the run's own
        spec |= {"timeToLiveSeconds": KEPT, "restartPolicy": {"type": "Never"}}
        spec["sparkConf"] = {k: v for k, v in spec["sparkConf"].items() if not k.startswith("spark.eventLog.")}
        api_version, kind = spark_applications.APPLICATION
        metadata = {"name": "@RUN@-process", "namespace": args.namespace, "labels": dict(self._args.labels)}
        job = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
        text = pulumi.Output.json_dumps(job, sort_keys=True)
        kept = objects.config_map(f"{self._name}-batch", self._place, {"job.json": text}, object_name=BATCH_CONFIG)
        rule = rbac.v1.PolicyRuleArgs(
            api_groups=[api_version.partition("/")[0]], resources=["sparkapplications"], verbs=["create", "get"]
        )
        role = rbac.v1.Role(f"{self._name}-batch-role", metadata=there.meta(NAME), rules=[rule], opts=there.opts)
        return [program, kept, self._bind("batch", args.namespace, NAME, role)]

    def _bind(self, part: str, namespace: pulumi.Input[str], role: str, *after: pulumi.Resource) -> rbac.v1.RoleBinding:
        """A Role of another namespace for the job's ServiceAccount."""
        there = Place(NAME, namespace, self._args.labels, self._place.after(*after))
        return rbac.v1.RoleBinding(
            f"{self._name}-{part}-binding",
            metadata=there.meta(NAME),
            role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=role),
            subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=NAME, namespace=self._place.namespace)],
            opts=there.opts,
        )

    def _monitor(self) -> None:
        """The last step's metric, which the run waits for: asked often, for a run is short."""
        spec = {
            "selector": {"matchLabels": self._place.selector("run")},
            "podMetricsEndpoints": [{"port": "metrics", "interval": "15s"}],
        }
        objects.custom(f"{self._name}-monitor", self._place, objects.POD_MONITOR, spec, object_name=NAME)

    @staticmethod
    def wants(config: Lineage) -> contracts.Wants:
        """One bucket and one topic; the studies' user is granted with the rest."""
        return contracts.Wants(buckets=(TOPIC,), topics=(TOPIC,))

    @staticmethod
    def plan(site: Site) -> LineageJobArgs:
        """From what the stack meets. Raises pulumi.RunError where that is nothing that a step could try."""
        config: Lineage = site.config
        met = {contracts.key(kind) for kind in site.met}
        keys = {step.key for step in steps(met, list(site.spec.chosen()))}
        if not keys:
            wanted = ", ".join(dict.fromkeys(contract for step in STEPS for contract in step.contracts))
            raise pulumi.RunError(f"mlops:spec.lineage: nothing to try; no system of this stack provides any of {wanted}")
        metrics, certificates = site.maybe(contracts.Metrics), site.maybe(contracts.Certificates)
        site.ready += [*(metrics.ready if metrics else ()), *(certificates.ready if certificates else ())]
        features, serving = site.maybe(contracts.FeatureStore), site.maybe(contracts.Serving)
        tracking, studies = site.maybe(contracts.Tracking), _studies(site)
        secret: pulumi.Input[str] | None = None
        if tracking and tracking.grant:
            secret = tracking.grant(_consumer(site))
        versions = site.spec.systems.dvc
        asked = config.prediction if serving else None
        return LineageJobArgs(
            namespace=site.namespace or NAME,
            labels=site.naming.labels(NAME),
            records=config.records,
            compute=Compute.of(config.resources),
            broker=site.brokers.get(site.key),
            batch=_batch(site) if "process" in keys and not _outside(site) else None,
            bucket=site.buckets.get(TOPIC),
            dvc_image=own_image(site, "dvc") if "version" in keys and versions and versions.check else None,
            features_url=features.url if features else None,
            studies=studies,
            studies_engine=site.contract(contracts.Tuning).engine if studies else "mysql",
            tracking_uri=tracking.uri if tracking else None,
            tracking_secret=secret,
            serving_url=serving.url if serving else None,
            prediction_path=asked.path if asked else None,
            prediction_body=json.dumps(asked.body, sort_keys=True) if asked else None,
            metrics_url=metrics.query_url if metrics else None,
            bundle=certificates.bundle if certificates else None,
            schedule=config.schedule,
            registry_mirror=site.spec.registry_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """None: it uses what others offer."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The CronJob that a run is made of, and its steps."""
        return {"cronJob": pulumi.Output.concat(self._place.namespace, f"/{NAME}"), "steps": ",".join(self._keys)}


SIZE = Compute("500m", "1Gi")
"""Of the batch job's driver and of its one executor."""


def _consumer(site: Site, name: str = NAME, namespace: str | None = None, *after: pulumi.Resource) -> contracts.Consumer:
    opts = pulumi.ResourceOptions.merge(site.opts, pulumi.ResourceOptions(depends_on=list(after)))
    return contracts.Consumer(name, namespace=namespace or site.namespace, opts=opts, ready=site.ready)


def _studies(site: Site) -> contracts.DatabaseAccess | None:
    """A user of the job's own in the studies' database, where the stack's first database is the one that holds them."""
    tuning, server = site.maybe(contracts.Tuning), site.maybe(contracts.Database)
    if tuning is None or server is None or tuning.database is None or server.engine != tuning.engine:
        return None
    return server.grant(tuning.database, _consumer(site))


def _batch(site: Site) -> BatchArgs:
    """The batch job, as a consumer of its own beside the operator."""
    compute, spark = site.contract(contracts.BatchCompute), site.spec.systems.spark
    where = compute.namespaces[0]
    user = _consumer(site, f"{NAME}-spark", where, *compute.ready)
    return BatchArgs(
        namespace=where,
        image=own_image(site, "spark", spark.image if spark else None),
        bucket=site.contract(contracts.ObjectStore).grant(TOPIC, user),
        broker=site.contract(contracts.Broker).grant([TOPIC], user),
    )


def _outside(site: Site) -> bool:
    """Whether topic or bucket are brought: their owner names one Secret for the job, and has none for a second user."""
    return any(contracts.key(kind) in site.spec.bring_your_own for kind in (contracts.ObjectStore, contracts.Broker))


def _namespace(url: pulumi.Input[str]) -> pulumi.Output[str]:
    """The namespace of the Service in an address https://<service>.<namespace>.svc."""
    return pulumi.Output.from_input(url).apply(lambda text: (urlsplit(text).hostname or "").split(".")[1])


def _room(size: str) -> core.v1.EmptyDirVolumeSourceArgs:
    return core.v1.EmptyDirVolumeSourceArgs(size_limit=size)


def _token() -> core.v1.VolumeArgs:
    """The ServiceAccount's token for those steps alone that mount it, with the API server's authority."""
    sources = [
        core.v1.VolumeProjectionArgs(
            service_account_token=core.v1.ServiceAccountTokenProjectionArgs(path="token", expiration_seconds=3600)
        ),
        core.v1.VolumeProjectionArgs(
            config_map=core.v1.ConfigMapProjectionArgs(name=ROOT_CA, items=[core.v1.KeyToPathArgs(key="ca.crt", path="ca.crt")])
        ),
    ]
    return core.v1.VolumeArgs(name="token", projected=core.v1.ProjectedVolumeSourceArgs(sources=sources))
