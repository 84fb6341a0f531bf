"""Feature store on Azure: an Azure ML feature store, whose offline records lie in the object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml import jobs
from components.azureml.jobs import MlGround, MlGroundArgs
from components.spec.data import Feast
from components.system import Site

BUCKET = "feast"
VERSION = "1"
TYPES = {"string": "String", "integral": "Long", "fractional": "Double"}


@dataclass
class FeatureTableArgs:
    """One set of features."""

    key: str
    columns: dict[str, str]
    """Types (string, integral, fractional) by column, without the event time."""


@dataclass
class AzuremlFeatureStoreArgs:
    """The feature sets of one stack."""

    ground: MlGroundArgs
    """Its workspace is of kind FeatureStore."""
    production: bool
    """Protect the entities and sets."""
    features: dict[str, FeatureTableArgs] = field(default_factory=dict)
    """Sets by name."""


class AzuremlFeatureStore(pulumi.ComponentResource):
    """machinelearningservices.Workspace of kind FeatureStore, container `feast` as its data store, entities and feature sets.

    Each declared set of features is a FeaturestoreEntityVersion with its key and a FeaturesetVersion over it, whose
    specification (FeatureSetSpec.yaml and the transformation's code) whoever owns the set puts below `specs/<set>/` of the
    container before the first `up` that names it: the service reads it there. Without declared features the store and the
    data store stand, and a notebook makes sets with them. Source: Azure Machine Learning documentation, "What is managed
    feature store?", "CLI (v2) feature set YAML schema". Limits: it is not Feast: no Feast repository is applied; there is no
    online store, which wants an Azure Managed Redis by connection, so `online` means nothing here.
    """

    workspace_id: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.FeatureStore,)
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:Workspace"
    identity = True

    def __init__(self, name: str, args: AzuremlFeatureStoreArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlFeatureStore", name, {}, opts)
        self._args = args
        made = MlGround(self, name, args.ground)
        keep = pulumi.ResourceOptions(protect=args.production or None)
        kept = pulumi.ResourceOptions.merge(made.later, keep)
        self._sets = {key: self._set(f"{name}-{key}", key, one, made, kept) for key, one in sorted(args.features.items())}
        self.workspace_id = made.workspace_id
        self.register_outputs({"workspaceId": self.workspace_id})

    def _set(
        self, name: str, key: str, table: FeatureTableArgs, made: MlGround, kept: pulumi.ResourceOptions
    ) -> azure.machinelearningservices.FeaturesetVersion:
        ml = azure.machinelearningservices
        entities = ml.FeaturestoreEntityContainerEntity(
            name,
            resource_group_name=made.ref.group,
            workspace_name=made.ref.name,
            name=key,
            properties=ml.FeaturestoreEntityContainerPropertiesArgs(description=f"What {key} are features of"),
            opts=kept,
        )
        entity = ml.FeaturestoreEntityVersion(
            name,
            resource_group_name=made.ref.group,
            workspace_name=made.ref.name,
            name=entities.name,
            version=VERSION,
            properties=ml.FeaturestoreEntityVersionPropertiesArgs(
                description=f"Known by {table.key}",
                index_columns=[ml.IndexColumnArgs(column_name=table.key, data_type=TYPES[table.columns[table.key]])],
            ),
            opts=kept,
        )
        sets = ml.FeaturesetContainerEntity(
            name,
            resource_group_name=made.ref.group,
            workspace_name=made.ref.name,
            name=key,
            properties=ml.FeaturesetContainerPropertiesArgs(description=f"Features {key}"),
            opts=kept,
        )
        return ml.FeaturesetVersion(
            name,
            resource_group_name=made.ref.group,
            workspace_name=made.ref.name,
            name=sets.name,
            version=VERSION,
            properties=ml.FeaturesetVersionPropertiesArgs(
                description=", ".join(column for column in table.columns if column != table.key),
                entities=[pulumi.Output.concat("azureml:", entities.name, ":", VERSION)],
                specification=ml.FeaturesetSpecificationArgs(path=made.path(f"specs/{key}/")),
                stage="Development",
            ),
            opts=pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[entity])),
        )

    @staticmethod
    def wants(config: Feast) -> contracts.Wants:
        """A container for specifications and offline records."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlFeatureStoreArgs:
        """From `systems.feast` of the spec; a repository is refused, for nothing here would apply it."""
        config: Feast = site.config
        if config.repository is not None:
            raise pulumi.RunError(
                "systems.feast.repository: Azure ML's feature store applies no Feast repository; declare the sets under features"
            )
        return AzuremlFeatureStoreArgs(
            ground=jobs.ground(site, BUCKET, "FeatureStore"),
            production=site.spec.environment == "prod",
            features={key: FeatureTableArgs(found.key, dict(found.columns)) for key, found in config.features.items()},
        )

    def contracts(self) -> Sequence[contracts.FeatureStore]:
        """The regional API of Azure ML, with a token of Entra."""
        return [contracts.FeatureStore(f"https://{self._args.ground.place.region}.api.azureml.ms:443")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The store, and each set's id."""
        return {"workspace": self.workspace_id, **{f"set.{key}": made.id for key, made in self._sets.items()}}
