"""Bulk transfer on Kubernetes: Sqoop jobs as workloads of our own. Retired upstream; Spark's JDBC source takes their place."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core

from components import contracts
from components.kubernetes import hadoop_client, objects, sqoop_command, truststore, workload
from components.kubernetes.images import own_image, repository
from components.kubernetes.place import SMALL, Compute, Place
from components.kubernetes.sqoop_command import CONF_PATH, LOGIN_PATH, Connection, SqoopJobArgs
from components.spec.base import quantity_value
from components.spec.processing import Sqoop
from components.system import Site

NAMESPACE = "sqoop"
UID = 10002
UPSTREAM = {"mlops.dev/upstream": "retired"}
CLIENT = "sqoop-client"


@dataclass
class SqoopTransfersArgs:
    """Arguments of SqoopTransfers; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    image: pulumi.Input[str]
    """What images/sqoop builds."""
    jobs: dict[str, SqoopJobArgs]
    database: contracts.DatabaseAccess
    engine: str
    """mysql or postgres: what `database` is."""
    compute: Compute
    store: Optional[contracts.BucketAccess] = None
    hdfs_uri: Optional[pulumi.Input[str]] = None
    """hdfs://<name service>; with the ConfigMap of its client settings and that one's namespace."""
    hdfs_config_map: Optional[pulumi.Input[str]] = None
    hdfs_namespace: Optional[pulumi.Input[str]] = None
    values: Optional[dict[str, Any]] = None
    """Hadoop properties of every job, which go over ours."""


class SqoopTransfers(pulumi.ComponentResource):
    """Sqoop 1.4 jobs: tables into the object store or HDFS and back, each a Job or, with a schedule, a CronJob.

    Creates ConfigMap `sqoop-client` (Hadoop's settings; HDFS's are copied from beside the file system), a ServiceAccount, and for
    each declared job a Job or CronJob that runs Hadoop's local job runner in its own pod. The password is a file that Sqoop reads
    (--password-file), the connection is verified TLS. Source: apache/sqoop at release-1.4.7-rc0, its user guide. Limits: retired
    upstream; one mapper a job, text files only, no saved jobs, no Kerberos; a Job's change of arguments makes a new Job; upstream
    has no image, so it runs images/sqoop.
    """

    needs = (contracts.Database,)
    optional = (contracts.ObjectStore, contracts.FileSystem, contracts.Certificates, contracts.ImageRegistry)
    provides = ()
    tiers = ("all", "platform")
    namespace = NAMESPACE
    essential_type = "core/v1:ConfigMap"

    def __init__(self, name: str, args: SqoopTransfersArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:SqoopTransfers", name, None, opts)
        self._name, self._args = name, args
        labels = {**args.labels, **UPSTREAM}
        self._place = Place("sqoop", args.namespace, labels, pulumi.ResourceOptions(parent=self))
        self._account = objects.service_account(f"{name}-account", self._place, object_name="sqoop")
        self._client = self._settings()
        for key, job in sorted(args.jobs.items()):
            self._job(key, job)
        self.register_outputs({})

    def _settings(self) -> pulumi.Resource:
        """core-site.xml, and HDFS's hdfs-site.xml as its own ConfigMap has it: a pod mounts none of another namespace."""
        args = self._args
        settings = {
            **hadoop_client.s3a(args.store),
            "mapreduce.framework.name": "local",
            "hadoop.tmp.dir": "/tmp/hadoop",
            **{key: str(value) for key, value in (args.values or {}).items()},
        }
        files: dict[str, pulumi.Input[str]] = {"core-site.xml": hadoop_client.site(settings)}
        if args.hdfs_config_map is not None:
            path = pulumi.Output.concat(args.hdfs_namespace or "", "/", args.hdfs_config_map)
            theirs = core.v1.ConfigMap.get(f"{self._name}-hdfs", path, self._place.opts)
            files["hdfs-site.xml"] = theirs.data.apply(lambda data: data["hdfs-site.xml"])
        return objects.config_map(f"{self._name}-client", self._place, files, object_name=CLIENT)

    def _job(self, key: str, job: SqoopJobArgs) -> None:
        name, args, place = f"{self._name}-{key}", self._args, self._place
        login = Connection.of(job, args.database, args.engine)
        command = sqoop_command.arguments(job, login, self._home(key, job))
        bundles = self._bundles(job)
        template = workload.pod(
            place,
            key,
            [self._container(command, job, bool(bundles))],
            uid=UID,
            account="sqoop",
            volumes=[
                workload.config_volume("conf", CLIENT),
                *([workload.secret_volume("login", login.secret)] if login.secret is not None else []),
                *(workload.config_volume(f"ca-{part}", found) for part, found in bundles.items()),
                *([workload.scratch_volume("trust")] if bundles else []),
            ],
            init=self._trust(bundles),
            once=True,
        )
        opts = place.after(self._account, self._client)
        if job.schedule:
            workload.cron_job(
                f"{name}-schedule", place, key, template, schedule=job.schedule, object_name=f"sqoop-{key}", opts=opts
            )
            return
        # what our registry builds is named by its content
        content = [args.image if isinstance(args.image, str) else repository("sqoop"), asdict(job)]
        workload.job(f"{name}-job", place, key, template, content=content, object_name=f"sqoop-{key}", retries=3, opts=opts)

    def _home(self, key: str, job: SqoopJobArgs) -> pulumi.Output[str]:
        """Where the job's files stand, without the last folder."""
        args = self._args
        if job.place == "hdfs" and args.hdfs_uri is not None:
            return pulumi.Output.concat(args.hdfs_uri, "/sqoop")
        assert args.store is not None, f"{key} has no store"
        return pulumi.Output.concat("s3a://", args.store.bucket)

    def _container(self, command: Sequence[pulumi.Input[str]], job: SqoopJobArgs, trusting: bool) -> core.v1.ContainerArgs:
        args = self._args
        heap = int(quantity_value(args.compute.memory) // 2**20) * 7 // 10
        java = f"-Xmx{heap}m {truststore.JAVA_OPTION if trusting else ''}".rstrip()
        secrets: dict[str, tuple[pulumi.Input[str], str]] = {}
        if job.place == "store" and args.store and args.store.secret is not None:
            secrets = {variable: (args.store.secret, variable) for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        env: dict[str, pulumi.Input[str]] = {"HADOOP_CLIENT_OPTS": java, "HADOOP_LOG_DIR": "/tmp/logs", "HOME": "/tmp"}
        if job.place == "hdfs":
            # the user that HDFS runs as and that alone may write to its root, where there is no authentication
            env["HADOOP_USER_NAME"] = "stackable"
        mounts = {CONF_PATH: "conf", **({truststore.STORE_PATH: "trust"} if trusting else {})}
        if job.secret is not None or args.database.secret is not None:
            mounts[LOGIN_PATH] = "login"
        return workload.container(
            "sqoop",
            args.image,
            args.compute,
            command=["/bin/bash", "-c", sqoop_command.SCRIPT, "sqoop"],
            args=command,
            env=env,
            secrets=secrets,
            mounts=mounts,
        )

    def _bundles(self, job: SqoopJobArgs) -> dict[str, pulumi.Input[str]]:
        """ConfigMaps of the private authorities that the job must trust, each once."""
        args, found = self._args, dict[str, pulumi.Input[str]]()
        # another database of the company is signed as ours is, or by a public authority
        if args.database.ca_config_map is not None:
            found["database"] = args.database.ca_config_map
        if job.place == "store" and args.store and args.store.ca_config_map is not None:
            found["store"] = args.store.ca_config_map
        return found

    def _trust(self, bundles: Mapping[str, pulumi.Input[str]]) -> list[core.v1.ContainerArgs]:
        if not bundles:
            return []
        paths = {part: f"{truststore.CA_PATH}-{part}" for part in bundles}
        env = {**truststore.VARIABLES, "BUNDLE": " ".join(f"{path}/ca.crt" for path in paths.values())}
        mounts = {truststore.STORE_PATH: "trust", **{path: f"ca-{part}" for part, path in paths.items()}}
        return [workload.container("trust", self._args.image, SMALL, command=list(truststore.COMMAND), env=env, mounts=mounts)]

    @staticmethod
    def wants(config: Sqoop) -> contracts.Wants:
        """A database, and a bucket where a job's files are in the store."""
        stored = any(job.place == "store" for job in config.jobs.values())
        return contracts.Wants(databases=("sqoop",), buckets=("sqoop",) if stored else ())

    @staticmethod
    def plan(site: Site) -> SqoopTransfersArgs:
        """The spec as constructor arguments. Raises pulumi.RunError where a job's files have no place in the stack."""
        config: Sqoop = site.config
        certificates, hdfs = site.maybe(contracts.Certificates), site.maybe(contracts.FileSystem)
        site.ready += certificates.ready if certificates else ()
        store = site.buckets.get("sqoop")
        for key, job in config.jobs.items():
            if (store if job.place == "store" else hdfs) is None:
                word, system = ("object store", "seaweedfs") if job.place == "store" else ("file system", "hadoop")
                raise pulumi.RunError(
                    f"mlops:spec.systems.sqoop.jobs.{key}: this stack has no {word}; add systems.{system}, or change its place"
                )
        return SqoopTransfersArgs(
            namespace=site.namespace or NAMESPACE,
            labels=site.naming.labels("sqoop"),
            image=own_image(site, "sqoop", config.image),
            jobs={key: SqoopJobArgs(**job.model_dump()) for key, job in config.jobs.items()},
            database=site.databases["sqoop"],
            engine=site.contract(contracts.Database).engine,
            compute=Compute.of(config.resources),
            store=store,
            hdfs_uri=hdfs.uri if hdfs else None,
            hdfs_config_map=hdfs.config_map if hdfs else None,
            hdfs_namespace=hdfs.namespace if hdfs else None,
            values=config.values,
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing: jobs are the end of a line."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where the jobs stand."""
        return {"namespace": self._args.namespace}
