"""What the composer hands to a system on AWS, made by hand: for tests of `plan` and of components alone."""

import json
from typing import Any

import pulumi

from components import contracts
from components.naming import Naming
from components.spec.stack import Stack, StackSpec, Target
from components.system import Site
from components.targets import find
from tests.unit.recording import Recording, record
from tests.unit.registered import Registered

REGION, ACCOUNT = "eu-central-1", "123456789012"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/stack"
DATABASE = contracts.DatabaseAccess("mysql.rds", 3306, "optuna", "test_optuna")


def network() -> contracts.Network:
    """The stack's network."""
    out = pulumi.Output.from_input
    return contracts.Network(out("vpc-1"), out(["subnet-1", "subnet-2"]), out("sg-1"), out(KEY), REGION, out(ACCOUNT))


def store() -> contracts.ObjectStore:
    """A store whose grants are made by the composer."""
    return contracts.ObjectStore(None, REGION, lambda bucket, consumer: contracts.BucketAccess(bucket, REGION))


def database() -> contracts.Database:
    """A database whose grants are made by the composer."""
    return contracts.Database("mysql", "mysql.rds", 3306, lambda name, consumer: DATABASE)


def site(key: str, settings: dict[str, Any] | None = None, *given: Any, **spec: Any) -> Site:
    """A Site of system `key` on SageMaker: its settings as in a stack file; `given` contracts are met beside the network."""
    whole = StackSpec.model_validate({"tier": "all", "systems": {key: settings or {}}, **spec})
    config = whole.chosen()[key]
    wanted = find("sagemaker", key).wants(config)
    return Site(
        key=key,
        stack=Stack(name="test", target=Target.SAGEMAKER, spec=whole),
        config=config,
        naming=Naming("test", whole.team, whole.environment.value, whole.owner),
        opts=pulumi.ResourceOptions(),
        role=f"test-{key}",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/test-{key}",
        met={type(contract): contract for contract in (network(), store(), database(), *given)},
        databases=dict.fromkeys(wanted.databases, DATABASE),
        buckets={bucket: contracts.BucketAccess(f"test-{bucket}", REGION, kms_key=KEY) for bucket in wanted.buckets},
    )


def built(key: str, settings: dict[str, Any] | None = None, *given: Any, **spec: Any) -> Recording[Any]:
    """The system's component, built as the composer does; `result` is the component."""

    def build() -> Any:
        cls = find("sagemaker", key)
        return cls(key, cls.plan(site(key, settings, *given, **spec)))

    return record(build)


def statements(policy: Registered) -> list[dict[str, Any]]:
    """The statements of a RolePolicy."""
    return list(json.loads(policy.inputs["policy"])["Statement"])


def actions(made: Recording[Any]) -> set[str]:
    """Every action that any role policy of a recording allows."""
    return {action for policy in made.all("RolePolicy") for entry in statements(policy) for action in entry["Action"]}


def wide(made: Recording[Any]) -> list[str]:
    """Statements that allow a wildcard of actions on every resource."""
    return [
        f"{policy.name}: {entry['Action']}"
        for policy in made.all("RolePolicy")
        for entry in statements(policy)
        if "*" in entry["Resource"] and any(action.endswith("*") for action in entry["Action"])
    ]
