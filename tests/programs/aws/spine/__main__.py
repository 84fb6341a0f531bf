"""The resources of a small ML platform on AWS: network, key, roles, buckets, database, broker, Studio, monitoring."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}],
}
zones = aws.get_availability_zones(state="available")
identity = aws.get_caller_identity()

key = aws.kms.Key("key", enable_key_rotation=True, deletion_window_in_days=7, tags={"owner": "ml"})
aws.kms.Alias("key-alias", target_key_id=key.key_id)

vpc = aws.ec2.Vpc("net", cidr_block="10.20.0.0/16", enable_dns_hostnames=True, tags={"Name": "net"})
subnets = [
    aws.ec2.Subnet(f"net-{i}", vpc_id=vpc.id, cidr_block=f"10.20.{i}.0/24", availability_zone=zones.names[i]) for i in range(2)
]
table = aws.ec2.RouteTable("net-routes", vpc_id=vpc.id)
for i, subnet in enumerate(subnets):
    aws.ec2.RouteTableAssociation(f"net-routes-{i}", subnet_id=subnet.id, route_table_id=table.id)
gateway = aws.ec2.InternetGateway("net-gateway", vpc_id=vpc.id)
address = aws.ec2.Eip("net-address", domain="vpc")
nat = aws.ec2.NatGateway("net-nat", subnet_id=subnets[0].id, allocation_id=address.allocation_id)
aws.ec2.Route("net-out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=nat.id)
group = aws.ec2.SecurityGroup("inside", vpc_id=vpc.id, description="inside the platform")
aws.vpc.SecurityGroupIngressRule(
    "inside-self",
    security_group_id=group.id,
    referenced_security_group_id=group.id,
    ip_protocol="tcp",
    from_port=0,
    to_port=65535,
)
aws.vpc.SecurityGroupEgressRule("inside-out", security_group_id=group.id, cidr_ipv4="10.20.0.0/16", ip_protocol="-1")
aws.ec2.SecurityGroup(
    "inline",
    vpc_id=vpc.id,
    ingress=[{"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.20.0.0/16", "10.21.0.0/16"]}],
)
aws.ec2.DefaultSecurityGroup("closed", vpc_id=vpc.id)
aws.ec2.VpcEndpoint(
    "s3", vpc_id=vpc.id, service_name="com.amazonaws.us-east-1.s3", vpc_endpoint_type="Gateway", route_table_ids=[table.id]
)
aws.ec2.VpcEndpoint(
    "sagemaker",
    vpc_id=vpc.id,
    service_name="com.amazonaws.us-east-1.sagemaker.api",
    vpc_endpoint_type="Interface",
    private_dns_enabled=True,
    subnet_ids=[subnet.id for subnet in subnets],
    security_group_ids=[group.id],
)

role = aws.iam.Role("studio", assume_role_policy=json.dumps(TRUST), tags={"owner": "ml"})
document = aws.iam.get_policy_document(
    statements=[{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::lake/*"], "effect": "Allow"}]
)
policy = aws.iam.Policy("read", policy=document.json)
aws.iam.RolePolicyAttachment("studio-read", role=role.name, policy_arn=policy.arn)
aws.iam.RolePolicyAttachment("studio-logs", role=role.name, policy_arn="arn:aws:iam::aws:policy/CloudWatchLogsFullAccess")
aws.iam.RolePolicy("studio-inline", role=role.id, policy=document.json)
aws.iam.OpenIdConnectProvider("github", url="https://token.actions.githubusercontent.com", client_id_lists=["sts.amazonaws.com"])
logs = aws.cloudwatch.LogGroup("logs", retention_in_days=30, kms_key_id=key.arn)
aws.ec2.FlowLog("net-log", vpc_id=vpc.id, traffic_type="ALL", log_destination=logs.arn, iam_role_arn=role.arn)

bucket = aws.s3.Bucket("lake", force_destroy=True, tags={"owner": "ml"})
aws.s3.BucketPublicAccessBlock(
    "lake-private",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "lake-encryption",
    bucket=bucket.id,
    rules=[
        {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},
            "bucket_key_enabled": True,
        }
    ],
)
aws.s3.BucketVersioning("lake-versions", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketOwnershipControls("lake-owner", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"})
aws.s3.BucketPolicy(
    "lake-policy",
    bucket=bucket.id,
    policy=bucket.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [arn, f"{arn}/*"],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            }
        )
    ),
)
audit = aws.s3.Bucket("audit", force_destroy=True)
writers = audit.arn.apply(
    lambda arn: json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"{arn}/*",
                },
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        }
    )
)
allowed = aws.s3.BucketPolicy("audit-policy", bucket=audit.id, policy=writers)
aws.s3.BucketLogging(
    "lake-logging",
    bucket=bucket.id,
    target_bucket=audit.id,
    target_prefix="lake/",
    opts=pulumi.ResourceOptions(depends_on=[allowed]),
)
aws.s3.BucketLifecycleConfiguration(
    "lake-lifecycle",
    bucket=bucket.id,
    rules=[{"id": "old", "status": "Enabled", "filter": {"prefix": "tmp/"}, "expiration": {"days": 30}}],
)

parameters = aws.rds.ParameterGroup("db", family="mysql8.4", parameters=[{"name": "require_secure_transport", "value": "ON"}])
network = aws.rds.SubnetGroup("db", subnet_ids=[subnet.id for subnet in subnets])
database = aws.rds.Instance(
    "db",
    engine="mysql",
    engine_version="8.4",
    instance_class="db.t4g.medium",
    allocated_storage=20,
    username="platform",
    manage_master_user_password=True,
    master_user_secret_kms_key_id=key.arn,
    storage_encrypted=True,
    kms_key_id=key.arn,
    iam_database_authentication_enabled=True,
    publicly_accessible=False,
    multi_az=True,
    backup_retention_period=7,
    db_subnet_group_name=network.name,
    parameter_group_name=parameters.name,
    vpc_security_group_ids=[group.id],
    skip_final_snapshot=True,
)
broker = aws.msk.Cluster(
    "kafka",
    kafka_version="3.9.x",
    number_of_broker_nodes=2,
    broker_node_group_info={
        "client_subnets": [subnet.id for subnet in subnets],
        "instance_type": "kafka.m7g.large",
        "security_groups": [group.id],
        "storage_info": {"ebs_storage_info": {"volume_size": 100}},
    },
    encryption_info={
        "encryption_at_rest_kms_key_arn": key.arn,
        "encryption_in_transit": {"client_broker": "TLS", "in_cluster": True},
    },
    client_authentication={"sasl": {"iam": True}, "unauthenticated": False},
)
aws.msk.Topic("events", cluster_arn=broker.arn, partition_count=3, replication_factor=2)
domain = aws.sagemaker.Domain(
    "studio",
    domain_name="studio",
    auth_mode="IAM",
    app_network_access_type="VpcOnly",
    vpc_id=vpc.id,
    subnet_ids=[subnet.id for subnet in subnets],
    kms_key_id=key.arn,
    default_user_settings={"execution_role": role.arn, "security_groups": [group.id]},
)
aws.sagemaker.UserProfile("ada", domain_id=domain.id, user_profile_name="ada")
aws.sagemaker.MlflowTrackingServer(
    "mlflow",
    tracking_server_name="mlflow",
    artifact_store_uri=bucket.bucket.apply(lambda name: f"s3://{name}/mlflow"),
    role_arn=role.arn,
)
secret = aws.secretsmanager.Secret("token", kms_key_id=key.arn)
aws.secretsmanager.SecretVersion("token", secret_id=secret.id, secret_string=config.require_secret("token"))
aws.secretsmanager.SecretVersion(
    "token-wo", secret_id=secret.id, secret_string_wo=config.require_secret("token"), secret_string_wo_version=1
)
aws.secretsmanager.SecretPolicy(
    "token",
    secret_arn=secret.arn,
    policy=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
    ),
)
aws.ssm.Parameter("contract", name="/mlops/contract", type="String", value="{}")
aws.ssm.Parameter("password", type="SecureString", value=config.require_secret("token"))
metrics = aws.amp.Workspace("metrics", alias="platform", kms_key_arn=key.arn)
aws.amp.RuleGroupNamespace("metrics-rules", workspace_id=metrics.id, data="groups:\n- name: up\n  rules: []\n")
aws.grafana.Workspace(
    "grafana", account_access_type="CURRENT_ACCOUNT", authentication_providers=["AWS_SSO"], permission_type="SERVICE_MANAGED"
)
aws.ecr.Repository(
    "images",
    image_tag_mutability="IMMUTABLE",
    image_scanning_configuration={"scan_on_push": True},
    encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
)
pulumi.export("account", identity.account_id)
pulumi.export("bucket", bucket.bucket)
pulumi.export("database", database.endpoint)
pulumi.export("brokers", broker.bootstrap_brokers_sasl_iam)
pulumi.export("domain", domain.id)
pulumi.export("prometheus", metrics.prometheus_endpoint)
