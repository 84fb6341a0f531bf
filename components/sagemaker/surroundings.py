"""What the chosen systems need of the network and of its key: AWS services reached from inside, services that use the key."""

from collections.abc import Iterable, Sequence

SERVICES: dict[str, Sequence[str]] = {
    "airflow": ("airflow.api", "airflow.env", "airflow.ops", "sqs"),
    "spark": ("emr-serverless", "glue"),
    "hadoop": ("elasticmapreduce", "glue"),
    "flume": ("kinesis-firehose",),
    "feast": ("sagemaker.featurestore-runtime", "glue"),
    "amundsen": ("glue", "datazone"),
}
"""Interface endpoints by system, as `com.amazonaws.<region>.<name>`.

Source: AWS PrivateLink guide, "AWS services that integrate with AWS PrivateLink"; Amazon MWAA user guide, "Creating the
required VPC service endpoints in an Amazon VPC with private routing". Not tried against a cloud.
"""

KEY_USERS: dict[str, Sequence[str]] = {
    "flink": ("kinesisanalytics.amazonaws.com", "infrastructure.kinesisanalytics.amazonaws.com"),
}
"""Service principals that use the stack's key themselves, by system.

Source: Managed Service for Apache Flink developer guide, "Managing CMK using APIs": without them the application is refused.
"""


def endpoints(systems: Iterable[str]) -> list[str]:
    """The endpoints that these systems need beside those of every stack, each once, in alphabetical order."""
    return sorted({service for system in systems for service in SERVICES.get(system, ())})


def key_users(systems: Iterable[str]) -> list[str]:
    """The service principals that must be allowed to use the key, each once, in alphabetical order."""
    return sorted({principal for system in systems for principal in KEY_USERS.get(system, ())})
