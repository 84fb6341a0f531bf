"""The engine behind the simulated `aws` provider serves other clouds' packages with nothing but a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.cloud.engine import Cloud
from sandbox.providers.cloud.spec import Context, Name, Spec
from sandbox.providers.cloud.store import Store
from sandbox.providers.model import Call, Failure
from sandbox.providers.schema import Package
from sandbox.providers.values import UNKNOWN, bare

BUCKET = "gcp:storage/bucket:Bucket"
WORKSPACE = "azure-native:machinelearningservices:Workspace"


class Other(Cloud):
    """A cloud of two types."""

    table = {
        BUCKET: Spec(
            name=Name("name", 63, lower=True),
            replace=("location",),
            id="{name}",
            outputs={"url": "gs://{name}", "selfLink": "https://storage.googleapis.com/storage/v1/b/{name}"},
        ),
        WORKSPACE: Spec(
            name=Name("workspaceName", 33),
            replace=("resourceGroupName",),
            id="/subscriptions/{account}/resourceGroups/{resourceGroupName}/providers/Microsoft.MachineLearningServices/workspaces/{workspaceName}",
            outputs={"name": "{workspaceName}"},
        ),
    }

    def context(self, call: Call) -> Context:
        """Somewhere."""
        return Context(call, "europe-west3", "project-1")


@pytest.fixture
def cloud(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Other]:
    """The engine over the package that the test names."""
    made = Other(Package(request.param), Store(tmp_path))
    yield made
    made.close()


def _call(op: str, token: str, **more: Any) -> Call:
    return Call(op=op, urn=f"urn:pulumi:dev::trial::{token}::Lake", type=token, name="Lake", **more)


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
def test_a_google_bucket_lives_and_dies(cloud: Other) -> None:
    checked = cloud.check(_call("check", BUCKET, inputs={"location": "EU", "uniformBucketLevelAccess": "yes"}))
    assert checked.failures == [("uniformBucketLevelAccess", 'must be true or false, not "yes"')]
    inputs = dict(cloud.check(_call("check", BUCKET, inputs={"location": "EU"})).inputs)
    preview = cloud.create(_call("create", BUCKET, inputs=inputs, preview=True)).outputs
    assert preview["location"] == "EU" and preview["url"] is UNKNOWN
    made = cloud.create(_call("create", BUCKET, inputs=inputs))
    assert made.id == inputs["name"] and made.outputs["url"] == f"gs://{inputs['name']}"
    found = cloud.read(_call("read", BUCKET, id=made.id, inputs=inputs, old_outputs=dict(made.outputs)))
    assert found is not None and found.inputs == inputs and bare(found.outputs) == bare(made.outputs)
    moved = cloud.diff(_call("diff", BUCKET, id=made.id, old_inputs=inputs, inputs={**inputs, "location": "US"}))
    assert moved.replace == {("location",)}
    cloud.delete(_call("delete", BUCKET, id=made.id, old_inputs=inputs))
    assert cloud.read(_call("read", BUCKET, id=made.id, inputs=inputs)) is None


@pytest.mark.parametrize("cloud", ["azure-native"], indirect=True)
def test_an_azure_workspace_is_checked_by_its_own_enums(cloud: Other) -> None:
    inputs = {"resourceGroupName": "g", "managedNetwork": {"isolationMode": "AllowNothing"}}
    checked = cloud.check(_call("check", WORKSPACE, inputs={**inputs, "publicNetworkAcces": "Disabled"}))
    assert "publicNetworkAcces" in {path for path, _ in checked.failures}
    good = {"resourceGroupName": "g", "publicNetworkAccess": "Disabled", "managedNetwork": {"isolationMode": "Disabled"}}
    checked = cloud.check(_call("check", WORKSPACE, inputs=good))
    assert checked.failures == []
    made = cloud.create(_call("create", WORKSPACE, inputs=dict(checked.inputs)))
    assert made.id.endswith(f"/workspaces/{checked.inputs['workspaceName']}")
    assert len(checked.inputs["workspaceName"]) <= 33


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
def test_a_type_of_another_package_is_refused(cloud: Other) -> None:
    with pytest.raises(Failure, match="no such resource type"):
        cloud.check(_call("check", WORKSPACE, inputs={}))
