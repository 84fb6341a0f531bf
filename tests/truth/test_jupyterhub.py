"""JupyterHub with the settings and the Python that we give it, on MariaDB: who gets in, what is offered, who may scrape."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.truth import hub
from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.stores import mariadb, query, run_jobs

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]

LOGIN = """\
import sys, requests
base, name, password = sys.argv[1:]
with requests.Session() as session:
    session.get(base + "/hub/login").raise_for_status()
    form = {"username": name, "password": password, "_xsrf": session.cookies.get("_xsrf", path="/hub/")}
    session.post(base + "/hub/login", data=form)
    page = session.get(base + "/hub/spawn")
    print("AT", page.status_code, page.url)
    print(page.text)
"""
SPAWN = """\
import asyncio, json, sys
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from traitlets.config.loader import PyFileConfigLoader
config = PyFileConfigLoader(sys.argv[1]).load_config()


async def main():
    spawner = KubeSpawner(_mock=True, config=config)
    spawner.user_options = {"profile": sys.argv[2]}
    await spawner.load_user_options()
    print("POD", json.dumps(ApiClient().sanitize_for_serialization(await spawner.get_pod_manifest())["spec"]))


asyncio.run(main())
"""
URL = f"http://{hub.HUB}:8081"


@pytest.fixture(scope="module", params=["plain", "chart"])
def started(machine: Machine, program: Path, database: Path, request: pytest.FixtureRequest) -> Iterator[hub.Hub]:
    """A hub by a plain configuration, and one by the chart's."""
    found = hub.start(machine, program, request.param)
    yield found
    found.running.end()
    found.table.end()


@pytest.fixture(scope="module")
def program() -> Path:
    """JupyterHub's folder."""
    return need("jupyterhub")


@pytest.fixture(scope="module")
def database(machine: Machine) -> Path:
    """The folder with `mysql`."""
    found = mariadb(machine)
    run_jobs(machine, "mysql", found)
    return found


def spawn_page(machine: Machine, program: Path, name: str, password: str) -> str:
    """What a browser sees that logs in and asks for a notebook."""
    return machine.run(["python", "-c", LOGIN, URL, name, password], program)


def test_a_declared_user_logs_in_and_is_offered_our_profiles(
    machine: Machine, program: Path, started: hub.Hub, database: Path
) -> None:
    first = machine.config("Secret", hub.NAMESPACE, "jupyterhub-users")["ann"]
    said = spawn_page(machine, program, "ann", first)
    assert f"AT 200 {URL}/hub/spawn" in said
    for profile in hub.values(machine)["singleuser"]["profileList"]:
        assert profile["display_name"] in said and f'value="{profile["slug"]}"' in said
    assert "ann" in query(machine, database, "jupyterhub", "SELECT name FROM jupyterhub.users").done()


def test_nobody_else_does_and_nobody_signs_up(machine: Machine, program: Path, started: hub.Hub) -> None:
    assert "/hub/login" in spawn_page(machine, program, "ann", "not-her-password").splitlines()[0]
    assert "/hub/login" in spawn_page(machine, program, "eve", "not-a-user-at-all").splitlines()[0]
    with pytest.raises(AssertionError, match="HTTP Error 404"):
        machine.get(f"{URL}/hub/signup")


def test_probe_and_metrics_answer_as_the_monitor_asks(machine: Machine, started: hub.Hub) -> None:
    machine.get(f"{URL}/hub/health")
    (endpoint,) = machine.made.one("ServiceMonitor", "jupyterhub").inputs["spec"]["endpoints"]
    wanted = endpoint["authorization"]["credentials"]
    token = machine.config("Secret", hub.NAMESPACE, wanted["name"])[wanted["key"]]
    said = machine.get(URL + endpoint["path"], headers={"Authorization": f"{endpoint['authorization']['type']} {token}"})
    assert "jupyterhub_running_servers" in said
    with pytest.raises(AssertionError, match="HTTP Error 403"):
        machine.get(URL + endpoint["path"])


def test_a_profile_becomes_a_pod_that_finds_mlflow(machine: Machine, program: Path, started: hub.Hub) -> None:
    (container,) = started.spec["containers"]
    file = next(part for part in container["args"] if part.endswith(".py"))
    running = started.again(machine, program, ["python", "-c", SPAWN, file, "gpu"])
    pod = json.loads(running.done().partition("POD ")[2].splitlines()[0])
    (notebook,) = pod["containers"]
    assert notebook["resources"]["limits"] == {"cpu": 8, "memory": 16 * 2**30, "nvidia.com/gpu": "1"}
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod["tolerations"]
    assert pod["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    told = {entry["name"]: entry for entry in notebook["env"]}
    assert told["MLFLOW_TRACKING_URI"]["value"] == "https://mlflow.mlflow.svc:5000"
    assert told["MLFLOW_TRACKING_PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "jupyterhub-mlflow", "key": "password"}
    assert notebook["securityContext"]["runAsNonRoot"] is True
