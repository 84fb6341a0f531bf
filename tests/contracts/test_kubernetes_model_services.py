"""What model services look like to the real CRDs of monitoring and gateway."""

from pathlib import Path

from components.platform import Platform
from tests.contracts import reference
from tests.unit.recording import record
from tests.unit.stackfiles import checked, stack
from tests.unit.test_kubernetes_model_services import TEXT


def test_custom_resources_are_valid_for_the_real_crds(tmp_path: Path) -> None:
    reference.root()
    found = stack(checked(tmp_path, TEXT))
    made = record(lambda: Platform("platform", found))
    ours = [r for r in made.resources if r.kind in ("ServiceMonitor", "HTTPRoute", "SecurityPolicy") and r.namespace == "serving"]
    assert {r.kind for r in ours} == {"ServiceMonitor", "HTTPRoute", "SecurityPolicy"}
    errors = {r.name: reference.resource_errors(r.inputs) for r in ours}
    assert {name: said for name, said in errors.items() if said} == {}
