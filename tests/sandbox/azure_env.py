"""A stack on Azure ML in a sandbox of its own, and what the simulated subscription holds of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.mapping.fact import SystemFact
from tests.sandbox.platform_env import Project, project


@dataclass
class AzureStack:
    """The stack after its `up`."""

    project: Project
    name: str

    def objects(self, token: str = "") -> dict[str, dict[str, Any]]:
        """Inputs of what the simulated subscription holds, by id; of one type where `token` names it."""
        with closing(sqlite3.connect(self.project.home / "azure" / "state.db", timeout=10)) as state:
            rows = state.execute("select id, type, inputs from objects").fetchall()
        return {id: json.loads(inputs) for id, kind, inputs in rows if kind == f"azure-native:{token}" or not token}

    def private_links(self) -> set[str]:
        """Ids of everything that a private endpoint leads to."""
        return {
            link["privateLinkServiceConnections"][0]["privateLinkServiceId"]
            for link in self.objects("network:PrivateEndpoint").values()
        }

    def types_below(self, fact: SystemFact) -> set[str]:
        """Types of the export that stand below the component of a row."""
        noun = f"mlops:index:{fact.path.rpartition(':')[2]}"
        return {r["type"] for r in self.project.resources(self.name) if f"{noun}$" in r["urn"]}

    def refresh_is_clean(self) -> None:
        """A refresh that expects no changes."""
        self.project.good("refresh", self.name, "--yes", "--skip-preview", "--expect-no-changes")


@contextmanager
def deployed_stack(folder: Path, name: str, file: str) -> Iterator[AzureStack]:
    """The stack of a stack file, up."""
    with project(folder) as made:
        made.stack_file(name).write_text(file)
        made.init(name)
        made.up(name)
        yield AzureStack(made, name)
