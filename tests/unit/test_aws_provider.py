"""The simulated `aws` provider without an engine: names, records, adoption, drift, documents, addresses."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.aws import clients
from sandbox.providers.aws.counts import counts as counts_of
from sandbox.providers.aws.provider import Aws
from sandbox.providers.aws.shapes import from_api, letters
from sandbox.providers.cloud import drift
from sandbox.providers.cloud.spec import Api, Json, Name, Spec
from sandbox.providers.cloud.store import counts
from sandbox.providers.model import Call, Failure
from sandbox.providers.values import UNKNOWN, Secret, Secrets, bare

GRAFANA = "aws:grafana/workspace:Workspace"
INPUTS = {"accountAccessType": "CURRENT_ACCOUNT", "authenticationProviders": ["SAML"], "permissionType": "SERVICE_MANAGED"}


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """A provider with a sandbox home of its own and no API to talk to."""
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(tmp_path))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    made = Aws()
    yield made
    made.close()


def _call(op: str, token: str = GRAFANA, name: str = "one", **more: Any) -> Call:
    return Call(op=op, urn=f"urn:pulumi:dev::trial::{token}::{name}", type=token, name=name, **more)


def _checked(provider: Aws, inputs: Json, **more: Any) -> Json:
    found = provider.check(_call("check", inputs=inputs, **more))
    assert found.failures == []
    return dict(found.inputs)


def test_a_name_is_made_of_the_logical_one_and_stays_the_same(provider: Aws) -> None:
    first = _checked(provider, INPUTS)["name"]
    assert re.fullmatch("one-[0-9a-f]{7}", first)
    assert _checked(provider, INPUTS)["name"] == first
    assert _checked(provider, {**INPUTS, "permissionType": "CUSTOMER_MANAGED"}, old_inputs={"name": first})["name"] == first
    bucket = provider.check(_call("check", "aws:s3/bucket:Bucket", "My_Lake" * 20)).inputs["bucket"]
    assert len(bucket) == 63 and re.fullmatch("[a-z0-9-]+-[0-9a-f]{7}", bucket)
    proposed = _checked(provider, INPUTS, proposed_name="chosen", naming_enforced=True)
    assert proposed["name"] == "chosen"


def test_a_preview_knows_inputs_and_nothing_computed(provider: Aws) -> None:
    made = provider.create(_call("create", inputs=_checked(provider, INPUTS), preview=True))
    assert made.outputs["permissionType"] == "SERVICE_MANAGED"
    assert made.outputs["arn"] is UNKNOWN and made.outputs["grafanaVersion"] is UNKNOWN and "description" not in made.outputs
    assert made.outputs["tagsAll"] == {}
    assert counts(provider.store.path) == {}


def test_a_schema_only_object_lives_in_the_record(provider: Aws) -> None:
    inputs = _checked(provider, {**INPUTS, "tags": {"owner": "ml"}})
    made = provider.create(_call("create", inputs=inputs, config={"defaultTags": {"tags": {"stack": "dev"}}}))
    assert re.fullmatch("g-[0-9a-f]{10}", made.id)
    assert made.outputs["arn"] == f"arn:aws:grafana:us-east-1:123456789012:/workspaces/{made.id}"
    assert made.outputs["tagsAll"] == {"stack": "dev", "owner": "ml"} and made.outputs["tags"] == {"owner": "ml"}
    assert counts(provider.store.path) == {"dev": {"api": 0, "schema-only": 1}}
    assert counts_of("dev") == {"API-backed": 0, "schema-only": 1} and counts_of("other") == {}
    found = provider.read(_call("read", id=made.id, inputs=inputs, old_outputs=dict(made.outputs)))
    assert found is not None and found.inputs == inputs and found.outputs["arn"] == made.outputs["arn"]
    changed = {**inputs, "description": "new"}
    assert provider.diff(_call("diff", id=made.id, old_inputs=inputs, inputs=changed)).replace == set()
    outputs = provider.update(_call("update", id=made.id, old_inputs=inputs, old_outputs=dict(made.outputs), inputs=changed))
    assert outputs["description"] == "new" and outputs["endpoint"] == made.outputs["endpoint"]
    for _ in range(2):  # deleting what is gone is no error
        provider.delete(_call("delete", id=made.id, old_inputs=changed))
    assert provider.read(_call("read", id=made.id, inputs=changed)) is None
    assert counts(provider.store.path) == {}


def test_a_create_that_was_never_recorded_is_adopted_and_one_that_was_is_not(provider: Aws) -> None:
    inputs = {"accountAccessType": "CURRENT_ACCOUNT", "authenticationProviders": ["SAML"], "permissionType": "SERVICE_MANAGED"}
    inputs = dict(provider.check(_call("check", GRAFANA, inputs=inputs)).inputs)
    first = provider.create(_call("create", GRAFANA, inputs=inputs))
    again = provider.create(_call("create", GRAFANA, inputs=inputs))  # the engine was killed in between
    assert again.id == first.id
    provider.diff(_call("diff", GRAFANA, id=first.id, old_inputs=inputs, inputs=inputs))  # now the engine knows it
    assert (
        provider.check(_call("check", GRAFANA, inputs={k: v for k, v in inputs.items() if k != "name"})).inputs["name"]
        != inputs["name"]
    )
    other = provider.create(_call("create", GRAFANA, inputs={**inputs, "name": "other"}))
    assert other.id != first.id
    assert counts(provider.store.path) == {"dev": {"api": 0, "schema-only": 2}}


def test_an_alias_moves_the_record_to_the_new_urn(provider: Aws) -> None:
    inputs = _checked(provider, INPUTS)
    made = provider.create(_call("create", inputs=inputs))
    provider.diff(_call("diff", name="renamed", id=made.id, old_inputs=inputs, inputs=inputs))
    provider.delete(_call("delete", name="renamed", id=made.id, old_inputs=inputs))
    assert counts(provider.store.path) == {}


class Memory(Api):
    """An API that keeps one object a name; `broken` makes it keep the object and answer with an error."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.broken = False
        self.rounds = False

    def create(self, cx: Any, inputs: Json) -> str:
        """Keep it."""
        if inputs["name"] in self.objects:
            raise Failure("exists")
        self.objects[inputs["name"]] = dict(inputs)
        if self.broken:
            raise clients.ApiError("memory", "create", "500", "Internal Server Error", uncertain=True)
        return str(inputs["name"])

    def read(self, cx: Any, id: str, inputs: Json) -> Json | None:
        """What is kept."""
        found = self.objects.get(id)
        return {**found, "description": found["description"].strip()} if found and self.rounds else found

    def update(self, cx: Any, id: str, old: Json, new: Json) -> None:
        """Keep the new one."""
        self.objects[id] = dict(new)

    def delete(self, cx: Any, id: str, old: Json) -> None:
        """Forget it."""
        self.objects.pop(id, None)

    def find(self, cx: Any, inputs: Json) -> str | None:
        """By name."""
        return inputs["name"] if inputs["name"] in self.objects else None


POLICY = "aws:iam/policy:Policy"


@pytest.fixture
def memory(provider: Aws) -> Memory:
    """IAM policies kept by a `Memory`."""
    api = Memory()
    provider.table = {**provider.table, POLICY: Spec(name=Name("name"), replace=("path",), json=("policy",), api=api)}
    return api


def test_an_api_that_keeps_the_object_and_fails_is_found_at_the_next_try(provider: Aws, memory: Memory) -> None:
    inputs = {"name": "p", "policy": "{}"}
    memory.broken = True
    with pytest.raises(Failure, match="Internal Server Error"):
        provider.create(_call("create", POLICY, inputs=inputs))
    memory.broken = False
    assert provider.create(_call("create", POLICY, inputs={**inputs, "description": "now"})).id == "p"
    assert memory.objects["p"]["description"] == "now"
    assert counts(provider.store.path) == {"dev": {"api": 1, "schema-only": 0}}


def test_an_object_of_somebody_else_is_not_taken(provider: Aws, memory: Memory) -> None:
    memory.objects["p"] = {"name": "p"}
    for _ in range(2):
        with pytest.raises(Failure, match="exists"):
            provider.create(_call("create", POLICY, inputs={"name": "p", "policy": "{}"}))
    assert counts(provider.store.path) == {}


def test_a_left_over_that_cannot_be_changed_gives_way(provider: Aws, memory: Memory) -> None:
    provider.create(_call("create", POLICY, inputs={"name": "p", "policy": "{}", "path": "/a/"}))
    provider.create(_call("create", POLICY, inputs={"name": "p", "policy": "{}", "path": "/b/"}))
    assert memory.objects["p"]["path"] == "/b/"
    assert counts(provider.store.path) == {"dev": {"api": 1, "schema-only": 0}}


def test_what_is_replaced_before_anything_confirmed_it_is_not_deleted(provider: Aws, memory: Memory) -> None:
    inputs = {"name": "p", "policy": "{}"}
    provider.create(_call("create", POLICY, inputs=inputs))
    provider.create(_call("create", POLICY, inputs=inputs))
    provider.delete(_call("delete", POLICY, id="p", old_inputs=inputs))
    assert "p" in memory.objects


def test_what_the_api_makes_of_a_value_is_no_drift_but_a_later_change_is(provider: Aws, memory: Memory) -> None:
    inputs = {"name": "p", "policy": "{}", "description": "Some text "}
    memory.rounds = True
    made = provider.create(_call("create", POLICY, inputs=inputs))
    assert made.outputs["description"] == "Some text "
    call = _call("read", POLICY, id="p", inputs=inputs, old_outputs=bare(made.outputs))
    found = provider.read(call)
    assert found is not None and found.inputs == inputs
    changed = {**inputs, "description": "Other  "}
    provider.update(_call("update", POLICY, id="p", old_inputs=inputs, old_outputs=bare(made.outputs), inputs=changed))
    call = _call("read", POLICY, id="p", inputs=changed, old_outputs=bare(made.outputs))
    found = provider.read(call)
    assert found is not None and found.inputs == changed
    memory.objects["p"]["description"] = "somebody else's"
    found = provider.read(call)
    assert found is not None and found.inputs == {**changed, "description": "somebody else's"}


def test_json_is_compared_by_meaning(provider: Aws, memory: Memory) -> None:
    old, new = {"name": "p", "policy": '{"a": 1, "b": 2}'}, {"name": "p", "policy": '{"b":2,"a":1}'}
    assert not provider.diff(_call("diff", POLICY, id="p", old_inputs=old, inputs=new))
    assert provider.diff(_call("diff", POLICY, id="p", old_inputs=old, inputs={**new, "policy": "{}"})).replace == set()
    moved = provider.diff(_call("diff", POLICY, id="p", old_inputs=old, inputs={**new, "path": "/x/"}))
    assert moved.replace == {("path",)} and moved.delete_first  # the same name cannot exist twice


def test_default_tags_that_changed_are_a_change(provider: Aws) -> None:
    inputs = _checked(provider, INPUTS)
    call = _call("diff", id="x", old_inputs=inputs, inputs=inputs, old_outputs={"tagsAll": {"a": "1"}})
    call.config = {"defaultTags": {"tags": {"a": "2"}}}
    assert provider.diff(call).paths == {("tagsAll", "a"): "update"}


def test_a_secret_is_kept_as_a_hash_and_comes_back_from_the_engines_own_state(provider: Aws) -> None:
    password = {"authToken": "hunter2-hunter2-hunter2", "description": "d", "replicationGroupId": "g"}
    token = "aws:elasticache/replicationGroup:ReplicationGroup"
    call = _call("create", token, inputs=password, secrets=Secrets({("authToken",)}, {"hunter2-hunter2-hunter2"}))
    made = provider.create(call)
    assert "hunter2" not in " ".join(str(row) for row in _rows(provider.store.path))
    found = provider.read(_call("read", token, id=made.id, inputs=password, old_outputs=bare(made.outputs)))
    assert found is not None and found.inputs == password


def _rows(path: Path) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("select * from objects").fetchall()
    finally:
        connection.close()


def test_references_must_exist(provider: Aws) -> None:
    inputs = {"workspaceId": "g-none", "role": "ADMIN"}
    with pytest.raises(Failure, match='workspaceId: there is no Grafana workspace "g-none"'):
        provider.create(_call("create", "aws:grafana/roleAssociation:RoleAssociation", inputs=inputs))


def test_without_a_cloud_the_error_says_how_to_start_one(provider: Aws) -> None:
    with pytest.raises(Failure, match="mlops sandbox up"):
        provider.create(_call("create", "aws:s3/bucket:Bucket", inputs={"bucket": "b"}))


@pytest.mark.parametrize(
    "endpoint", ["https://s3.amazonaws.com", "http://10.0.0.1:5000", "http://localhost.example.com", "nonsense"]
)
def test_only_this_machine_is_called(provider: Aws, endpoint: str) -> None:
    with pytest.raises(Failure, match="calls only this machine"):
        clients.loopback(endpoint)
    found = provider.check_config(Call(op="check_config", inputs={"endpoints": [{"s3": endpoint}]}))
    assert [path for path, _ in found.failures] == ["endpoints[0].s3"]
    assert (
        clients.loopback("http://127.0.0.1:1") and clients.loopback("http://[::1]:1") and clients.loopback("http://localhost:1")
    )


def test_drift_looks_only_at_what_was_asked_for() -> None:
    given = {"rules": [{"days": 1}], "ids": ["b", "a"], "policy": '{"a": 1}', "gone": 1, "kept": 2}
    live = {"rules": [{"days": 2, "more": 3}], "ids": ["a", "b"], "policy": '{ "a":1 }', "gone": None, "extra": 4}
    assert drift.project(given, live) == {"rules": [{"days": 2}], "ids": ["b", "a"], "policy": '{"a": 1}', "kept": 2}
    assert drift.project({"on": True}, {"on": 1}) == {"on": 1}


def test_names_of_program_and_api_meet_by_their_letters() -> None:
    assert letters("subnetIds") == letters("SubnetIDs") == letters("subnet_id")
    assert letters("policies") == letters("Policy")
    found = from_api({"kmsMasterKeyId": "", "rules": [{"x": 1}]}, {"KMSMasterKeyID": "k", "Rules": [{"X": 2, "Y": 3}], "Z": 1})
    assert found == {"kmsMasterKeyId": "k", "rules": [{"x": 2}]}


def test_secret_outputs_are_marked(provider: Aws) -> None:
    inputs = {"instanceClass": "db.t4g.medium", "password": "long-password"}
    made = provider.create(_call("create", "aws:rds/instance:Instance", inputs=inputs, preview=True))
    assert isinstance(made.outputs["password"], Secret)
