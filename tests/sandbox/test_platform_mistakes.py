"""One mistake of each kind, made in the live objects of a standing stack: the resolver names each, and nothing once it is undone.

The same kinds are seeded into recorded objects by tests/unit/test_wiring_seeded.py and test_wiring_routes.py.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.conftest import eventually
from tests.sandbox.platform_env import Project, project
from tests.sandbox.wiring_env import dangling

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(900)]
STACK = "mistakes"
FILE = """
config:
  mlops:target: kubernetes
  mlops:blueprint: starter
  mlops:spec:
    owner: platform-team
    domain: mlops.test
    gateway: {}
    operators: {keepCrds: false}
    systems: {jupyterhub: null, grafana: null}
"""
Object = dict[str, Any]
SERVER = "Deployment mlflow/mlflow"
STORE = "MLFLOW_S3_ENDPOINT_URL"


def _server(o: Object) -> Object:
    found: Object = o["spec"]["template"]["spec"]["containers"][0]
    return found


def _env(o: Object, name: str, value: str) -> None:
    next(v for v in _server(o)["env"] if v["name"] == name)["value"] = value


def _egress_without(o: Object, word: str) -> None:
    o["spec"]["egress"] = [rule for rule in o["spec"]["egress"] if word not in json.dumps(rule)]


def _renamed(o: Object) -> None:
    o["metadata"]["name"] = "mino"


def _port(o: Object) -> None:
    o["spec"]["ports"][0]["port"] = 9001


def _key(o: Object) -> None:
    del o["data"]["password"]


def _namespace(o: Object) -> None:
    _env(o, STORE, "https://minio.mysql.svc:9000")


def _ca(o: Object) -> None:
    o["data"] = {"root.crt": o["data"]["ca.crt"]}


def _webhook(o: Object) -> None:
    o["webhooks"][0]["clientConfig"]["service"]["name"] = "kube-prometheus-stack-operater"


def _scrape(o: Object) -> None:
    o["spec"]["endpoints"][0]["port"] = "http"


def _route(o: Object) -> None:
    o["spec"]["rules"][0]["backendRefs"][0]["port"] = 5001


def _pull(o: Object) -> None:
    o["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "registry"}]


def _git(o: Object) -> None:
    _server(o)["env"].append({"name": "GIT_SYNC_REPO", "value": "https://git.example.com/team/dags.git"})


Change = Callable[[Object], None]
MISTAKES: dict[str, tuple[str, str, str, Change, str]] = {
    "service": ("Service", "minio", "minio", _renamed, f"{SERVER}: env {STORE}: minio.minio.svc: no Service minio/minio"),
    "port": ("Service", "minio", "minio", _port, f"{SERVER}: env {STORE}: minio.minio.svc:9000: Service minio/minio has no port 9000"),
    "secret-key": ("Secret", "mlflow", "mlflow-database-mlflow", _key, f"{SERVER}: env DB_PASSWORD of server: Secret mlflow/mlflow-database-mlflow has no key password"),
    "namespace": ("Deployment", "mlflow", "mlflow", _namespace, f"{SERVER}: env {STORE}: minio.mysql.svc: Service minio stands in namespace minio, not in mysql"),
    "ca": ("ConfigMap", "mlflow", "mlops-ca", _ca, "ConfigMap mlops-ca has no ca.crt"),
    "dns": ("NetworkPolicy", "mlflow", "mlops-wiring", lambda o: _egress_without(o, "kube-system"), f"{SERVER}: names: no NetworkPolicy of namespace mlflow lets it ask the cluster's DNS"),
    "api": ("NetworkPolicy", "monitoring", "mlops-wiring", lambda o: _egress_without(o, "443"), "it has an API token, and no NetworkPolicy of namespace monitoring lets it out to port 6443 or 443"),
    "webhook": ("ValidatingWebhookConfiguration", "", "kube-prometheus-stack-admission", _webhook, 'no Service monitoring/kube-prometheus-stack-operater; did you mean "kube-prometheus-stack-operator"?'),
    "scrape": ("ServiceMonitor", "mlflow", "mlflow", _scrape, 'ServiceMonitor mlflow/mlflow: spec.endpoints[0]: no port http in mlflow; did you mean "https"?'),
    "gateway": ("HTTPRoute", "mlflow", "mlops-mlflow", _route, 'Service mlflow/mlflow has no port 5001; did you mean "5000"?'),
    "image": ("Deployment", "mlflow", "mlflow", _pull, f"{SERVER}: imagePullSecrets: no Secret mlflow/registry"),
    "git": ("Deployment", "mlflow", "mlflow", _git, f"{SERVER}: env GIT_SYNC_REPO: git.example.com:443: no NetworkPolicy of namespace mlflow lets it out of the cluster"),
}  # fmt: skip
"""Kind of problem -> kind, namespace and name of an object, what is done to it, and what is said then."""


def plain(live: Object) -> Object:
    """An object as somebody would write it: without what the API server adds, so that it can be made again."""
    found = copy.deepcopy(live)
    for key in ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"):
        found["metadata"].pop(key, None)
    for key in ("clusterIP", "clusterIPs"):
        if found["kind"] == "Service" and found["spec"].get("clusterIP") != "None":
            found["spec"].pop(key, None)
    found.pop("status", None)
    return found


def put(made: Project, verb: str, obj: Object) -> None:
    """kubectl `verb` of one object."""
    done = subprocess.run(
        ["kubectl", verb, "-f", "-"], input=json.dumps(obj), env=made.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def exchange(made: Project, old: Object, new: Object) -> None:
    """`new` in the place of `old`, under whichever name."""
    if old["metadata"]["name"] == new["metadata"]["name"]:
        put(made, "replace", new)
    else:
        put(made, "delete", old)
        put(made, "create", new)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("mistakes")) as made:
        made.stack_file(STACK).write_text(FILE)
        made.init(STACK)
        made.up(STACK)
        assert dangling(made) == []
        # it would put the key back at once
        made.ok("kubectl", "scale", "deployment", "trust-manager", "-n", "cert-manager", "--replicas=0")
        eventually(lambda: not _ready(made), "trust-manager without pods")
        yield made


def _ready(made: Project) -> int:
    status = made.get("deployment", "trust-manager", "-n", "cert-manager")["status"]
    return int(status.get("readyReplicas") or 0)


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_live_mistake_is_named_and_forgotten_once_it_is_undone(deployed: Project, kind: str) -> None:
    noun, space, name, change, said = MISTAKES[kind]
    before = plain(deployed.get(noun, name, *(["-n", space] if space else [])))
    after = copy.deepcopy(before)
    change(after)
    assert after != before
    exchange(deployed, before, after)
    try:
        found = dangling(deployed)
    finally:
        exchange(deployed, after, before)
    assert any(text.startswith(f"{kind}: ") and said in text for text in found), found


def test_nothing_dangles_once_all_is_undone(deployed: Project) -> None:
    assert dangling(deployed) == []
