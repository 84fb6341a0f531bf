"""Pulumi programs against the sandbox's API server, each test with a project, a stack and a namespace of its own."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import Sandbox
from tests.sandbox.engine_env import Engine, Result

# pulumi_kubernetes takes more than a second to import; most programs do without its classes
HEAD = """
import os
import pulumi
from pulumi import ResourceOptions as Options

NS = os.environ["TEST_NAMESPACE"]


def make(token, name, /, opts=None, **props):
    api_version, _, kind = token.rpartition(":")
    given = {"apiVersion": api_version.removeprefix("core/"), "kind": kind.removesuffix("Patch"), **props}
    return pulumi.CustomResource(f"kubernetes:{token}", name, given, opts)


def component(token, name, /, opts=None, **props):
    return pulumi.ComponentResource(f"kubernetes:{token}", name, {"resources": None, **props}, opts, remote=True)


def meta(name=None, **more):
    return {"namespace": NS, **({"name": name} if name else {}), **more}


"""


@dataclass
class Program:
    """A program whose text a test writes and changes."""

    engine: Engine
    sandbox: Sandbox
    namespace: str

    def write(self, text: str) -> None:
        """The next run's program; NS, Options, make(…), component(…) and meta(name) are there."""
        (self.engine.project / "__main__.py").write_text(HEAD + textwrap.dedent(text))

    def up(self, text: str | None = None) -> str:
        """`pulumi up` of the program, must succeed."""
        if text is not None:
            self.write(text)
        return self.engine.up()

    def fails(self, text: str | None, *arguments: str) -> str:
        """What `pulumi up` (or `arguments`) says; it must fail."""
        if text is not None:
            self.write(text)
        result: Result = self.engine.run(*(arguments or ("up", "--yes", "--skip-preview")))
        assert result.code != 0, result.text
        assert "Traceback" not in result.text, result.text
        return result.text

    def unchanged(self) -> None:
        """A preview must want nothing."""
        self.engine.ok("preview", "--expect-no-changes")

    def preview(self, text: str | None = None) -> str:
        """`pulumi preview --diff`, must succeed."""
        if text is not None:
            self.write(text)
        return self.engine.ok("preview", "--diff")

    def destroy(self) -> str:
        """`pulumi destroy`, must succeed."""
        return self.engine.ok("destroy", "--yes", "--skip-preview")

    def names(self, kind: str) -> list[str]:
        """Names of the live objects of a kind in the test's namespace."""
        items = self.sandbox.get(kind, "-n", self.namespace)["items"]
        return sorted(str(item["metadata"]["name"]) for item in items if item["metadata"]["name"] != "kube-root-ca.crt")

    def live(self, kind: str, name: str) -> Any:
        """One live object."""
        return self.sandbox.get(kind, name, "-n", self.namespace)

    def state_text(self) -> str:
        """The whole state as it is stored."""
        return self.engine.ok("stack", "export")

    def merge(self, kind: str, name: str, patch: Any) -> None:
        """Somebody else changes an object."""
        self.sandbox.kubectl("patch", kind, name, "-n", self.namespace, "--type=merge", "-p", json.dumps(patch))


@pytest.fixture
def program(sandbox: Sandbox, namespace: str, tmp_path: Path) -> Iterator[Program]:
    """An empty stack; what the test leaves in it is destroyed."""
    found = Program(_engine(sandbox, namespace, tmp_path), sandbox, namespace)
    yield found
    if found.engine.state():
        found.engine.run("destroy", "--yes", "--skip-preview")


def _engine(sandbox: Sandbox, namespace: str, folder: Path) -> Engine:
    project = folder / "project"
    project.mkdir()
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (project / "Pulumi.yaml").write_text(json.dumps({"name": namespace, "runtime": runtime}))
    (project / "__main__.py").write_text(HEAD)
    engine = Engine(sandbox.home, project, {**sandbox.environment, "TEST_NAMESPACE": namespace})
    engine.ok("stack", "init", "dev")
    return engine
