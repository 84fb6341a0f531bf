"""One service account a workload, and the roles that grants bind to it."""

import pulumi
import pulumi_gcp as gcp

from components.vertex.names import account_id


def workload_account(
    name: str, id: str, purpose: str, project: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> gcp.serviceaccount.Account:
    """The identity of one workload: no key is ever made of it, the platform it runs on lends it (IAM, "Best practices")."""
    return gcp.serviceaccount.Account(
        name, account_id=account_id(id), display_name=purpose[:100], description=purpose[:256], project=project, opts=opts
    )


def member(email: pulumi.Input[str]) -> pulumi.Output[str]:
    """A service account as IAM members name it."""
    return pulumi.Output.concat("serviceAccount:", email)


def on_project(
    name: str,
    role: str,
    email: pulumi.Input[str],
    project: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    *,
    only: tuple[str, pulumi.Input[str]] | None = None,
) -> gcp.projects.IAMMember:
    """A role on the project; `only` = (title, CEL expression) narrows it (IAM, "Overview of IAM Conditions")."""
    condition = gcp.projects.IAMMemberConditionArgs(title=only[0], expression=only[1]) if only else None
    return gcp.projects.IAMMember(name, project=project, role=role, member=member(email), condition=condition, opts=opts)
