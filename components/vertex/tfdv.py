"""Validation of data on Google Cloud: Dataplex scans by schedule, and TFDV as a pipeline of Dataflow that is launched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import contracts
from components.spec.data import Tfdv
from components.system import Site
from components.vertex import jobs
from components.vertex.discovery import Discovery, ScanArgs
from components.vertex.identity import on_project
from components.vertex.jobs import VertexGround
from components.vertex.launcher import launcher, post, source

UNDECLARED = "data"
WORK = "roles/dataflow.worker"


@dataclass
class DataScansArgs:
    """The validations of one stack."""

    ground: VertexGround
    """Network, key, the account of TFDV's workers, and the bucket with the data."""
    scans: dict[str, ScanArgs] = field(default_factory=dict)
    """Datasets by name."""


class DataScans(pulumi.ComponentResource):
    """dataplex.Datascan a dataset, which looks at its files by schedule, and two templates that look deeper.

    The scan compares the columns of new files with those that it knows and reports what does not fit. Workflow
    `<stack>-tfdv-profile` profiles a table that a scan has published (distributions, nulls, ranges); `<stack>-tfdv` runs TFDV
    itself as a Flex Template of Dataflow, whose address (`template`) the launch names: workers in the private subnetwork, without
    public addresses, under our key, as the system's account. Without any declared dataset the scan is of prefix `data/`. Source:
    Dataplex, "Data profiling"; Dataflow API, flexTemplates.launch. Limits: the platform has no Flex Template of its own; rules
    beyond columns and types are said in a data quality scan of the user's own.
    """

    workflow: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "gcp:dataplex/datascan:Datascan"
    role_service = "dataflow.googleapis.com"

    def __init__(self, name: str, args: DataScansArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DataScans", name, {}, opts)
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        found = Discovery(name, "tfdv", place, [place.bucket], mine)
        self._scans = {key: found.scan(key, scan, f"Files of dataset {key}") for key, scan in sorted(args.scans.items())}
        works = on_project(f"{name}-work", WORK, place.account, place.project, mine)
        ready = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=[works]))
        made = launcher(name, "tfdv", place, _dataflow(place), ["roles/dataflow.developer"], ready)
        profile = launcher(
            f"{name}-profile", "tfdv-profile", place, _profile(place), ["roles/dataplex.dataScanEditor"], mine, acts=False
        )
        self.workflow, self._profile = made.name, profile.name
        self.register_outputs({"workflow": self.workflow})

    @staticmethod
    def wants(config: Tfdv) -> contracts.Wants:
        """The bucket with the data, where reports go too."""
        return contracts.Wants(buckets=(config.bucket,))

    @staticmethod
    def plan(site: Site) -> DataScansArgs:
        """From `systems.tfdv` of the spec."""
        config: Tfdv = site.config
        place = jobs.ground(site, config.bucket)
        scans = {key: ScanArgs(place.bucket, [d.data.rstrip("/") + "/"], d.schedule) for key, d in config.datasets.items()}
        return DataScansArgs(place, scans or {UNDECLARED: ScanArgs(place.bucket, [f"{UNDECLARED}/"])})

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What validates, and the scans."""
        scans = {f"scan.{key}": scan.data_scan_id for key, scan in self._scans.items()}
        return {"launcher": self.workflow, "profile": self._profile, **scans}


def _dataflow(place: VertexGround) -> pulumi.Output[str]:
    """FlexTemplates.launch; the launch names the template and its parameters."""
    url = pulumi.Output.format(
        "https://dataflow.googleapis.com/v1b3/projects/{0}/locations/{1}/flexTemplates:launch", place.project, place.region
    )
    environment: dict[str, Any] = {
        "serviceAccountEmail": place.account,
        "subnetwork": pulumi.Output.concat("https://www.googleapis.com/compute/v1/", place.subnet_id),
        "ipConfiguration": "WORKER_IP_PRIVATE",
        "kmsKeyName": place.kms_key,
        "tempLocation": jobs.uri(place, "tfdv/temp"),
        "stagingLocation": jobs.uri(place, "tfdv/staging"),
        "additionalExperiments": ["enable_secure_boot"],
        "maxWorkers": "${job.workers}",
    }
    body = {
        "launchParameter": {
            "jobName": '${"tfdv-" + string(int(sys.now()))}',
            "containerSpecGcsPath": "${job.template}",
            "parameters": "${job.parameters}",
            "environment": environment,
        }
    }
    given = {"template": jobs.uri(place, "tfdv/template.json"), "parameters": {}, "workers": 4}
    return source(given, [post(url, body)])


def _profile(place: VertexGround) -> pulumi.Output[str]:
    """DataScans.create of a profile that runs once, of table `<dataset>.<table>`."""
    url = pulumi.Output.format(
        "https://dataplex.googleapis.com/v1/projects/{0}/locations/{1}/dataScans", place.project, place.region
    )
    table = pulumi.Output.format(
        '${{"//bigquery.googleapis.com/projects/{0}/datasets/" + job.dataset + "/tables/" + job.table}}', place.project
    )
    body = {
        "data": {"resource": table},
        "executionSpec": {"trigger": {"onDemand": {}}},
        "dataProfileSpec": {"samplingPercent": "${job.percent}"},
    }
    id = '${"profile-" + string(int(sys.now()))}'
    steps: list[dict[str, Any]] = [
        {"id": {"assign": [{"id": id}]}},
        {
            "make": {
                "call": "http.post",
                "args": {"url": url, "auth": {"type": "OAuth2"}, "query": {"dataScanId": "${id}"}, "body": body},
                "result": "made",
            }
        },
        {"settle": {"call": "sys.sleep", "args": {"seconds": 30}}},
        {
            "run": {
                "call": "http.post",
                "args": {"url": pulumi.Output.concat('${"', url, '/" + id + ":run"}'), "auth": {"type": "OAuth2"}, "body": {}},
                "result": "made",
            }
        },
    ]
    return source({"dataset": "", "table": "", "percent": 100}, steps)
