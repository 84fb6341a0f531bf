"""What Thanos' rulers evaluate: rules that look back further than Prometheus keeps its samples.

Metric names: NVIDIA dcgm-exporter's etc/default-counters.csv, kube-state-metrics, the kubelet's kubelet_volume_stats_*.
"""

import json
import re

RECORDS = (
    ("mlops:gpu_utilization:avg1d", "avg by (Hostname) (avg_over_time(DCGM_FI_DEV_GPU_UTIL[1d]))"),
    (
        "mlops:cpu_requests:avg1d",
        'sum by (namespace) (avg_over_time(kube_pod_container_resource_requests{resource="cpu"}[1d]))',
    ),
    (
        "mlops:gpu_requests:avg1d",
        'sum by (namespace) (avg_over_time(kube_pod_container_resource_requests{resource="nvidia_com_gpu"}[1d]))',
    ),
)
"""Daily means for the long view: name and PromQL."""


def for_chart(text: str) -> str:
    """The text as the chart takes it: it runs rule files through Helm's templates, so Prometheus' own stand in raw strings."""
    return re.sub(r"{{.*?}}", lambda found: f"{{{{`{found.group()}`}}}}", text)


def rules() -> str:
    """The rule file (JSON is YAML)."""
    volume = {
        "alert": "VolumeFullWithinFourWeeks",
        "expr": "predict_linear(kubelet_volume_stats_available_bytes[14d], 28 * 86400) < 0",
        "for": "6h",
        "labels": {"severity": "warning", "system": "platform"},
        "annotations": {
            "summary": "Volume {{ $labels.persistentvolumeclaim }} of {{ $labels.namespace }} fills up within four weeks"
        },
    }
    idle = {
        "alert": "GpusIdleForAWeek",
        "expr": "avg by (Hostname) (avg_over_time(mlops:gpu_utilization:avg1d[7d])) < 5",
        "for": "1d",
        "labels": {"severity": "warning", "system": "platform"},
        "annotations": {"summary": "GPUs of {{ $labels.Hostname }} were used for {{ $value }} % of the last week"},
    }
    groups = [
        {"name": "mlops.records", "interval": "1h", "rules": [{"record": name, "expr": expr} for name, expr in RECORDS]},
        {"name": "mlops.trends", "interval": "1h", "rules": [volume, idle]},
    ]
    return json.dumps({"groups": groups}, indent=1)
