"""No identity may do everything everywhere."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, undecided

TYPES = {"aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy"}
BROAD = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "AmazonSageMakerFullAccess", "AmazonS3FullAccess")
REMEDY = "Name the actions and the resources that the workload needs"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Statements with a wildcard action on every resource, broad managed policies, RBAC wildcards of our own roles."""
    if resource.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
        arn = resource.props.get("policyArn")
        if isinstance(arn, str) and arn.rpartition("/")[2] in BROAD:
            yield Finding("policyArn", f"{arn.rpartition('/')[2]} is broader than any workload needs", REMEDY)
    if resource.type in TYPES:
        document = resource.props.get("policy")
        if document is UNKNOWN:
            yield undecided("policy", REMEDY)
            return
        for index, statement in enumerate(_statements(document)):
            actions, resources = _texts(statement.get("Action")), _texts(statement.get("Resource"))
            if statement.get("Effect") == "Allow" and "*" in resources and any(a == "*" or a.endswith(":*") for a in actions):
                yield Finding(f"policy.Statement[{index}]", f"{', '.join(actions)} on every resource", REMEDY)


def _statements(document: Any) -> list[Mapping[str, Any]]:
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    found = parsed.get("Statement", []) if isinstance(parsed, Mapping) else []
    return [s for s in (found if isinstance(found, list) else [found]) if isinstance(s, Mapping)]


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [v for v in value or () if isinstance(v, str)]


RULE = Rule("no-wildcard-iam", "Identities are limited to what they need.", Level.STANDARD, check)
