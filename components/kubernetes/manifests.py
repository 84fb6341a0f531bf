"""The only place for kustomizations and plain YAML of others, each pinned at a commit.

Sources lie in `<place>/<repository>/<commit>/<path>`, the place being the stack's `manifestMirror` (a directory or a URL), else
$MLOPS_MANIFESTS, where `mlops sources fetch` puts them, else the repository itself at the pinned commit, which names its content.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_kubernetes import yaml
from pulumi_kubernetes.kustomize import v2 as kustomize

AT_HAND = "MLOPS_MANIFESTS"
UPSTREAM = "https://raw.githubusercontent.com"
FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class Source:
    """A kustomization directory or a YAML file of somebody else's repository."""

    repo: str
    """owner/name on GitHub."""
    commit: str
    """Forty hex digits."""
    path: str
    """Inside the repository."""
    checked: str
    """Date (ISO 8601) on which commit and path were last read."""

    def place(self, mirror: str | None) -> str:
        """Where it is taken from."""
        lies = f"{self.repo}/{self.commit}/{self.path}"
        if mirror is not None:
            return f"{mirror.rstrip('/')}/{lies}"
        at_hand = Path(os.environ.get(AT_HAND) or ".").resolve() / lies
        if os.environ.get(AT_HAND) and at_hand.exists():
            return str(at_hand)
        if lies.endswith(FILES):
            return f"{UPSTREAM}/{lies}"
        return f"https://github.com/{self.repo}//{self.path}?ref={self.commit}"


def render(
    name: str,
    source: Source,
    *,
    mirror: str | None,
    opts: pulumi.ResourceOptions,
    namespace: pulumi.Input[str] | None = None,
) -> pulumi.Resource:
    """The objects of `source` as resources: of a YAML file, or of the kustomization in a directory."""
    place = source.place(mirror)
    if source.path.endswith(FILES):
        return yaml.v2.ConfigFile(name, file=place, opts=opts)
    return kustomize.Directory(name, directory=place, namespace=namespace, opts=opts)
