"""Every Kubernetes object of a stack says who answers for it, wherever the stack stands, and charts ask back once an object."""

import pytest

from cli.charts import registrations, stacks
from components.kubernetes.ownership import MADE_BY_THE_PLUGIN, Together
from components.spec.stack import Tier
from tests.blueprints.recorded import KUBERNETES, MAKERS, SOURCES, blueprint
from tests.blueprints.recorded_clouds import CLOUDS, on_cloud

OWNER = {"mlops.dev/stack", "mlops.dev/team"}


@pytest.mark.parametrize("name", ["full", "platform", "production", "streaming-features"])
def test_objects_of_ours_are_labelled(name: str) -> None:
    own = [made for made in blueprint(name).objects if not made.source]
    assert len(own) > 50
    assert [made.at for made in own if not set((made.props.get("metadata") or {}).get("labels") or {}) >= OWNER] == []


@pytest.mark.parametrize("target", CLOUDS)
def test_objects_on_a_clouds_own_cluster_are_labelled_and_charts_ask_once(target: str) -> None:
    found = [made for made in on_cloud("full", target).resources if made.type.startswith(KUBERNETES)]
    own = [made for made in found if not made.type.startswith(SOURCES)]
    assert len(own) > 50
    assert [made.name for made in own if not set(made.inputs.get("metadata", {}).get("labels") or {}) >= OWNER] == []
    makers = [made for made in found if made.type in MADE_BY_THE_PLUGIN]
    assert makers and all(len(made.transforms) == 1 and isinstance(made.transforms[0], Together) for made in makers)


def test_objects_of_a_team_are_labelled() -> None:
    teams = [stack for stack in stacks() if stack.spec.tier is Tier.TEAM]
    assert teams
    for stack in teams:
        for request in registrations(stack):
            if request.type.startswith(KUBERNETES) and request.type not in MAKERS:
                metadata = request.object.fields["metadata"].struct_value
                labels = metadata.fields["labels"].struct_value.fields
                assert set(labels) >= OWNER, f"{stack.name}: {request.type} {request.name}"
