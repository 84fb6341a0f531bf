"""What each part of Kubeflow Pipelines may do in its namespace: one ServiceAccount, Role and binding a part."""

from collections.abc import Mapping, Sequence

from pulumi_kubernetes import core, rbac

from components.kubernetes.place import Place

Rules = Sequence[tuple[str, Sequence[str], Sequence[str]]]
"""(API group, resources, verbs) each."""
ALL = ("create", "get", "list", "watch", "update", "patch", "delete")
READ = ("get", "list", "watch")

RULES: Mapping[str, Rules] = {
    "ml-pipeline": (
        ("", ("pods", "pods/log"), ("get", "list", "delete")),
        ("", ("configmaps",), ("get",)),
        ("argoproj.io", ("workflows",), ALL),
        ("kubeflow.org", ("scheduledworkflows",), ("create", "get", "list", "update", "patch", "delete")),
        ("kubeflow.org", ("scheduledworkflows/finalizers",), ("update",)),
    ),
    "ml-pipeline-persistenceagent": (
        ("argoproj.io", ("workflows",), READ),
        ("kubeflow.org", ("scheduledworkflows",), READ),
        ("pipelines.kubeflow.org", ("scheduledworkflows", "workflows"), ("report",)),
        ("pipelines.kubeflow.org", ("runs",), ("reportMetrics", "readArtifact")),
    ),
    "ml-pipeline-scheduledworkflow": (
        ("argoproj.io", ("workflows",), ALL),
        ("kubeflow.org", ("scheduledworkflows", "scheduledworkflows/finalizers"), ALL),
        ("pipelines.kubeflow.org", ("runs",), ("create",)),
        ("", ("events",), ("create", "patch")),
    ),
    "ml-pipeline-ui": (
        ("", ("pods", "pods/log"), ("get",)),
        ("", ("events",), ("list",)),
        ("", ("configmaps",), ("get", "list")),
        ("argoproj.io", ("workflows",), ("get", "list")),
    ),
    # the driver and the launcher of each step, and the executor beside it
    "pipeline-runner": (
        ("", ("secrets",), ("get",)),
        ("", ("configmaps",), READ),
        ("", ("persistentvolumeclaims",), ALL),
        ("", ("pods", "pods/log"), READ),
        ("argoproj.io", ("workflows",), ("get", "list", "watch", "update", "patch")),
        ("argoproj.io", ("workflowtaskresults",), ("create", "patch")),
    ),
}
"""After manifests/kustomize/base/pipeline of kubeflow/pipelines 2.17.0, less what only its first version used and what reaches
everything (the runner's rights to Deployments, Jobs, Services and all of kubeflow.org)."""


def account(name: str, place: Place, part: str) -> rbac.v1.RoleBinding:
    """The ServiceAccount of a part with its rights; steps of pipelines mount its token by themselves."""
    runner = part == "pipeline-runner"
    made = core.v1.ServiceAccount(
        f"{name}-{part}-account", metadata=place.meta(part), automount_service_account_token=runner, opts=place.opts
    )
    role = rbac.v1.Role(
        f"{name}-{part}-role",
        metadata=place.meta(part),
        rules=[rbac.v1.PolicyRuleArgs(api_groups=[g], resources=list(r), verbs=list(v)) for g, r, v in RULES[part]],
        opts=place.opts,
    )
    return rbac.v1.RoleBinding(
        f"{name}-{part}-binding",
        metadata=place.meta(part),
        role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=part),
        subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=part, namespace=place.namespace)],
        opts=place.after(made, role),
    )
