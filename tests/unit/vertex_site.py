"""What the composer hands to a system of the vertex target, made by hand, and what its contracts grant in a test."""

from typing import Any

import pulumi

from components import contracts
from components.naming import Naming
from components.spec.base import System
from components.spec.stack import Stack, StackSpec, Target
from components.system import Site
from components.targets import find

PROJECT, REGION = "mlops-trial", "europe-west3"
ROBOT = f"test-app@{PROJECT}.iam.gserviceaccount.com"
KEY = f"projects/{PROJECT}/locations/{REGION}/keyRings/r/cryptoKeys/platform"
SUBNET = f"projects/{PROJECT}/regions/{REGION}/subnetworks/test-private"
NETWORK = f"projects/{PROJECT}/global/networks/test"


def network() -> contracts.Network:
    """The foundation's contract."""
    known = pulumi.Output.from_input
    return contracts.Network(known(NETWORK), known([SUBNET]), known("test-members"), known(KEY), REGION, known(PROJECT))


def consumer(name: str = "app") -> contracts.Consumer:
    """Somebody with a service account."""
    return contracts.Consumer(name, role=f"test-{name}@{PROJECT}.iam.gserviceaccount.com")


def site(key: str, config: System, *given: Any, systems: dict[str, Any] | None = None, **spec: Any) -> Site:
    """A Site of system `key`: the network is there, `given` contracts are met, what it wants is granted."""
    chosen = {key: config.model_dump(by_alias=True), **(systems or {})}
    whole = StackSpec.model_validate({"systems": chosen, **spec})
    wanted = find("vertex", key).wants(config)
    return Site(
        key=key,
        stack=Stack(name="test", target=Target.VERTEX, spec=whole),
        config=config,
        naming=Naming("test", whole.team, whole.environment.value, whole.owner),
        opts=pulumi.ResourceOptions(),
        role=ROBOT,
        role_arn=f"projects/{PROJECT}/serviceAccounts/{ROBOT}",
        met={contracts.Network: network(), **{type(contract): contract for contract in given}},
        databases={name: contracts.DatabaseAccess(f"{PROJECT}:{REGION}:db", 3306, name, "test-app") for name in wanted.databases},
        buckets={name: contracts.BucketAccess(f"test-{name}", REGION, kms_key=KEY) for name in wanted.buckets},
    )
