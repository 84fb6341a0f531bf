"""The collector of logs on every node: Grafana Alloy, which reads the files of the node's containers."""

from typing import Any

from components.kubernetes import chart
from components.kubernetes.place import NODE_AGENTS, Compute

CHART = chart.Pin("alloy", "1.11.1", "https://grafana.github.io/helm-charts", checked="2026-11-23")
PODS = "/var/log/pods"
POSITIONS = "/var/lib/mlops-alloy"
"""On the node: how far each file was read, so that a new pod of the collector does not send everything again."""
OWN = "platform"
"""Tenant of the namespaces that belong to no team."""

LABELS = {
    "namespace": "__meta_kubernetes_namespace",
    "pod": "__meta_kubernetes_pod_name",
    "container": "__meta_kubernetes_pod_container_name",
    "app": "__meta_kubernetes_pod_label_app_kubernetes_io_name",
    "component": "__meta_kubernetes_pod_label_app_kubernetes_io_component",
    # what runs and what serves a model, by the labels that its controller puts on the pods
    "job": "__meta_kubernetes_pod_label_batch_kubernetes_io_job_name",
    "raycluster": "__meta_kubernetes_pod_label_ray_io_cluster",
    "inferenceservice": "__meta_kubernetes_pod_label_serving_kserve_io_inferenceservice",
}
"""Label of a line -> where it comes from."""

_TEAM = "__meta_kubernetes_namespace_label_mlops_dev_team"
_PATH = '["__meta_kubernetes_pod_uid", "__meta_kubernetes_pod_container_name"]'


def configuration(push_url: str) -> str:
    """The collector's own language. A line's tenant is the team of its namespace (label mlops.dev/team)."""
    rules = [
        f'  rule {{\n    source_labels = ["{source}"]\n    target_label  = "{label}"\n  }}' for label, source in LABELS.items()
    ]
    return "\n".join(
        [
            'discovery.kubernetes "pods" {\n  role = "pod"',
            '  selectors {\n    role  = "pod"\n    field = "spec.nodeName=" + sys.env("K8S_NODE_NAME")\n  }',
            "  attach_metadata {\n    namespace = true\n  }\n}\n",
            'discovery.relabel "pods" {\n  targets = discovery.kubernetes.pods.targets',
            *rules,
            f'  rule {{\n    target_label = "team"\n    replacement  = "{OWN}"\n  }}',
            f'  rule {{\n    source_labels = ["{_TEAM}"]\n    regex         = "(.+)"\n    target_label  = "team"\n  }}',
            f'  rule {{\n    source_labels = {_PATH}\n    separator     = "/"\n    target_label  = "__path__"',
            f'    replacement   = "{PODS}/*$1/*.log"\n  }}\n}}\n',
            'local.file_match "pods" {\n  path_targets = discovery.relabel.pods.output\n}\n',
            'loki.source.file "pods" {\n  targets    = local.file_match.pods.targets',
            "  forward_to = [loki.process.pods.receiver]\n}\n",
            'loki.process "pods" {\n  stage.cri { }\n  stage.label_drop {\n    values = ["filename"]\n  }',
            '  stage.tenant {\n    label = "team"\n  }\n  forward_to = [loki.write.loki.receiver]\n}\n',
            f'loki.write "loki" {{\n  endpoint {{\n    url = "{push_url}"\n  }}\n}}\n',
        ]
    )


def chart_values(push_url: str, compute: Compute, monitored: bool, mirror: str | None) -> dict[str, Any]:
    """Values of the chart, plain."""
    mounts = [{"name": "positions", "mountPath": POSITIONS}, {"name": "tmp", "mountPath": "/tmp"}]
    extra = [
        {"name": "positions", "hostPath": {"path": POSITIONS, "type": "DirectoryOrCreate"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    return {
        "global": {
            **({"image": {"registry": mirror}} if mirror else {}),
            "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        },
        # PodLogs are none of our kinds
        "crds": {"create": False},
        # the pods' own annotation restarts them when the configuration changes
        "configReloader": {"enabled": False},
        "alloy": {
            "configMap": {"content": configuration(push_url)},
            "storagePath": POSITIONS,
            "enableReporting": False,
            "mounts": {"varlog": True, "extra": mounts},
            "resources": compute.spec(),
            "livenessProbe": {"httpGet": {"path": "/-/ready", "port": 12345}, "periodSeconds": 30, "failureThreshold": 10},
            # container runtimes write log files as root, readable by nobody else
            "securityContext": {
                "runAsUser": 0,
                "runAsGroup": 0,
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        },
        # GPU nodes are tainted and have the training jobs
        "controller": {
            "type": "daemonset",
            "priorityClassName": NODE_AGENTS,
            "tolerations": [{"operator": "Exists"}],
            "volumes": {"extra": extra},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "20%"}},
        },
        # pods and the labels of their namespaces: no Secrets, no ConfigMaps; both lists must have an entry (rbac.yaml)
        "rbac": {
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}],
            "clusterRules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]}],
        },
        "serviceMonitor": {"enabled": monitored, "interval": "30s"},
    }
