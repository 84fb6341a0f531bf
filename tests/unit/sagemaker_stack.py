"""A stack on SageMaker through the composer, under mocks: what each system registers, and what grants attach."""

import json
from pathlib import Path
from typing import Any

from components.platform import Platform
from tests.unit.recording import Recording, record
from tests.unit.registered import Registered
from tests.unit.stackfiles import refused_by_components, stack

REGION, ACCOUNT = "eu-central-1", "123456789012"
CALLS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{REGION}{zone}" for zone in "abc"]},
}


def composed(tmp_path: Path, systems: str, more: str = "") -> Recording[Platform]:
    """The stack with `systems` (lines of YAML below `systems:`, two spaces in) and `more` of its spec."""
    made = stack(refused_by_components(tmp_path, f"{more}\nsystems:\n{systems}", target="sagemaker"))
    return record(lambda: Platform("platform", made), calls=CALLS)


def statements(resource: Registered) -> list[dict[str, Any]]:
    """Statements of a policy or of a role's trust."""
    text = resource.inputs.get("policy") or resource.inputs["assumeRolePolicy"]
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def actions(resource: Registered) -> set[str]:
    """Every action that a policy allows."""
    return {action for statement in statements(resource) for action in statement["Action"]}


def no_wildcards(made: Recording[Platform]) -> None:
    """No policy has an action that ends in * on resource *, and no role is assumed without a condition but EC2's."""
    policies = made.all("aws:iam/rolePolicy:RolePolicy")
    assert policies
    for policy in policies:
        for statement in statements(policy):
            if "*" in statement["Resource"]:
                assert not [a for a in statement["Action"] if "*" in a], policy.name
    for role in made.all("aws:iam/role:Role"):
        (trust,) = statements(role)
        assert "Condition" in trust or trust["Principal"] == {"Service": "ec2.amazonaws.com"}, role.name
