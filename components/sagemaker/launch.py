"""What is started later: a request kept as a parameter that anybody may launch, and a schedule that launches it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.naming import LIMITS, fit
from components.sagemaker.identity import allow, attach, workload_role

RUN_ID = "<aws.scheduler.execution-id>"
"""Replaced at each run: EventBridge Scheduler user guide, "Adding context attributes"."""
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def schedule_expression(cron: str) -> str:
    """A cron expression of five fields as EventBridge Scheduler writes it: `cron(minutes hours day month weekday year)`.

    One of day and weekday has to be "?"; weekdays are named, for AWS counts them from 1 and cron from 0. RunError where a
    day and a weekday are both given, which AWS cannot say. Source: EventBridge Scheduler user guide, "Schedule types".
    """
    minute, hour, day, month, weekday = cron.split()
    if day != "*" and weekday != "*":
        raise pulumi.RunError(f'schedule "{cron}": AWS takes a day of the month or a weekday, not both; make it two entries')
    named = "".join(_DAYS[int(c)] if c.isdigit() and int(c) < 8 else c for c in weekday)
    if weekday == "*":
        return f"cron({minute} {hour} {day} {month} ? *)"
    return f"cron({minute} {hour} ? {month} {named} *)"


def capitals(value: Any) -> Any:
    """A request of a service whose members begin with small letters, as SDK integrations of AWS spell it."""
    if isinstance(value, Mapping):
        return {f"{key[:1].upper()}{key[1:]}": capitals(item) for key, item in value.items()}
    return [capitals(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Launcher:
    """How the requests of one system are launched."""

    stem: str
    """Beginning of names: `<stack>-<system>`."""
    account_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key that encrypts schedules."""
    opts: pulumi.ResourceOptions

    def template(self, name: str, key: str, request: Mapping[str, Any], what: str) -> aws.ssm.Parameter:
        """The request (JSON) as SSM parameter `/mlops/<stem>/<key>`: `--cli-input-json` of the AWS CLI takes it as it is."""
        return aws.ssm.Parameter(
            name,
            name=f"/mlops/{self.stem}/{key}",
            type="String",
            tier="Intelligent-Tiering",
            description=what,
            value=pulumi.Output.json_dumps(dict(request), sort_keys=True),
            opts=self.opts,
        )

    def role(self, name: str, statements: Sequence[Any]) -> tuple[pulumi.Output[str], pulumi.Resource]:
        """(ARN, policy) of the role by which schedules launch: `statements`, and the key that encrypts them."""
        role = workload_role(
            f"{name}-launcher",
            fit(f"{self.stem}-launcher", LIMITS["iam-role"]),
            "scheduler.amazonaws.com",
            self.account_id,
            self.opts,
        )
        decrypt = allow(["kms:Decrypt"], [self.kms_key])
        return role.arn, attach(f"{name}-launcher", role.name, [*statements, decrypt], self.opts)

    def schedule(
        self, name: str, key: str, cron: str, action: str, request: Mapping[str, Any], role: tuple[Any, pulumi.Resource]
    ) -> aws.scheduler.Schedule:
        """Calls `action` ("emrserverless:startJobRun") with the request at each time of `cron`, UTC."""
        return aws.scheduler.Schedule(
            name,
            name=fit(f"{self.stem}-{key}", 64),
            description=f"Launches {key}",
            schedule_expression=schedule_expression(cron),
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            kms_key_arn=self.kms_key,
            target=aws.scheduler.ScheduleTargetArgs(
                arn=f"arn:aws:scheduler:::aws-sdk:{action}",
                role_arn=role[0],
                input=pulumi.Output.json_dumps(dict(request), sort_keys=True),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=2
                ),
            ),
            opts=pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=[role[1]])),
        )
