"""What holds data is encrypted at rest."""

from collections.abc import Iterator, Mapping, Sequence

from policies import clusters, google
from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, items, undecided

FLAGS: Mapping[str, Sequence[str]] = {
    "aws:rds/instance:Instance": ("storageEncrypted",),
    "aws:rds/cluster:Cluster": ("storageEncrypted",),
    "aws:efs/fileSystem:FileSystem": ("encrypted",),
    "aws:ebs/volume:Volume": ("encrypted",),
    "azure-native:storage:StorageAccount": ("encryption.requireInfrastructureEncryption", "enableHttpsTrafficOnly"),
    "azure-native:keyvault:Vault": ("properties.enablePurgeProtection",),
    "azure-native:containerservice:AgentPool": ("enableEncryptionAtHost",),
    "azure-native:hdinsight:Cluster": ("properties.encryptionInTransitProperties.isEncryptionInTransitEnabled",),
}
"""Settings that must be true."""
KEYS: Mapping[str, Sequence[str]] = {
    "aws:rds/instance:Instance": ("kmsKeyId",),
    "aws:rds/cluster:Cluster": ("kmsKeyId",),
    "aws:msk/cluster:Cluster": ("encryptionInfo.encryptionAtRestKmsKeyArn",),
    "aws:sagemaker/domain:Domain": ("kmsKeyId",),
    "aws:sagemaker/notebookInstance:NotebookInstance": ("kmsKeyId",),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId",),
    "aws:amp/workspace:Workspace": ("kmsKeyArn",),
    "aws:secretsmanager/secret:Secret": ("kmsKeyId",),
    "aws:efs/fileSystem:FileSystem": ("kmsKeyId",),
    **google.KEYS,
    **clusters.KEYS,
    "azure-native:storage:StorageAccount": ("encryption.keyVaultProperties.keyName",),
    "azure-native:dbformysql:Server": ("dataEncryption.primaryKeyURI",),
    "azure-native:eventhub:Namespace": ("encryption.keyVaultProperties",),
    "azure-native:dbforpostgresql:Server": ("dataEncryption.primaryKeyURI",),
    "azure-native:synapse:Workspace": ("encryption.cmk.key.keyVaultUrl",),
    "azure-native:datafactory:Factory": ("encryption.vaultBaseUrl",),
    "azure-native:hdinsight:Cluster": ("properties.diskEncryptionProperties.vaultUri",),
    "azure-native:machinelearningservices:Workspace": ("encryption.keyVaultProperties.keyIdentifier",),
    "azure-native:appconfiguration:ConfigurationStore": ("encryption.keyVaultProperties.keyIdentifier",),
    "azure-native:containerregistry:Registry": ("encryption.keyVaultProperties.keyIdentifier",),
    "aws:kinesisanalyticsv2/application:Application": ("applicationConfiguration.applicationEncryptionConfiguration.keyId",),
    "aws:emrserverless/application:Application": ("monitoringConfiguration.s3MonitoringConfiguration.encryptionKeyArn",),
    "aws:mwaa/environment:Environment": ("kmsKey",),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ("extendedS3Configuration.kmsKeyArn",),
    "aws:dms/replicationConfig:ReplicationConfig": ("computeConfig.kmsKeyId",),
    "aws:emr/cluster:Cluster": ("logEncryptionKmsKeyId",),
    "aws:datazone/domain:Domain": ("kmsKeyIdentifier",),
    "aws:sfn/stateMachine:StateMachine": ("encryptionConfiguration.kmsKeyId",),
    "aws:scheduler/schedule:Schedule": ("kmsKeyArn",),
    "aws:codebuild/project:Project": ("encryptionKey",),
    "aws:dms/s3Endpoint:S3Endpoint": ("serverSideEncryptionKmsKeyId",),
    "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings": (
        "dataCatalogEncryptionSettings.encryptionAtRest.sseAwsKmsKeyId",
    ),
}
"""Settings that must name a key."""
VAULTS = ("aws:kms/", "gcp:kms/", "azure-native:keyvault:", clusters.DISKS)
"""What a key of the stack's own is made from."""
REMEDY = "Encrypt it with the stack's key (kms)"
TLS = "Set it to TLS, 1.2 or newer"
BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
CONFIGURATION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
ALGORITHMS = ("aws:kms", "aws:kms:dsse")
IN_TRANSIT: Mapping[str, tuple[str, Sequence[str | None]]] = {
    "aws:msk/cluster:Cluster": ("encryptionInfo.encryptionInTransit.clientBroker", ("TLS", None)),
    "aws:dms/endpoint:Endpoint": ("sslMode", ("require", "verify-ca", "verify-full")),
    google.SQL: (google.SSL, google.SSL_MODES),
    "azure-native:storage:StorageAccount": ("minimumTlsVersion", ("TLS1_2", "TLS1_3")),
    "azure-native:eventhub:Namespace": ("minimumTlsVersion", ("1.2",)),
    "azure-native:hdinsight:Cluster": ("properties.minSupportedTlsVersion", ("1.2", "1.3")),
}
"""Settings that say how clients connect, and what they must say."""


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Databases, brokers, stores, volumes, workspaces, logs, buckets' configurations; brokers and stores in transit too."""
    for key in FLAGS.get(resource.type, ()):
        value = at(resource.props, key)
        if value is UNKNOWN:
            yield undecided(key, REMEDY)
        elif value is not True:
            yield Finding(key, "is not true", REMEDY)
    for key in KEYS.get(resource.type, ()):
        if not at(resource.props, key):  # whether an unknown one is a key is judged by what it is made from, below
            yield Finding(key, "names no key", REMEDY)
    if resource.type in IN_TRANSIT:
        yield from _transit(resource, *IN_TRANSIT[resource.type])
    if resource.type == CONFIGURATION:
        yield from _configuration(resource)
    if resource.type == "kubernetes:storage.k8s.io/v1:StorageClass" and resource.props.get("provisioner") == "ebs.csi.aws.com":
        value = at(resource.props, "parameters.encrypted")
        if value is UNKNOWN:
            yield undecided("parameters.encrypted", REMEDY)
        elif str(value).lower() != "true":
            yield Finding("parameters.encrypted", 'is not "true"', REMEDY)


def _transit(resource: Resource, path: str, good: Sequence[str | None]) -> Iterator[Finding]:
    value = at(resource.props, path)
    if value is UNKNOWN:
        yield undecided(path, TLS)
    elif value not in good:
        yield Finding(path, f'is "{value}"' if value else "is not set", TLS)


def _configuration(resource: Resource) -> Iterator[Finding]:
    rules = resource.props.get("rules")
    for index, rule in enumerate(items(rules) or [None]):
        path = f"rules[{index}].applyServerSideEncryptionByDefault.sseAlgorithm"
        algorithm = at(rule, "applyServerSideEncryptionByDefault.sseAlgorithm")
        if algorithm is UNKNOWN:
            yield undecided(path, REMEDY)
        elif algorithm not in ALGORITHMS:
            yield Finding(path, f'is "{algorithm}"' if algorithm else "is not set", REMEDY)


def check_stack(resources: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource, Finding]]:
    """Every bucket has a configuration of its own; a key that preview does not know yet is one of the stack's."""
    for bucket in resources:
        if bucket.type in BUCKETS and not any(r.type == CONFIGURATION and is_of(r, bucket) for r in resources):
            yield bucket, Finding("bucket", "has no BucketServerSideEncryptionConfiguration", REMEDY)
    for resource in resources:
        for key in KEYS.get(resource.type, ()):
            made_from = resource.depends.get(key.partition(".")[0], ())
            if at(resource.props, key) is UNKNOWN and not any(vault in urn for urn in made_from for vault in VAULTS):
                yield resource, undecided(key, REMEDY)


def is_of(part: Resource, bucket: Resource) -> bool:
    """Whether a part (encryption, public-access block) belongs to the bucket: by its name, or made from the bucket itself."""
    name = part.props.get("bucket")
    if name is UNKNOWN or name is None:
        return bucket.urn in part.depends.get("bucket", ())
    return name in (bucket.props.get("bucket"), bucket.props.get("id"))


RULE = Rule("encrypted-at-rest", "Stores are encrypted at rest.", Level.BASELINE, check, check_stack)
