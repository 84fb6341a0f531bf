"""Jenkins: who may log in, what its agents are, which pipeline is seeded, and that nothing is downloaded at its start."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components import contracts
from components.kubernetes import extend
from components.kubernetes import jenkins_casc as casc
from components.kubernetes.jenkins import JenkinsArgs, JenkinsController, chart_values, told
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.delivery import Jenkins
from tests.unit.kubernetes_site import CERTIFICATES, METRICS, site
from tests.unit.recording import Recording, record, settled
from tests.unit.stackfiles import checked, stack

ROOT = Path(__file__).resolve().parents[2]
ARGS = JenkinsArgs(
    namespace="jenkins",
    labels={"mlops.dev/team": "platform"},
    image="registry.example/mlops/jenkins:abc",
    agent_image="registry.example/mlops/jenkins-agent:def",
    domain="example.org",
    compute=Compute("500m", "2Gi"),
    agent=Compute("500m", "2Gi"),
    agents=10,
    storage="20Gi",
    repository="https://git.example.org/mlops/mlops.git",
    repository_secret="jenkins-git",
    agent_secret="pulumi-backend",
    bundle="mlops-ca",
    monitored=True,
)
IMAGES = {"image": "registry.example/jenkins:1", "agentImage": "registry.example/agent:1"}


def build(args: JenkinsArgs = ARGS) -> Recording[JenkinsController]:
    return record(lambda: JenkinsController("jenkins", args))


def pod(args: JenkinsArgs = ARGS) -> dict[str, Any]:
    """The controller's pod as the transform leaves it."""
    containers = [{"name": "jenkins", "image": "docker.io/jenkins/jenkins:1", "env": []}]
    init = [{"name": "init", "image": "docker.io/jenkins/jenkins:1"}, {"name": "other", "image": "busybox:1"}]
    spec = {"template": {"spec": {"containers": containers, "initContainers": init}}}

    def made() -> pulumi.Output[Any]:
        seen: Any = type("Args", (), {"type_": "kubernetes:apps/v1:StatefulSet", "props": {"spec": spec}, "opts": None})()
        result = extend.stateful_set("jenkins", told(args))(seen)
        assert result is not None
        return pulumi.Output.from_input(result.props["spec"])

    return dict(settled(made)["template"]["spec"])


def test_the_administrator_has_a_generated_password_that_stands_in_one_secret() -> None:
    made = build()
    assert made.one("Secret").inputs["stringData"]["password"] == made.passwords["jenkins-admin-password"]
    admin = made.one("Chart").inputs["values"]["controller"]["admin"]
    assert (admin["existingSecret"], admin["userKey"], admin["passwordKey"]) == ("jenkins-admin", "username", "password")
    assert made.leaks() == [] and "jenkins-admin" in made.one("Chart").depends_on


def test_the_image_is_ours_in_the_controller_and_in_what_ran_the_same() -> None:
    spec = pod()
    assert spec["containers"][0]["image"] == "registry.example/mlops/jenkins:abc"
    assert [c["image"] for c in spec["initContainers"]] == ["registry.example/mlops/jenkins:abc", "busybox:1"]
    assert chart_values(ARGS)["controller"]["installPlugins"] is False


def test_every_variable_that_the_configuration_names_is_given() -> None:
    values = chart_values(ARGS)
    text = "".join([*values["controller"]["JCasC"]["configScripts"].values(), *values["agent"]["podTemplates"].values()])
    named = set(re.findall(r"(?<!\^)\$\{(\w+)\}", text))
    env = {e["name"]: e for e in pod()["containers"][0]["env"]}
    assert named == {"PIPELINE_REPOSITORY", "AGENT_IMAGE", "GIT_USERNAME", "GIT_PASSWORD"} and named <= set(env)
    assert env["GIT_PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "jenkins-git", "key": "password"}
    assert env["GIT_SSL_CAINFO"]["value"] == "/etc/mlops/ca/ca.crt"


def test_agents_are_restricted_bounded_pods_with_the_label_that_our_jenkinsfile_asks_for() -> None:
    (template,) = yaml.safe_load(casc.agent_pod(Compute("1", "4Gi"), "pulumi-backend", None))
    assert f"label '{template['label']}'" in (ROOT / "Jenkinsfile").read_text()
    container = template["containers"][0]
    assert (container["resourceRequestMemory"], container["resourceLimitMemory"]) == ("4Gi", "4Gi")
    spec = yaml.safe_load(template["yaml"])["spec"]
    assert spec["containers"][0]["securityContext"] == casc.RESTRICTED
    assert spec["containers"][0]["envFrom"] == [{"secretRef": {"name": "pulumi-backend"}}] and "volumes" not in spec
    agent = chart_values(ARGS)["agent"]
    assert agent["disableDefaultAgent"] and agent["restrictedPssSecurityContext"] and agent["containerCap"] == 10
    assert chart_values(ARGS)["serviceAccountAgent"]["name"] == template["serviceAccount"]


def test_the_pipeline_is_seeded_only_where_there_is_a_repository() -> None:
    assert set(casc.scripts(True, True)) == {"credentials", "pipeline"}
    public = casc.scripts(True, False)
    assert set(public) == {"pipeline"} and "credentialsId" not in public["pipeline"]
    (job,) = yaml.safe_load(casc.scripts(True, True)["pipeline"])["jobs"]
    assert "remote('${PIPELINE_REPOSITORY}')" in job["script"] and "credentialsId('git')" in job["script"]
    assert job["script"].count("{") == job["script"].count("}") and "scriptPath('Jenkinsfile')" in job["script"]
    assert casc.scripts(False, False) == {}


def test_nothing_watches_or_reloads_and_no_hook_is_left() -> None:
    controller = chart_values(ARGS)["controller"]
    assert controller["sidecars"] == {"configAutoReload": {"enabled": False}} and controller["testEnabled"] is False


def test_the_image_has_every_plugin_pinned_that_the_configuration_uses() -> None:
    lines = [x for x in (ROOT / "images/jenkins/plugins.txt").read_text().splitlines() if x and not x.startswith("#")]
    pins = dict(line.split(":") for line in lines)
    assert {"kubernetes", "configuration-as-code", "job-dsl", "git", "workflow-multibranch", "prometheus"} <= set(pins)
    assert all(pins.values()) and lines == sorted(lines)
    for folder in ("jenkins", "jenkins-agent"):
        froms = re.findall(r"^FROM (\S+)", (ROOT / "images" / folder / "Dockerfile").read_text(), re.M)
        assert all(":" in ref and not ref.endswith(":latest") for ref in froms)


def test_our_own_git_server_is_asked_for_a_reader() -> None:
    asked: list[tuple[str, str]] = []

    def grant(repository: str, consumer: contracts.Consumer) -> pulumi.Input[str]:
        asked.append((repository, consumer.name))
        return "jenkins-git-reader"

    git = contracts.Git("https://gitea.git.svc:3000", grant)

    def plan(*given: Any, **config: Any) -> Any:
        def run() -> pulumi.Output[Any]:
            args = JenkinsController.plan(site("jenkins", Jenkins.model_validate(IMAGES | config), *given))
            named = (args.repository_secret, args.bundle, args.monitored, args.image)
            return pulumi.Output.all(args.repository, *named)

        return settled(run)

    ours = plan(git, CERTIFICATES, METRICS)
    assert ours == [
        "https://gitea.git.svc:3000/mlops/mlops.git", "jenkins-git-reader", "mlops-ca", True, "registry.example/jenkins:1",
    ]  # fmt: skip
    assert asked == [("mlops", "jenkins")]
    outside = plan(git, CERTIFICATES, repository="https://github.com/acme/platform.git")
    assert outside[:3] == ["https://github.com/acme/platform.git", None, None] and len(asked) == 1
    assert plan()[0] is None


def test_an_image_that_nobody_names_or_builds_is_asked_for() -> None:
    with pytest.raises(pulumi.RunError, match=r"images/jenkins-agent, and .*images\.jenkins-agent"):
        JenkinsController.plan(site("jenkins", Jenkins(image="registry.example/jenkins:1")))


def test_in_a_stack_it_has_a_namespace_with_the_internet_and_a_page_with_its_own_login(tmp_path: Path) -> None:
    text = "systems: {jenkins: {image: 'r.example/j:1', agentImage: 'r.example/a:1', repository: 'https://x.example/y.git'}}"
    made = record(lambda: Platform("platform", stack(checked(tmp_path, text + "\nregistryMirror: mirror.example/hub"))))
    assert made.one("Namespace", "jenkins").inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    egress = made.one("NetworkPolicy", "network-jenkins").inputs["spec"]["egress"]
    assert [443, 6443] in [[p["port"] for p in rule.get("ports", [])] for rule in egress]
    assert made.one("Chart", "jenkins-chart").transforms and made.leaks() == []

    def page() -> tuple[str, bool]:
        (found,) = JenkinsController("jenkins", replace(ARGS)).endpoints()
        return found.host, found.login

    assert record(page).result == ("jenkins", False)
