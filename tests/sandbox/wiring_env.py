"""The resolver over the live objects of a test's cluster."""

from __future__ import annotations

from typing import Any

from cli.live import Cluster
from cli.wiring.check import check
from cli.wiring.records import Wiring
from tests.sandbox.platform_env import Project


def objects(made: Project) -> list[dict[str, Any]]:
    """Everything in the cluster, as the administrator sees it."""
    return Cluster.connect(made.environment).everything()


def wired(made: Project) -> Wiring:
    """All of the wiring; addresses in the values of Secrets too, for the cluster is a test's own."""
    return check(objects(made), secrets=True)


def dangling(made: Project) -> list[str]:
    """What dangles, a line each."""
    return [str(problem) for problem in wired(made).problems]
