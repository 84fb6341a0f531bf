"""What each system becomes on Azure, around Azure Machine Learning; one row a system."""

from collections.abc import Mapping

from components.mapping.fact import FOUNDATION, SystemFact

_A = "components.azureml."

ROWS: Mapping[str, SystemFact] = {
    FOUNDATION: SystemFact(
        _A + "foundation:AzureFoundation", "azure-native:network:VirtualNetwork", provides=("network",), managed=True
    ),
    "minio": SystemFact(
        _A + "storage:DataLake", "azure-native:storage:StorageAccount", needs=("network",), provides=("objectStore",),
        managed=True, holds="every container and its objects",
    ),
}  # fmt: skip
