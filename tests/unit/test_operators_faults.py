"""The simulated operators under the fault switch, and how they note conditions and finalizers."""

from __future__ import annotations

import json
import time
from pathlib import Path

from sandbox.operators.reconcile import RETRY_SECONDS
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.test_operators_engine import conditions


def test_the_fault_not_ready_holds_the_operator_back_for_its_seconds(tmp_path: Path) -> None:
    rules = tmp_path / "faults.json"
    rules.write_text(json.dumps([{"provider": "operators", "type": "Issuer", "action": "not-ready", "seconds": 0.3}]))
    cluster = Cluster(faults=rules)
    cluster.put(deployment("cert-manager"))
    cluster.up("Deployment", "system", "cert-manager")
    cluster.put(custom("Issuer", "self", {"selfSigned": {}}))
    waits = cluster.settle()
    assert waits and all(0 < wait <= 0.3 for wait in waits), "it looks again when the rule's seconds are over"
    assert conditions(cluster, "Issuer", "self") == {"Ready": "False"}
    time.sleep(0.35)
    cluster.put(cluster.get("Issuer", "team", "self"))
    assert cluster.settle() == []
    assert conditions(cluster, "Issuer", "self") == {"Ready": "True"}


def test_the_fault_fail_leaves_the_object_untouched_and_is_tried_again(tmp_path: Path) -> None:
    rules = tmp_path / "faults.json"
    rules.write_text(json.dumps([{"provider": "operators", "type": "Issuer", "action": "fail"}]))
    cluster = Cluster(faults=rules)
    cluster.put(deployment("cert-manager"))
    cluster.up("Deployment", "system", "cert-manager")
    cluster.put(custom("Issuer", "self", {"selfSigned": {}}))
    assert cluster.settle() == [RETRY_SECONDS] and cluster.writes == []
    cluster.put(cluster.get("Issuer", "team", "self"))
    cluster.settle()
    assert conditions(cluster, "Issuer", "self") == {"Ready": "True"}


def test_a_condition_keeps_the_time_of_its_last_change() -> None:
    cluster = Cluster()
    cluster.put(deployment("cert-manager"))
    cluster.up("Deployment", "system", "cert-manager")
    cluster.put(custom("Issuer", "self", {"ca": {"secretName": "none"}}))
    cluster.settle()
    old = cluster.get("Issuer", "team", "self")
    old["status"]["conditions"][0]["lastTransitionTime"] = "2020-01-01T00:00:00Z"
    cluster.put(custom("Issuer", "self", {"ca": {"secretName": "nothing"}}))
    cluster.settle()
    [same] = cluster.get("Issuer", "team", "self")["status"]["conditions"]
    assert (same["status"], same["lastTransitionTime"], same["observedGeneration"]) == ("False", "2020-01-01T00:00:00Z", 2)
    cluster.put(custom("Issuer", "self", {"selfSigned": {}}))
    cluster.settle()
    [changed] = cluster.get("Issuer", "team", "self")["status"]["conditions"]
    assert changed["status"] == "True" and changed["lastTransitionTime"] > "2026"


def test_a_kind_without_a_status_subresource_keeps_its_status_in_the_object() -> None:
    cluster = Cluster()
    cluster.put(deployment("velero"))
    cluster.up("Deployment", "system", "velero")
    cluster.refusals.append(("BackupStorageLocation", 404, "the server could not find the requested resource"))
    cluster.put(custom("BackupStorageLocation", "default", {"provider": "aws"}, "system"))
    assert cluster.settle() == []
    assert cluster.get("BackupStorageLocation", "system", "default")["status"] == {"phase": "Available"}
    assert cluster.get("BackupStorageLocation", "system", "default")["spec"] == {"provider": "aws"}
