"""The steps of the lineage job: what each relies on, by contract, and whose results it takes. Plain text, like the mapping."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

CONTRACTS = (
    *("broker", "batchCompute", "objectStore", "featureStore", "tuning", "database", "tracking", "serving", "metrics"),
    *("imageRegistry", "certificates"),
)
"""All that the job may use, by their keys in stack files."""


@dataclass(frozen=True)
class Step:
    """One step: it is part of a job where the stack has every contract (and the system) that it relies on."""

    key: str
    contracts: tuple[str, ...]
    what: str
    takes: tuple[str, ...] = ()
    """Former steps whose results it takes; the first of them that the job has."""
    system: str = ""
    """A system that it relies on and that offers no contract."""

    def relies_on(self) -> tuple[str, ...]:
        """Contracts and system."""
        return (*self.contracts, *([self.system] if self.system else []))


STEPS: tuple[Step, ...] = (
    Step("produce", ("broker",), "writes records to a topic"),
    Step("consume", ("broker",), "reads them back in a group of its own, and holds them against what was written", ("produce",)),
    Step(
        "process",
        ("batchCompute", "broker", "objectStore"),
        "has a batch job read the topic and write what it finds to the bucket",
        ("produce",),
    ),
    Step(
        "store",
        ("objectStore",),
        "writes the records to the bucket, reads them and the batch job's back, and compares",
        ("process", "consume"),
    ),
    Step("version", ("objectStore",), "puts them under DVC: push, forget, pull", ("store",), "dvc"),
    Step("materialise", ("featureStore",), "has the feature store materialise up to now"),
    Step("train", ("tuning", "database"), "fits them in a study of its own, and reads its trials back", ("store", "consume")),
    Step(
        "track",
        ("tracking",),
        "logs the fit with its error and the data's pointer as a run, and reads the run back",
        ("train", "version", "store"),
    ),
    Step("serve", ("serving",), "asks the serving system for a prediction, or whether it answers", ("train",)),
    Step("observe", ("metrics",), "shows a metric of this run until it comes back from a query"),
)
"""In the order that they run."""


def steps(met: Collection[str], systems: Collection[str]) -> tuple[Step, ...]:
    """The steps of a job where these contracts are met and these systems chosen."""
    return tuple(step for step in STEPS if set(step.contracts) <= set(met) and (not step.system or step.system in systems))


def lacking(met: Collection[str], systems: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """The steps that are left out, each with what it lacks."""
    there = set(met) | set(systems)
    return {
        step.key: tuple(name for name in step.relies_on() if name not in there)
        for step in STEPS
        if not set(step.relies_on()) <= there
    }


def takes(step: Step, job: Sequence[Step]) -> str:
    """The step of the job whose results this one takes; "" where it makes its own."""
    keys = {each.key for each in job}
    return next((key for key in step.takes if key in keys), "")
