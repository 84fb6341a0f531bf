"""Model services: our own servers for FastAPI and Flask with a model from the bucket, and a Bento in the layout of its image."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.running import Running
from tests.truth.stores import ENDPOINT, s3

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]

TRAIN = """\
import json, os, sys
import boto3, mlflow.sklearn, pandas
from sklearn.linear_model import LinearRegression
made = LinearRegression().fit(pandas.DataFrame({"x": [0.0, 1.0, 2.0]}), [1.0, 3.0, 5.0])
mlflow.sklearn.save_model(made, "/tmp/model", pip_requirements=["scikit-learn"])
with open("/tmp/model/baseline.json", "w") as file:
    json.dump({"x": {"mean": 1.0, "std": 0.5}}, file)
store = boto3.client("s3", endpoint_url=sys.argv[1])
for folder, _, files in os.walk("/tmp/model"):
    for name in files:
        path = os.path.join(folder, name)
        store.upload_file(path, "models", "iris/1/" + os.path.relpath(path, "/tmp/model"))
"""
SERVICE = """\
import bentoml


@bentoml.service(metrics={"enabled": True})
class Echo:
    @bentoml.api
    def echo(self, text: str) -> str:
        return text
"""
BENTOFILE = "service: service:Echo\npython: {lock_packages: false}\n"


def server_of(machine: Machine, name: str) -> dict[str, Any]:
    """The rendered container that answers."""
    found: dict[str, Any] = machine.made.one("Deployment", name).inputs["spec"]["template"]["spec"]["containers"][0]
    return found


def metrics(machine: Machine, name: str) -> str:
    """What Prometheus would read by the rendered monitor."""
    (endpoint,) = machine.made.one("ServiceMonitor", name).inputs["spec"]["endpoints"]
    ports = {port["name"]: port["port"] for port in machine.made.one("Service", name).inputs["spec"]["ports"]}
    return machine.get(f"http://{name}.serving.svc:{ports[endpoint['port']]}{endpoint['path']}")


def answering(machine: Machine, name: str, running: Running, said: str) -> None:
    """Once it has started, every probe is answered."""
    running.until(lambda: said in running.said)
    machine.probe(f"{name}.serving.svc", server_of(machine, name))


@pytest.fixture(scope="module")
def program(machine: Machine) -> Path:
    """MLflow's folder, whose image our servers run in, once a model lies in the bucket."""
    found = need("mlflow")
    s3(machine)
    environment = machine.config("Secret", "serving", "fastapi-bucket-models") | {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CA_BUNDLE": "/etc/mlops/ca/ca.crt",
        "HOME": "/tmp",
    }
    machine.run(["python", "-c", TRAIN, ENDPOINT], found, environment=environment, binds=machine.trust())
    return found


@pytest.mark.parametrize(
    ("name", "started"),
    [("fastapi-iris", "Application startup complete"), ("flask-iris", "Booting worker")],
    ids=["fastapi", "flask"],
)
def test_our_server_answers_for_a_model_of_the_bucket(machine: Machine, program: Path, name: str, started: str) -> None:
    running = machine.pod(machine.made.one("Deployment", name), program)
    answering(machine, name, running, started)
    url, head = f"http://{name}.serving.svc:8000/predict", {"Content-Type": "application/json"}
    asked = {"dataframe_split": {"columns": ["x"], "data": [[2.0], [4.0]]}}
    found = json.loads(machine.get(url, headers=head, body=json.dumps(asked)))
    assert found["predictions"] == pytest.approx([5.0, 9.0])
    with pytest.raises(AssertionError, match="HTTP Error 400"):
        machine.get(url, headers=head, body='{"rows": []}')
    said = metrics(machine, name)
    assert 'model_prediction_seconds_count{model="iris"} 1.0' in said
    drift = re.search(r'model_drift\{feature="x",model="iris"\} (\S+)', said)
    # two values above the known mean: the average has begun to move
    assert drift and float(drift.group(1)) > 0
    running.end()


def image(machine: Machine, program: Path) -> tuple[Path, Path]:
    """A Bento as its image holds it: (its folder, a folder with the entry point that has the variables of its Dockerfile)."""
    made, bin_ = machine.folder / "bento", machine.folder / "bento-bin"
    for folder in (made / "source", bin_):
        folder.mkdir(parents=True)
    (made / "source/service.py").write_text(SERVICE)
    (made / "source/bentofile.yaml").write_text(BENTOFILE)
    machine.run(
        ["bentoml", "build", "/made/source"],
        program,
        binds={"/made": made},
        environment={"HOME": "/tmp", "BENTOML_HOME": "/made/home", "BENTOML_DO_NOT_TRACK": "true"},
    )
    (bento,) = (file.parent for file in (made / "home/bentos").rglob("bento.yaml"))
    dockerfile = (bento / "env/docker/Dockerfile").read_text()
    arguments = dict(re.findall(r"^ARG (\w+)=(\S*)$", dockerfile, re.MULTILINE))
    told = [
        (key, arguments.get(value.removeprefix("$"), value))
        for key, value in re.findall(r"^ENV (BENTO\w+)=(\S+)$", dockerfile, re.MULTILINE)
    ]
    assert dict(told)["BENTO_PATH"] == "/home/bentoml/bento" and dict(told)["BENTOML_HOME"].startswith("/home/bentoml"), told
    # what the Deployment says goes before what the image says
    lines = [f': "${{{key}:={value}}}"; export {key}' for key, value in told]
    lines += [f'export PATH="{program}:$PATH"', 'cd "$BENTO_PATH"', "exec bash env/docker/entrypoint.sh"]
    (bin_ / "server").write_text("\n".join(["#!/bin/sh", *lines, ""]))
    (bin_ / "server").chmod(0o755)
    return bento, bin_


def test_a_bento_answers_our_probes_in_a_container_that_it_may_not_write(machine: Machine) -> None:
    program = need("bentoml")
    bento, bin_ = image(machine, program)
    workload = machine.made.one("Deployment", "bentoml-echo")
    spec = workload.inputs["spec"]["template"]["spec"]
    running = machine.launch("serving", spec, bin_, image={"/home/bentoml/bento": bento})
    answering(machine, "bentoml-echo", running, "Service Echo initialized")
    url = "http://bentoml-echo.serving.svc:3000/echo"
    assert machine.get(url, headers={"Content-Type": "application/json"}, body='{"text": "heard"}').strip() == "heard"
    assert "bentoml_service_request_total" in metrics(machine, "bentoml-echo")
    running.end()
    # as the image would have it: what our variables are for
    (container,) = spec["containers"]
    bare = {**container, "env": [entry for entry in container["env"] if entry["name"] != "BENTOML_HOME"]}
    refused = machine.launch("serving", {**spec, "containers": [bare]}, bin_, image={"/home/bentoml/bento": bento})
    assert "Read-only file system" in refused.failed()
