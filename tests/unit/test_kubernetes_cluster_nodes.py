"""Live nodes held against the declared GPU pools."""

from typing import Any

import pytest

from components.kubernetes import gpus
from components.spec.team import GpuSharing
from tests.unit.test_kubernetes_cluster import A100, CUT, POOL, SLICED, seen


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, []),
        ({"product": "Tesla-T4"}, [f'node gpu-0 is labelled nvidia.com/gpu.product="Tesla-T4", declared is "{A100}"']),
        ({"product": None}, [f'node gpu-0 has no label nvidia.com/gpu.product; expected "{A100}"']),
        ({"gpus": "2"}, ["node gpu-0 offers 2 nvidia.com/gpu, declared are 4"]),
        ({"gpus": None}, ["node gpu-0 offers no nvidia.com/gpu; declared are 4"]),
    ],
)
def test_what_a_node_lacks_is_said_in_words(found: dict[str, Any], expected: list[str]) -> None:
    errors, notes = gpus.inspect("train", POOL, GpuSharing(), "gpu-0", seen(**found), True)
    assert len(errors) == len(expected) and notes == []
    assert all(
        error.startswith(f"mlops:spec.cluster.gpuPools.train: {text}") for error, text in zip(errors, expected, strict=True)
    )


def test_what_our_own_operator_has_yet_to_bring_is_no_error() -> None:
    errors, notes = gpus.inspect("train", POOL, GpuSharing(), "gpu-0", seen(product=None, gpus=None, taint=False), False)
    assert errors == [] and len(notes) == 3 and "no taint nvidia.com/gpu:NoSchedule" in notes[2]
    # another product is another machine, whoever labels it
    assert gpus.inspect("train", POOL, GpuSharing(), "gpu-0", seen(product="Tesla-T4"), False)[0]
    # not shared yet: the operator relabels it
    assert gpus.inspect("train", POOL, SLICED, "gpu-0", seen(gpus=None), False)[0] == []


def test_a_shared_node_is_held_against_its_shares() -> None:
    shared = seen(product=f"{A100}-SHARED", gpus="12")
    assert gpus.inspect("train", POOL, SLICED, "gpu-0", shared, True) == ([], [])
    assert "offers no nvidia.com/mig-2g.20gb; declared are 12" in gpus.inspect("train", POOL, CUT, "n", seen(), True)[0][0]
