"""Model services behind managed online endpoints: what tfserving and kserve have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components import contracts
from components.azureml import jobs
from components.azureml.endpoint import OnlineModelArgs, online
from components.azureml.jobs import MlGround, MlGroundArgs
from components.contracts import Consumer, Serving, Wants
from components.spec.base import System
from components.system import Site

BUCKET = "models"
CPU_SIZE, GPU_SIZE = "Standard_DS3_v2", "Standard_NC4as_T4_v3"
"""None, and one GPU (Azure Machine Learning documentation, "Managed online endpoints VM SKU list")."""


@dataclass
class OnlineHostingArgs:
    """Arguments of a system that serves models."""

    ground: MlGroundArgs
    """Workspace, identity and container `models`."""
    models: dict[str, OnlineModelArgs] = field(default_factory=dict)


class OnlineHosting(pulumi.ComponentResource):
    """Models behind managed online endpoints of the stack's workspace; who serves them says `plan`.

    Without a model: the identity with its rights in the workspace, and container `models` as its data store, by which models are
    registered without a copy. With one: its endpoint (endpoint.py).
    """

    noun = "OnlineHosting"
    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Tracking, contracts.ImageRegistry)
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:Datastore"
    identity = True

    def __init__(self, name: str, args: OnlineHostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        self._region = args.ground.place.region
        self._ground = MlGround(self, name, args.ground)
        self._endpoints = {
            key: online(f"{name}-{key}", f"{args.ground.stem}-{key}", key, self._ground, model, args.ground.place)
            for key, model in sorted(args.models.items())
        }
        self.register_outputs({})

    @staticmethod
    def wants(config: System) -> Wants:
        """The container of the models' files."""
        return Wants(buckets=(BUCKET,))

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model's address, which wants a token of Entra; nothing where nothing is served."""
        if not self._endpoints:
            return []
        name = next(iter(self._endpoints.values()))
        first = pulumi.Output.concat("https://", name, f".{self._region}.inference.ml.azure.com/score")
        return [Serving(first, self._endpoints, "azureml://datastores/workspaceblobstore/paths/modelDataCollector")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The workspace, where files go, what models run as, and the endpoints."""
        found: dict[str, pulumi.Input[str]] = {
            "workspace": self._ground.workspace_id,
            "artifacts": self._ground.path(""),
            "identity": self._ground.args.identity_id,
        }
        return found | {f"{model}.endpoint": name for model, name in self._endpoints.items()}


def ground(site: Site) -> MlGroundArgs:
    """The ground of a system that serves; its identity may pull from the stack's registry."""
    images = site.maybe(contracts.ImageRegistry)
    if images is not None and images.registry is not None:
        puller = Consumer(site.key, role=site.role, opts=site.opts)
        images.grant(puller)
        site.ready += puller.ready
    found = jobs.ground(site, BUCKET)
    # one workspace may have the data stores of several systems: each has a name of its own
    found.store = f"{BUCKET}_{site.key}"
    return found


def size(gpus: int, named: str | None, path: str) -> str:
    """The size that is named, else by GPUs. RunError where several are asked for and no size is."""
    if named is None and gpus > 1:
        raise pulumi.RunError(
            f"{path}.vmSize: missing; expected a size of Azure with {gpus} GPUs, for example Standard_NC64as_T4_v3"
        )
    return named or (GPU_SIZE if gpus else CPU_SIZE)
