"""The only place for kustomizations and plain YAML of others, each pinned at a commit.

Nothing is fetched while the program runs: sources lie under the stack's `manifestMirror` (a directory or a URL), in
`<mirror>/<repository>/<commit>/<path>`, where `mlops sources fetch` puts them.
"""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import yaml
from pulumi_kubernetes.kustomize import v2 as kustomize


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

    def place(self, mirror: str) -> str:
        """Where it lies below the mirror."""
        return f"{mirror.rstrip('/')}/{self.repo}/{self.commit}/{self.path}"


def render(
    name: str,
    source: Source,
    *,
    mirror: str | None,
    opts: pulumi.ResourceOptions,
    namespace: pulumi.Input[str] | None = None,
) -> pulumi.Resource:
    """The objects of `source` as resources: of a YAML file, or of the kustomization in a directory.

    Raises pulumi.RunError where the stack has no `manifestMirror`: a commit that is not at hand cannot be had in mid-run.
    """
    if mirror is None:
        raise pulumi.RunError(
            f"{name} is made from {source.repo}@{source.commit[:12]}: set mlops:spec.manifestMirror to where "
            "`mlops sources fetch` put it"
        )
    place = source.place(mirror)
    if place.endswith((".yaml", ".yml")):
        return yaml.v2.ConfigFile(name, file=place, opts=opts)
    return kustomize.Directory(name, directory=place, namespace=namespace, opts=opts)
