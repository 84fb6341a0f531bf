"""Which component each (target, system) pair is; a target's folder is imported only when it is chosen.

The facts of every row stand in components.mapping as plain text, so that validation and `mlops systems` need no cloud SDK;
a test holds them against the classes.
"""

import importlib
from collections.abc import Mapping
from typing import Any, cast

from components.mapping import azureml, kubernetes, sagemaker, vertex
from components.mapping.fact import FOUNDATION, HIDDEN, SystemFact
from components.spec.stack import PARTS, Systems

__all__ = ["FOUNDATION", "INSTEAD", "LANDINGS", "RESERVED", "TABLE", "SystemFact", "find", "load", "systems"]

INSTEAD: Mapping[str, str] = {
    "s3": (
        "a store that stands already is not deployed but brought: leave systems.s3 out and say bringYourOwn.objectStore: "
        "{address: https://…, region: …, credentials: {<system>: <Secret with its key>}}; who owns the store makes buckets "
        "and keys. On AWS, systems.minio is S3"
    ),
}
"""Reserved keys that are no system, and what to say in their place."""

RESERVED = (*Systems.keys(), *INSTEAD)
"""Every key that a stack file may have under `systems`, built or planned."""

TABLE: Mapping[tuple[str, str], SystemFact] = {
    (target, system): fact
    for target, rows in (
        ("kubernetes", kubernetes.ROWS),
        ("sagemaker", sagemaker.ROWS),
        ("vertex", vertex.ROWS),
        ("azureml", azureml.ROWS),
    )
    for system, fact in rows.items()
}

LANDINGS = {
    "kubernetes": "components.kubernetes.landing:KubernetesLanding",
    "sagemaker": "components.sagemaker.landing:SagemakerLanding",
    "vertex": "components.vertex.landing:VertexLanding",
    "azureml": "components.azureml.landing:AzuremlLanding",
}
"""How a target prepares the ground (providers, namespaces or roles, teams, published contracts)."""


def load(path: str) -> Any:
    """The class that a row's "module:Class" names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def find(target: str, system: str, config: Any = None) -> type[Any]:
    """The component class of a pair, and of the `kind` in its section of the spec.

    Raises KeyError where the pair does not exist; validation has said so before.
    """
    return cast("type[Any]", load(TABLE[target, system].of(config).path))


def systems(target: str) -> list[str]:
    """The systems that a target offers, without the foundation and its parts."""
    return [system for (t, system) in TABLE if t == target and system not in (*HIDDEN, *PARTS)]
