"""The application that a managed Flink runs before anybody gave it one: a PyFlink program that runs SQL statements."""

import base64
import io
import zipfile
from collections.abc import Mapping

GROUP = "mlops.sql"
"""Property group of the statements: one a key, run in the order of the keys."""
MAIN = '''\
"""Runs the SQL statements of property group mlops.sql, in the order of its keys."""

import json

from pyflink.table import EnvironmentSettings, TableEnvironment

with open("/etc/flink/application_properties.json", encoding="utf-8") as file:
    groups = {group["PropertyGroupId"]: group["PropertyMap"] for group in json.load(file)}
environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
for _, statement in sorted(groups["mlops.sql"].items()):
    environment.execute_sql(statement)
'''
"""Source: Managed Service for Apache Flink developer guide, "Use runtime properties" (place and form of the file)."""
RUN_OPTIONS: Mapping[str, str] = {"python": "main.py"}
"""Property group kinesis.analytics.flink.run.options: the file of the archive that is run (same guide, "Create your Python
application")."""
SQL: Mapping[str, str] = {
    "1": "CREATE TABLE ticks (number BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1')",
    "2": "CREATE TABLE files (number BIGINT) WITH ('connector' = 'filesystem', 'path' = 's3a://{0}/ticks', 'format' = 'json')",
    "3": "INSERT INTO files SELECT number FROM ticks",
}
"""One row a second as files of the bucket: shows that role, network and checkpoints work. Replace it by statements of yours."""


def package() -> str:
    """The archive (base64), the same bytes each time."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("main.py", date_time=(2026, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, MAIN)
    return base64.b64encode(held.getvalue()).decode()
