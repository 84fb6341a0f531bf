from pulumi.provider.experimental import component_provider_host
from twins import Twins

component_provider_host(name="nodes", components=[Twins])
