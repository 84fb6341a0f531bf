"""Behind a mirror no live object names another registry: init containers, Jobs, ConfigMaps and custom resources included.

What charts write into ConfigMaps and variables is no part of the lock: with MLOPS_CHARTS set the objects come from the real
charts, whole. `full` is walked without a cluster by tests/blueprints/test_airgap.py.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cli.charts import MIRROR
from cli.live import Cluster
from cli.wiring.registries import KEPT_OUT, foreign, references
from tests.sandbox.brownfield_env import Key, key, versions
from tests.sandbox.platform_env import Project, project
from tests.sandbox.test_platform_blueprints import evidence
from tests.sandbox.wiring_env import objects

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(900)]
STACK = "airgap"
FILE = f"""
config:
  mlops:target: kubernetes
  mlops:blueprint: starter
  mlops:spec:
    owner: platform-team
    registryMirror: {MIRROR}
    chartMirror: oci://mirror.example/charts
    manifestMirror: https://mirror.example/manifests
    gateway: {{}}
    operators: {{keepCrds: false}}
    systems:
      jupyterhub: null # with a gateway it asks for single sign-on
      kafka: {{}}
      postgres: {{replicas: 1}}
      flink: {{}}
      feast: {{}}
      docker: {{}}
      kserve: {{models: {{iris: {{format: sklearn, model: iris/1}}}}}}
"""
NAMING = {
    *("Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"),
    *("PerconaServerMySQL", "Cluster", "Prometheus", "FlinkDeployment", "EnvoyProxy"),
    *(["ConfigMap"] if os.environ.get("MLOPS_CHARTS") else []),
}
"""Kinds whose objects name images in this stack; ConfigMaps do where charts bring their content."""


@dataclass
class Behind:
    """A stack behind a mirror, and what the cluster held before it."""

    project: Project
    before: set[Key]

    def objects(self) -> list[dict[str, Any]]:
        """What came with the stack, and is looked at."""
        found = objects(self.project)
        return [obj for obj in found if key(obj) not in self.before and obj["kind"] not in KEPT_OUT]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with project(tmp_path_factory.mktemp("airgap")) as made:
        before = set(versions(made))
        made.stack_file(STACK).write_text(FILE)
        made.init(STACK)
        made.up(STACK)
        yield Behind(made, before)


def test_no_live_object_names_another_registry(deployed: Behind) -> None:
    assert set(evidence(deployed.project)) <= {"locked"}
    found = deployed.objects()
    assert [str(problem) for problem in foreign(found, MIRROR)] == []
    named = Counter(obj["kind"] for obj in found for _ in references(obj))
    assert set(named) >= NAMING
    assert sum(obj["kind"] == "ConfigMap" for obj in found) > 20
    assert {"initContainers" in path for obj in found for path, _ in references(obj)} == {True, False}
    print(f"{len(found)} objects, {named.total()} references in {dict(named)}")


def test_two_seeded_leaks_are_caught(deployed: Behind) -> None:
    job = deployed.project.get("jobs", "-n", "minio")["items"][0]
    pod = job["spec"]["template"]["spec"]
    sneaked = {**pod["containers"][0], "name": "wait", "image": "docker.io/library/busybox:1.37"}
    template = {"spec": {**pod, "initContainers": [sneaked]}}
    held: dict[str, Any] = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"suspend": True, "template": template}}
    config: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"pod.yaml": "image: quay.io/a/b:1"}}
    leaks = [{**obj, "metadata": {"name": name, "namespace": "minio"}} for name, obj in (("leak", held), ("agents", config))]
    cluster = Cluster.connect(deployed.project.environment)
    try:
        for leak in leaks:
            cluster.create(leak)
        said = [str(problem) for problem in foreign(deployed.objects(), MIRROR)]
    finally:
        for leak in leaks:
            deployed.project.ok("kubectl", "delete", leak["kind"], leak["metadata"]["name"], "-n", "minio")
    assert said == [
        f"registry: ConfigMap minio/agents: data.pod.yaml: quay.io/a/b:1 is not from {MIRROR}",
        "registry: Job minio/leak: spec.template.spec.initContainers[0].image: docker.io/library/busybox:1.37 is not from "
        f"{MIRROR}",
    ]
    assert foreign(deployed.objects(), MIRROR) == []
