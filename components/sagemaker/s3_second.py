"""`seaweedfs` on AWS: there is no managed SeaweedFS, and what it is for is S3's own work."""

from components.sagemaker.s3 import S3Buckets


class S3Store(S3Buckets):
    """The S3 bucket set once more, for a stack whose object store is called seaweedfs on Kubernetes.

    Everything is as in S3Buckets, under names of its own, so that one stack may have both. Nothing of SeaweedFS runs.
    """

    noun = "S3Store"
