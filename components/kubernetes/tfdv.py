"""TensorFlow Data Validation on Kubernetes: datasets of the object store, on a schedule and by Argo where there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import batch, core

from components import contracts
from components.kubernetes.images import own_image
from components.kubernetes.objects import custom
from components.kubernetes.place import Compute, Place
from components.kubernetes.workload import config_volume, container, pod
from components.naming import fit
from components.spec.data import Tfdv
from components.system import Site

ANOMALIES = 3
"""Exit code of images/tfdv/validate.py where the data are not what the schema says: to try again would not change them."""
CA_PATH = "/etc/mlops/ca"
RESULTS = "tfdv"
"""Prefix of schemas and reports in the bucket."""
TEMPLATE = ("argoproj.io/v1alpha1", "WorkflowTemplate")
INSTANCE = {"workflows.argoproj.io/controller-instanceid": "mlops"}
"""What the platform's Argo takes and shows."""
WORKFLOW_ACCOUNT = "argo-workflow"
"""ServiceAccount of workflow pods, made with Argo."""


@dataclass
class DatasetArgs:
    """One dataset that is validated on a schedule."""

    data: str
    """Prefix of its CSV files' keys."""
    schedule: str
    """Cron expression, UTC."""


@dataclass
class DataValidationArgs:
    """Arguments of DataValidation."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    bucket: contracts.BucketAccess
    datasets: dict[str, DatasetArgs]
    image: pulumi.Input[str]
    compute: Compute
    """Of one validation."""
    scratch: str
    """Bytes of disk of one validation: its files are fetched."""
    workflows: bool = False
    """Makes a WorkflowTemplate too."""


class DataValidation(pulumi.ComponentResource):
    """TFDV: for each dataset a CronJob that computes statistics, holds them against the schema, and fails on anomalies.

    Creates CronJobs `tfdv-<dataset>` and, where the cluster has Argo, WorkflowTemplate `tfdv` (parameters `dataset` and `data`),
    in Argo's namespace so that its controller may run it. Results lie in the bucket below tfdv/<dataset>: the schema, inferred by
    the first run and corrected by people, and for each run statistics, anomalies, summary and an HTML report. A failed run is
    not tried again where the data are the reason. Limits: CSV files with a header (.csv, .csv.gz); one node does the work, so
    that files and statistics fit its disk and memory; charts of the report load their script from the internet.
    """

    needs = (contracts.ObjectStore,)
    optional = (contracts.ImageRegistry, contracts.Workflows)
    provides = ()
    tiers = ("all", "platform", "team")
    namespace = "argo"
    essential_type = "batch/v1:CronJob"

    def __init__(self, name: str, args: DataValidationArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DataValidation", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("tfdv", args.namespace, args.labels, pulumi.ResourceOptions(parent=self))
        for dataset, wanted in sorted(args.datasets.items()):
            self._schedule(dataset, wanted)
        if args.workflows:
            self._template()
        self.register_outputs({})

    def _variables(self, dataset: str, data: str) -> dict[str, pulumi.Input[str]]:
        bucket = self._args.bucket
        made: dict[str, pulumi.Input[str]] = {
            "DATASET": dataset,
            "DATA": data,
            "BUCKET": bucket.bucket,
            "AWS_REGION": bucket.region,
            "RESULTS": RESULTS,
            "HOME": "/tmp",
            # TensorFlow looks for a GPU and says so at length
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }
        if bucket.endpoint is not None:
            made["ENDPOINT"] = bucket.endpoint
        if bucket.ca_config_map is not None:
            made["AWS_CA_BUNDLE"] = f"{CA_PATH}/ca.crt"
        return made

    def _keys(self) -> dict[str, tuple[pulumi.Input[str], str]]:
        secret = self._args.bucket.secret
        return {key: (secret, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")} if secret is not None else {}

    def _schedule(self, dataset: str, wanted: DatasetArgs) -> None:
        args, bucket = self._args, self._args.bucket
        mounts = {"/tmp": "scratch"} | ({CA_PATH: "ca"} if bucket.ca_config_map is not None else {})
        step = container(
            "tfdv", args.image, args.compute, env=self._variables(dataset, wanted.data), secrets=self._keys(), mounts=mounts
        )
        scratch = core.v1.VolumeArgs(name="scratch", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit=args.scratch))
        ca = [config_volume("ca", bucket.ca_config_map)] if bucket.ca_config_map is not None else []
        template = pod(self._place, "validation", [step], once=True, volumes=[scratch, *ca])
        spec: Any = template.spec
        spec.restart_policy = "Never"
        wrong = batch.v1.PodFailurePolicyRuleArgs(
            action="FailJob",
            on_exit_codes=batch.v1.PodFailurePolicyOnExitCodesRequirementArgs(
                container_name="tfdv", operator="In", values=[ANOMALIES]
            ),
        )
        batch.v1.CronJob(
            f"{self._name}-{dataset}",
            metadata=self._place.meta(fit(f"tfdv-{dataset}", 52), "validation"),
            spec=batch.v1.CronJobSpecArgs(
                schedule=wanted.schedule,
                time_zone="Etc/UTC",
                concurrency_policy="Forbid",
                failed_jobs_history_limit=3,
                job_template=batch.v1.JobTemplateSpecArgs(
                    spec=batch.v1.JobSpecArgs(
                        template=template, backoff_limit=2, pod_failure_policy=batch.v1.PodFailurePolicyArgs(rules=[wrong])
                    )
                ),
            ),
            opts=self._place.opts,
        )

    def _template(self) -> None:
        """The same step for pipelines, on whatever data they name."""
        args, bucket = self._args, self._args.bucket
        parameters = ("dataset", "data")
        plain = self._variables("{{inputs.parameters.dataset}}", "{{inputs.parameters.data}}")
        env: list[Any] = [{"name": key, "value": value} for key, value in plain.items()]
        env += [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": secret, "key": entry}}}
            for key, (secret, entry) in self._keys().items()
        ]
        volumes: list[Any] = [{"name": "scratch", "emptyDir": {"sizeLimit": args.scratch}}]
        mounts: list[dict[str, Any]] = [{"name": "scratch", "mountPath": "/tmp"}]
        if bucket.ca_config_map is not None:
            volumes.append({"name": "ca", "configMap": {"name": bucket.ca_config_map}})
            mounts.append({"name": "ca", "mountPath": CA_PATH, "readOnly": True})
        step = {
            "name": "main",
            "image": args.image,
            # the executor starts it, so that the image's own entry point has to be said
            "command": ["python", "/opt/mlops/validate.py"],
            "env": env,
            "resources": args.compute.spec(),
            "volumeMounts": mounts,
            "securityContext": {
                "runAsUser": 1000,
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
        spec = {
            "entrypoint": "validate",
            "serviceAccountName": WORKFLOW_ACCOUNT,
            "workflowMetadata": {"labels": INSTANCE},
            "arguments": {"parameters": [{"name": each} for each in parameters]},
            "volumes": volumes,
            "templates": [
                {
                    "name": "validate",
                    "inputs": {
                        "parameters": [{"name": each, "value": "{{workflow.parameters." + each + "}}"} for each in parameters]
                    },
                    "container": step,
                }
            ],
        }
        custom(f"{self._name}-template", self._place, TEMPLATE, spec, object_name="tfdv", labels=INSTANCE)

    @staticmethod
    def wants(config: Tfdv) -> contracts.Wants:
        """The bucket with the data, which takes the results too."""
        return contracts.Wants(buckets=(config.bucket,))

    @staticmethod
    def plan(site: Site) -> DataValidationArgs:
        """The spec as constructor arguments."""
        config: Tfdv = site.config
        workflows = site.maybe(contracts.Workflows)
        argo = workflows is not None and workflows.engine == "argo"
        if workflows is not None and argo:
            site.ready += workflows.ready
        if not config.datasets and not argo:
            raise pulumi.RunError(
                "tfdv has nothing to validate: name datasets under mlops:spec.systems.tfdv.datasets "
                "({<name>: {data: <prefix>}}), or add systems.argo: {} and start its WorkflowTemplate from your pipelines"
            )
        return DataValidationArgs(
            namespace=site.namespace or DataValidation.namespace,
            labels=site.naming.labels("tfdv"),
            bucket=site.buckets[config.bucket],
            datasets={name: DatasetArgs(each.data, each.schedule) for name, each in config.datasets.items()},
            image=own_image(site, "tfdv"),
            compute=Compute.of(config.resources),
            scratch=config.scratch,
            workflows=argo,
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing: it fails where data are wrong."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where reports and schemas lie."""
        return {"results": pulumi.Output.concat("s3://", self._args.bucket.bucket, f"/{RESULTS}/")}
