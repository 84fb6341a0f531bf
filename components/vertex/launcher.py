"""What is started later: a request kept as a workflow that anybody with the right may run, and a schedule that runs it."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.naming import fit
from components.vertex.identity import member, on_project, workload_account
from components.vertex.jobs import VertexGround
from components.vertex.names import dns

INVOKE = "roles/workflows.invoker"
MOST = 100
"""A workflow waits for a long-running operation for so many turns of 30 seconds."""


@dataclass(frozen=True)
class Launcher:
    """A workflow that stands: `name` is run by `gcloud workflows run <name> --location <region> --data '{…}'`."""

    name: pulumi.Output[str]
    account: pulumi.Output[str]
    """E-mail of the account that it runs as."""
    resource: gcp.workflows.Workflow


def post(url: pulumi.Input[str], body: Mapping[str, Any], result: str = "made") -> dict[str, Any]:
    """One authorized POST; texts such as "${job.image}" are what the launch said."""
    asked = {"url": url, "auth": {"type": "OAuth2"}, "body": dict(body)}
    return {result: {"call": "http.post", "args": asked, "result": result}}


def waited(host: str, result: str = "made") -> list[dict[str, Any]]:
    """Steps until the long-running operation that `result` holds has ended; `host` is where operations are asked for."""
    look = {"url": f'${{"{host}" + {result}.body.name}}', "auth": {"type": "OAuth2"}}
    done = f'${{default(map.get({result}.body, "done"), false)}}'
    after = f"after_{result}"
    return [
        {f"turns_{result}": {"assign": [{"turn": 0}]}},
        {f"look_{result}": {"switch": [{"condition": done, "next": after}], "next": f"sleep_{result}"}},
        {f"sleep_{result}": {"call": "sys.sleep", "args": {"seconds": 30}}},
        {f"ask_{result}": {"call": "http.get", "args": look, "result": result}},
        {
            f"count_{result}": {
                "switch": [{"condition": f"${{turn > {MOST}}}", "raise": "the operation has not ended in time"}],
                "next": f"turn_{result}",
            }
        },
        {f"turn_{result}": {"assign": [{"turn": "${turn + 1}"}], "next": f"look_{result}"}},
        {
            after: {
                "switch": [{"condition": f'${{map.get({result}.body, "error") != null}}', "raise": f"${{{result}.body.error}}"}],
                "next": f"held_{result}",
            }
        },
        {f"held_{result}": {"assign": [{f"{result}_response": f'${{map.get({result}.body, "response")}}'}]}},
    ]


def source(given: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], answer: str = "${made.body}") -> pulumi.Output[str]:
    """A workflow (JSON): what the launch says is laid over `given` as `job`, then the steps.

    Source: Workflows syntax reference, "Expressions", and standard library, map.merge and http.
    """
    begin = [
        {"given": {"assign": [{"nothing": {}}, {"given": dict(given)}]}},
        {"merge": {"assign": [{"job": "${map.merge(given, default(args, nothing))}"}]}},
    ]
    main = {"params": ["args"], "steps": [*begin, *steps, {"end": {"return": answer}}]}
    return pulumi.Output.json_dumps({"main": main}, sort_keys=True)


def launcher(
    name: str,
    noun: str,
    place: VertexGround,
    workflow: pulumi.Input[str],
    roles: Sequence[str],
    opts: pulumi.ResourceOptions,
    *,
    acts: bool = True,
) -> Launcher:
    """Workflow `<stack>-<noun>`, encrypted and logged, as an account of its own with `roles` on the project.

    With `acts` it may hand the ground's account, and no other, to what it starts. Nothing runs before it is launched.
    Source: Workflows, "Grant a workflow permission to access Google Cloud resources", "Use customer-managed encryption keys".
    """
    stem = dns(f"{place.stack}-{noun}", 64)
    account = workload_account(f"{name}-launch", f"{stem}-launch", f"Launches {noun} of {place.stack}", place.project, opts)
    rights: list[pulumi.Resource] = [
        on_project(f"{name}-launch-{role.rpartition('/')[2].replace('.', '-')}", role, account.email, place.project, opts)
        for role in ("roles/logging.logWriter", *roles)
    ]
    if acts:
        rights.append(
            gcp.serviceaccount.IAMMember(
                f"{name}-launch-as",
                service_account_id=place.account_name,
                role="roles/iam.serviceAccountUser",
                member=member(account.email),
                opts=opts,
            )
        )
    made = gcp.workflows.Workflow(
        f"{name}-template",
        name=stem,
        project=place.project,
        region=place.region,
        description=f"Launches {noun}; every argument has a default",
        service_account=account.email,
        crypto_key_name=place.kms_key,
        call_log_level="LOG_ERRORS_ONLY",
        deletion_protection=False,
        source_contents=workflow,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=rights)),
    )
    return Launcher(made.name, account.email, made)


def schedules(
    name: str, noun: str, place: VertexGround, made: Launcher, runs: Mapping[str, tuple[str, Any]], opts: pulumi.ResourceOptions
) -> None:
    """A cloudscheduler.Job a run: key -> (cron expression, UTC; the launch's arguments), as an account that may run workflows.

    The account may run workflows and do nothing else; IAM's conditions know no workflow, so it is any of the project. Source:
    Workflows, "Schedule a workflow using Cloud Scheduler"; IAM, "Resource attributes for conditions".
    """
    if not runs:
        return
    stem = f"{place.stack}-{noun}"
    account = workload_account(f"{name}-clock", f"{stem}-clock", f"Runs {noun} of {place.stack} in time", place.project, opts)
    path = pulumi.Output.format("projects/{0}/locations/{1}/workflows/{2}", place.project, place.region, made.name)
    may = on_project(f"{name}-clock", INVOKE, account.email, place.project, opts)
    for key, (cron, argument) in sorted(runs.items()):
        body = pulumi.Output.json_dumps({"argument": json.dumps(argument, sort_keys=True)})
        gcp.cloudscheduler.Job(
            f"{name}-schedule-{key}",
            name=fit(f"{stem}-{key}", 500),
            project=place.project,
            region=place.region,
            description=f"{noun}: {key}",
            schedule=cron,
            time_zone="Etc/UTC",
            attempt_deadline="180s",
            retry_config=gcp.cloudscheduler.JobRetryConfigArgs(retry_count=2),
            http_target=gcp.cloudscheduler.JobHttpTargetArgs(
                uri=pulumi.Output.concat("https://workflowexecutions.googleapis.com/v1/", path, "/executions"),
                http_method="POST",
                headers={"Content-Type": "application/json"},
                body=body.apply(encoded),
                oauth_token=gcp.cloudscheduler.JobHttpTargetOauthTokenArgs(service_account_email=account.email),
            ),
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[may])),
        )


def encoded(text: str) -> str:
    """A body as the Cloud Scheduler API wants it: base64."""
    return base64.b64encode(text.encode()).decode()
