"""The policy pack. Constructing it serves until the engine is done, so nothing else may."""

import sys
from pathlib import Path

# the engine runs this file by its path, with policies/ first on the import path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from google.protobuf.internal import api_implementation
from pulumi_policy import PolicyPack

from policies.once import read_once
from policies.pack import policies

# a CRD nests deeper than the 100 levels that protobuf reads by default
if hasattr(getattr(api_implementation, "_c_module", None), "SetAllowOversizeProtos"):
    api_implementation._c_module.SetAllowOversizeProtos(True)  # type: ignore[attr-defined]

read_once()
PolicyPack("mlops", policies())
