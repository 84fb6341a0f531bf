"""JupyterHub's pod for the machine: with the chart's own configuration file where the chart is at hand, else with a plain one.

The plain one does with our values what the chart's guide says of each: hub.config goes to the classes that it names,
hub.extraConfig is run in order, the keys come from the existing Secret.
"""

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.kubernetes import chart
from components.kubernetes.jupyterhub import CHART
from sandbox import build
from tests.truth.machine import Machine
from tests.truth.running import Running
from tests.unit.recording import settled
from tests.unit.registered import Registered

NAMESPACE = "jupyterhub"
HOME = "/usr/local/etc/jupyterhub"
HUB, PROXY = "jupyterhub-hub", "jupyterhub-proxy-api"
PORTS = {
    "JUPYTERHUB_HUB_SERVICE_PORT": "8081",
    "JUPYTERHUB_PROXY_API_SERVICE_PORT": "8001",
    "KUBERNETES_SERVICE_HOST": "127.0.0.1",
    "KUBERNETES_SERVICE_PORT": "1",
}
"""What Kubernetes tells a pod of the Services beside it; nothing answers at its API."""
ACCOUNT = {"name": "account", "mountPath": "/run/secrets/kubernetes.io/serviceaccount"}
"""What it mounts into each pod that may call its API."""

PLAIN = """\
import json, pathlib
home = pathlib.Path("/usr/local/etc/jupyterhub")
given = json.loads((home / "plain/values.json").read_text())
hub = given["hub"]
read = lambda name: (home / "existing-secret" / f"hub.{name}").read_text()
for section, found in hub["config"].items():
    c[section].update(found)
c.JupyterHub.cookie_secret = read("config.JupyterHub.cookie_secret")
c.CryptKeeper.keys = read("config.CryptKeeper.keys").split(";")
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.authenticate_prometheus = hub["authenticatePrometheus"]
c.JupyterHub.services = [{"name": name, "api_token": read(f"services.{name}.apiToken")} for name in hub["services"]]
c.JupyterHub.load_roles = [{"name": name, **role} for name, role in hub["loadRoles"].items()]
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = "http://jupyterhub-hub:8081"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://jupyterhub-proxy-api:8001"
c.KubeSpawner.profile_list = given["singleuser"]["profileList"]
c.KubeSpawner.environment = json.loads((home / "existing-secret/values.yaml").read_text())["singleuser"]["extraEnv"]
for name, text in sorted(hub["extraConfig"].items()):
    exec(text)
"""
ROUTES = """\
import http.server, json, os, sys
token = "token " + os.environ["CONFIGPROXY_AUTH_TOKEN"]


class Table(http.server.BaseHTTPRequestHandler):
    routes = {}

    def answer(self):
        path = self.path.removeprefix("/api/routes")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        code = 403
        if self.headers["Authorization"] == token:
            code = {"GET": 200, "POST": 201, "DELETE": 204}[self.command]
            if self.command == "POST":
                self.routes[path or "/"] = json.loads(body)
        self.send_response(code)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(json.dumps(self.routes).encode())

    do_GET = do_POST = do_DELETE = answer


http.server.ThreadingHTTPServer(("0.0.0.0", 8001), Table).serve_forever()
"""
"""A table of routes behind the API of configurable-http-proxy, for who knows its token: npm has the proxy itself."""


def drawn(name: str) -> str:
    """64 digits, as the provider draws them where a resource asks for digits alone; the mock draws letters too."""
    return str(int(hashlib.sha256(name.encode()).hexdigest(), 16))[:64]


def values(machine: Machine) -> dict[str, Any]:
    """What our chart is given."""
    found: dict[str, Any] = release(machine).inputs["values"]
    return found


def release(machine: Machine) -> Registered:
    """Our Chart resource."""
    (found,) = (made for made in machine.made.all("Chart") if made.inputs["chart"] == CHART.chart)
    return found


def template(machine: Machine, folder: str) -> dict[str, Any]:
    """The chart's Deployment `hub`, rendered by helm from our values; its objects go to the machine."""
    try:
        helm = build.tool("helm")
    except build.BuildError as error:
        pytest.skip(f"NOT RUN: {error}")
    given = machine.folder / "hub-values.json"
    given.write_text(json.dumps(values(machine)))
    version = build.version(build.MODULES["kubernetes"])
    said = subprocess.run(
        [helm, "template", NAMESPACE, folder, "--namespace", NAMESPACE, "--values", given, "--kube-version", version],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    machine.rendered = [found for found in yaml.safe_load_all(said) if found]
    (found,) = (o for o in machine.rendered if (o["kind"], o["metadata"]["name"]) == ("Deployment", HUB))
    return {"spec": found["spec"]}


def plain(machine: Machine) -> dict[str, Any]:
    """A Deployment with the plain configuration, and of our values what the chart adds to the pod."""
    hub, given = values(machine)["hub"], {"values.json": json.dumps(values(machine)), "config.py": PLAIN}
    machine.rendered = [{"kind": "ConfigMap", "metadata": {"name": "plain"}, "data": given}]
    volumes = [
        {"name": "plain", "configMap": {"name": "plain"}},
        {"name": "existing-secret", "secret": {"secretName": hub["existingSecret"]}},
    ]
    mounts = [
        {"name": "plain", "mountPath": f"{HOME}/plain"},
        {"name": "existing-secret", "mountPath": f"{HOME}/existing-secret"},
    ]
    container = {
        "name": "hub",
        "args": ["jupyterhub", "--config", f"{HOME}/plain/config.py", "--upgrade-db"],
        "volumeMounts": [*mounts, *hub["extraVolumeMounts"]],
    }
    return {"spec": {"template": {"spec": {"containers": [container], "volumes": [*volumes, *hub["extraVolumes"]]}}}}


def pod(machine: Machine, kind: str) -> dict[str, Any]:
    """The pod's spec ("plain", or "chart") as our transforms leave it. Skips where the chart is not at hand."""
    folder = chart.at_hand(CHART)
    if kind == "chart" and not folder:
        pytest.skip(
            f"NOT RUN: chart {CHART.chart} {CHART.version} is not at hand; {chart.AT_HAND} is to name a folder that has it"
        )
    made = template(machine, str(folder)) if kind == "chart" else plain(machine)
    told = settled(lambda: pulumi.Output.from_input(release(machine).told("kubernetes:apps/v1:Deployment", made)[0]))
    spec: dict[str, Any] = told["spec"]["template"]["spec"]
    # the container's name is none of a program: the image's entry point runs its arguments
    for container in spec["containers"]:
        container["command"] = container.get("command") or ["env"]
        container["volumeMounts"] = [*container["volumeMounts"], ACCOUNT]
    return spec


@dataclass
class Hub:
    """A started hub."""

    running: Running
    table: Running
    spec: dict[str, Any]
    """Of its pod."""
    given: dict[str, Path]
    """Directories of its Secret and its ServiceAccount."""

    def again(self, machine: Machine, program: Path, argv: list[str]) -> Running:
        """Another command in place of the hub's, in a pod like its own."""
        (container,) = self.spec["containers"]
        spec = {**self.spec, "containers": [{**container, "command": argv, "args": []}]}
        return machine.launch(NAMESPACE, spec, program, data=self.given, more={**PORTS, "HOME": "/tmp"})


def start(machine: Machine, program: Path, kind: str) -> Hub:
    """The hub beside a table of routes."""
    machine.names |= {HUB, PROXY}
    spec = pod(machine, kind)
    keys = machine.volume(NAMESPACE, {"secret": {"secretName": "jupyterhub-keys"}}, machine.folder / f"hub-keys-{kind}")
    for name in ("hub.config.JupyterHub.cookie_secret", "hub.config.CryptKeeper.keys"):
        (keys / name).write_text(drawn(name))
    token = machine.config("Secret", NAMESPACE, "jupyterhub-keys")["hub.config.ConfigurableHTTPProxy.auth_token"]
    table = machine.start(["python", "-c", ROUTES], program, environment={"CONFIGPROXY_AUTH_TOKEN": token})
    account = machine.folder / f"hub-account-{kind}"
    account.mkdir()
    for name, text in {"token": "none", "namespace": NAMESPACE, **machine.config("ConfigMap", "", machine.bundle)}.items():
        (account / name).write_text(text)
    given = {"existing-secret": keys, "account": account}
    running = machine.launch(NAMESPACE, spec, program, data=given, more={**PORTS, "HOME": "/tmp"})
    running.until(lambda: "JupyterHub is now running" in running.said)
    return Hub(running, table, spec, given)
