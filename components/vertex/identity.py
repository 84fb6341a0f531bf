"""One service account a workload, and the roles that grants bind to it."""

from collections.abc import Mapping

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


def service_agent(domain: str, project: pulumi.Input[str], opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """E-mail of a service agent of Google's in the project (IAM, "Service agents"); the foundation has made it be there."""
    given = opts.providers if isinstance(opts.providers, Mapping) else {}
    found = gcp.organizations.get_project_output(
        project_id=project, opts=pulumi.InvokeOutputOptions(parent=opts.parent, provider=opts.provider or given.get("gcp"))
    )
    return pulumi.Output.format("service-{0}@{1}.iam.gserviceaccount.com", found.number, domain)


def on_project(
    name: str,
    role: pulumi.Input[str],
    email: pulumi.Input[str],
    project: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    *,
    only: tuple[str, pulumi.Input[str]] | None = None,
) -> gcp.projects.IAMMember:
    """A role on the project; `only` = (title, CEL expression) narrows it (IAM, "Overview of IAM Conditions")."""
    condition = gcp.projects.IAMMemberConditionArgs(title=only[0], expression=only[1]) if only else None
    return gcp.projects.IAMMember(name, project=project, role=role, member=member(email), condition=condition, opts=opts)
