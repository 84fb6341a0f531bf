"""The plugin pulumi-resource-gcp."""

from __future__ import annotations

from sandbox.providers.gcp.provider import Gcp
from sandbox.providers.serve import serve

if __name__ == "__main__":
    serve(Gcp())
