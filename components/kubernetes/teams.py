"""A team's fence on Kubernetes: its namespace with bounds, its deployer, and the document of what it was granted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core, meta, rbac

from components.kubernetes import kueue
from components.kubernetes.gpus import GPU, resource
from components.kubernetes.namespace import TENANT_LABEL, Peers, namespace, network_policy
from components.kubernetes.place import Place
from components.naming import Naming
from components.published import document
from components.spec.stack import Stack
from components.spec.team import Team
from components.system import TeamGrants

DEPLOYER = "mlops-deployer"
TOKEN = "mlops-deployer-token"
"""Secret with the deployer's token, for the team's kubeconfig; handed over by the platform's administrator, published nowhere."""
CONTRACT = "mlops-contract"
DOCUMENT = "contract.json"
"""Key of the document in ConfigMap CONTRACT."""

_READ = ["get", "list", "watch"]
_WRITE = [*_READ, "create", "update", "patch", "delete", "deletecollection"]
RULES: dict[str, dict[str, list[str]]] = {
    "": {
        "configmaps": _WRITE,
        "secrets": _WRITE,
        "services": _WRITE,
        "serviceaccounts": _WRITE,
        "persistentvolumeclaims": _WRITE,
        "pods": _WRITE,
        "pods/log": ["get"],
        "events": _READ,
        "endpoints": _READ,
        "namespaces": ["get"],
        "resourcequotas": _READ,
        "limitranges": _READ,
    },
    "apps": {"deployments": _WRITE, "statefulsets": _WRITE, "replicasets": _READ, "controllerrevisions": _READ},
    "batch": {"jobs": _WRITE, "cronjobs": _WRITE},
    "autoscaling": {"horizontalpodautoscalers": _WRITE},
    "discovery.k8s.io": {"endpointslices": _READ},
    "networking.k8s.io": {"networkpolicies": _WRITE},
    "policy": {"poddisruptionbudgets": _WRITE},
    # the API server lets nobody give away a right that they do not have: no `escalate`, no `bind`
    "rbac.authorization.k8s.io": {"roles": _WRITE, "rolebindings": _WRITE},
    "cert-manager.io": {"certificates": _WRITE, "certificaterequests": _READ},
    "kueue.x-k8s.io": {"localqueues": _READ, "workloads": _READ},
    "monitoring.coreos.com": {"servicemonitors": _WRITE, "podmonitors": _WRITE, "prometheusrules": _WRITE},
}
"""What the deployer may do in its namespace, by API group and resource; what is not here (quota, the namespace's labels,
tokens, exec, anything cluster-wide) it may not."""


@dataclass
class TeamFenceArgs:
    """Arguments of TeamFence."""

    team: str
    labels: dict[str, str]
    """Ownership labels: the team's."""
    cpu: str
    """Cores that all pods of the team may request."""
    memory: str
    """Bytes that they may request."""
    storage: str
    """Bytes of all claims."""
    pods: int
    gpus: int
    callees: list[str]
    """Namespaces of the platform's systems, which the team's pods may reach."""
    callers: list[str]
    """Namespaces that reach the team's pods: monitoring."""
    gpu_resource: str = GPU
    """What a share of a GPU is called."""
    queue: Optional[str] = None
    """ClusterQueue of the team, where the platform has queues."""

    @staticmethod
    def build(stack: Stack, name: str, team: Team, namespaces: list[str]) -> "TeamFenceArgs":
        """From the platform's spec; `namespaces` are those of its systems."""
        quota = team.quota
        return TeamFenceArgs(
            team=name,
            labels=Naming(stack.name, name, stack.spec.environment.value, stack.spec.owner).ownership(),
            cpu=quota.cpu,
            memory=quota.memory,
            storage=quota.storage,
            pods=quota.pods,
            gpus=quota.gpus,
            callees=namespaces,
            callers=[n for n in namespaces if n == "monitoring"],
            gpu_resource=resource(stack.spec.cluster.gpu_sharing),
            queue=kueue.team_queue(name) if stack.spec.systems.cluster is not None else None,
        )


class TeamFence(pulumi.ComponentResource):
    """A team's namespace (its name is the team's) and everything in it that takes an administrator's right.

    Creates the Namespace (Pod Security restricted), a NetworkPolicy, ResourceQuota `mlops-quota`, LimitRange
    `mlops-defaults`, LocalQueue `mlops` where the platform has queues, and ServiceAccount `mlops-deployer` with a token
    Secret and a Role for namespaced deployments.
    Limits: the deployer may add NetworkPolicies, which widen what reaches its own pods, never what they reach elsewhere:
    the platform's namespaces have policies of their own. The token does not expire; deleting its Secret revokes it.
    """

    namespace: pulumi.Output[str]
    deployer: pulumi.Output[str]

    def __init__(self, name: str, args: TeamFenceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:TeamFence", name, None, opts)
        self._name, self._args = name, args
        mine = pulumi.ResourceOptions(parent=self)
        made = namespace(f"{name}-namespace", args.team, {**args.labels, **TENANT_LABEL}, "restricted", mine)
        self.namespace = made.metadata.name.apply(lambda found: found or args.team)
        peers = Peers(callers=args.callers, callees=args.callees, internet=True)
        network_policy(f"{name}-network", self.namespace, args.labels, peers, mine)
        self._bounds(mine)
        if args.queue:
            kueue.local_queue(f"{name}-queue", Place("team", self.namespace, args.labels, mine), args.queue)
        self.deployer = self._deployer(mine)
        self.register_outputs({"namespace": self.namespace, "deployer": self.deployer})

    def _meta(self, name: str, notes: Mapping[str, str] | None = None) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(
            name=name, namespace=self.namespace, labels=self._args.labels, annotations=dict(notes) if notes else None
        )

    def _bounds(self, mine: pulumi.ResourceOptions) -> None:
        args, name = self._args, self._name
        hard: dict[str, str] = {
            "requests.cpu": args.cpu,
            "requests.memory": args.memory,
            "requests.storage": args.storage,
            f"requests.{args.gpu_resource}": str(args.gpus),
            "pods": str(args.pods),
            # endpoints outside the cluster are the platform's decision
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        }
        core.v1.ResourceQuota(
            f"{name}-quota", metadata=self._meta("mlops-quota"), spec=core.v1.ResourceQuotaSpecArgs(hard=hard), opts=mine
        )
        # no default limits: they would make every pod that asks for more than them invalid
        defaults = core.v1.LimitRangeItemArgs(type="Container", default_request={"cpu": "100m", "memory": "256Mi"})
        core.v1.LimitRange(
            f"{name}-limits",
            metadata=self._meta("mlops-defaults"),
            spec=core.v1.LimitRangeSpecArgs(limits=[defaults]),
            opts=mine,
        )

    def _deployer(self, mine: pulumi.ResourceOptions) -> pulumi.Output[str]:
        name = self._name
        account = core.v1.ServiceAccount(
            f"{name}-deployer", metadata=self._meta(DEPLOYER), automount_service_account_token=False, opts=mine
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[account])
        core.v1.Secret(
            f"{name}-deployer-token",
            metadata=self._meta(TOKEN, {"kubernetes.io/service-account.name": DEPLOYER}),
            type="kubernetes.io/service-account-token",
            opts=after,
        )
        rules = [
            rbac.v1.PolicyRuleArgs(api_groups=[group], resources=[resource], verbs=verbs)
            for group, resources in RULES.items()
            for resource, verbs in resources.items()
        ]
        role = rbac.v1.Role(f"{name}-deployer-role", metadata=self._meta(DEPLOYER), rules=rules, opts=mine)
        rbac.v1.RoleBinding(
            f"{name}-deployer-binding",
            metadata=self._meta(DEPLOYER),
            role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=DEPLOYER),
            subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=DEPLOYER, namespace=self.namespace)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, role]),
        )
        return pulumi.Output.concat("system:serviceaccount:", self.namespace, f":{DEPLOYER}")


def publish(
    name: str, platform: str, team: str, fence: TeamFence, met: Mapping[type, Any], grants: TeamGrants
) -> core.v1.ConfigMap:
    """ConfigMap `mlops-contract` in the team's namespace: what it was granted, names and addresses only."""
    given: dict[str, Mapping[str, Any]] = {"databases": grants.databases, "buckets": grants.buckets, "brokers": grants.brokers}
    return core.v1.ConfigMap(
        f"{name}-contract",
        metadata=meta.v1.ObjectMetaArgs(name=CONTRACT, namespace=fence.namespace),
        data={DOCUMENT: document(platform, team, met, given, {})},
        # the fence is among what the grants wait for, and the document is one of the fence's own children
        opts=pulumi.ResourceOptions(parent=fence, depends_on=[r for r in grants.ready if r is not fence]),
    )
