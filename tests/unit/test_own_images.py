"""Who runs an image of ours: each takes it from its section, from the stack file or from the registry, or says what is missing."""

from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import images
from components.kubernetes.jenkins import JenkinsController
from components.platform import Platform
from components.spec.delivery import Jenkins
from components.targets import TABLE
from tests.unit.kubernetes_site import site
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

SYSTEMS = {
    "dvc": "dvc: {}",
    "flume": "flume: {agents: {a: {}}}",
    "jenkins": "jenkins: {}",
    "spark": "spark: {jobs: {j: {main: 'local:///j.py'}}}",
    "sqoop": "mysql: {}, sqoop: {jobs: {a: {direction: import, table: t}}}",
    "tfdv": "tfdv: {datasets: {d: {data: raw}}}",
}
NAMED = {
    "flume": {"image": "flume"},
    "jenkins": {"image": "jenkins", "agentImage": "jenkins-agent"},
    "spark": {"image": "spark"},
    "sqoop": {"image": "sqoop"},
}
"""The keys by which a section names the images itself."""
FIRST = {"flume": "flume-a-agent", "jenkins": "jenkins-chart", "spark": "spark-history-server", "sqoop": "sqoop-a-job"}
"""What runs the image first."""


def composed(tmp_path: Path, systems: str, more: str = "") -> Recording[Platform]:
    made = stack(checked(tmp_path, f"systems: {{minio: {{}}, {systems}}}\n{more}"))
    return record(lambda: Platform("platform", made))


def ran(made: Recording[Any], system: str) -> set[str]:
    """Images of a system's own containers and applications."""
    found = {
        c["image"]
        for r, pod in made.pods()
        for c in [*pod.get("initContainers", ()), *pod["containers"]]
        if r.inputs["metadata"].get("namespace") == system
    }
    return found | {r.inputs["spec"]["image"] for r in made.all("SparkApplication")}


def test_every_row_with_images_is_tried_here() -> None:
    assert {system for (_, system), fact in TABLE.items() if fact.images} == set(SYSTEMS)
    assert {image for fact in TABLE.values() for image in fact.images} == {
        path.parent.name for path in images.FOLDER.glob("*/Dockerfile")
    }


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_where_nothing_names_or_builds_it_validation_says_so_once_an_image(tmp_path: Path, system: str) -> None:
    said = messages(checked(tmp_path, f"systems: {{minio: {{}}, {SYSTEMS[system]}}}"))
    wanted = TABLE["kubernetes", system].images
    assert len(said) == len(wanted)
    for name, message in zip(wanted, said, strict=True):
        assert message.startswith(f"mlops:spec.systems.{system}: ") and f"images/{name}," in message
        assert "systems.docker: {}" in message and f"images: {{{name}: <reference>}}" in message


@pytest.mark.parametrize("system", sorted(FIRST))
def test_the_registry_builds_it_before_its_first_use(tmp_path: Path, system: str) -> None:
    made = composed(tmp_path, f"{SYSTEMS[system]}, docker: {{}}")
    waited = made.waits_for(FIRST[system])
    for name in TABLE["kubernetes", system].images:
        assert f"docker-builder-{name}-job" in waited
    if system != "jenkins":
        assert ran(made, system) == {f"registry.mlops.internal/{images.repository(system)}"}


@pytest.mark.parametrize("system", sorted(NAMED))
def test_the_stack_file_names_it_and_the_section_goes_first(tmp_path: Path, system: str) -> None:
    mirror = "registryMirror: mirror.example/hub"
    theirs = ", ".join(f"{name}: 'r.example/{name}:2'" for name in TABLE["kubernetes", system].images)
    made = composed(tmp_path, SYSTEMS[system], f"images: {{{theirs}}}\n{mirror}")
    own = ", ".join(f"{key}: 'r.example/{name}:3'" for key, name in NAMED[system].items())
    section = f"{system}: {{{own}, "
    alone = composed(tmp_path, SYSTEMS[system].replace(f"{system}: {{", section).replace(", }", "}"), mirror)
    if system != "jenkins":
        assert ran(made, system) == {f"mirror.example/hub/{system}:2"}
        assert ran(alone, system) == {f"mirror.example/hub/{system}:3"}
    assert [r.name for r in [*made.resources, *alone.resources] if r.name.startswith("docker")] == []


def test_jenkins_tells_both_of_its_images() -> None:
    args = JenkinsController.plan(
        site("jenkins", Jenkins(image="r.example/j:3"), images={"jenkins": "r.example/j:2", "jenkins-agent": "r.example/a:2"})
    )
    assert (args.image, args.agent_image) == ("r.example/j:3", "r.example/a:2")
