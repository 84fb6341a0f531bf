"""A foundation's gifts for tests of one component."""

from components.azureml.place import NAMES, AzurePlaceArgs
from components.azureml.private import zones

GROUP = "/subscriptions/s/resourceGroups/g/providers/"
PLACE = AzurePlaceArgs(
    region="westeurope",
    zones={zone: f"{GROUP}Microsoft.Network/privateDnsZones/{zone}" for zone in zones("westeurope")},
    **{name: f"{GROUP}x/y/{name}" for name in NAMES},
)
