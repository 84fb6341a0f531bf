"""The only place that touches Helm: a pinned upstream chart becomes resources that policies and previews see.

`render` makes one `kubernetes.helm.v4.Chart`. Its children are named `<name>:<namespace>/<object>` (cluster-scoped:
`<name>:<object>`), where `<name>` is the Chart's own resource name. `depends_on=[chart]` waits for all of them: the
operator's Deployment is available when a custom resource that depends on its Chart is sent.

Values are plain data (no Output, no secret): sources.lock.json is keyed by their hash, and a chart that is given the
NAME of a Secret draws no random value at render. Hooks are not run (a limit of v4.Chart).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi_kubernetes.helm import v4

AT_HAND = "MLOPS_CHARTS"
"""Directory with the real charts, unpacked or as .tgz, where `mlops sources fetch` put them: nothing is fetched in mid-run."""
_VERSION = re.compile(r"^version:\s*[\"']?([^\"'\s]+)", re.MULTILINE)
CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"


@dataclass(frozen=True)
class Pin:
    """One upstream chart at one version; stands at the top of its system's file."""

    chart: str
    """The chart's name."""
    version: str
    repo: str
    """HTTP repository, or the `oci://` reference of the chart itself."""
    checked: str
    """Date (ISO 8601) on which version and repository were last read from their source."""

    def source(self, mirror: str | None = None) -> tuple[str, str | None]:
        """The chart reference and, for an HTTP repository, its URL; both from `mirror` where one is set."""
        repo = f"{mirror.rstrip('/')}/{self.chart}" if mirror and mirror.startswith("oci://") else mirror or self.repo
        return (repo, None) if repo.startswith("oci://") else (self.chart, repo)


def at_hand(pin: Pin) -> str | None:
    """Path of the chart below $MLOPS_CHARTS; None where it is not there. RunError where it is there in another version."""
    root = os.environ.get(AT_HAND)
    if not root:
        return None
    folder = Path(root).resolve() / pin.chart
    if not (folder / "Chart.yaml").is_file():
        archive = folder.with_name(f"{pin.chart}-{pin.version}.tgz")
        return str(archive) if archive.is_file() else None
    found = _VERSION.search((folder / "Chart.yaml").read_text(encoding="utf-8"))
    version = found.group(1) if found else "none"
    if version.removeprefix("v") != pin.version.removeprefix("v"):
        raise pulumi.RunError(f"chart {pin.chart}: {AT_HAND} has version {version}, this platform installs {pin.version}")
    return str(folder)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` merged into `base` as Helm does: maps merge, anything else replaces; neither input is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def keep_crds(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Resource transform: custom resource definitions stay in the cluster when their Chart goes."""
    return _retained(args, True)


def drop_crds(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Resource transform: they go with it, those too that a chart without a switch marks to be kept (CloudNativePG's)."""
    return _retained(args, False)


def _retained(args: pulumi.ResourceTransformArgs, keep: bool) -> pulumi.ResourceTransformResult | None:
    if args.type_ != CRD:
        return None
    return pulumi.ResourceTransformResult(
        props=args.props, opts=pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(retain_on_delete=keep))
    )


def render(
    name: str,
    pin: Pin,
    values: Mapping[str, Any],
    *,
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    release: str | None = None,
    extra: Mapping[str, Any] | None = None,
    mirror: str | None = None,
    skip_crds: bool = False,
    keep: bool = True,
) -> v4.Chart:
    """The chart `pin` with `values`, and `extra` (the system's own `values:` of the stack file) merged over them last.

    `release` is the Helm release name from which charts build their objects' names (the pin's chart name if unset);
    `mirror` the stack's chartMirror; `keep` leaves the chart's CRDs in the cluster on destroy; `skip_crds` leaves out
    those of its crds/ directory.
    """
    local = at_hand(pin)
    chart, repo = (local, None) if local else pin.source(mirror)
    if not skip_crds:
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transforms=[keep_crds if keep else drop_crds]))
    return v4.Chart(
        name,
        chart=chart,
        version=pin.version,
        repository_opts=v4.RepositoryOptsArgs(repo=repo) if repo else None,
        name=release or pin.chart,
        namespace=namespace,
        values=merge(values, extra or {}),
        skip_crds=skip_crds,
        opts=opts,
    )
