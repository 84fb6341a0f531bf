"""`seaweedfs` on Azure: there is no managed SeaweedFS, and what it is for is the storage account's own work."""

from components.azureml.storage import DataLake


class LakeStore(DataLake):
    """The storage account once more, for a stack whose object store is called seaweedfs on Kubernetes.

    Everything is as in DataLake, under names of its own, so that one stack may have both. Nothing of SeaweedFS runs.
    """

    noun = "LakeStore"
