"""The plugin: python -m sandbox.providers.kubernetes <engine address>."""

from sandbox.providers.kubernetes.provider import Kubernetes
from sandbox.providers.serve import serve

if __name__ == "__main__":
    serve(Kubernetes())
