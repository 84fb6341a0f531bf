"""Forty independent resources, half of them real API calls."""

import pulumi_aws as aws

for i in range(10):
    aws.iam.Role(f"role-{i}", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    aws.s3.Bucket(f"bucket-{i}")
    aws.appconfig.Application(f"application-{i}")
    aws.location.PlaceIndex(f"index-{i}", data_source="Esri", index_name=f"index-{i}")
