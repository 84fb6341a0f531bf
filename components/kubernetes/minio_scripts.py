"""What the MinIO client Jobs run: shell and policy documents, no secret in either."""

import json

PREPARE = """\
set -eu
export MC_CONFIG_DIR=/tmp/mc MC_HOST_store="https://$ROOT_USER:$ROOT_PASSWORD@$SERVER"
mc ready store
bucket() {
  mc mb --ignore-existing "store/$1"
  mc version "$2" "store/$1"
  mc ilm rule rm --all --force "store/$1" || true
  if [ "$3" != 0 ]; then mc ilm rule add --expire-days "$3" "store/$1"; fi
}
"""
"""Client set up (root credentials are letters and digits: nothing to escape in the URL), and one function that makes a
bucket as it should be whatever it was: name, `enable` or `suspend` versioning, days to expiry (0: never)."""

GRANT = """\
mc admin policy create store "$ACCESS_KEY" /etc/mlops/minio/policy.json
printf '%s\\n%s\\n' "$ACCESS_KEY" "$SECRET_KEY" | mc admin user add store
said=$(mc admin policy attach store "$ACCESS_KEY" --user "$ACCESS_KEY" 2>&1) || case "$said" in
  *"already in effect"*) ;;
  *) printf '%s\\n' "$said" >&2; exit 1 ;;
esac
"""
"""A user whose only policy is the one of its name; the key goes through standard input, not through arguments."""

DAY = 86400  # seconds


def bucket_line(bucket: str, versioning: bool, expire_seconds: int) -> str:
    """One call of `bucket`; expiry in whole days, rounded up, since S3 rules count days."""
    days = -(-expire_seconds // DAY)
    return f"bucket {bucket} {'enable' if versioning else 'suspend'} {days}\n"


def policy(bucket: str) -> str:
    """The IAM policy document that allows objects of one bucket to be listed, read, written and deleted; nothing else."""
    arn = f"arn:aws:s3:::{bucket}"
    statements = [
        {
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            "Resource": [arn],
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            "Resource": [f"{arn}/*"],
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
