"""Where the sandbox keeps things: built tools in a cache shared by clones, everything else in the clone."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cache() -> Path:
    """Built tools and derived schemas, outside the clone: MLOPS_CACHE, else XDG_CACHE_HOME/mlops."""
    if explicit := os.environ.get("MLOPS_CACHE"):
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlops"


def home() -> Path:
    """State of this clone's sandbox: MLOPS_SANDBOX_HOME, else .sandbox/ in the clone."""
    if explicit := os.environ.get("MLOPS_SANDBOX_HOME"):
        return Path(explicit).resolve()
    return ROOT / ".sandbox"


def contracts() -> Path | None:
    """Reference data of the pinned charts: MLOPS_CONTRACTS, else ../shared/contracts; None where absent."""
    path = Path(os.environ.get("MLOPS_CONTRACTS") or ROOT.parent / "shared" / "contracts")
    return path if (path / "index.yaml").is_file() else None
