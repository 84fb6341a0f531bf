"""The plugin pulumi-resource-aws."""

from __future__ import annotations

from sandbox.providers.aws.provider import Aws
from sandbox.providers.serve import serve

if __name__ == "__main__":
    serve(Aws())
