"""Who may do what with Argo's objects in one namespace: the controller, the pods of workflows, and clients outside."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes import core, meta, rbac

from components.contracts import BucketAccess, DatabaseAccess
from components.kubernetes import objects
from components.kubernetes.argo_config import ACCOUNT
from components.kubernetes.place import Place

CONTROLLER = "argo-workflow-controller"
"""ServiceAccount that the chart makes for the controller (release argo)."""
CLIENT = "argo-client"
TRUST = "argo-artifacts-trust"
WRITTEN = ("workflows", "workflowtemplates", "cronworkflows")


def bind(name: str, place: Place, part: str, rules: Sequence[rbac.v1.PolicyRuleArgs], account: str) -> rbac.v1.RoleBinding:
    """Role `argo-<part>` and its binding to a ServiceAccount of the namespace."""
    object_name = f"argo-{part}"
    role = rbac.v1.Role(f"{name}-{part}-role", metadata=place.meta(object_name), rules=list(rules), opts=place.opts)
    return rbac.v1.RoleBinding(
        f"{name}-{part}-binding",
        metadata=place.meta(object_name),
        role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=object_name),
        subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=account, namespace=place.namespace)],
        opts=place.after(role),
    )


def database(name: str, place: Place, access: DatabaseAccess) -> rbac.v1.RoleBinding:
    """The controller reads its database's Secret by itself; it has no right to any other."""
    names = [access.secret] if access.secret is not None else []
    rule = rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["secrets"], verbs=["get"], resource_names=names)
    return bind(name, place, "database", [rule] if names else [], CONTROLLER)


def executor(name: str, place: Place) -> rbac.v1.RoleBinding:
    """The account of workflow pods: it reports results and, for the clean-up of artifacts, what was deleted."""
    account = core.v1.ServiceAccount(
        f"{name}-workflow",
        metadata=place.meta(ACCOUNT),
        # the executor beside each step reports to the API server
        automount_service_account_token=True,
        opts=place.opts,
    )
    tasks = "workflowartifactgctasks"
    rights = (("workflowtaskresults", ["create", "patch"]), (tasks, ["list", "watch"]), (f"{tasks}/status", ["patch"]))
    rules = [rbac.v1.PolicyRuleArgs(api_groups=["argoproj.io"], resources=[kind], verbs=verbs) for kind, verbs in rights]
    after = Place(place.system, place.namespace, place.labels, place.after(account), place.mirror)
    return bind(name, after, "executor", rules, ACCOUNT)


def client(name: str, place: Place) -> core.v1.Secret:
    """Who runs workflows from outside: an account, its rights, and a token that stands until its Secret is deleted."""
    account = objects.service_account(f"{name}-client", place, object_name=CLIENT)
    verbs = ["create", "get", "list", "watch", "update", "patch", "delete"]
    rules = [
        rbac.v1.PolicyRuleArgs(api_groups=["argoproj.io"], resources=list(WRITTEN), verbs=verbs),
        rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["pods", "pods/log"], verbs=["get", "list", "watch"]),
        rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["events"], verbs=["list", "watch"]),
    ]
    bind(name, place, "client", rules, CLIENT)
    return core.v1.Secret(
        f"{name}-client-token",
        metadata=meta.v1.ObjectMetaArgs(
            name=f"{CLIENT}-token",
            namespace=place.namespace,
            labels=dict(place.labels),
            annotations={"kubernetes.io/service-account.name": CLIENT},
        ),
        type="kubernetes.io/service-account-token",
        opts=place.after(account),
    )


def trust(
    name: str, place: Place, access: BucketAccess, issuer: str | None, bundle: str | None
) -> tuple[pulumi.Input[str] | None, list[pulumi.Resource]]:
    """The Secret with the object store's CA in key ca.crt, for Argo takes a CA from a Secret and the bundle is a ConfigMap.

    Where the platform's issuer signed for the store, a Certificate's Secret is that (of it, only ca.crt is used). A store with
    another private CA has it beside it in a Secret named as its ConfigMap.
    """
    ca = access.ca_config_map
    if issuer is None or ca is None or ca != bundle:
        return ca, []
    host = pulumi.Output.concat("argo-artifacts.", place.namespace, ".svc")
    made = objects.certificate(f"{name}-trust", place, issuer=issuer, names=[host], secret_name=TRUST, object_name=TRUST)
    return TRUST, [made]
