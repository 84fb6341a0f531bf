"""`seaweedfs` on Google Cloud: there is no managed SeaweedFS, and what it is for is Cloud Storage's own work."""

from components.vertex.gcs import GcsBuckets


class GcsStore(GcsBuckets):
    """The Cloud Storage bucket set once more, for a stack whose object store is called seaweedfs on Kubernetes.

    Everything is as in GcsBuckets, under names of its own, so that one stack may have both. Nothing of SeaweedFS runs.
    """

    noun = "GcsStore"
