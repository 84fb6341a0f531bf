"""No identity may do everything everywhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies import azure, google
from policies.documents import everybody, narrowed, statements, texts
from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, items, undecided

TYPES = {
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
}
ROLE = "aws:iam/role:Role"
BROAD = {
    "AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "AmazonSageMakerFullAccess", "AmazonS3FullAccess",
    "AmazonRDSFullAccess", "AmazonMSKFullAccess", "AmazonEC2FullAccess", "AWSKeyManagementServicePowerUser",
    "SecretsManagerReadWrite",
}  # fmt: skip
"""AWS-managed policies that reach across the account."""
ESCALATING = {"iam:passrole", "sts:assumerole"}
"""Actions that lend another identity's rights: on every resource they are all rights."""
EVERYONE = {"system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts"}
RBAC = "kubernetes:rbac.authorization.k8s.io/"
REMEDY = "Name the actions and the resources that the workload needs"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Wildcards in IAM policies, broad managed policies, who may take a role; wildcards and bindings of RBAC; Azure's roles."""
    if resource.type.startswith("aws:iam/"):
        for path, arn in _attached(resource):
            if arn is UNKNOWN:
                yield undecided(path, REMEDY)
            elif isinstance(arn, str) and arn.rpartition("/")[2] in BROAD:
                yield Finding(path, f"{arn.rpartition('/')[2]} is broader than any workload needs", REMEDY)
    if resource.type in TYPES:
        yield from _document("policy", resource.props.get("policy"))
    if resource.type == ROLE:
        for index, inline in enumerate(items(resource.props.get("inlinePolicies"))):
            yield from _document(f"inlinePolicies[{index}].policy", at(inline, "policy"))
        yield from _trust(resource.props.get("assumeRolePolicy"))
    if resource.type.startswith(RBAC):
        yield from _rbac(resource)
    yield from google.broad(resource, REMEDY)
    yield from azure.broad_role(resource, REMEDY)


def _attached(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Managed policies by ARN; one of our own is unknown in preview and judged as a resource of its own."""
    if resource.type.endswith("PolicyAttachment") and resource.props.get("policyArn") is not UNKNOWN:
        yield "policyArn", resource.props.get("policyArn")
    for key in ("managedPolicyArns", "managedPolicyArn"):
        for index, arn in enumerate(items(resource.props.get(key))):
            if arn is not UNKNOWN:
                yield f"{key}[{index}]", arn


def _document(path: str, document: Any) -> Iterator[Finding]:
    if document is UNKNOWN:
        yield undecided(path, REMEDY)
        return
    found = statements(document)
    if found is None and document is not None:
        yield Finding(path, "is not a policy document", REMEDY)
    for index, statement in enumerate(found or ()):
        if statement.get("Effect") == "Allow" and (problem := _too_much(statement)):
            yield Finding(f"{path}.Statement[{index}]", problem, REMEDY)


def _too_much(statement: Mapping[str, Any]) -> str:
    """What is wrong with a statement that allows; empty where nothing is."""
    actions = [a.lower() for a in texts(statement.get("Action"))]
    anywhere = "NotResource" in statement or any(_anything(r) for r in texts(statement.get("Resource")))
    if "NotAction" in statement:
        return "everything but a few actions (NotAction)"
    if "*" in actions or "*:*" in actions:
        return "every action"
    wild = [a for a in actions if a.endswith(":*") or a in ESCALATING]
    if anywhere and wild and not narrowed(statement.get("Condition")) and not _passed_to(statement):
        return f"{', '.join(wild)} on every resource"
    return ""


def _anything(resource: str) -> bool:
    """ "*", and an ARN that names no account's thing in particular ("arn:aws:s3:::*")."""
    return not resource.rpartition(":")[2].strip("*/")


def _passed_to(statement: Mapping[str, Any]) -> bool:
    return any("iam:passedtoservice" in {str(k).lower() for k in t} for t in _tests(statement.get("Condition")))


def _tests(condition: Any) -> list[Mapping[str, Any]]:
    return [t for t in condition.values() if isinstance(t, Mapping)] if isinstance(condition, Mapping) else []


def _trust(document: Any) -> Iterator[Finding]:
    if document is UNKNOWN:
        yield undecided("assumeRolePolicy", REMEDY)
        return
    for index, statement in enumerate(statements(document) or ()):
        if statement.get("Effect") == "Allow" and everybody(statement) and not narrowed(statement.get("Condition")):
            yield Finding(f"assumeRolePolicy.Statement[{index}]", "anybody may take this role", REMEDY)


def _rbac(resource: Resource) -> Iterator[Finding]:
    if resource.kind in ("Role", "ClusterRole"):
        rules = resource.props.get("rules")
        for index, rule in enumerate(items(rules)):
            if rule is UNKNOWN:
                yield undecided("rules", REMEDY)
            elif isinstance(rule, Mapping):
                yield from _rbac_rule(f"rules[{index}]", rule, resource.kind)
        return
    role, subjects = at(resource.props, "roleRef.name"), items(resource.props.get("subjects"))
    if role is UNKNOWN or UNKNOWN in subjects:
        yield undecided("roleRef.name" if role is UNKNOWN else "subjects", REMEDY)
    if role == "cluster-admin":
        yield Finding("roleRef.name", "cluster-admin may do everything in the cluster", REMEDY)
    for index, subject in enumerate(subjects):
        if at(subject, "name") in EVERYONE:
            yield Finding(f"subjects[{index}]", f"{at(subject, 'name')} is everybody", REMEDY)


def _rbac_rule(path: str, rule: Mapping[str, Any], kind: str) -> Iterator[Finding]:
    groups, resources, verbs = (texts(rule.get(key)) for key in ("apiGroups", "resources", "verbs"))
    if any(UNKNOWN in items(rule.get(key)) for key in ("apiGroups", "resources", "verbs")):
        yield undecided(path, REMEDY)
    if "*" in verbs and "*" in resources and ("*" in groups or "" in groups):
        yield Finding(path, "every verb on every resource", REMEDY)
    elif {"escalate", "bind", "impersonate"} & set(verbs):
        yield Finding(path, f"{', '.join(sorted({'escalate', 'bind', 'impersonate'} & set(verbs)))} lends any right", REMEDY)
    elif kind == "ClusterRole" and "*" in verbs and "" in groups and {"secrets", "*"} & set(resources):
        yield Finding(path, "every verb on all Secrets of the cluster", REMEDY)


RULE = Rule("no-wildcard-iam", "Identities are limited to what they need.", Level.STANDARD, check)
