"""A stack on Vertex AI through the composer, under mocks: what each system registers, and what grants attach."""

import json
from pathlib import Path
from typing import Any

from components.platform import Platform
from tests.unit.google_mock import NUMBER, PROJECT, REGION
from tests.unit.recording import Recording, record
from tests.unit.registered import Registered
from tests.unit.stackfiles import refused_by_components, stack

CALLS: dict[str, dict[str, Any]] = {
    "gcp:organizations/getProject:getProject": {"projectId": PROJECT, "number": NUMBER},
    "gcp:logging/getProjectCmekSettings:getProjectCmekSettings": {
        "serviceAccountId": f"cmek-p{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
    },
}
__all__ = ["NUMBER", "PROJECT", "REGION"]
STORE = "  minio: {}\n"
KAFKA = "  kafka: {topics: {events: {}}}\n"


def composed(tmp_path: Path, systems: str, more: str = "") -> Recording[Platform]:
    """The stack with `systems` (lines of YAML below `systems:`, two spaces in) and `more` of its spec."""
    made = stack(refused_by_components(tmp_path, f"{more}\nsystems:\n{systems}", target="vertex"))
    return record(lambda: Platform("platform", made), calls=CALLS)


def workflow(made: Recording[Platform], name: str) -> dict[str, Any]:
    """Steps by name of a workflow's main; jumps among them are checked."""
    source = made.one("Workflow", name).inputs["sourceContents"]
    main = json.loads(source)["main"]
    assert main["params"] == ["args"]
    steps: dict[str, Any] = {key: body for step in main["steps"] for key, body in step.items()}
    assert len(steps) == len(main["steps"]), "two steps have one name"
    for body in steps.values():
        assert body.get("next", "end") in (*steps, "end"), body
    return steps


def body(steps: dict[str, Any], step: str = "made") -> dict[str, Any]:
    """What a step of a workflow posts."""
    found: dict[str, Any] = steps[step]["args"]["body"]
    assert steps[step]["args"]["auth"] == {"type": "OAuth2"}
    return found


def rights(made: Recording[Platform], account: str) -> dict[str, Registered]:
    """Roles on the project that an account (its id's ending, `-spark`) has, by role."""
    return {m.inputs["role"]: m for m in made.all("gcp:projects/iAMMember:IAMMember") if f"{account}@" in m.inputs["member"]}


def no_lending(made: Recording[Platform]) -> None:
    """No account has a basic role, and none may take every identity of the project."""
    granted = made.all("gcp:projects/iAMMember:IAMMember")
    for member in granted:
        assert member.inputs["role"] not in ("roles/owner", "roles/editor"), member.name
        assert not member.inputs["role"].startswith("roles/iam."), member.name
