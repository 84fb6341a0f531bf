"""Workflows: Apache Airflow, its records in the stack's database, its logs and (unless from git) its DAGs in the object store."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core

from components import contracts
from components.kubernetes import airflow_scripts, chart, extend, objects, workload
from components.kubernetes import airflow_values as values
from components.kubernetes.airflow_args import NAME, AirflowArgs, GitDagsArgs, chart_values, settings
from components.kubernetes.place import Compute, Place, content_hash, image
from components.spec.base import duration_seconds
from components.spec.flows import Airflow
from components.system import Site

CHART = chart.Pin("airflow", "1.22.0", "https://airflow.apache.org", checked="2026-11-23")
PORT = 8080
PODS = ("api-server", "scheduler", "dag-processor", "triggerer")
"""Container of each Deployment that reads the settings at start."""


class ApacheAirflow(pulumi.ComponentResource):
    """Airflow 3 with the Kubernetes executor: servers, schedulers, a DAG processor and a triggerer; each task is a pod.

    Creates the chart, Secrets with generated keys (Fernet, API, JWT) and the administrator's password, ConfigMaps with settings
    and scripts, a Job that migrates the schema and then makes the administrator (or sets its password), a nightly CronJob that
    deletes old records, and a ServiceMonitor over the StatsD exporter where the stack has metrics. Task logs go to tasks/ of
    bucket airflow; DAGs come from its dags/, or from a git branch.

    Source: chart airflow 1.22.0 (Apache), Airflow 3.2.2. Limits: MySQL is supported upstream, PostgreSQL is what most run
    (`uses: {database: postgres}`); as the chart has it, task pods find the metadata database's credentials in their environment;
    AWS_CA_BUNDLE trusts the platform's store, so tasks that call AWS itself name another; one DAG processor and one triggerer; a
    repository with a private CA needs the git-sync settings of `values:`; the DAG bundle of an empty bucket is logged as an error
    until the first DAG is there.
    """

    needs = (contracts.Database, contracts.ObjectStore)
    optional = (contracts.Metrics,)
    provides = (contracts.Workflows,)
    tiers = ("all", "platform")
    namespace = NAME
    internet = True
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: AirflowArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:ApacheAirflow", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        found = settings(args)
        place = self._place
        self._files = objects.config_map(f"{name}-files", place, airflow_scripts.FILES, object_name=values.FILES)
        shared = objects.config_map(f"{name}-settings", place, found, object_name=values.SETTINGS)
        keys = self._keys()
        setup = self._setup(found, keys)
        # read at start only
        told = extend.Extension()
        told.notes = {
            "mlops.dev/settings": objects.digest(pulumi.Output.json_dumps(found, sort_keys=True)),
            "mlops.dev/scripts": content_hash(airflow_scripts.FILES),
        }
        transforms = [extend.deployment(pod, told) for pod in PODS]
        self._chart = chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            release=NAME,
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(shared, self._files, keys, setup, transforms=transforms),
        )
        if args.monitored:
            self._monitor()
        self._url = pulumi.Output.concat(f"http://{NAME}-api-server.", args.namespace, f".svc:{PORT}")
        self.register_outputs({})

    def _keys(self) -> core.v1.Secret:
        """Every key that the chart would draw at random, each under the name that it reads."""
        opts = self._place.opts
        fernet, api, jwt = (
            objects.password(f"{self._name}-{part}", opts, length).result
            for part, length in (("fernet", 32), ("api-key", 64), ("jwt", 64))
        )
        data: dict[str, pulumi.Input[str]] = {
            # Fernet wants 32 bytes in URL-safe base64
            "fernet-key": fernet.apply(lambda text: base64.urlsafe_b64encode(text.encode()).decode()),
            "api-secret-key": api,
            "jwt-secret": jwt,
        }
        return objects.secret(f"{self._name}-keys", self._place, data, object_name=values.KEYS)

    def _setup(self, found: Mapping[str, pulumi.Input[str]], keys: core.v1.Secret) -> pulumi.Resource:
        """The Job that migrates the schema, then makes the administrator; a new image or password is a new run."""
        args, place, name = self._args, self._place, self._name
        password = objects.password(f"{name}-admin-password", place.opts)
        login: dict[str, pulumi.Input[str]] = {"username": "admin", "password": password.result}
        admin = objects.secret(f"{name}-admin", place, login, object_name=values.ADMIN)
        account = objects.service_account(f"{name}-setup-account", place, object_name="airflow-setup")
        secrets: dict[str, tuple[pulumi.Input[str], str]] = {
            "AIRFLOW__CORE__FERNET_KEY": (keys.metadata.name, "fernet-key"),
            "AIRFLOW__API__SECRET_KEY": (keys.metadata.name, "api-secret-key"),
            "AIRFLOW__API_AUTH__JWT_SECRET": (keys.metadata.name, "jwt-secret"),
        }
        if args.database.secret is not None:
            secrets |= {f"DB_{key.upper()}": (args.database.secret, key) for key in ("username", "password")}
        env: dict[str, pulumi.Input[str]] = {**found, "AIRFLOW_HOME": "/tmp/airflow", "HOME": "/tmp"}
        mounts = {values.SCRIPTS: "files"}
        volumes = [workload.config_volume("files", self._files.metadata.name)]
        if args.database.ca_config_map is not None:
            mounts[values.DATABASE_CA] = "database-ca"
            volumes.append(workload.config_volume("database-ca", args.database.ca_config_map))
        if args.bucket.ca_config_map is not None:
            # the shared variables name it: whatever calls the store on the way would find no file
            mounts[values.STORE_CA] = "store-ca"
            volumes.append(workload.config_volume("store-ca", args.bucket.ca_config_map))
        ref = image(values.AIRFLOW, args.registry_mirror)
        migrate = workload.container(
            "migrate", ref, args.server_compute, command=["airflow", "db", "migrate"], env=env, secrets=secrets, mounts=mounts
        )
        people = workload.container(
            "administrator",
            ref,
            args.server_compute,
            command=["python", f"{values.SCRIPTS}/administrator.py"],
            env={**env, "ADMIN_EMAIL": f"admin@{args.domain}"},
            secrets={
                **secrets,
                "ADMIN_USERNAME": (admin.metadata.name, "username"),
                "ADMIN_PASSWORD": (admin.metadata.name, "password"),
            },
            mounts=mounts,
        )
        template = workload.pod(
            place,
            "setup",
            [people],
            init=[migrate],
            uid=values.UID,
            once=True,
            account=account.metadata.name,
            volumes=volumes,
            notes={"mlops.dev/password": objects.digest(password.result)},
        )
        opts = place.after(keys, admin, account, self._files)
        return workload.job(
            f"{name}-setup",
            place,
            "setup",
            template,
            content=[ref, airflow_scripts.FILES],
            object_name="airflow-setup",
            opts=opts,
        )

    def _monitor(self) -> None:
        spec = {
            "selector": {"matchLabels": {"tier": NAME, "component": "statsd", "release": NAME}},
            "endpoints": [{"port": "statsd-scrape", "interval": "30s"}],
        }
        opts = self._place.after(self._chart)
        objects.custom(f"{self._name}-monitor", self._place, objects.SERVICE_MONITOR, spec, object_name=NAME, opts=opts)

    @staticmethod
    def wants(config: Airflow) -> contracts.Wants:
        """A database for the records, a bucket for logs and DAGs."""
        return contracts.Wants(databases=("airflow",), buckets=("airflow",))

    @staticmethod
    def plan(site: Site) -> AirflowArgs:
        """The spec as constructor arguments."""
        config: Airflow = site.config
        metrics = site.maybe(contracts.Metrics)
        site.ready += metrics.ready if metrics else ()
        git = config.dags
        return AirflowArgs(
            namespace=site.namespace or ApacheAirflow.namespace,
            labels=site.naming.labels(NAME),
            database=site.databases["airflow"],
            bucket=site.buckets["airflow"],
            servers=config.replicas,
            schedulers=config.schedulers,
            server_compute=Compute.of(config.resources),
            scheduler_compute=Compute.of(config.scheduler_resources),
            task_compute=Compute.of(config.task_resources),
            domain=site.spec.domain,
            keep_days=max(1, duration_seconds(config.keep_for) // 86400),
            engine=site.contract(contracts.Database).engine,
            git=GitDagsArgs(git.repository, git.branch, git.path, duration_seconds(git.every), git.credentials_secret)
            if git
            else None,
            monitored=metrics is not None,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def endpoints(self) -> Sequence[contracts.Endpoint]:
        """The UI and API, which have a login of their own."""
        return [contracts.Endpoint(NAME, self._args.namespace, f"{NAME}-api-server", PORT, login=False)]

    def contracts(self) -> Sequence[Any]:
        """Workflows."""
        return [contracts.Workflows(self._url, "airflow")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, where the administrator's password stands, and where DAGs are put."""
        admin = pulumi.Output.concat(self._args.namespace, f"/{values.ADMIN}")
        source = self._args.git.repository if self._args.git else pulumi.Output.concat("s3://", self._args.bucket.bucket, "/dags")
        return {"url": self._url, "adminSecret": admin, "dags": source}
