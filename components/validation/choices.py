"""Rules over who meets whose needs: `uses` of a system, and what `bringYourOwn` must say for each of its consumers."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from components.grounds import KUBERNETES
from components.spec.base import Target
from components.spec.serving import ModelServices
from components.spec.stack import PARTS, StackSpec, Tier
from components.validation.problems import Path, meant, one_of, shown

if TYPE_CHECKING:
    from components.validation.case import Case

CREDENTIALED = ("objectStore", "database", "broker")
"""Contracts whose consumers each have a credential."""


def place(system: str) -> Path:
    """Where the section of a system, or of a part of the foundation, stands in the spec."""
    if system not in PARTS:
        return ("systems", system)
    name = PARTS[system]
    return (StackSpec.model_fields[name].alias or name,)


def uses(case: "Case") -> Iterator[tuple[Path, str]]:
    """`uses` names contracts that the system takes, and systems of the stack that offer them."""
    chosen = case.chosen()
    for system, fact in chosen.items():
        taken = [*fact.needs, *fact.optional]
        for contract, provider in case.spec.chosen()[system].uses.items():
            path: Path = (*place(system), "uses", contract)
            if contract not in taken:
                yield path, f"{system} uses no such contract; {one_of(taken)}{meant(contract, taken)}"
                continue
            ground = case.ground(system)
            able = [other for other in case.meeting(contract, fact, ground) if other in chosen and other != system]
            meeting = [other for other in able if case.ground(other) == ground]
            if contract in case.spec.bring_your_own:
                yield path, f"bringYourOwn.{contract} meets it for the whole stack; take one of the two out"
            elif provider not in meeting:
                yield path, f"{shown(provider)}: no system of this stack that provides it; {_either(meeting, provider)}"


def images(case: "Case") -> Iterator[tuple[Path, str]]:
    """An image of ours is built by the stack's registry, or the stack file names its reference."""
    chosen, known = case.chosen(), sorted({name for fact in case.facts.values() for name in fact.images})
    for name in case.spec.images:
        if name not in known:
            yield ("images", name), f"no image of ours has that name; {one_of(known)}{meant(name, known)}"
    for system, fact in chosen.items():
        ground = case.ground(system)
        able = case.meeting("imageRegistry", ground=ground)
        builders = [other for other in able if other in chosen and case.ground(other) == ground]
        section = case.spec.chosen()[system]
        for name in fact.images:
            if name not in case.spec.images and not builders and not section.brings(name):
                offered = " or ".join(
                    f"systems.{builder}: {case.said(builder, ground)} (a registry that builds it)" for builder in able
                )
                yield (
                    ("systems", system),
                    f"runs an image that is built from images/{name}, and nothing builds it here; "
                    f"add {offered + ', or ' if offered else ''}images: {{{name}: <reference>}}",
                )


def _either(meeting: Sequence[str], given: str) -> str:
    return f"{one_of(meeting)}{meant(given, meeting)}" if meeting else "the stack has none that does"


def brought(case: "Case") -> Iterator[tuple[Path, str]]:
    """A consumer of a service from outside finds its credentials in a Secret that the stack file names."""
    for contract, entry in case.spec.bring_your_own.items():
        if contract not in CREDENTIALED:
            continue
        there = case.on_own_cluster()
        if case.target is not Target.KUBERNETES and not there:
            yield ("bringYourOwn", contract), f"not offered on target {case.target}; leave it out and the service is made"
            continue
        for system, fact in case.chosen().items():
            if contract in fact.needs and case.ground(system) == KUBERNETES and system not in entry.credentials:
                said = f"missing {system}; expected the name of the Secret with its credentials in its namespace"
                yield ("bringYourOwn", contract, "credentials"), said


OWN_SERVER = ("fastapi", "flask", "tfserving")
"""Systems that serve a model's files without an image of the user's."""


def served(case: "Case") -> Iterator[tuple[Path, str]]:
    """Model services have something to serve, and where it comes from."""
    for system, config in case.spec.systems.chosen().items():
        if not isinstance(config, ModelServices) or system not in case.chosen():
            continue
        ground = case.ground(system)
        kubernetes = ground == KUBERNETES
        stores = [s for s in case.meeting("objectStore", ground=ground) if s in case.chosen() and case.ground(s) == ground]
        has_store = "objectStore" in case.spec.bring_your_own or bool(stores)
        # elsewhere what a delivery of models needs stands without one
        if not config.models and kubernetes:
            yield (
                ("systems", system, "models"),
                "missing: nothing to serve; name a model with its image or its prefix in bucket models",
            )
        for name, model in config.models.items():
            path: Path = ("systems", system, "models", name)
            if model.image is None and not (kubernetes and system in OWN_SERVER):
                yield (*path, "image"), f"missing: {system} serves images of your own{'' if kubernetes else f' on {case.target}'}"
            elif model.image is None and model.model is None:
                yield path, "neither image nor model: expected the image that serves, or the model's prefix in bucket models"
            if model.model is not None and not has_store and case.spec.tier is not Tier.TEAM:
                yield (*path, "model"), "needs an object store, and nothing in this stack provides one; add systems.minio: {}"
            if kubernetes and model.scale_by == "requests" and (lacking := _for_requests(case)):
                yield (*path, "scaleBy"), f"requests: needs {lacking}"
            if model.max_replicas is not None and model.max_replicas < model.replicas:
                yield (*path, "maxReplicas"), f"{model.max_replicas}: expected at least replicas, {model.replicas}"


def _for_requests(case: "Case") -> str:
    """What the stack lacks to scale models by requests; empty where a team's platform is to have it."""
    if case.spec.tier is Tier.TEAM:
        return ""
    wanted = {
        "operators: {keda: existing} (KEDA is the cluster's own; none is installed)": case.spec.operators.keda == "existing",
        "gateway: {} (it counts them)": case.spec.gateway is not None,
        "systems.prometheus: {} (KEDA asks it)": any(s in case.chosen() for s in case.meeting("metrics")),
    }
    return ", ".join(name for name, there in wanted.items() if not there)
