"""Who may use the stack's customer-managed key: the policy that stands on it."""

from collections.abc import Sequence

import pulumi


def key_policy(region: str, account: pulumi.Input[str], users: Sequence[str]) -> list[dict[str, object]]:
    """Statements of the key's policy: the account's owner, its logs and their delivery, and the service principals `users`.

    Source: KMS developer guide, "Key policies"; CloudWatch Logs user guide, "Encrypt log data".
    """
    logs: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": pulumi.Output.format("arn:aws:logs:{0}:{1}:*", region, account)}
        },
    }
    # what a service logs of an encrypted thing (a state machine) travels encrypted to its log group
    delivered: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"kms:EncryptionContext:SourceArn": pulumi.Output.format("arn:aws:logs:{0}:{1}:*", region, account)}
        },
    }
    owner: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"AWS": pulumi.Output.format("arn:aws:iam::{0}:root", account)},
        "Action": "kms:*",
        "Resource": "*",
    }
    own: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Service": list(users)},
        "Action": ["kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return [owner, logs, delivered, *([own] if users else [])]
