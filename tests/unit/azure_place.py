"""A foundation's gifts for tests of one component."""

from components.azureml.place import NAMES, AzurePlaceArgs
from components.azureml.private import OWN_ZONES, zones
from components.azureml.surroundings import SUBNETS

GROUP = "/subscriptions/s/resourceGroups/g/providers/"
PLACE = AzurePlaceArgs(
    region="westeurope",
    zones={zone: f"{GROUP}Microsoft.Network/privateDnsZones/{zone}" for zone in zones("westeurope", list(OWN_ZONES))},
    subnets={system: f"{GROUP}Microsoft.Network/virtualNetworks/n/subnets/{system}" for system in SUBNETS},
    **{name: f"{GROUP}x/y/{name}" for name in NAMES},
)
