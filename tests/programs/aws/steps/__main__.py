"""A few resources whose inputs come from config, so that a test can change one after the other."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
network = aws.ec2.Vpc("net", cidr_block=config.get("cidr") or "10.0.0.0/16", tags={"step": config.get("step") or "one"})
subnet = aws.ec2.Subnet("net-a", vpc_id=network.id, cidr_block="10.0.1.0/24" if not config.get("cidr") else "10.9.1.0/24")
bucket = aws.s3.Bucket("lake", force_destroy=True)
aws.s3.BucketServerSideEncryptionConfiguration(
    "lake-encryption",
    bucket=bucket.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": config.get("algorithm") or "aws:kms"}}],
)
role = aws.iam.Role(
    "worker",
    path=config.get("path") or "/",
    assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}, indent=config.get_int("indent")),
)
profile = aws.sagemaker.MlflowTrackingServer(
    "tracking",
    artifact_store_uri=bucket.bucket.apply(lambda name: f"s3://{name}"),
    role_arn=role.arn,
    tracking_server_name="tracking",
    tracking_server_size=config.get("size") or "Small",
)
secret = aws.secretsmanager.Secret("token", recovery_window_in_days=7)
pulumi.export("vpc", network.id)
pulumi.export("bucket", bucket.bucket)
pulumi.export("role", role.name)
pulumi.export("secret", secret.name)
