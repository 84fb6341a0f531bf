"""Typed configuration of the systems that only the managed targets have."""

from typing import Annotated

from pydantic import Field

from components.spec.base import Model, Name, System

AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
"""An AWS account's number."""


class ModelRegistry(System):
    """Registry of model versions: SageMaker model package groups on AWS."""

    groups: list[Name] = Field(default=["models"], min_length=1, description="Groups, each the versions of one model.")
    readers: list[AccountId] = Field(
        default_factory=list, description="Other AWS accounts that may read and deploy versions (SageMaker only)."
    )


class MonitoredModel(Model):
    """Data quality of one served model, checked on a schedule over what its endpoint captured."""

    schedule: str = Field(
        default="cron(0 * ? * * *)",
        pattern=r"^cron\(0 [\d*/]+ \? \* \* \*\)$",
        description="SageMaker's cron expression: every hour, or every so many: cron(0 */6 ? * * *).",
    )
    baseline: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        description="Prefix in bucket `monitoring` with the statistics.json and constraints.json that a launched baseline left; "
        "without it statistics alone are made.",
    )
    instance_type: str = Field(default="ml.m5.xlarge", pattern=r"^ml\.", description="Instance type of the check.")


class ModelMonitoring(System):
    """Checks of what served models are asked: SageMaker Model Monitor on AWS."""

    endpoints: dict[Name, MonitoredModel] = Field(
        default_factory=dict,
        description="Models of the stack's first serving system, or of the one that `uses.serving` names, by their name there.",
    )
