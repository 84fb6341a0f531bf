"""The plugin pulumi-resource-azure-native."""

from __future__ import annotations

from sandbox.providers.azure.provider import Azure
from sandbox.providers.serve import serve

if __name__ == "__main__":
    serve(Azure())
