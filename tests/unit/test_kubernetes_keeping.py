"""Production keeps what holds data, ours and the charts' alike."""

from typing import Any

import pulumi
import pytest

from components.kubernetes.keeping import HOLDS_DATA, keep
from policies.rules import protected_in_prod

TRANSFORM = keep({"mysql"})


def kept(type_: str, **metadata: Any) -> bool:
    args = pulumi.ResourceTransformArgs(True, type_, "x", {"metadata": metadata}, pulumi.ResourceOptions(protect=False))
    made = TRANSFORM(args)
    return made is not None and made.opts.protect is True and made.opts.retain_on_delete is True


@pytest.mark.parametrize(
    "type_",
    [
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:monitoring.coreos.com/v1:Prometheus",
        "kubernetes:kafka.strimzi.io/v1beta2:Kafka",
        "kubernetes:core/v1:PersistentVolumeClaim",
    ],
)
def test_what_holds_data_is_protected_and_retained_in_any_version(type_: str) -> None:
    assert kept(type_, name="x")


def test_a_namespace_is_kept_where_data_would_go_with_it() -> None:
    assert kept("kubernetes:core/v1:Namespace", name="mysql")
    assert not kept("kubernetes:core/v1:Namespace", name="mlflow")
    assert not kept("kubernetes:core/v1:Namespace")


@pytest.mark.parametrize("type_", ["kubernetes:apps/v1:Deployment", "aws:s3/bucket:Bucket", "mlops:index:MinioStore"])
def test_nothing_else_is(type_: str) -> None:
    assert not kept(type_, name="mysql")


def test_the_policy_asks_for_no_more_than_is_kept() -> None:
    asked = {type_.removeprefix("kubernetes:") for type_ in protected_in_prod.STATEFUL if type_.startswith("kubernetes:")}
    assert asked <= HOLDS_DATA
