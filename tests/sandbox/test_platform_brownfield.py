"""A platform on a cluster that has operators already: too old ones are named in preview, none is changed by up or destroy."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydantic.alias_generators import to_camel

from components.kubernetes.installed import OPERATORS
from tests.sandbox.brownfield_env import INSTALLED, Key, install, versions
from tests.sandbox.conftest import eventually
from tests.sandbox.platform_env import Project, project
from tests.sandbox.test_platform_blueprints import evidence
from tests.sandbox.test_platform_kubernetes import inventory
from tests.sandbox.wiring_env import wired

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(900)]
STACK = "brownfield"
FILE = f"""
config:
  mlops:target: kubernetes
  mlops:blueprint: starter
  mlops:spec:
    owner: platform-team
    domain: mlops.test
    gateway: {{}}
    cluster: {{gpuPools: {{a10g: {{accelerator: NVIDIA-A10G, count: 4}}}}}}
    operators: {{keepCrds: false, {", ".join(f"{to_camel(key)}: existing" for key in INSTALLED)}}}
    systems: {{jupyterhub: null, cluster: {{}}}}
"""
CHART = "kubernetes:helm.sh/v4:Chart"
LEFT = {"v1 Secret cert-manager/mlops-ca"}
"""What cert-manager leaves of a Certificate that is deleted, in a namespace that is not ours: the root's key pair."""


@dataclass
class Brownfield:
    """The cluster before the stack."""

    project: Project
    theirs: dict[Key, str]
    """Resource versions of what came with the operators."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brownfield]:
    with project(tmp_path_factory.mktemp("brownfield")) as made:
        theirs = install(made)
        made.stack_file(STACK).write_text(FILE)
        made.init(STACK)
        yield Brownfield(made, theirs)


def test_the_platform_comes_up_on_them_and_leaves_them_as_they_were(cluster: Brownfield) -> None:
    made, before = cluster.project, inventory(cluster.project)
    kinds = {(kind, name) for _, kind, _, name in cluster.theirs}
    assert {("CustomResourceDefinition", operator.crd) for key, operator in OPERATORS.items() if key in INSTALLED} <= kinds
    assert {("Deployment", "cert-manager"), ("Deployment", "gpu-operator"), ("ClusterPolicy", "cluster-policy")} <= kinds
    made.up(STACK)
    status = made.mlops("status", STACK, "--format", "json")
    assert status.code == 0, status.text
    assert [row["system"] for row in json.loads(status.text)["systems"] if not row["isReady"]] == []
    assert set(evidence(made)) == {"locked"}
    assert changed(cluster) == {}
    assert dangling(cluster) == []
    resources = made.resources(STACK)
    charts = {str(r["urn"]).rpartition("::")[2] for r in resources if r["type"] == CHART}
    assert {"gateway-crds", "prometheus-stack"} <= charts and not charts & {"foundation-cert-manager", "cluster-gpu-operator"}
    made.settled(STACK, "--policy-pack", "policies")
    made.destroy(STACK)
    assert changed(cluster) == {}
    assert inventory(made) - before == LEFT
    print(f"{len(INSTALLED)} operators, {len(cluster.theirs)} objects of theirs, {len(resources)} resources of ours")


def dangling(cluster: Brownfield) -> list[str]:
    """What dangles of ours: of theirs the certificates are left out that an issuer of ours would sign."""
    theirs = {at[1:] for at in cluster.theirs}
    found = wired(cluster.project).problems
    return [str(problem) for problem in found if (problem.at.kind, problem.at.namespace, problem.at.name) not in theirs]


def changed(cluster: Brownfield) -> dict[Key, tuple[str, str | None]]:
    """Objects of theirs whose resource version is another one, or that are gone."""
    now = versions(cluster.project)
    return {key: (version, now.get(key)) for key, version in cluster.theirs.items() if now.get(key) != version}


def test_doctor_says_which_operators_are_there_and_in_which_version(cluster: Brownfield) -> None:
    said = cluster.project.mlops("doctor")
    assert said.code == 0, said.text
    for key in INSTALLED:
        operator = OPERATORS[key]
        assert f"{operator.title} " in said.text
        assert f"({operator.crd}" in said.text and f"say operators.{to_camel(key)}: existing in mlops:spec" in said.text


OLD = {
    "cert_manager": ("labels", "v1.14.7"),
    "trust_manager": ("labels", "v0.3.0"),
    "prometheus_operator": ("annotations", "0.78.2"),
    "gateway_api": ("annotations", "v1.5.1"),
}


@pytest.mark.parametrize("key", OLD)
def test_a_too_old_operator_is_named_in_preview(cluster: Brownfield, key: str) -> None:
    made, operator, (part, old) = cluster.project, OPERATORS[key], OLD[key]
    assert operator.oldest is not None
    said = made.get("crd", operator.crd)["metadata"][part][operator.key]
    if key == "gateway_api":
        # its own guard against going back, which its message says to take away
        made.ok("kubectl", "delete", "validatingadmissionpolicybinding", "safe-upgrades.gateway.networking.k8s.io")
    patch(made, operator.crd, {"metadata": {part: {operator.key: old}}})
    try:
        text = made.refused("preview", STACK)
    finally:
        patch(made, operator.crd, {"metadata": {part: {operator.key: said}}})
    assert f"{operator.title} in the cluster is {old}, as {operator.crd} says ({operator.key})" in text
    assert f"accepted is {'.'.join(map(str, operator.oldest))} or newer" in text
    assert f"mlops:spec.operators.{to_camel(key)}" in text


def test_a_gpu_operator_from_before_a_field_is_named_in_preview(cluster: Brownfield) -> None:
    made, operator = cluster.project, OPERATORS["gpu_operator"]
    whole = made.get("crd", operator.crd)["spec"]["versions"]
    old = copy.deepcopy(whole)
    del old[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["driver"]["properties"]["kernelModuleType"]
    patch(made, operator.crd, {"spec": {"versions": old}})
    try:
        text = made.refused("preview", STACK)
    finally:
        patch(made, operator.crd, {"spec": {"versions": whole}})
    assert (
        "GPU operator in the cluster is older than 25.3.0: clusterpolicies.nvidia.com has no spec.driver.kernelModuleType" in text
    )


def patch(made: Project, definition: str, change: object) -> None:
    """Changes a definition; a guard that was taken away stands for a moment yet."""
    command = ("kubectl", "patch", "crd", definition, "--type=merge", "-p", json.dumps(change))
    eventually(lambda: made.run(*command).code == 0, f"{definition} changed")
