"""One line changes the target: on a fresh stack of each tier it previews cleanly; a pair that does not exist says what does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.platform_env import Project, project

pytestmark = pytest.mark.sandbox

KUBERNETES, SAGEMAKER = "mlops:target: kubernetes", "mlops:target: sagemaker"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("targets")) as made:
        yield made


def unreachable(made: Project, folder: Path) -> dict[str, str]:
    """The environment of somebody who has the cloud's credentials only."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n")
    return {**made.environment, "KUBECONFIG": str(kubeconfig)}


def test_a_tier_all_stack_moves_to_the_cloud_by_one_line(clone: Project, tmp_path: Path) -> None:
    clone.copy_stack("sandbox", "moved", KUBERNETES, SAGEMAKER)
    said = clone.good("preview", "moved", "--policy-pack", "policies", env=unreachable(clone, tmp_path))
    assert "mlops:index:S3Buckets minio create" in said
    assert "kubernetes:" not in said


def test_and_one_of_the_cloud_to_a_cluster(clone: Project) -> None:
    clone.copy_stack("sandbox-sagemaker", "landed", SAGEMAKER, KUBERNETES)
    said = clone.good("preview", "landed", "--policy-pack", "policies")
    assert "mlops:index:MinioStore minio create" in said or "mlops:index:Minio" in said
    assert "aws:" not in said


def test_a_team_stack_moves_to_the_platform_on_the_other_target(clone: Project, tmp_path: Path) -> None:
    clone.up("platform-prod")
    clone.copy_stack("fraud-dev", "fraud-moved", KUBERNETES, SAGEMAKER)
    said = clone.good("preview", "fraud-moved", env=unreachable(clone, tmp_path))
    assert "aws:sagemaker:Domain" in said
    assert "kubernetes:" not in said
    assert "No such" not in said


@pytest.mark.parametrize(
    ("source", "old", "new", "named"),
    [
        (
            "sandbox",
            KUBERNETES,
            "mlops:target: databricks",
            '"databricks": unknown target; expected one of kubernetes, sagemaker, vertex, azureml',
        ),
        ("sandbox", KUBERNETES, "mlops:target: sagemakr", 'did you mean "sagemaker"?'),
        (
            "sandbox-sagemaker",
            "    systems:\n",
            "    systems:\n      argo: {}\n",
            "systems.argo: runs on the stack's own cluster here and needs a database there",
        ),
    ],
    ids=["target-planned", "target-typo", "system-elsewhere"],
)
def test_a_pair_that_does_not_exist_names_what_does(
    clone: Project, tmp_path: Path, source: str, old: str, new: str, named: str
) -> None:
    stack = f"pair-{tmp_path.name[-12:].strip('-_').replace('_', '-')}"
    clone.copy_stack(source, stack, old, new)
    checked = clone.mlops("validate", stack)
    assert checked.code == 2
    said = clone.refused("preview", stack)
    for text in (checked.text, said):
        assert named in " ".join(text.split())
