"""Hadoop's XML settings as our own workloads read them."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

import pulumi

from components.contracts import BucketAccess


def s3a(store: BucketAccess | None) -> dict[str, pulumi.Input[str]]:
    """How S3A reaches the store; keys come from the environment."""
    if store is None:
        return {}
    found: dict[str, pulumi.Input[str]] = {"fs.s3a.endpoint.region": store.region}
    if store.endpoint is not None:
        found |= {"fs.s3a.endpoint": store.endpoint, "fs.s3a.path.style.access": "true"}
    return found


def site(settings: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """A core-site.xml or hdfs-site.xml."""
    parts: list[pulumi.Input[str]] = ['<?xml version="1.0"?>\n<configuration>\n']
    for key, value in settings.items():
        text = pulumi.Output.from_input(value).apply(escape)
        parts += [f"  <property><name>{escape(key)}</name><value>", text, "</value></property>\n"]
    return pulumi.Output.concat(*parts, "</configuration>\n")
