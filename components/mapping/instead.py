"""Keys that a target does not have, and the system that offers the same there."""

from collections.abc import Mapping

OFFERED: Mapping[tuple[str, str], str] = {
    ("kubernetes", "training"): "kubeflow",
    ("kubernetes", "experiments"): "mlflow",
    ("kubernetes", "automl"): "katib",
    ("kubernetes", "modelRegistry"): "mlflow",
    ("kubernetes", "modelMonitoring"): "tfdv",
}
"""(target, key that it lacks) -> its own system for that."""
