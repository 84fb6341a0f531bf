"""The tier-all stack on Kubernetes, end to end: every system Ready, no secret in the open, nothing to change, nothing left."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.platform_env import Project, project

pytestmark = pytest.mark.sandbox

STACK = "sandbox"
SYSTEMS = {"minio", "mysql", "kafka", "mlflow", "jupyterhub", "prometheus", "grafana"}
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"
"""Value of the key that marks a secret in a stack's state; source: pulumi SDK, resource.SecretSig."""
PASSING = {"Event", "Lease", "APIService", "EndpointSlice", "Endpoints", "CSIStorageCapacity", "Node"}
"""Kinds that the cluster makes and drops by itself; nodes are its autoscaler's, and no stack makes one."""
PUBLISHED = ("*/backend/**/*", "logs/*", "status/*", "aws/state.db", "backend/**/*")
"""What the sandbox stores or shows that is not a credential file or the cluster's own store."""


@dataclass
class Deployed:
    """The stack after its `up`, and what the cluster held before it."""

    project: Project
    before: set[str]


def inventory(made: Project) -> set[str]:
    """Every object of every kind that the API server can list, with its finalizers where it is being deleted."""
    kinds = made.ok("kubectl", "api-resources", "--verbs=list", "-o", "name").split()
    items = made.get(",".join(kinds), "-A")["items"]
    found = set()
    for item in items:
        metadata = item["metadata"]
        if item["kind"] in PASSING:
            continue
        leaving = f" finalizers {metadata.get('finalizers')}" if metadata.get("deletionTimestamp") else ""
        found.add(f"{item['apiVersion']} {item['kind']} {metadata.get('namespace', '')}/{metadata['name']}{leaving}")
    return found


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with project(tmp_path_factory.mktemp("kubernetes")) as made:
        before = inventory(made)
        made.up(STACK)
        yield Deployed(made, before)


def test_every_system_is_ready_by_the_api_servers_word(deployed: Deployed) -> None:
    status = deployed.project.mlops("status", STACK, "--format", "json")
    assert status.code == 0, status.text
    facts = json.loads(status.text)
    assert {row["system"] for row in facts["systems"]} >= SYSTEMS
    for row in facts["systems"]:
        assert row["isReady"] and row["total"], row
    assert facts["plugins"]["kubernetes"] in ("simulated", "official")


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: Deployed) -> None:
    deployed.project.settled(STACK, "--policy-pack", "policies")


def secrets_of(value: Any) -> Iterator[str]:
    """Every text inside the secret values of a decrypted state."""
    if isinstance(value, dict):
        if value.get("4dabf18193072939515e22adb298388d") == SECRET_MARK:
            yield from texts(json.loads(value["plaintext"]))
        else:
            for item in value.values():
                yield from secrets_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from secrets_of(item)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def credentials(made: Project) -> set[str]:
    """Values that must not be seen: generated passwords, and keys, tokens and passwords of the cluster's Secrets."""
    found = {made.home.joinpath("passphrase").read_text().strip()}
    resources = made.resources(STACK, secrets=True)
    for resource in resources:
        if resource["type"] in ("random:index/randomPassword:RandomPassword", "random:index/randomBytes:RandomBytes"):
            found |= set(secrets_of({key: resource["outputs"].get(key) for key in ("result", "hex", "base64")}))
    generated = set(found)
    everything = {text for resource in resources for text in secrets_of(resource)}
    # what carries a generated value is as secret as that: connection strings, whole configuration files, base64
    found |= {text for text in everything if any(one in text or one in decoded(text) for one in generated)}
    for secret in made.get("secrets", "-A")["items"]:
        for key, value in (secret.get("data") or {}).items():
            if key in ("token", "tls.key", "password", "rootPassword", "secretKey") or key.endswith((".key", ".password")):
                found |= {value, base64.b64decode(value).decode(errors="replace")}
    return {text for text in found if len(text) >= 8}


def decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def published(made: Project) -> Iterator[tuple[str, str]]:
    """Everything that anybody may see, by where."""
    yield "stack export", made.good("stack export", STACK)
    yield "exports", json.dumps(made.outputs(STACK))
    for item in made.get("configmaps", "-A")["items"]:
        yield f"ConfigMap {item['metadata']['namespace']}/{item['metadata']['name']}", json.dumps(item, ensure_ascii=False)
    for pod in made.get("pods", "-A")["items"]:
        yield f"pod {pod['metadata']['name']}", json.dumps(pod["spec"], ensure_ascii=False)
    files: set[Path] = {path for pattern in PUBLISHED for path in made.home.glob(pattern) if path.is_file()}
    assert any(path.name == f"{STACK}.json" for path in files) and any(path.suffix == ".log" for path in files)
    for path in sorted(files):
        yield str(path.relative_to(made.home)), path.read_bytes().decode(errors="replace")


def test_no_secret_stands_in_the_open(deployed: Deployed) -> None:
    hidden = credentials(deployed.project)
    assert len(hidden) > 40
    # JSON escapes line ends, and a file may be kept as base64
    forms = {form for text in hidden for form in (text, json.dumps(text)[1:-1], base64.b64encode(text.encode()).decode())}
    seen = [
        f"{where}: {text[:3]}…({len(text)})" for where, shown in published(deployed.project) for text in forms if text in shown
    ]
    assert seen == []


def test_flipping_the_deployed_stack_is_refused_by_what_it_holds(deployed: Deployed) -> None:
    path = deployed.project.stack_file(STACK)
    text = path.read_text()
    path.write_text(text.replace("mlops:target: kubernetes", "mlops:target: sagemaker", 1))
    try:
        said = deployed.project.refused("preview", STACK)
    finally:
        path.write_text(text)
    assert f'stack {STACK} is deployed on "kubernetes"' in said
    for system in ("mysql", "minio", "kafka"):
        assert system in said.partition("would destroy")[2]


def test_destroy_leaves_nothing(deployed: Deployed) -> None:
    # the last of the module, for it takes away what the others look at
    made = deployed.project
    made.destroy(STACK)
    state = json.loads((made.home / "backend" / ".pulumi" / "stacks" / "mlops" / f"{STACK}.json").read_text())
    assert not state["checkpoint"]["latest"].get("resources")
    # volumes go after their claims, and certificates' Secrets after their certificates
    deadline = time.monotonic() + 60
    while (left := inventory(made) - deployed.before) and time.monotonic() < deadline:
        time.sleep(3)
    assert left == set()
    assert deployed.before - inventory(made) == set()
