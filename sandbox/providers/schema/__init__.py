"""Schemas of Pulumi provider packages, read from their installed Python SDKs.

`Package("aws").resource("aws:s3/bucket:Bucket")` gives a `Resource`; `problems(resource, inputs)` says what is
wrong with inputs in the wire's camelCase. Nothing is imported from the SDK; derived types are cached by version.
"""

from __future__ import annotations

from sandbox.providers.schema.check import problems
from sandbox.providers.schema.model import Property, Resource, Type
from sandbox.providers.schema.package import Package, UnknownType

__all__ = ["Package", "Property", "Resource", "Type", "UnknownType", "problems"]
