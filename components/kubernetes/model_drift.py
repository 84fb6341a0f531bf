"""The drift signal of our own model servers: a script beside them, which says what it measures."""

SCRIPT = '''\
"""How far what a model is asked lies from what it knows: gauge model_drift by model and feature, in standard deviations.

What it knows is <model>/baseline.json ({"<feature>": {"mean": 1.5, "std": 0.4}}), which a training may leave beside MLmodel; of
features that are not there, the first thousand values since the start. What is asked is a moving average over about a thousand
values. Predictions are feature "(prediction)". At most a hundred features are followed; text is not, nor are gaps.
"""

import json
import math
import os
import threading

from prometheus_client import Gauge

WINDOW, LIMIT = 1000, 100
drift = Gauge("model_drift", "Standard deviations between what is asked and what is known", ["model", "feature"])


def columns(data):
    """Numbers by feature, of a data frame, an array of one or two dimensions, or arrays by name."""
    if hasattr(data, "select_dtypes"):
        return {str(name): column.tolist() for name, column in data.select_dtypes("number").items()}
    if isinstance(data, dict):
        return {str(name): value.tolist() for name, value in data.items() if value.ndim == 1}
    if getattr(data, "ndim", 0) == 1:
        return {"0": data.tolist()}
    if getattr(data, "ndim", 0) == 2:
        return {str(index): list(column) for index, column in enumerate(zip(*data.tolist()))}
    return {}


class Known:
    """Mean and spread of one feature, given or learnt from the first values; and the average of what is asked now."""

    def __init__(self, mean=0.0, std=None):
        self.count, self.mean, self.squares, self.std, self.now = 0, mean, 0.0, std, mean

    def see(self, value):
        """Distance in standard deviations; None while it still learns."""
        if self.std is None:
            self.count += 1
            step = value - self.mean
            self.mean += step / self.count
            self.squares += step * (value - self.mean)
            if self.count < WINDOW:
                return None
            self.std, self.now = math.sqrt(self.squares / self.count), self.mean
        self.now += (value - self.now) * 2 / (WINDOW + 1)
        return abs(self.now - self.mean) / (self.std or max(abs(self.mean), 1.0))


class Watch:
    """What one model is asked and answers."""

    def __init__(self, model, path):
        self.model, self.lock, self.features = model, threading.Lock(), {}
        file = os.path.join(path, "baseline.json")
        if os.path.exists(file):
            with open(file) as text:
                given = json.load(text)
            self.features = {name: Known(float(of["mean"]), float(of["std"])) for name, of in given.items()}

    def see(self, asked, answered):
        """Takes note of a request and its answer."""
        found = columns(asked)
        answers = columns(answered)
        if len(answers) == 1:
            found["(prediction)"] = next(iter(answers.values()))
        with self.lock:
            for name, values in found.items():
                self._feature(name, values)

    def _feature(self, name, values):
        if name not in self.features and len(self.features) >= LIMIT:
            return
        known, last = self.features.setdefault(name, Known()), None
        for value in values:
            if isinstance(value, (bool, int, float)) and math.isfinite(value):
                last = known.see(float(value))
        if last is not None:
            drift.labels(self.model, name).set(last)
'''
