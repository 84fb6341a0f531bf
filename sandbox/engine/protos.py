"""The engine's gRPC messages without the rest of the Pulumi SDK.

`import pulumi` costs about half a second of CPU, the generated protobuf modules alone a tenth. Each provider and the
language host start with every engine command, so they import the modules of `pulumi.runtime.proto` under stand-in parent
packages, which are taken away again at once: a later `import pulumi` (a provider that constructs components) gets the
whole SDK as usual.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import types
from pathlib import Path

from google.protobuf.internal import api_implementation


def allow_deep_messages() -> None:
    """Lift protobuf's limit of 100 levels: custom resource definitions nest deeper."""
    module = getattr(api_implementation, "_c_module", None)
    if module is not None and hasattr(module, "SetAllowOversizeProtos"):
        module.SetAllowOversizeProtos(True)


def load(*names: str) -> list[types.ModuleType]:
    """The modules `pulumi.runtime.proto.<name>`, in the order asked."""
    allow_deep_messages()
    if "pulumi" in sys.modules:
        return [importlib.import_module(f"pulumi.runtime.proto.{name}") for name in names]
    spec = importlib.machinery.PathFinder.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the Python package 'pulumi' is not installed; run `make setup`")
    folder = Path(next(iter(spec.submodule_search_locations)))
    parents = {"pulumi": folder, "pulumi.runtime": folder / "runtime", "pulumi.runtime.proto": folder / "runtime" / "proto"}
    for parent, path in parents.items():
        module = types.ModuleType(parent)
        module.__path__ = [str(path)]
        sys.modules[parent] = module
    try:
        return [importlib.import_module(f"pulumi.runtime.proto.{name}") for name in names]
    finally:
        for parent in parents:
            del sys.modules[parent]
