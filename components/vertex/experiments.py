"""Experiments on Google Cloud: Vertex AI Experiments (ML Metadata) and TensorBoard under the stack's key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Wants
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import on_project
from components.vertex.jobs import VertexGround

BUCKET = "experiments"
STORE = "default"
"""The metadata store that the SDK logs experiments to, one a project and region (Vertex AI, "Configure your metadata store")."""


@dataclass
class VertexExperimentsArgs:
    """One place for experiments."""

    ground: VertexGround
    """Key, account, and the bucket of logs and artifacts."""


class VertexExperiments(pulumi.ComponentResource):
    """vertex.AiMetadataStore `default` and vertex.AiTensorboard, both encrypted by our key, with a bucket and an account.

    Who logs calls `aiplatform.init(experiment=…, experiment_tensorboard=<experiments.tensorboard>)` as the account. The store is
    made before anything was logged in the project and region, else it stands without our key. Source: Vertex AI, "Set up for
    experiments", "Customer-managed encryption keys". It is no MLflow server: `mlflow` is one, with Cloud SQL behind it.
    """

    tensorboard: pulumi.Output[str]
    store: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "gcp:vertex/aiTensorboard:AiTensorboard"
    role_service = "aiplatform.googleapis.com"

    def __init__(self, name: str, args: VertexExperimentsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:VertexExperiments", name, {}, opts)
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        self._args, kept = args, jobs.kept(place, mine)
        store = gcp.vertex.AiMetadataStore(
            f"{name}-store",
            name=STORE,
            project=place.project,
            region=place.region,
            description="Experiments of the stack",
            encryption_spec=gcp.vertex.AiMetadataStoreEncryptionSpecArgs(kms_key_name=place.kms_key),
            opts=kept,
        )
        board = gcp.vertex.AiTensorboard(
            f"{name}-board",
            display_name=f"{place.stack} experiments",
            description="Curves of the stack's trainings",
            project=place.project,
            region=place.region,
            encryption_spec=gcp.vertex.AiTensorboardEncryptionSpecArgs(kms_key_name=place.kms_key),
            opts=kept,
        )
        on_project(f"{name}-log", "roles/aiplatform.user", place.account, place.project, mine)
        self.store, self.tensorboard = store.name, board.name
        self.register_outputs({"tensorboard": self.tensorboard, "store": self.store})

    @staticmethod
    def wants(config: Any) -> Wants:
        """A bucket for logs and artifacts."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> VertexExperimentsArgs:
        """From the stack's account and bucket."""
        return VertexExperimentsArgs(jobs.ground(site, BUCKET))

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs: an MLflow client cannot log here."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What an experiment is told at its start."""
        place = self._args.ground
        return {"tensorboard": self.tensorboard, "store": self.store, "bucket": place.bucket, "account": place.account}
