"""Images are pinned and come from a registry that the platform trusts."""

import re
from collections.abc import Iterator

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, undecided
from policies.pods import hidden, images

REGISTRIES = {
    "docker.io", "ghcr.io", "gcr.io", "quay.io", "registry.k8s.io", "public.ecr.aws", "nvcr.io", "mcr.microsoft.com",
    "oci.stackable.tech",
}  # fmt: skip
"""Registries of the systems themselves; a stack with registryMirror is held to its mirror instead."""
PRIVATE = re.compile(r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
"""An account's own registry."""
MOVING = re.compile(
    r"(^|[-_.])(latest|nightly|edge|canary|master|main|stable|rolling|dev|devel|snapshot)$|^(latest|nightly)[-_.]"
)
"""Tags that their owners move to another image from time to time."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
REMEDY = "Name a tag other than latest, or a digest, of an image in {where}"


def parts(ref: str) -> tuple[str, str, str]:
    """Registry host, tag and digest of a reference; docker.io where it names no host."""
    name, _, digest = ref.partition("@")
    host, slash, rest = name.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, rest = "docker.io", name
    tag = rest.rpartition(":")[2] if ":" in rest else ""
    return host, tag, digest


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Every image reference in the resource."""
    mirror = facts.registry_mirror.rstrip("/")
    remedy = REMEDY.format(where=mirror or ", ".join(sorted(REGISTRIES)))
    for path in hidden(resource):
        yield undecided(path, remedy)
    for path, ref in images(resource):
        if ref is UNKNOWN:
            yield undecided(path, remedy)
            continue
        host, tag, digest = parts(ref)
        if digest and not DIGEST.fullmatch(digest):
            yield Finding(path, f'"{ref}" has no valid digest', remedy)
        elif not digest and (not tag or MOVING.search(tag.lower())):
            yield Finding(path, f'"{ref}" is not pinned', remedy)
        if facts.own_registry and host == facts.own_registry:
            continue
        if mirror and not ref.startswith(f"{mirror}/"):
            yield Finding(path, f'"{ref}" is not from the mirror', remedy)
        if not mirror and host not in REGISTRIES and not PRIVATE.fullmatch(host):
            yield Finding(path, f'"{ref}": registry "{host}" is not allowed', remedy)


RULE = Rule("image-pinned", "Images are pinned and from an allowed registry.", Level.BASELINE, check)
