"""`mlops lineage`: the steps of a stack's lineage job, the connection that each relies on, and its launch."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from cli.errors import UserError
from cli.tables import note, show
from cli.wiring.records import Connection, Wiring
from components.mapping.lineage import STEPS

NAME = "lineage"
Object = Mapping[str, Any]


def lineage(stack: str, submit: bool, form: str) -> None:
    """Print the steps, or run the job once. UserError where the stack has none, or is not up and is to run it."""
    from cli.wiring.check import check
    from cli.wiring.stack import of_stack

    if form not in ("table", "json"):
        raise UserError(f"--format {form}: expected table or json")
    objects, source = of_stack(stack)
    cron = template(objects)
    if cron is None:
        raise UserError(f"stack {stack} has no lineage job; add mlops:spec.lineage: {{}}")
    wiring = check(objects)
    problems = [str(problem) for problem in wiring.problems if problem.at.namespace == NAME]
    if submit:
        if source != "live objects":
            raise UserError(f"stack {stack} is not up: `pulumi up --stack {stack}` first", code=1)
        if problems:
            raise UserError(f"its wiring dangles, so it is not run: {'; '.join(problems)}", code=1)
        name = create(stack, run_of(cron, datetime.now(UTC)))
        note(f"Job {NAME}/{name} is made; kubectl -n {NAME} get pods -l batch.kubernetes.io/job-name={name} shows its steps")
        return
    listed = list(rows(cron, wiring))
    found = [{"step": key, "what": what, "relies": lines} for key, what, lines in listed]
    if form == "json":
        print(json.dumps({"source": source, "steps": found, "problems": problems}, indent=2))
        return
    note(f"({source})")
    show(
        ("step", "what", "relies on"), ([key, what, "; ".join(lines) or "what former steps left"] for key, what, lines in listed)
    )
    for problem in problems:
        note(f"DANGLES {problem}", "red")


def template(objects: list[dict[str, Any]]) -> Object | None:
    """The CronJob that runs are made of."""
    own = (o for o in objects if o["kind"] == "CronJob" and o["metadata"]["name"] == NAME)
    return next((o for o in own if o["metadata"].get("namespace") == NAME), None)


def rows(cron: Object, wiring: Wiring) -> Iterator[tuple[str, str, list[str]]]:
    """(step, what it does, the connections that its container is told of)."""
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    own = [c for c in wiring.connections if c.consumer.namespace == NAME and c.consumer.name == NAME]
    texts = {step.key: step.what for step in STEPS}
    for container in (*(pod.get("initContainers") or ()), *pod["containers"]):
        said = {f"env {variable['name']}" for variable in container.get("env") or ()}
        mounts = tuple(f"volume {mount['name']}," for mount in container.get("volumeMounts") or ())
        mine = [c for c in own if c.where in said or (c.where.startswith(mounts) and not c.where.startswith("volume scripts,"))]
        yield container["name"], texts.get(container["name"], ""), list(dict.fromkeys(map(text, mine)))


def text(connection: Connection) -> str:
    """A connection in a few words."""
    c = connection
    parts = [f"{c.target.namespace}/{c.target.name}" + (f":{c.port}" if c.port else "")]
    parts += ["TLS" + (f" by {c.trust}" if c.trust else "")] if c.tls else []
    parts += [f"Secret {', '.join(c.secrets)}"] if c.secrets else []
    return ", ".join(parts)


def run_of(cron: Object, now: datetime) -> dict[str, Any]:
    """The Job of one run, as `kubectl create job --from=cronjob/lineage` makes it."""
    at, job = cron["metadata"], cron["spec"]["jobTemplate"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": at["name"], "uid": at.get("uid", ""), "controller": True}
    metadata = {
        "name": f"{NAME}-{now:%Y%m%d-%H%M%S}",
        "namespace": at["namespace"],
        "labels": dict((job.get("metadata") or {}).get("labels") or {}),
        "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
        "ownerReferences": [owner],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job["spec"]}


def create(stack: str, job: Mapping[str, Any]) -> str:
    """Makes the Job in the stack's cluster; returns its name."""
    from cli.engine import environment, exported, outputs
    from cli.live import Cluster
    from cli.status import context, read_state

    state = read_state(stack, exported(stack).get("resources") or [], outputs(stack))
    return Cluster.connect(environment(), context(state)).create(job)
