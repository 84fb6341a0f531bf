"""One machine with the stack whose programs can be had: made once a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.platform import Platform
from tests.truth.machine import Machine
from tests.unit.recording import record
from tests.unit.stackfiles import checked, stack

SPEC = """
systems:
  minio: {replicas: 1}
  mysql: {}
  mlflow: {}
  optuna: {}
  dvc: {}
  docker: {}
  feast: {}
  jupyterhub: {users: [ann], profiles: {cpu: {cpu: "1", memory: 2Gi}, gpu: {cpu: "4", memory: 16Gi, gpus: 1}}}
  prometheus: {}
  fastapi: {models: {iris: {model: iris/1}}}
  flask: {models: {iris: {model: iris/1}}}
  tfdv: {datasets: {trips: {data: trips/}}}
  kafka: {}
  spark:
    image: registry.example/spark:4.0.4-1
    streams: {clicks: {topic: clicks, trigger: 1s}}
    jobs: {read: {main: "local:///jobs/read.py", args: ["s3a://spark/streams/clicks"]}}
  bentoml: {models: {echo: {image: "registry.example/echo:1"}}}
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The stack's objects, on a network of their own."""
    folder: Path = tmp_path_factory.mktemp("truth")
    made = record(lambda: Platform("platform", stack(checked(folder, SPEC))))
    with pytest.MonkeyPatch.context() as patch:
        # the authority writes into a folder of this test's own
        patch.setenv("MLOPS_SANDBOX_HOME", str(folder / "authority"))
        found = Machine(folder, made)
        try:
            yield found
        finally:
            found.close()
