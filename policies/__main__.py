"""The policy pack. Constructing it serves until the engine is done, so nothing else may."""

import sys
from pathlib import Path

# the engine runs this file by its path, with policies/ first on the import path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import PolicyPack

from policies.pack import policies

PolicyPack("mlops", policies())
