"""Feast's operator is the one whose manifest we read, and our FeatureStore is valid for its CRD."""

import json
from dataclasses import replace

import pytest

from components.kubernetes.feast import OPERATOR, FeastStoreArgs
from sandbox.operators.model import load
from tests.contracts import reference
from tests.unit.test_kubernetes_feast import ARGS, build

VARIANTS = {
    "mysql": ARGS,
    "postgres": replace(ARGS, engine="postgres", monitored=False),
    "git": replace(ARGS, repository="https://git.example/features.git", ref="v1", path="fraud"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_custom_resources_are_valid_for_the_real_crds(variant: str) -> None:
    args: FeastStoreArgs = VARIANTS[variant]
    made = build(args)
    for kind in ("FeatureStore", "Certificate"):
        assert reference.resource_errors(made.one(kind).inputs) == []


def test_the_manifest_is_the_one_that_was_read() -> None:
    known = reference.index("feast-operator")["provenance"]
    assert known["repo"].endswith(f"/{OPERATOR.repo}")
    assert (OPERATOR.commit, OPERATOR.path) == (known["commit"], known["path"])


def test_the_gate_picks_the_operators_own_deployment() -> None:
    inventory = json.loads((reference.root() / "manifests" / "feast-operator" / "inventory.json").read_text())
    (deployment,) = [o for o in inventory["objects"] if o["kind"] == "Deployment"]
    assert load()["FeatureStore"].operator.selector.items() <= deployment["podLabels"].items()
    assert inventory["images"] == ["quay.io/feastdev/feast-operator:0.66.0"]
