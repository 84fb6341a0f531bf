"""For every rule: resources that keep it and resources that break it, the same for the rule functions and for the engine."""

from typing import Any

from policies import google
from tests.policies.samples import (
    FIRST,
    IMAGE,
    POD,
    RESOURCES,
    TAGS,
    Case,
    Lack,
    Props,
    custom,
    deployment,
    metadata,
    pod,
    statement,
)

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
KAFKA = "kubernetes:kafka.strimzi.io/v1:Kafka"
POOL = "kubernetes:kafka.strimzi.io/v1:KafkaNodePool"
RAY = "kubernetes:ray.io/v1:RayCluster"
MYSQL = "kubernetes:ps.percona.com/v1:PerconaServerMySQL"
PROMETHEUS = "kubernetes:monitoring.coreos.com/v1:Prometheus"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
CHART = "kubernetes:helm.sh/v4:Chart"
SERVICE = "kubernetes:core/v1:Service"
BUCKET, RDS, MSK, KEY = "aws:s3/bucket:Bucket", "aws:rds/instance:Instance", "aws:msk/cluster:Cluster", "aws:kms/key:Key"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
GROUP_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

GOOGLE_BUCKET = {
    "publicAccessPrevention": "enforced", "uniformBucketLevelAccess": True, "labels": TAGS,
    "encryption": {"defaultKmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"},
}  # fmt: skip
GOOGLE_SQL = {
    "encryptionKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k", "deletionProtection": True,
    "settings": {"userLabels": TAGS, "ipConfiguration": {"ipv4Enabled": False, "sslMode": "ENCRYPTED_ONLY"}},
}  # fmt: skip
GOOGLE_RUN = {
    "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY", "invokerIamDisabled": False, "labels": TAGS,
    "template": {"encryptionKey": "projects/p/locations/l/keyRings/r/cryptoKeys/k"},
}  # fmt: skip
GOOGLE_KAFKA = {"labels": TAGS, "gcpConfig": {"kmsKey": "projects/p/locations/l/keyRings/r/cryptoKeys/k", "accessConfig": {}}}
SQL, RUN, MANAGED_KAFKA = google.SQL, google.RUN, google.KAFKA
SQL_ADDRESS = "settings.ipConfiguration"
MEMBER = "gcp:projects/iAMMember:IAMMember"
ROBOT = "serviceAccount:a@p.iam.gserviceaccount.com"
OPEN_WALL = {"direction": "INGRESS", "allows": [{"protocol": "tcp"}], "sourceRanges": ["10.0.0.0/8"]}
INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"

RAY_GROUP = {"groupName": "gpu", "replicas": 2, "maxReplicas": 4, "template": {"spec": pod()}}
INSTANCE = {
    "storageEncrypted": True, "kmsKeyId": "arn:key", "publiclyAccessible": False, "deletionProtection": True, "tags": TAGS,
}  # fmt: skip
BROKERS = {
    "numberOfBrokerNodes": 3, "tags": TAGS,
    "encryptionInfo": {"encryptionAtRestKmsKeyArn": "arn:key", "encryptionInTransit": {"clientBroker": "TLS"}},
}  # fmt: skip
ALL_BLOCKED = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
KMS_RULES = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]
EVERYBODY = statement(Principal="*", Action="s3:GetObject", Resource="*")
OURS = statement(Principal={"AWS": "arn:aws:iam::123456789012:role/r"}, Action="s3:GetObject", Resource="*")


def ray(**container: Any) -> Props:
    head = {"template": {"spec": pod()}}
    return custom("ray", headGroupSpec=head, workerGroupSpecs=[{**RAY_GROUP, "template": {"spec": pod(**container)}}])


def parts(bucket: str) -> tuple[tuple[str, str, Props], ...]:
    """What stands beside a good bucket."""
    of = {"$of": bucket, "output": "id"}
    return (
        (f"{bucket}-block", BLOCK, {"bucket": of, **ALL_BLOCKED}),
        (f"{bucket}-encryption", ENCRYPTION, {"bucket": of, "rules": KMS_RULES}),
    )


WORKER = "spec.workerGroupSpecs[0]"
WORKER_FIRST = f"{WORKER}.template.spec.containers[0]"
ENV = [{"name": "DB_PASSWORD", "value": "$(FROM)"}]

CASES = (
    Case("image-pinned", "latest", DEPLOYMENT, deployment("latest"), f"{FIRST}.image", "quay.io/example/server:latest"),
    Case("image-pinned", "foreign", DEPLOYMENT, deployment("foreign"), f"{FIRST}.image", "evil.example/server:1"),
    Case(
        "image-pinned", "in-kafka", KAFKA, custom("in-kafka", kafka={"image": IMAGE}), "spec.kafka.image", "quay.io/strimzi/kafka"
    ),
    Case("image-pinned", "in-ray", RAY, ray(), f"{WORKER_FIRST}.image", "rayproject/ray:nightly"),
    Case(
        "image-pinned",
        "in-prometheus",
        PROMETHEUS,
        custom("in-prometheus", image=IMAGE, resources=RESOURCES),
        "spec.image",
        "prom/x",
    ),
    Case("kept-upstream", "minio", DEPLOYMENT, deployment("minio"), f"{FIRST}.image", "quay.io/minio/minio:RELEASE.2025-10-15"),
    Case("kept-upstream", "seldon", DEPLOYMENT, deployment("seldon"), f"{FIRST}.image", "docker.io/seldonio/mlserver:1.6.1"),
    Case("resources-set", "no-requests", DEPLOYMENT, deployment("no-requests"), f"{FIRST}.resources", {"limits": {"cpu": "1"}}),
    Case(
        "resources-set", "pool", POOL, custom("pool", replicas=3, resources=RESOURCES), "spec.resources", {"limits": {"cpu": 1}}
    ),
    Case(
        "resources-set",
        "percona",
        MYSQL,
        custom("percona", mysql={"resources": RESOURCES, "size": 3}),
        "spec.mysql.resources",
        {"requests": {"cpu": "0", "memory": "1Gi"}},
    ),
    Case("no-privilege", "privileged", DEPLOYMENT, deployment("privileged"), f"{FIRST}.securityContext.privileged", True),
    Case("no-privilege", "root", DEPLOYMENT, deployment("root"), f"{FIRST}.securityContext.runAsUser", 0),
    Case("no-privilege", "host", DEPLOYMENT, deployment("host"), f"{POD}.hostNetwork", True),
    Case("no-privilege", "ray-root", RAY, ray(), f"{WORKER_FIRST}.securityContext.privileged", True),
    Case(
        "no-privilege",
        "kafka-root",
        KAFKA,
        custom("kafka-root", kafka={"template": {"pod": {"securityContext": {"runAsUser": 1001}}}}),
        "spec.kafka.template.pod.securityContext.runAsUser",
        0,
    ),
    Case(
        "no-plain-secret",
        "variable",
        DEPLOYMENT,
        deployment("variable", env=ENV),
        f"{FIRST}.env[0].value",
        "hunter22",
        f"{FIRST}.env[0].value (DB_PASSWORD)",
    ),
    Case(
        "no-plain-secret",
        "config",
        CONFIG_MAP,
        {"metadata": metadata("config"), "data": {"a.ini": "x = 1"}},
        "data.'a.ini'",
        "password = hunter22",
        "data.a.ini",
    ),
    Case(
        "no-plain-secret",
        "kept",
        CONFIG_MAP,
        {"metadata": metadata("kept"), "data": {"dsn": "x"}},
        "data.dsn",
        {"$secret": "innocent"},
        decided=True,
    ),
    Case(
        "no-plain-secret",
        "connect",
        "kubernetes:kafka.strimzi.io/v1:KafkaConnect",
        custom("connect", resources=RESOURCES, template={"connectContainer": {"env": ENV}}),
        "spec.template.connectContainer.env[0].value",
        "hunter22",
        "spec.template.connectContainer.env[0].value (DB_PASSWORD)",
    ),
    Case("no-plain-secret", "rds-password", RDS, dict(INSTANCE), "password", "hunter22", decided=True),
    Case("no-public-bucket", "block", BLOCK, {"bucket": "b", **ALL_BLOCKED}, "blockPublicPolicy", False),
    Case(
        "no-public-bucket",
        "policy",
        "aws:s3/bucketPolicy:BucketPolicy",
        {"bucket": "b", "policy": OURS},
        "policy",
        EVERYBODY,
        "policy.Statement[0]",
    ),
    Case("encrypted-at-rest", "rds-plain", RDS, dict(INSTANCE), "storageEncrypted", False),
    Case("encrypted-at-rest", "rds-key", RDS, dict(INSTANCE), "kmsKeyId", None),
    Case("encrypted-at-rest", "msk-plain", MSK, dict(BROKERS), "encryptionInfo.encryptionInTransit.clientBroker", "PLAINTEXT"),
    Case(
        "encrypted-at-rest",
        "s3-plain",
        ENCRYPTION,
        {"bucket": "b", "rules": KMS_RULES},
        "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
        "AES256",
    ),
    Case("protected-in-prod", "rds-deletable", RDS, dict(INSTANCE), "deletionProtection", False),
    Case("ownership", "no-labels", DEPLOYMENT, deployment("no-labels"), "metadata.labels", {"app": "x"}),
    Case("ownership", "no-tags", KEY, {"tags": TAGS}, "tags", {"owner": "o"}),
    Case(
        "no-public-access",
        "balancer",
        SERVICE,
        {"metadata": metadata("balancer"), "spec": {"type": "ClusterIP"}},
        "spec.type",
        "LoadBalancer",
    ),
    Case(
        "no-public-access",
        "kafka-listener",
        KAFKA,
        custom("kafka-listener", kafka={"listeners": [{"name": "e", "type": "internal"}]}),
        "spec.kafka.listeners[0].type",
        "loadbalancer",
    ),
    Case(
        "no-public-access",
        "mysql-expose",
        MYSQL,
        custom("mysql-expose", mysql={"resources": RESOURCES, "expose": {"type": "ClusterIP"}}),
        "spec.mysql.expose.type",
        "LoadBalancer",
    ),
    Case("no-public-access", "world", GROUP_RULE, {"cidrIpv4": "10.0.0.0/8"}, "cidrIpv4", "0.0.0.0/0"),
    Case("no-public-access", "rds-public", RDS, dict(INSTANCE), "publiclyAccessible", True),
    Case(
        "no-wildcard-iam",
        "admin",
        "aws:iam/policy:Policy",
        {"policy": statement(Action="s3:GetObject", Resource="*")},
        "policy",
        statement(Action="*", Resource="*"),
        "policy.Statement[0]",
    ),
    Case(
        "no-wildcard-iam",
        "cluster-admin",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
        {"metadata": metadata("cluster-admin"), "roleRef": {"name": "view"}, "subjects": []},
        "roleRef.name",
        "cluster-admin",
    ),
    Case("budget", "copies", DEPLOYMENT, deployment("copies"), "spec.replicas", 21),
    Case("budget", "ray-copies", RAY, ray(), f"{WORKER}.maxReplicas", 50),
    Case("budget", "brokers", MSK, dict(BROKERS), "numberOfBrokerNodes", 30),
    Case(
        "budget",
        "gpus",
        DEPLOYMENT,
        deployment("gpus", resources={**RESOURCES, "limits": {"memory": "1Gi", "nvidia.com/gpu": 1}}),
        f"{FIRST}.resources.limits.'nvidia.com/gpu'",
        9,
        "stack",
    ),
    Case("encrypted-at-rest", "gcs-key", google.BUCKET, dict(GOOGLE_BUCKET), "encryption.defaultKmsKeyName", None),
    Case("encrypted-at-rest", "sql-key", SQL, dict(GOOGLE_SQL), "encryptionKeyName", None),
    Case("encrypted-at-rest", "sql-tls", SQL, dict(GOOGLE_SQL), f"{SQL_ADDRESS}.sslMode", "ALLOW_UNENCRYPTED_AND_ENCRYPTED"),
    Case("encrypted-at-rest", "kafka-key", MANAGED_KAFKA, dict(GOOGLE_KAFKA), "gcpConfig.kmsKey", None),
    Case("encrypted-at-rest", "run-key", RUN, dict(GOOGLE_RUN), "template.encryptionKey", None),
    Case("no-public-bucket", "gcs-open", google.BUCKET, dict(GOOGLE_BUCKET), "publicAccessPrevention", "inherited"),
    Case("no-public-bucket", "gcs-acls", google.BUCKET, dict(GOOGLE_BUCKET), "uniformBucketLevelAccess", False),
    Case("no-public-access", "sql-public", SQL, dict(GOOGLE_SQL), f"{SQL_ADDRESS}.ipv4Enabled", True),
    Case("no-public-access", "run-public", RUN, dict(GOOGLE_RUN), "ingress", "INGRESS_TRAFFIC_ALL"),
    Case("no-public-access", "run-anybody", RUN, dict(GOOGLE_RUN), "invokerIamDisabled", True),
    Case("no-public-access", "run-invoker", INVOKER, {"role": "roles/run.invoker", "member": ROBOT}, "member", "allUsers"),
    Case(
        "no-public-access",
        "wall",
        google.FIREWALL,
        OPEN_WALL,
        "sourceRanges[0]",
        "0.0.0.0/0",
        "sourceRanges",
    ),
    Case("no-wildcard-iam", "editor", MEMBER, {"role": "roles/run.viewer", "member": ROBOT}, "role", "roles/editor"),
    Case(
        "no-wildcard-iam",
        "lends-all",
        MEMBER,
        {"role": "roles/run.viewer", "member": ROBOT},
        "role",
        "roles/iam.serviceAccountTokenCreator",
    ),
    Case("protected-in-prod", "sql-deletable", SQL, dict(GOOGLE_SQL), "deletionProtection", False),
    Case("ownership", "no-google-labels", google.KEY, {"labels": TAGS}, "labels", {"owner": "o"}),
    Case("ownership", "no-sql-labels", SQL, dict(GOOGLE_SQL), "settings.userLabels", {"owner": "o"}),
)

LACKS = (
    Lack("no-public-bucket", "bare", BUCKET, {"tags": TAGS, "bucket": "bare"}, "bucket", mended_by=parts("bare")),
    Lack("encrypted-at-rest", "open", BUCKET, {"tags": TAGS, "bucket": "open"}, "bucket", mended_by=parts("open")),
    Lack("protected-in-prod", "slip", PROMETHEUS, custom("slip", resources=RESOURCES), "options.protect", protect=False),
    Lack("seen-by-policies", "release", "kubernetes:helm.sh/v3:Release", {"chart": "x"}, "chart", mended_type=CHART),
)
