"""The air-gap walk: every image reference in any object, and whether it comes from the stack's mirror.

Looked at are all texts of all objects: containers and init containers, custom resources, ConfigMaps, Jobs, arguments. A reference
is what begins with the host of a public registry, what a key says is an image (in the text of a ConfigMap, too), and what the
parts of one say together.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cli.wiring.records import Place, Problem
from policies.rules.image_pinned import PRIVATE, REGISTRIES, parts

PUBLIC = {
    *REGISTRIES,
    "index.docker.io",
    "registry-1.docker.io",
    "k8s.gcr.io",
    "cr.fluentbit.io",
    "docker.elastic.co",
    "cr.weaviate.io",
}
"""Hosts whose name alone says that an image is meant."""
_HOSTS = "|".join(re.escape(host) for host in sorted(PUBLIC, key=len, reverse=True))
_REST = r"/[a-z0-9][\w./-]*(?::[\w][\w.-]*)?(?:@sha256:[0-9a-f]{64})?"
HOSTED = re.compile(rf"(?<![\w./@-])(?:oci://|docker://)?(?P<ref>(?:{_HOSTS})(?::\d+)?{_REST})")
IMAGE_KEY = re.compile(r"(^|[a-z_.-])images?$|^imageName$|Image$|(^|_)IMAGES?($|_)")
"""Keys and variables whose value is a reference, whatever host it names."""
WRITTEN = re.compile(
    r"""["']?(?:\b|_)(?:\w*Image|image(?:Name)?)["']?\s*[:=]\s*["']?"""
    r"""(?P<ref>[a-z0-9][\w.-]*(?::\d+)?(?:/[a-z0-9][\w.-]*)+(?::[\w][\w.-]*)?(?:@sha256:[0-9a-f]{64})?)(?=["'\s,}]|$)"""
)
"""An image by its key in JSON, YAML or TOML that is the text of a ConfigMap: without a host it is Docker Hub's."""
PROSE = "_example"
"""Key of a ConfigMap (KServe's, Knative's) that only explains the others."""
BARE = re.compile(r"^(?P<ref>[a-z0-9][\w.-]*:[\w][\w.-]*(?:@sha256:[0-9a-f]{64})?)$")
"""A container's image without a host is Docker Hub's."""
REFERENCE = re.compile(r"^(?P<ref>[a-z0-9][\w.-]*(?::\d+)?(?:/[a-z0-9][\w.-]*)+(?::[\w][\w.-]*)?(?:@sha256:[0-9a-f]{64})?)$")
KEPT_OUT = {"CustomResourceDefinition", "Event", "Node", "ReplicaSet", "ControllerRevision"}
"""Prose, and what the cluster writes down of images that it has pulled."""
UNREAD = {"status", "managedFields", "kubectl.kubernetes.io/last-applied-configuration"}


def foreign(objects: Iterable[Mapping[str, Any]], mirror: str, own: str = "") -> list[Problem]:
    """References that are neither below `mirror` (host and path) nor from the stack's own registry (`own`, its host)."""
    found = set()
    for obj in objects:
        if obj["kind"] in KEPT_OUT:
            continue
        at = obj["metadata"]
        place = Place(str(obj["kind"]), str(at.get("namespace") or ""), str(at["name"]))
        for path, ref in references(obj):
            if not _allowed(ref, mirror, own):
                found.add(Problem("registry", place, path, f"{ref} is not from {mirror.rstrip('/')}"))
    return sorted(found)


def references(obj: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path, reference) of every image that an object names."""
    for path, key, text in _texts(obj, "", ""):
        seen = False
        for match in HOSTED.finditer(text):
            # a page of a registry's web site is no image
            if not text[: match.start("ref")].endswith(("http://", "https://")):
                seen = True
                yield path, match["ref"].rstrip(".:/")
        for match in WRITTEN.finditer(text):
            if not HOSTED.search(match["ref"]):
                seen = True
                yield path, match["ref"]
        if key == "image" and (short := BARE.match(text.strip())):
            yield path, short["ref"]
        elif not seen and IMAGE_KEY.search(key) and (whole := REFERENCE.match(text.strip())):
            yield path, whole["ref"]


def _texts(value: Any, key: str, path: str) -> Iterator[tuple[str, str, str]]:
    """(path, key, text): of a variable the key is its name; of the parts of a reference the text is the whole of it."""
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, Mapping):
        named = str(value["name"]) if isinstance(value.get("name"), str) and isinstance(value.get("value"), str) else ""
        if isinstance(value.get("repository"), str) and (IMAGE_KEY.search(key) or {"tag", "registry", "image"} & value.keys()):
            yield path, "image", assembled(value)
        for inner, item in value.items():
            if (
                inner not in UNREAD
                and inner != PROSE
                and not (inner in ("registry", "repository") and isinstance(value.get("repository"), str))
            ):
                yield from _texts(
                    item, named if inner == "value" and named else str(inner), f"{path}.{inner}" if path else str(inner)
                )
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, key, f"{path}[{number}]")


def assembled(value: Mapping[str, Any]) -> str:
    """The reference that {registry, repository, tag} stands for, or NVIDIA's {repository, image, version}."""
    name = str(value.get("image") or "")
    places = [str(value[part]) for part in ("registry", "repository") if value.get(part)]
    whole = "/".join([*places, *([name] if name and "/" not in name else [])])
    return f"{whole}:{value['tag']}" if value.get("tag") else whole


def _allowed(ref: str, mirror: str, own: str) -> bool:
    host, _, _ = parts(ref)
    return ref.startswith(f"{mirror.rstrip('/')}/") or (bool(own) and host == own) or bool(PRIVATE.fullmatch(host))
