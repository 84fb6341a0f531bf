"""Runners for GitHub Actions: whose they are, what a job's pod may do, and that nothing is left behind."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes.github_actions import (
    RUNNER_SET,
    ActionsRunners,
    ActionsRunnersArgs,
    RunnerSetArgs,
    controller_values,
    pulls_with,
    scale_set_values,
)
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.delivery import GithubActions
from tests.unit.kubernetes_site import METRICS, site
from tests.unit.operators_fake import Cluster, custom, deployment, secret
from tests.unit.recording import Recording, record, settled
from tests.unit.stackfiles import checked, only, stack

ARGS = ActionsRunnersArgs(
    namespace="github-actions",
    labels={"mlops.dev/team": "platform"},
    url="https://github.com/acme/platform",
    secret="github-app",
    prefix="mlops",
    runners={
        "cpu": RunnerSetArgs(1, 5, Compute("1", "4Gi")),
        "gpu": RunnerSetArgs(0, 2, Compute("4", "16Gi"), gpus=1, image="registry.example/trainer:1"),
    },
    gpu_product="NVIDIA-A100-SXM4-80GB",
    monitored=True,
)
SPEC = "systems: {github-actions: {url: 'https://github.com/acme'}}"


def build(args: ActionsRunnersArgs = ARGS) -> Recording[ActionsRunners]:
    return record(lambda: ActionsRunners("github-actions", args))


def pod(name: str, args: ActionsRunnersArgs = ARGS) -> dict[str, Any]:
    found: dict[str, Any] = scale_set_values(args, name)["template"]["spec"]
    return found


def test_the_apps_key_is_a_secret_that_the_user_made() -> None:
    made = build()
    assert made.all("Secret") == [] and made.passwords == {}
    for name in ARGS.runners:
        assert made.one("Chart", f"github-actions-{name}").inputs["values"]["githubConfigSecret"] == "github-app"


def test_a_set_a_kind_waits_for_the_controller_and_is_named_as_workflows_write_it() -> None:
    made = build()
    sets = {r.name: r for r in made.all("Chart") if r.name != "github-actions-controller"}
    assert {r.inputs["name"] for r in sets.values()} == {"mlops-cpu", "mlops-gpu"}
    for r in sets.values():
        assert "github-actions-controller" in r.depends_on
        values = r.inputs["values"]
        assert values["runnerScaleSetName"] == r.inputs["name"]
        # the chart would look for the controller in the cluster, which a preview may not have yet
        assert values["controllerServiceAccount"]["name"] == controller_values(ARGS)["fullnameOverride"]
    cpu = sets["github-actions-cpu"].inputs["values"]
    assert (cpu["minRunners"], cpu["maxRunners"]) == (1, 5)


def test_a_jobs_pod_is_not_root_has_no_token_and_is_bounded() -> None:
    spec = pod("cpu")
    assert spec["securityContext"]["runAsNonRoot"] and spec["automountServiceAccountToken"] is False
    (runner,) = spec["containers"]
    assert runner["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert runner["resources"] == {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"cpu": "4000m", "memory": "4Gi"}}
    assert "nodeSelector" not in spec


def test_gpu_runners_ask_for_gpus_and_go_to_their_nodes() -> None:
    spec = pod("gpu")
    (runner,) = spec["containers"]
    assert runner["resources"]["limits"]["nvidia.com/gpu"] == runner["resources"]["requests"]["nvidia.com/gpu"] == "1"
    assert spec["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}
    assert spec["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert runner["image"] == "registry.example/trainer:1"
    assert pod("gpu", replace(ARGS, gpu_product=None))["nodeSelector"] == {"nvidia.com/gpu.present": "true"}


def test_the_controller_watches_one_namespace_and_is_measured_only_where_somebody_measures() -> None:
    values = controller_values(ARGS)
    assert values["flags"]["watchSingleNamespace"] == "github-actions" and values["metrics"]["listenerAddr"] == ":8080"
    assert "metrics" not in controller_values(replace(ARGS, monitored=False))
    assert build().one("PodMonitor") and not build(replace(ARGS, monitored=False)).all("PodMonitor")


def test_the_mirror_and_passed_values_are_honoured() -> None:
    args = replace(
        ARGS, registry_mirror="mirror.example/hub", chart_mirror="oci://mirror.example/charts", values={"maxRunners": 9}
    )
    made = build(args)
    values = made.one("Chart", "github-actions-cpu").inputs["values"]
    assert values["maxRunners"] == 9
    assert values["template"]["spec"]["containers"][0]["image"].startswith("mirror.example/hub/actions/actions-runner:")
    controller = made.one("Chart", "github-actions-controller").inputs
    assert controller["values"]["image"]["repository"] == "mirror.example/hub/actions/gha-runner-scale-set-controller"
    assert controller["chart"] == "oci://mirror.example/charts/gha-runner-scale-set-controller"


def test_runners_pull_with_the_secret_that_the_registry_grants() -> None:
    def grant(consumer: contracts.Consumer) -> pulumi.Input[str]:
        return f"{consumer.name}-pull"

    registry = contracts.ImageRegistry("https://zot.zot.svc:5000", "zot.zot.svc:5000", grant)
    config = GithubActions(url="https://github.com/acme")
    args = ActionsRunners.plan(site("github-actions", config, registry, METRICS))
    assert args.pull_secret == "github-actions-pull" and args.monitored

    def changed() -> pulumi.Output[Any]:
        seen: Any = type("Args", (), {"type_": RUNNER_SET, "props": {"spec": scale_set_values(ARGS, "cpu")}, "opts": None})()
        result = pulls_with("pull")(seen)
        assert result is not None
        seen.type_ = "kubernetes:core/v1:ServiceAccount"
        assert pulls_with("pull")(seen) is None
        return pulumi.Output.from_input(result.props["spec"]["template"]["spec"])

    assert settled(changed)["imagePullSecrets"] == [{"name": "pull"}]


def test_in_a_stack_it_stands_under_its_own_key_with_the_internet(tmp_path: Path) -> None:
    made_stack = stack(checked(tmp_path, SPEC))
    assert list(made_stack.spec.systems.chosen()) == ["github-actions"]
    made = record(lambda: Platform("platform", made_stack))
    assert made.result.outputs["github-actions.runsOn.gpu"] == "mlops-gpu"
    assert (
        made.one("Namespace", "github-actions").inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    )
    egress = made.one("NetworkPolicy", "network-github-actions").inputs["spec"]["egress"]
    assert [443, 6443] in [[p["port"] for p in rule.get("ports", [])] for rule in egress]


@pytest.mark.parametrize("url", ["github.com/acme", "https://github.com", "https://github.com/a/b/c"])
def test_an_address_that_is_no_organisation_or_repository_is_refused(url: str, tmp_path: Path) -> None:
    assert "systems.github-actions.url" in only(checked(tmp_path, f"systems: {{github-actions: {{url: '{url}'}}}}"))


def controlled() -> Cluster:
    """A cluster with the controller and one scale set, as the charts make them."""
    cluster = Cluster()
    cluster.put(deployment("gha-runner-scale-set-controller"))
    cluster.up("Deployment", "system", "gha-runner-scale-set-controller")
    protected = {"finalizers": ["actions.github.com/cleanup-protection"]}
    for kind, version in (
        ("Role", "rbac.authorization.k8s.io/v1"),
        ("RoleBinding", "rbac.authorization.k8s.io/v1"),
        ("ServiceAccount", "v1"),
    ):
        cluster.put({"apiVersion": version, "kind": kind, "metadata": {"name": "it-manager", "namespace": "team", **protected}})
    notes = {
        "actions.github.com/cleanup-manager-role-binding": "it-manager",
        "actions.github.com/cleanup-manager-role-name": "it-manager",
        "actions.github.com/cleanup-no-permission-service-account-name": "it-manager",
    }
    values = scale_set_values(ARGS, "cpu")
    spec = {
        key: values[key]
        for key in ("githubConfigUrl", "githubConfigSecret", "minRunners", "maxRunners", "template", "listenerTemplate")
    }
    cluster.put(custom("AutoscalingRunnerSet", "it", spec, annotations=notes))
    cluster.settle()
    return cluster


def test_the_simulated_controller_waits_for_the_apps_secret() -> None:
    cluster = controlled()
    assert cluster.get("AutoscalingRunnerSet", "team", "it")["status"] == {"phase": "Pending"}
    assert cluster.names("AutoscalingListener") == []
    cluster.put(secret("github-app", github_app_id="1"))
    cluster.settle()
    assert cluster.get("AutoscalingRunnerSet", "team", "it")["status"] == {"phase": "Running", "currentRunners": 1}
    listener = cluster.get("Pod", "system", "it-listener")["spec"]
    assert listener["securityContext"]["runAsNonRoot"] and listener["containers"][0]["resources"]["limits"]["memory"] == "64Mi"
    assert listener["containers"][0]["image"] == "registry.example/controller:0.14.2"


def test_the_simulated_controller_lets_go_of_what_the_chart_protected() -> None:
    cluster = controlled()
    cluster.put(secret("github-app", github_app_id="1"))
    cluster.settle()
    for kind in ("AutoscalingRunnerSet", "Role", "RoleBinding", "ServiceAccount"):
        cluster.remove(kind, "team", "it" if kind == "AutoscalingRunnerSet" else "it-manager")
    assert "it-manager" in cluster.names("Role"), "protected until the set is gone"
    cluster.settle()
    assert cluster.names("AutoscalingRunnerSet") == [] and cluster.names("AutoscalingListener") == []
    assert [n for kind in ("Role", "RoleBinding", "ServiceAccount") for n in cluster.names(kind) if n == "it-manager"] == []
