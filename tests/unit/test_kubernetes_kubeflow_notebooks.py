"""Kubeflow's notebook controller without Istio: chosen by the stack file, few rights, notebooks behind gateway and token."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.kubeflow import KubeflowPlatform
from components.kubernetes.kubeflow_notebooks import DEFINITION, KIND, NotebookArgs
from components.kubernetes.place import Compute
from components.spec.flows import Kubeflow, Notebook
from components.validation.problems import Problems
from tests.contracts import reference
from tests.unit.kubernetes_site import METRICS, SERVER, STORE, site
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages
from tests.unit.test_kubernetes_kubeflow import ARGS, build

WITH = replace(ARGS, notebooks={"explore": NotebookArgs(Compute("500m", "2Gi"), "10Gi", gpus=1)})


@pytest.fixture(scope="module")
def made() -> Recording[KubeflowPlatform]:
    return build(WITH)


def spec(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("Notebook", "kubeflow-notebook-explore").inputs["spec"]["template"]["spec"]
    return found


def test_nothing_of_it_stands_where_it_is_not_chosen() -> None:
    assert [r.name for r in build().resources if "notebook" in r.name] == []


def test_the_controller_alone_is_chosen_by_an_empty_map() -> None:
    made = build(replace(ARGS, notebooks={}))
    assert made.all("Notebook") == [] and made.one("Deployment", "kubeflow-notebook-controller")


def test_the_controller_knows_no_istio_and_waits_for_its_definition(made: Recording[Any]) -> None:
    (manager,) = made.one("Deployment", "notebook-controller").inputs["spec"]["template"]["spec"]["containers"]
    assert {e["name"]: e["value"] for e in manager["env"]}["USE_ISTIO"] == "false"
    assert manager["image"] == "ghcr.io/kubeflow/notebooks/notebook-controller:v1.11.0"
    assert manager["securityContext"]["readOnlyRootFilesystem"] is True
    assert "kubeflow-notebook-definition" in made.waits_for("kubeflow-notebook-controller")
    assert made.one("ServiceMonitor", "kubeflow-notebook-controller-monitor").inputs["spec"]["endpoints"][0]["port"] == "metrics"


def test_its_rights_name_every_verb_and_nothing_of_istio(made: Recording[Any]) -> None:
    rules = made.one("ClusterRole", "kubeflow-notebook-controller-role").inputs["rules"]
    said = [word for rule in rules for key in ("apiGroups", "resources", "verbs") for word in rule[key]]
    assert "*" not in said and not any("istio" in word for word in said)
    assert not any("secrets" in rule["resources"] for rule in rules)


def test_a_notebook_has_a_token_a_home_and_a_restricted_pod(made: Recording[Any]) -> None:
    pod = spec(made)
    (container,) = pod["containers"]
    env = {e["name"]: e for e in container["env"]}
    assert env["JUPYTER_TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": "notebook-explore", "key": "token"}
    assert not any("token=" in part for part in container["command"])
    assert "--ServerApp.base_url=$(NB_PREFIX)" in container["command"]
    assert pod["automountServiceAccountToken"] is False and pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1" and pod["tolerations"][0]["key"] == "nvidia.com/gpu"
    claim = pod["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert made.one("PersistentVolumeClaim", "kubeflow-notebook-explore-home").object_name == claim
    assert made.leaks() == []
    assert "kubeflow-notebook-controller" in made.waits_for("kubeflow-notebook-explore")


def test_the_gateway_asks_for_a_login_before_each() -> None:
    def told() -> tuple[Any, ...]:
        made = KubeflowPlatform("kubeflow", WITH)
        return made.endpoints(), made.exports()

    endpoints, exports = record(told).result
    (own,) = [e for e in endpoints if e.host == "notebook-explore"]
    assert (own.service, own.port, own.login) == ("notebook-explore", 80, True)
    assert {"notebook-explore.secret", "notebook-explore.path"} <= set(exports)


def test_the_spec_becomes_arguments(tmp_path: Path) -> None:
    config = Kubeflow(notebooks={"a": Notebook(gpus=2)}, training=False)
    args = KubeflowPlatform.plan(site("kubeflow", config, SERVER, STORE, METRICS))
    assert args.notebooks is not None and args.notebooks["a"].gpus == 2 and args.notebooks["a"].storage == "10Gi"
    assert KubeflowPlatform.plan(site("kubeflow", Kubeflow(), SERVER, STORE)).notebooks is None
    found = checked(tmp_path, "systems: {minio: {}, mysql: {}, kubeflow: {notebooks: {a: {image: latest}}}}")
    assert isinstance(found, Problems) and any("notebooks.a.image" in m for m in messages(found))


def test_the_simulated_controller_makes_of_ours_what_the_real_one_does(made: Recording[Any]) -> None:
    cluster = Cluster()
    inputs = made.one("Notebook", "kubeflow-notebook-explore").inputs
    cluster.put(custom("Notebook", "notebook-explore", inputs["spec"]))
    cluster.settle()
    assert cluster.names("StatefulSet") == [], "its controller does not stand yet"
    cluster.put(deployment("notebook-controller"))
    cluster.up("Deployment", "system", "notebook-controller")
    assert cluster.settle() == []
    pod = cluster.get("StatefulSet", "team", "notebook-explore")["spec"]["template"]["spec"]
    env = {e["name"]: e.get("value") for e in pod["containers"][0]["env"]}
    assert (
        env["NB_PREFIX"] == "/notebook/team/notebook-explore" and pod["volumes"] == inputs["spec"]["template"]["spec"]["volumes"]
    )
    (port,) = cluster.get("Service", "team", "notebook-explore")["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (80, 8888)

    def ready() -> str:
        (condition,) = cluster.get("Notebook", "team", "notebook-explore")["status"]["conditions"]
        return str(condition["status"])

    assert ready() == "False"
    cluster.up("StatefulSet", "team", "notebook-explore")
    cluster.settle()
    assert ready() == "True"


def test_the_pin_is_the_commit_whose_manifests_we_read_and_the_resource_fits_its_definition(made: Recording[Any]) -> None:
    known = reference.index("notebook-controller-standalone")
    assert known["provenance"]["commit"] == DEFINITION.commit
    assert reference.resource_errors(made.one("Notebook", "kubeflow-notebook-explore").inputs) == []
    assert KIND == ("kubeflow.org/v1", "Notebook")
