"""`python -m sandbox.providers.random`: the plugin process."""

from sandbox.providers.random.provider import Random
from sandbox.providers.serve import serve

serve(Random())
