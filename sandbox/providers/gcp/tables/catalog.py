"""What is known of data: BigQuery and Dataplex (BigQuery "Naming tables and datasets", Dataplex API reference)."""

from __future__ import annotations

import json
from collections.abc import Callable

from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.gcp.spec import COMMON, GcpSpec
from sandbox.providers.gcp.tables.access import member
from sandbox.providers.gcp.tables.processing import CRON

Exists = Callable[[str, str], bool]
BIGQUERY = "bq-{number}@bigquery-encryption"
"""BigQuery's own account for keys."""
_DATASET = "projects/{project}/datasets/{datasetId}"
_PLEX = "projects/{project}/locations/{location}/"
_ID = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
_SPECS = ("dataDiscoverySpec", "dataProfileSpec", "dataQualitySpec", "dataDocumentationSpec")


def _scan(inputs: Json, exists: Exists) -> str | None:
    given = [spec for spec in _SPECS if inputs.get(spec) is not None]
    if len(given) != 1:
        return f"exactly one of {', '.join(_SPECS)} must be set, not {', '.join(given) or 'none'}"
    resource = str((inputs.get("data") or {}).get("resource"))
    kind, _, path = resource.removeprefix("//").partition("/")
    if kind == "storage.googleapis.com" and not exists("bucket", path.rpartition("/")[2]):
        return f"data.resource: there is no bucket {path}"
    if kind == "bigquery.googleapis.com" and not exists("table", path):
        return f"data.resource: there is no table {path}"
    return None


def _columns(inputs: Json, exists: Exists) -> str | None:
    names = [column["name"] for column in json.loads(str(inputs.get("schema") or "[]"))]
    part = (inputs.get("timePartitioning") or {}).get("field")
    return f"timePartitioning.field: {part} is no column" if part and part not in names else None


TYPES: dict[str, Spec] = {
    "gcp:bigquery/dataset:Dataset": GcpSpec(
        replace=("datasetId", "location", "project"),
        id=_DATASET,
        patterns={"datasetId": r"[A-Za-z0-9_]{1,1024}"},
        keys={"defaultEncryptionConfiguration.kmsKeyName": BIGQUERY},
        outputs={**COMMON, "selfLink": "https://bigquery.googleapis.com/bigquery/v2/{id}", "etag": "{hash:.12}"},
    ),
    "gcp:bigquery/datasetIamMember:DatasetIamMember": member("datasetId", _DATASET + "/{role}/{member}", "dataset"),
    "gcp:bigquery/table:Table": GcpSpec(
        replace=("datasetId", "tableId", "project", "timePartitioning.field", "encryptionConfiguration"),
        id=_DATASET + "/tables/{tableId}",
        patterns={"tableId": r"[A-Za-z0-9_-]{1,1024}"},
        references={"datasetId": "dataset"},
        keys={"encryptionConfiguration.kmsKeyName": BIGQUERY},
        json=("schema",),
        rule=_columns,
        outputs={**COMMON, "type": "TABLE", "location": "{region}", "etag": "{hash:.12}"},
    ),
    "gcp:bigquery/connection:Connection": GcpSpec(
        name=Name("connectionId", 63),
        replace=("connectionId", "location", "project"),
        id="projects/{project}/locations/{location}/connections/{connectionId}",
        keys={"kmsKeyName": BIGQUERY},
        inside={"cloudResource.serviceAccountId": "bqcx-{number}-{hash:.4}@gcp-sa-bigquery-condel.iam.gserviceaccount.com"},
        outputs={"project": "{project}", "name": "{id}", "hasCredential": False},
    ),
    "gcp:dataplex/datascan:Datascan": GcpSpec(
        replace=("dataScanId", "location", "project", "data"),
        id=_PLEX + "dataScans/{dataScanId}",
        patterns={"dataScanId": _ID, "executionSpec.trigger.schedule.cron": CRON},
        references={
            "executionIdentity.serviceAccount.email": "service account",
            "dataDiscoverySpec.bigqueryPublishingConfig.connection": "connection",
        },
        rule=_scan,
        outputs={**COMMON, "name": "{id}", "state": "ACTIVE", "uid": "{hash:.16}"},
    ),
    "gcp:dataplex/entryGroup:EntryGroup": GcpSpec(
        replace=("entryGroupId", "location", "project"),
        id=_PLEX + "entryGroups/{entryGroupId}",
        patterns={"entryGroupId": _ID},
        outputs={**COMMON, "name": "projects/{number}/locations/{location}/entryGroups/{entryGroupId}", "uid": "{hash:.16}"},
    ),
    "gcp:dataplex/entryGroupIamMember:EntryGroupIamMember": member(
        "entryGroupId", _PLEX + "entryGroups/{entryGroupId}/{role}/{member}", "entry group"
    ),
    "gcp:dataplex/aspectType:AspectType": GcpSpec(
        replace=("aspectTypeId", "location", "project"),
        id=_PLEX + "aspectTypes/{aspectTypeId}",
        patterns={"aspectTypeId": _ID},
        json=("metadataTemplate",),
        outputs={**COMMON, "name": "{id}", "uid": "{hash:.16}"},
    ),
}
