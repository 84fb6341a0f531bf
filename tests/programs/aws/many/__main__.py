"""Forty independent resources, half of them real API calls."""

import pulumi_aws as aws

for i in range(10):
    aws.iam.Role(f"role-{i}", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    aws.s3.Bucket(f"bucket-{i}")
    aws.glue.CatalogDatabase(f"database-{i}")
    aws.mwaa.Environment(
        f"airflow-{i}",
        dag_s3_path="dags/",
        execution_role_arn="arn:aws:iam::123456789012:role/airflow",
        source_bucket_arn="arn:aws:s3:::dags",
        network_configuration={"security_group_ids": ["sg-1"], "subnet_ids": ["subnet-1", "subnet-2"]},
    )
