"""The objects of a stack that is not up: what its program registers, what the lock knows of its charts, what operators make.

Nothing is rendered, no engine and no API server run: the program under mocks, components/kubernetes/sources.lock.json, and the
sandbox's simulated operators over a cluster in memory. What only a run knows is RUNTIME; a chart's own ConfigMaps and variables
have no content, and the values that we give a chart stand beside them as an object of kind ChartValues.
"""

import base64
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cli.wiring.reading import CHART
from cli.wiring.systems import mark
from components.spec.stack import Stack

KUBERNETES = "kubernetes:"
MANY = ("kubernetes:helm.sh", "kubernetes:yaml", "kubernetes:kustomize")
"""Resources that stand for several objects."""
RUNS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "Pod")
ROUNDS = 40
Object = dict[str, Any]


def objects(stack: Stack, beside: Iterable[Object] = ()) -> list[Object]:
    """Every object of the stack, in the order of kind, namespace and name.

    `beside` is what the cluster holds already (a platform under a team): the program may read it, and it is part of the answer.
    Raises whatever the program raises, and KeyError where the lock does not know a chart with the stack's values.
    """
    # needs the SDK and the sandbox, which a look at a live cluster does without
    from sandbox.operators.memory import Memory

    cluster, held = Memory(), list(beside)
    made = [*held, *_registered(stack, held)]
    # the simulated operators say on their log what a cluster would say in events
    log = logging.getLogger("operators")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        # certificates are there before what is given them, as the program's own order has it
        for late in (False, True):
            cluster.put(*(obj for obj in made if _late(obj) is late))
            _up(cluster)
    finally:
        log.setLevel(level)
    found = [obj for kind in cluster.store.kinds() for obj in cluster.store.all(kind)]
    return sorted(found, key=lambda o: (o["kind"], o["metadata"].get("namespace") or "", o["metadata"]["name"]))


def _late(obj: Object) -> bool:
    """Whether it is a custom resource of an operator that may be given certificates."""
    group = str(obj.get("apiVersion")).partition("/")[0]
    return "." in group and not group.endswith(("k8s.io", "cert-manager.io"))


def _up(cluster: Any) -> None:
    """Runs operators and workloads until nothing is left to do."""
    started: set[tuple[str, int]] = set()
    cluster.settle()
    for _ in range(ROUNDS):
        if not _run(cluster, started):
            break
        cluster.settle()


def _run(cluster: Any, started: set[tuple[str, int]]) -> bool:
    """Makes ready what was not started yet, once a generation; False where everything was."""
    known = [((o["metadata"]["uid"], o["metadata"]["generation"]), o) for kind in RUNS for o in cluster.store.all(kind)]
    waiting = [obj for key, obj in known if key not in started]
    started.update(key for key, _ in known)
    for obj in waiting:
        cluster.up(obj["kind"], obj["metadata"].get("namespace") or "", obj["metadata"]["name"])
        if obj["kind"] == "StatefulSet":
            cluster.put(*_pods(obj))
    if waiting:
        cluster.wake_all()
    return bool(waiting)


def _pods(workload: Object) -> Iterator[Object]:
    """Pods that its controller would make: operators count them."""
    at, spec = workload["metadata"], workload["spec"]
    owner = {key: workload[key] for key in ("apiVersion", "kind")} | {"name": at["name"], "uid": at["uid"], "controller": True}
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    for number in range(int(spec.get("replicas", 1))):
        place = {"name": f"{at['name']}-{number}", "namespace": at["namespace"], "labels": labels, "ownerReferences": [owner]}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": place, "spec": spec["template"]["spec"]}


def _registered(stack: Stack, beside: Sequence[Object]) -> Iterator[Object]:
    """What the program makes, its charts' objects and their values."""
    from cli.charts import registrations
    from cli.images import system_of
    from cli.wiring.engine import MAKERS, Engine, known

    engines: list[Engine] = []
    systems = list(stack.spec.chosen())

    def engine(found: list[Any]) -> Engine:
        engines.append(Engine(found, stack.name, beside))
        return engines[-1]

    for request in registrations(stack, monitor=engine):
        system = system_of(request.parent, request.name, systems)
        plain = {key: known(value) for key, value in request.object.fields.items()}
        if request.type in MAKERS:
            yield from (mark(_stored(obj), system) for obj in engines[0].theirs[request.name])
            if plain.get("values"):
                place = {"name": plain.get("name") or request.name, "namespace": plain.get("namespace")}
                yield mark({"apiVersion": "mlops.dev/v1", "kind": CHART, "metadata": place, "values": plain["values"]}, system)
        elif _is_object(request.type) and plain.get("kind") and (plain.get("metadata") or {}).get("name"):
            yield mark(_stored(plain), system)


def _is_object(type_: str) -> bool:
    return type_.startswith(KUBERNETES) and not type_.startswith(MANY)


def _stored(obj: Object) -> Object:
    """The object as an API server keeps it."""
    if obj["kind"] == "Secret" and "stringData" in obj:
        texts = obj.pop("stringData")
        texts = texts if isinstance(texts, Mapping) else {}
        obj["data"] = {**(obj.get("data") or {}), **{k: base64.b64encode(str(v).encode()).decode() for k, v in texts.items()}}
    if obj["kind"] == "Namespace":
        metadata = obj["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    return obj
