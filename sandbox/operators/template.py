"""Renders the templates of the data files: JSON-e, plus what an operator needs to know and to make.

JSON-e (https://json-e.js.org) is JSON with `{$eval: …}`, `${…}`, `$if`, `$map`, `$merge`. A field whose value renders to
null is left out, so optional fields of a custom resource pass through as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import jsone  # type: ignore[import-untyped]
from jsone.shared import JSONTemplateError  # type: ignore[import-untyped]

from sandbox.operators import certificates, expressions, functions, strimzi
from sandbox.operators.functions import get, selected
from sandbox.operators.store import Object, View

expressions.keep_trees()


class TemplateError(Exception):
    """A template cannot be rendered for this object."""


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "arg": functions.arg,
    "b64": functions.b64,
    "bundle": certificates.bundle,
    "certificate": certificates.issue,
    "condition": functions.condition,
    "data": functions.data,
    "digest": functions.digest,
    "env": functions.env,
    "get": functions.get,
    "gzip64": functions.gzip64,
    "is_authority": certificates.is_authority,
    "merge": functions.merge,
    "names_of": functions.names_of,
    "node_ids": strimzi.node_ids,
    "strimzi_restricted": strimzi.restricted,
    "now": functions.now,
    "overlay": functions.overlay,
    "controlled_by": functions.controlled_by,
    "is_ready": functions.is_ready,
    "join_labels": functions.join_labels,
    "json": json.dumps,
    "keys": sorted,
    "keystore": certificates.keystore,
    "pairs": functions.pairs,
    "parsed": functions.parsed,
    "password": functions.password,
    "port_name": strimzi.port_name,
    "public_authorities": functions.public_authorities,
    "seconds": functions.seconds,
    "selected": functions.selected,
    "sort": sorted,
    "total": functions.total,
    "truststore": certificates.truststore,
    "unb64": functions.unb64,
    "unready": functions.unready,
    "uuid22": functions.uuid22,
}


def context(view: View, cr: Object) -> dict[str, Any]:
    """The names every template may use."""
    metadata = cr["metadata"]
    own = metadata.get("namespace", "")

    def picked(kind: str, selector: Any, namespaces: Any) -> list[Object]:
        """What a pair of selectors picks: null selects no object, and only the own namespace."""
        if selector is None:
            return []
        places = (
            {own}
            if namespaces is None
            else {
                item["metadata"]["name"]
                for item in view.select("Namespace", None)
                if selected(get(item, "metadata.labels"), namespaces)
            }
        )
        found = view.select(kind, None)
        return [
            item for item in found if item["metadata"]["namespace"] in places and selected(get(item, "metadata.labels"), selector)
        ]

    return FUNCTIONS | {
        "picked": picked,
        "find": view.find,
        "select": view.select,
        "cr": cr,
        "name": metadata["name"],
        "namespace": own,
        "uid": metadata.get("uid", ""),
        "generation": metadata.get("generation", 1),
        "labels": metadata.get("labels") or {},
        "annotations": metadata.get("annotations") or {},
        "spec": cr.get("spec") or {},
        "status": cr.get("status") or {},
    }


def evaluate(template: Any, names: Mapping[str, Any]) -> Any:
    """The template with its names filled in."""
    try:
        return jsone.render({"value": template}, dict(names)).get("value")
    except (JSONTemplateError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise TemplateError(f"{type(error).__name__}: {error}") from error


def document(template: Any, names: Mapping[str, Any]) -> Any:
    """`evaluate` for what is sent to the API: fields and items that are null are left out."""
    return _without_nulls(evaluate(template, names))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value
