"""Every system in one stack, end to end. The file backend writes the whole state at each step, so it is by far the longest test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.test_platform_blueprints import prove

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(10800)]
BLUEPRINT = "full"


def test_every_system_in_one_stack(tmp_path: Path) -> None:
    prove(BLUEPRINT, tmp_path, seconds=5400.0)
