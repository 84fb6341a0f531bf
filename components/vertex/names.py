"""Google Cloud's own limits of names and labels."""

import re
from collections.abc import Mapping

from components.naming import fit

ACCOUNT, BUCKET_STEM, CLUSTER, RUN, INSTANCE = 30, 31, 63, 49, 63
"""Longest names in characters: service account id (IAM, "Create service accounts"); a bucket's 63 without a project id of at
most 30 and two dashes (Cloud Storage, "Bucket names"); Kafka cluster; Cloud Run service (Cloud Run API reference); Workbench
instance."""


def dns(name: str, limit: int) -> str:
    """A name of small letters, digits and dashes that begins with a letter, within the limit."""
    text = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    return fit(text if text[:1].isalpha() else f"m-{text}", limit)


def account_id(name: str) -> str:
    """A service account's id: 6 to 30 characters."""
    return dns(name, ACCOUNT).ljust(6, "0")


def labels(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as labels: keys and values of small letters, digits, dashes and underscores, at most 63 characters.

    Source: Resource Manager, "Requirements for labels".
    """

    def plain(text: str) -> str:
        return re.sub(r"[^a-z0-9_-]+", "-", text.lower())[:63]

    return {plain(key): plain(value) for key, value in tags.items()}
