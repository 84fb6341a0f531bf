"""The rules on Google's managed services: what is closed passes, one setting changed or left out does not."""

from typing import Any

import pytest

from policies import google
from policies.model import UNKNOWN, Resource
from tests.policies.samples import TAGS, changed
from tests.policies.test_rules import RULES, STRICT, breaks, said

KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
TOPIC = {"labels": TAGS, "kmsKeyName": KEY}
WORKFLOW = {"labels": TAGS, "cryptoKeyName": KEY}
CLUSTER = {
    "labels": TAGS,
    "clusterConfig": {"encryptionConfig": {"kmsKeyName": KEY}, "gceClusterConfig": {"internalIpOnly": True}},
}
AIRFLOW = {"labels": TAGS, "config": {"encryptionConfig": {"kmsKeyName": KEY}, "enablePrivateEnvironment": True}}
ENDPOINT = {
    "labels": TAGS,
    "encryptionSpec": {"kmsKeyName": KEY},
    "privateServiceConnectConfig": {"enablePrivateServiceConnect": True},
}
GIT = {"labels": TAGS, "kmsKey": KEY, "privateConfig": {"isPrivate": True}}
DATASET = {"defaultEncryptionConfiguration": {"kmsKeyName": KEY}}
LOGS = {"cmekSettings": {"kmsKeyName": KEY}}
GIVEN = {"role": "roles/run.viewer", "member": "serviceAccount:a@p.iam.gserviceaccount.com"}

CASES = [
    ("encrypted-at-rest", google.TOPIC, TOPIC, "kmsKeyName", None),
    ("encrypted-at-rest", google.WORKFLOW, WORKFLOW, "cryptoKeyName", None),
    ("encrypted-at-rest", google.DATAPROC, CLUSTER, "clusterConfig.encryptionConfig.kmsKeyName", None),
    ("encrypted-at-rest", google.COMPOSER, AIRFLOW, "config.encryptionConfig", None),
    ("encrypted-at-rest", google.ENDPOINT, ENDPOINT, "encryptionSpec", None),
    ("encrypted-at-rest", google.GIT, GIT, "kmsKey", None),
    ("encrypted-at-rest", google.LOGS, LOGS, "cmekSettings", None),
    ("encrypted-at-rest", "gcp:bigquery/dataset:Dataset", DATASET, "defaultEncryptionConfiguration", None),
    ("no-public-access", google.DATAPROC, CLUSTER, "clusterConfig.gceClusterConfig.internalIpOnly", False),
    ("no-public-access", google.DATAPROC, CLUSTER, "clusterConfig.gceClusterConfig.internalIpOnly", None),
    ("no-public-access", google.COMPOSER, AIRFLOW, "config.enablePrivateEnvironment", False),
    ("no-public-access", google.ENDPOINT, ENDPOINT, "privateServiceConnectConfig.enablePrivateServiceConnect", False),
    ("no-public-access", google.GIT, GIT, "privateConfig", None),
    ("no-public-access", "gcp:pubsub/topicIAMMember:TopicIAMMember", GIVEN, "member", "allUsers"),
    ("no-public-access", "gcp:storage/bucketIAMMember:BucketIAMMember", GIVEN, "member", "allAuthenticatedUsers"),
    ("no-wildcard-iam", "gcp:projects/iAMMember:IAMMember", GIVEN, "role", "roles/owner"),
    ("no-wildcard-iam", "gcp:projects/iAMMember:IAMMember", GIVEN, "role", "roles/iam.serviceAccountUser"),
    ("ownership", google.DATAPROC, CLUSTER, "labels", {"owner": "o"}),
]


@pytest.mark.parametrize(("rule", "type", "good", "path", "value"), CASES, ids=[f"{c[1]}-{c[3]}-{c[4]}" for c in CASES])
def test_one_change_breaks_the_rule(rule: str, type: str, good: dict[str, Any], path: str, value: Any) -> None:
    assert not said(rule, type, good)
    assert breaks(rule, type, changed(good, path, value))


@pytest.mark.parametrize("type", [google.COMPOSER, google.ONLINE, google.GIT, google.TOPIC, google.LOGS])
def test_what_holds_data_is_protected_in_production(type: str) -> None:
    rule = RULES["protected-in-prod"]
    open_, kept = (Resource(type, "x", {}, protect=protect) for protect in (False, True))
    assert [finding.path for finding in rule.check(open_, STRICT)] == ["options.protect"]
    assert not list(rule.check(kept, STRICT))


def test_what_preview_does_not_know_is_told_as_undecided() -> None:
    props = changed(CLUSTER, "clusterConfig.gceClusterConfig.internalIpOnly", UNKNOWN)
    (finding,) = said("no-public-access", google.DATAPROC, props)
    assert finding.undecided
