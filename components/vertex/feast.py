"""Feature store on Google Cloud: Vertex AI feature groups over BigQuery, served from an online store on Bigtable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.spec.data import Feast
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import member
from components.vertex.jobs import VertexGround

TYPES = {"string": "STRING", "integral": "INT64", "fractional": "FLOAT64"}
TIME = "feature_timestamp"
"""The column that Vertex AI reads a record's time from, beside the one that the spec names."""


@dataclass
class VertexFeatureGroupArgs:
    """One feature group."""

    key: str
    event_time: str
    columns: dict[str, str]
    """Types (string, integral, fractional) by column, the key among them."""
    online: bool = True


@dataclass
class VertexFeatureStoreArgs:
    """One feature store."""

    ground: VertexGround
    """Key, and the account that reads and writes features."""
    project_name: str
    """Of Feast: begins the names."""
    schedule: str
    """Cron expression, UTC, of the synchronization to the online store."""
    groups: dict[str, VertexFeatureGroupArgs] = field(default_factory=dict)
    """Feature groups by name."""


class VertexFeatureStore(pulumi.ComponentResource):
    """vertex.AiFeatureOnlineStore on Bigtable and a bigquery.Dataset for what is offline, both under our key.

    Each declared group is a bigquery.Table partitioned by day, an AiFeatureGroup over it with an AiFeatureGroupFeature a column,
    and, where it is served online, an AiFeatureOnlineStoreFeatureview that is synchronized by schedule. The account edits the
    dataset and reads the online store, and nothing else. The column of the event time is a copy target: whoever writes records
    fills `feature_timestamp` too. Source: Vertex AI Feature Store, "Data source preparation guidelines", "Online serving types"
    (Bigtable; the optimized type is deprecated, and the legacy service ends on 2027-02-17). Limits: definitions are those of the
    spec, a Feast repository is not read.
    """

    store: pulumi.Output[str]
    dataset: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.FeatureStore,)
    tiers = ("all", "platform")
    essential_type = "gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore"
    role_service = "aiplatform.googleapis.com"

    def __init__(self, name: str, args: VertexFeatureStoreArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:VertexFeatureStore", name, {}, opts)
        self._name, self._args = name, args
        place = args.ground
        self._opts = pulumi.ResourceOptions(parent=self)
        self._kept = jobs.kept(place, self._opts)
        stem = f"{place.stack}_{args.project_name}".replace("-", "_").lower()
        dataset = gcp.bigquery.Dataset(
            f"{name}-dataset",
            dataset_id=stem,
            project=place.project,
            location=place.region,
            description="Records of every feature group",
            delete_contents_on_destroy=not place.production,
            default_encryption_configuration=gcp.bigquery.DatasetDefaultEncryptionConfigurationArgs(kms_key_name=place.kms_key),
            opts=self._kept,
        )
        self.dataset = dataset.dataset_id
        gcp.bigquery.DatasetIamMember(
            f"{name}-dataset",
            dataset_id=dataset.dataset_id,
            project=place.project,
            role="roles/bigquery.dataEditor",
            member=member(place.account),
            opts=self._opts,
        )
        self._store = gcp.vertex.AiFeatureOnlineStore(
            f"{name}-online",
            name=stem[:60],
            project=place.project,
            region=place.region,
            force_destroy=not place.production,
            bigtable=gcp.vertex.AiFeatureOnlineStoreBigtableArgs(
                auto_scaling=gcp.vertex.AiFeatureOnlineStoreBigtableAutoScalingArgs(
                    min_node_count=1, max_node_count=5 if place.production else 2, cpu_utilization_target=50
                )
            ),
            encryption_spec=gcp.vertex.AiFeatureOnlineStoreEncryptionSpecArgs(kms_key_name=place.kms_key),
            opts=self._kept,
        )
        gcp.vertex.AiFeatureOnlineStoreIamMember(
            f"{name}-online",
            feature_online_store=self._store.name,
            project=place.project,
            region=place.region,
            role="roles/aiplatform.featurestoreDataViewer",
            member=member(place.account),
            opts=self._opts,
        )
        self.store = self._store.name
        self._groups = {key: self._group(key, group, dataset) for key, group in sorted(args.groups.items())}
        self.register_outputs({"store": self.store, "dataset": self.dataset})

    def _group(self, key: str, group: VertexFeatureGroupArgs, dataset: gcp.bigquery.Dataset) -> gcp.vertex.AiFeatureGroup:
        args, place, name = self._args, self._args.ground, f"{self._name}-{key}"
        columns = {
            **{column: TYPES[kind] for column, kind in group.columns.items()},
            group.event_time: "TIMESTAMP",
            TIME: "TIMESTAMP",
        }
        fields = [
            {"name": column, "type": kind, "mode": "REQUIRED" if column in (group.key, TIME) else "NULLABLE"}
            for column, kind in columns.items()
        ]
        table = gcp.bigquery.Table(
            name,
            dataset_id=dataset.dataset_id,
            table_id=key.replace("-", "_"),
            project=place.project,
            description=f"Records of feature group {key}",
            schema=pulumi.Output.json_dumps(fields),
            deletion_protection=place.production,
            time_partitioning=gcp.bigquery.TableTimePartitioningArgs(type="DAY", field=TIME),
            encryption_configuration=gcp.bigquery.TableEncryptionConfigurationArgs(kms_key_name=place.kms_key),
            opts=self._kept,
        )
        made = gcp.vertex.AiFeatureGroup(
            name,
            name=f"{args.project_name}_{key}".replace("-", "_").lower(),
            project=place.project,
            region=place.region,
            description=f"Features of {key}",
            big_query=gcp.vertex.AiFeatureGroupBigQueryArgs(
                big_query_source=gcp.vertex.AiFeatureGroupBigQueryBigQuerySourceArgs(
                    input_uri=pulumi.Output.format("bq://{0}.{1}.{2}", place.project, dataset.dataset_id, table.table_id)
                ),
                entity_id_columns=[group.key],
            ),
            opts=self._opts,
        )
        features = [
            gcp.vertex.AiFeatureGroupFeature(
                f"{name}-{column}",
                name=column.lower(),
                feature_group=made.name,
                project=place.project,
                region=place.region,
                version_column_name=column,
                opts=self._opts,
            )
            for column in group.columns
            if column != group.key
        ]
        if group.online and features:
            source = gcp.vertex.AiFeatureOnlineStoreFeatureviewFeatureRegistrySourceFeatureGroupArgs(
                feature_group_id=made.name, feature_ids=[feature.name for feature in features]
            )
            gcp.vertex.AiFeatureOnlineStoreFeatureview(
                f"{name}-view",
                name=key.replace("-", "_"),
                feature_online_store=self._store.name,
                project=place.project,
                region=place.region,
                sync_config=gcp.vertex.AiFeatureOnlineStoreFeatureviewSyncConfigArgs(cron=args.schedule),
                feature_registry_source=gcp.vertex.AiFeatureOnlineStoreFeatureviewFeatureRegistrySourceArgs(
                    feature_groups=[source]
                ),
                opts=self._opts,
            )
        return made

    @staticmethod
    def wants(config: Feast) -> contracts.Wants:
        """Nothing: BigQuery and Bigtable keep the features."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> VertexFeatureStoreArgs:
        """From `systems.feast` of the spec; sizes of a feature server mean nothing here."""
        config: Feast = site.config
        if config.repository is not None:
            raise pulumi.RunError("systems.feast.repository: features are those of systems.feast.features here; leave it out")
        return VertexFeatureStoreArgs(
            ground=jobs.ground(site),
            project_name=config.project,
            schedule=config.schedule,
            groups={
                key: VertexFeatureGroupArgs(found.key, found.event_time, dict(found.columns), found.online)
                for key, found in config.features.items()
            },
        )

    def contracts(self) -> Sequence[contracts.FeatureStore]:
        """The online store's API, which wants a token of Google's."""
        return [contracts.FeatureStore(self._url())]

    def _url(self) -> pulumi.Output[str]:
        return pulumi.Output.concat(jobs.vertex(self._args.ground, "featureOnlineStores/"), self.store)

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The store, the dataset and the groups."""
        groups = {f"group.{key}": group.name for key, group in self._groups.items()}
        return {"url": self._url(), "dataset": self.dataset, **groups}
