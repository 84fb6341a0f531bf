"""A limit of the Python protobuf library that custom resource definitions break.

Messages nest at most 100 deep by default, and a map inside a map costs three levels: the schema of a CRD is deeper. A
program whose transforms see CRDs, and a policy pack that judges them, would fail to read the engine's requests.
"""

from google.protobuf.internal import api_implementation


def allow_deep_messages() -> None:
    """Lift the limit where the library has one (its C implementation, `upb`)."""
    module = getattr(api_implementation, "_c_module", None)
    if module is not None and hasattr(module, "SetAllowOversizeProtos"):
        module.SetAllowOversizeProtos(True)
