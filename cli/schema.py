"""`mlops schema`: writes the JSON schemas that the YAML files refer to."""

import sys
from pathlib import Path

from components.settings import ROOT
from components.spec import schema
from components.targets import TABLE
from components.validation.rules import built_targets


def generated() -> dict[str, str]:
    """Text of each schema file, by its path in the project."""
    return {
        "blueprints/stack.schema.json": schema.text(schema.stack_schema(built_targets(TABLE))),
        "blueprints/blueprint.schema.json": schema.text(schema.blueprint_schema()),
    }


def write(root: Path = ROOT) -> None:
    """Write both schemas below `root`."""
    for name, content in generated().items():
        (root / name).write_text(content, encoding="utf-8")
        sys.stdout.write(f"{name}\n")
