"""Groups of Google's services; each module has a dictionary TYPES from type token to `Spec`."""

from __future__ import annotations

from sandbox.providers.cloud.spec import Spec
from sandbox.providers.gcp.tables import access, catalog, compute, container, data, federation, ml, ops, processing, run

MODULES = (access, catalog, compute, container, data, federation, ml, ops, processing, run)

SERVICES = {
    "artifactregistry": "artifactregistry.googleapis.com",
    "bigquery": "bigquery.googleapis.com",
    "cloudbuild": "cloudbuild.googleapis.com",
    "cloudrunv2": "run.googleapis.com",
    "cloudscheduler": "cloudscheduler.googleapis.com",
    "colab": "aiplatform.googleapis.com",
    "composer": "composer.googleapis.com",
    "compute": "compute.googleapis.com",
    "container": "container.googleapis.com",
    "dataplex": "dataplex.googleapis.com",
    "dataproc": "dataproc.googleapis.com",
    "iam": "iam.googleapis.com",
    "iap": "iap.googleapis.com",
    "kms": "cloudkms.googleapis.com",
    "logging": "logging.googleapis.com",
    "managedkafka": "managedkafka.googleapis.com",
    "pubsub": "pubsub.googleapis.com",
    "secretmanager": "secretmanager.googleapis.com",
    "securesourcemanager": "securesourcemanager.googleapis.com",
    "serviceaccount": "iam.googleapis.com",
    "servicenetworking": "servicenetworking.googleapis.com",
    "sql": "sqladmin.googleapis.com",
    "vertex": "aiplatform.googleapis.com",
    "workbench": "notebooks.googleapis.com",
    "workflows": "workflows.googleapis.com",
}
"""Module of the package -> the API that must be enabled first; what a new project has enabled is not listed."""

_ACCOUNT = "projects/{project}/serviceAccounts/{account}@{project}.iam.gserviceaccount.com"
KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "network": (("gcp:compute/network:Network",), "projects/{project}/global/networks/{ref}"),
    "subnetwork": (("gcp:compute/subnetwork:Subnetwork",), "projects/{project}/regions/{region}/subnetworks/{ref}"),
    "router": (("gcp:compute/router:Router",), "projects/{project}/regions/{region}/routers/{ref}"),
    "address range": (("gcp:compute/globalAddress:GlobalAddress",), "projects/{project}/global/addresses/{ref}"),
    "private services access": (("gcp:servicenetworking/connection:Connection",), "{ref}"),
    "key ring": (("gcp:kms/keyRing:KeyRing",), "projects/{project}/locations/{place}/keyRings/{ref}"),
    "crypto key": (("gcp:kms/cryptoKey:CryptoKey",), "{ref}"),
    "service account": (("gcp:serviceaccount/account:Account",), _ACCOUNT),
    "GKE cluster": (("gcp:container/cluster:Cluster",), "projects/{project}/locations/{place}/clusters/{ref}"),
    "bucket": (("gcp:storage/bucket:Bucket",), "{ref}"),
    "Cloud SQL instance": (("gcp:sql/databaseInstance:DatabaseInstance",), "{ref}"),
    "Kafka cluster": (("gcp:managedkafka/cluster:Cluster",), "projects/{project}/locations/{place}/clusters/{ref}"),
    "secret": (("gcp:secretmanager/secret:Secret",), "projects/{project}/secrets/{ref}"),
    "regional secret": (
        ("gcp:secretmanager/regionalSecret:RegionalSecret",),
        "projects/{project}/locations/{place}/secrets/{ref}",
    ),
    "Cloud Run service": (("gcp:cloudrunv2/service:Service",), "projects/{project}/locations/{place}/services/{ref}"),
    "repository": (
        ("gcp:artifactregistry/repository:Repository",),
        "projects/{project}/locations/{place}/repositories/{ref}",
    ),
    "workload identity pool": (
        ("gcp:iam/workloadIdentityPool:WorkloadIdentityPool",),
        "projects/{project}/locations/global/workloadIdentityPools/{ref}",
    ),
    "topic": (("gcp:pubsub/topic:Topic",), "projects/{project}/topics/{ref}"),
    "subscription": (("gcp:pubsub/subscription:Subscription",), "projects/{project}/subscriptions/{ref}"),
    "Connect cluster": (
        ("gcp:managedkafka/connectCluster:ConnectCluster",),
        "projects/{project}/locations/{place}/connectClusters/{ref}",
    ),
    "dataset": (("gcp:bigquery/dataset:Dataset",), "projects/{project}/datasets/{ref}"),
    "table": (("gcp:bigquery/table:Table",), "{ref}"),
    "connection": (("gcp:bigquery/connection:Connection",), "{ref}"),
    "entry group": (("gcp:dataplex/entryGroup:EntryGroup",), "projects/{project}/locations/{place}/entryGroups/{ref}"),
    "feature group": (("gcp:vertex/aiFeatureGroup:AiFeatureGroup",), "projects/{project}/locations/{place}/featureGroups/{ref}"),
    "feature online store": (
        ("gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore",),
        "projects/{project}/locations/{place}/featureOnlineStores/{ref}",
    ),
    "network attachment": (
        ("gcp:compute/networkAttachment:NetworkAttachment",),
        "projects/{project}/regions/{region}/networkAttachments/{ref}",
    ),
    "source manager": (("gcp:securesourcemanager/instance:Instance",), "projects/{project}/locations/{place}/instances/{ref}"),
    "source repository": (
        ("gcp:securesourcemanager/repository:Repository",),
        "projects/{project}/locations/{place}/repositories/{ref}",
    ),
    "Workbench instance": (("gcp:workbench/instance:Instance",), "projects/{project}/locations/{place}/instances/{ref}"),
}
"""What a `Spec.references` may ask for -> the types that can be it, and the id that a short name stands for."""


def table() -> dict[str, Spec]:
    """All types that a table names."""
    return {token: spec for module in MODULES for token, spec in module.TYPES.items()}
