"""Images of our own (images/<name>/Dockerfile): which reference a system runs, and when it is built.

A system says `own_image(site, "flume")`. The reference is the stack file's (`images: {flume: …}`), else that of the stack's
registry, where a Job builds and pushes it before its consumers. The tag is a hash of the build's files, so a changed Dockerfile
is a new image and an unchanged one is built once.
"""

import hashlib
import re
from pathlib import Path

import pulumi

from components import contracts
from components.kubernetes.place import image
from components.system import Site

FOLDER = Path(__file__).parents[2] / "images"
"""The Dockerfiles of the checkout; the wheel has none, and its users name references."""
PROJECT = "mlops"
"""First part of the repository of every image of ours; the registry lets anyone who reaches it pull these."""
LIMIT = 900_000
"""Bytes of a build's files: they travel in a ConfigMap (1 MiB with everything)."""
FROM = re.compile(r"^(FROM\s+(?:--platform=\S+\s+)?)(\S+)", re.MULTILINE)
ARGUMENT = re.compile(r"^ARG\s+(\w+)=(\S+)", re.MULTILINE)
PARTS = "__"
"""Stands for `/` in the ConfigMap's keys."""


def files(name: str, folder: Path | None = None) -> dict[str, str]:
    """The files of an image's build by their path below images/<name>; text, and small.

    Raises pulumi.RunError where there is no Dockerfile, or the files do not fit into a ConfigMap.
    """
    root = (folder or FOLDER) / name
    if not (root / "Dockerfile").is_file():
        raise pulumi.RunError(
            f"image {name}: no images/{name}/Dockerfile here to build from; name a reference in mlops:spec.images.{name}"
        )
    found = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    if any(PARTS in path for path in found):
        raise pulumi.RunError(f"image {name}: file names in images/{name} cannot contain {PARTS!r}")
    if (size := sum(len(text.encode()) for text in found.values())) > LIMIT:
        raise pulumi.RunError(
            f"image {name}: the files of images/{name} are {size} bytes, more than {LIMIT}: fetch in the Dockerfile"
        )
    return found


def bases(dockerfile: str) -> list[str]:
    """The images that a build starts from, in order, with the defaults of its ARGs in place; its own stages are none."""
    given = dict(ARGUMENT.findall(dockerfile))
    found = (re.sub(r"\$\{?(\w+)\}?", lambda name: given.get(name[1], ""), ref) for _, ref in FROM.findall(dockerfile))
    return [ref for ref in found if "/" in ref]


def mirrored(content: dict[str, str], mirror: str | None) -> dict[str, str]:
    """The files with the images that the build starts from taken from `mirror`, as `place.image` does; the same without one.

    The tag stays that of the files as they lie in images/: what is built does not depend on where its base was fetched from.
    """
    if not mirror:
        return content

    def moved(line: re.Match[str]) -> str:
        return line[1] + (image(line[2], mirror) if "/" in line[2] else line[2])

    return {path: FROM.sub(moved, text) if path == "Dockerfile" else text for path, text in content.items()}


def tag(content: dict[str, str]) -> str:
    """Twelve hex digits of the SHA-256 over names and content of a build's files."""
    digest = hashlib.sha256()
    for path, text in sorted(content.items()):
        digest.update(f"{len(path)}:{path}:{len(text.encode())}:".encode() + text.encode())
    return digest.hexdigest()[:12]


def repository(name: str, folder: Path | None = None) -> str:
    """`mlops/<name>:<tag>`: what follows the registry's host."""
    return f"{PROJECT}/{name}:{tag(files(name, folder))}"


def own_image(site: Site, name: str, named: str | None = None) -> pulumi.Input[str]:
    """The reference of our image `name`, ready to stand in a container (the registry mirror is applied already): what the
    system's own section has (`named`), else what the stack file or its registry has.

    For a system's `plan`: where the stack's registry builds it, `site.ready` waits for the Job that has pushed it. The system
    lists ImageRegistry among its `optional`, and its row in targets.TABLE the name in `images`, so that validation asks for one
    of the two ways first. Raises pulumi.RunError where there is neither.
    """
    if given := named or site.spec.images.get(name):
        return image(given, site.spec.registry_mirror)
    registry = site.maybe(contracts.ImageRegistry)
    if registry is None or registry.build is None:
        raise pulumi.RunError(f"{site.key} runs an image that is built from images/{name}, and {remedy(name)}")
    site.ready.append(registry.build(name))
    return pulumi.Output.concat(registry.host, "/", repository(name))


def remedy(name: str) -> str:
    """What to do where nothing builds an image."""
    return (
        f"nothing builds it here: add systems.docker: {{}} (a registry that builds it), or build images/{name} yourself and "
        f"name the reference in images.{name}"
    )
