"""What every Kubernetes object of a stack is told, whoever made it: who answers for it, and in production that data stays.

An object that this program makes is told on the spot. What a chart or a manifest makes is made by the provider's plugin:
only there the engine asks back, once an object. A callback costs a round trip and both ways of the object through JSON
shapes. Asking back for everything, and once more for each transform of a chart's own, took 3.9 of 13.5 s of a preview of
the stack `sandbox`.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.kubernetes.crds import DEFINITION, slim
from components.kubernetes.keeping import keep

Transform = Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]
Transformation = Callable[[pulumi.ResourceTransformationArgs], pulumi.ResourceTransformationResult | None]

MADE_BY_THE_PLUGIN = frozenset(
    {
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:kustomize/v2:Directory",
    }
)
"""Components of the Kubernetes provider whose children no code of this process sees."""


@dataclass(frozen=True)
class Together:
    """Several resource transforms as one, in their order: one callback an object."""

    transforms: tuple[Transform, ...]

    def __call__(self, args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        """What they make of it one after the other; None where none of them changed anything."""
        props, opts, changed = args.props, args.opts, False
        for transform in self.transforms:
            result = transform(pulumi.ResourceTransformArgs(args.custom, args.type_, args.name, props, opts))
            if result is not None:
                props, opts, changed = result.props, result.opts, True
        return pulumi.ResourceTransformResult(props=props, opts=opts) if changed else None


def own_labels(labels: Mapping[str, str], prose: bool) -> Transform:
    """Resource transform: a Kubernetes object, those of charts too, says who answers for it; CRDs lose their prose."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        metadata: Any = args.props.get("metadata")
        if not args.type_.startswith("kubernetes:") or metadata is None:
            return None
        props = {**args.props, "metadata": _later(metadata, lambda known: _labelled(known, labels))}
        if args.type_ == DEFINITION:
            props["spec"] = slim(props.get("spec"), prose)
        return pulumi.ResourceTransformResult(props=props, opts=args.opts)

    return transform


def told(labels: Mapping[str, str], prose: bool, holding: Sequence[str] | None) -> Transformation:
    """The transformation that a stack's resources inherit: `labels` on each object (its own win), prose of CRDs as `slim`
    takes it, and protection of what holds data where `holding` (namespaces that do) is given.
    """
    transforms = [own_labels(labels, prose), *([] if holding is None else [keep(holding)])]

    def transformation(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ in MADE_BY_THE_PLUGIN:
            return _asked_once(args, transforms)
        if not args.type_.startswith("kubernetes:") or args.opts.id is not None:
            return None
        props: dict[str, Any] = {**args.props}
        result = Together(tuple(transforms))(pulumi.ResourceTransformArgs(True, args.type_, args.name, props, args.opts))
        return None if result is None else pulumi.ResourceTransformationResult(props=result.props, opts=result.opts)

    return transformation


def _asked_once(
    args: pulumi.ResourceTransformationArgs, transforms: Sequence[Transform]
) -> pulumi.ResourceTransformationResult | None:
    """One callback for the component's own transforms and ours; nothing where an ancestor's turn did it already."""
    own: list[Any] = list(args.opts.transforms or [])
    if any(isinstance(transform, Together) for transform in own):
        return None
    opts = copy.copy(args.opts)
    opts.transforms = [Together((*own, *transforms))]
    return pulumi.ResourceTransformationResult(props=args.props, opts=opts)


def _labelled(metadata: Any, labels: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a mapping or an ObjectMetaArgs with `labels` below its own."""
    found = dict(metadata) if isinstance(metadata, Mapping) else {key: pulumi.get(metadata, key) for key in vars(metadata)}
    fields = {key: value for key, value in found.items() if value is not None}
    return {**fields, "labels": _later(fields.get("labels", {}), lambda own: {**labels, **own})}


def _later(value: Any, change: Callable[[Any], Any]) -> Any:
    """`change` of the value, once it is known."""
    return value.apply(change) if isinstance(value, pulumi.Output) else change(value)
