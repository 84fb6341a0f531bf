"""What runs inside Airflow's containers beside Airflow itself: Python of the image's own interpreter and packages."""

CONNECTION = '''\
"""Prints the database's URI, made from the environment: Airflow asks for it (SQL_ALCHEMY_CONN_CMD), no object holds it."""

import os
import sys
from urllib.parse import quote

env = os.environ
user, secret = (quote(env[key], safe="") for key in ("DB_USERNAME", "DB_PASSWORD"))
where = f"{user}:{secret}@{env['DB_HOST']}:{env['DB_PORT']}/{env['DB_NAME']}"
if env["DB_ENGINE"] == "mysql":
    sys.stdout.write(f"mysql+mysqldb://{where}?charset=utf8mb4")
else:
    sys.stdout.write(f"postgresql+psycopg2://{where}")
'''

TLS = '''\
"""How the drivers connect: over TLS, with the server's name and certificate verified. The asynchronous ones take a context."""

import os
import ssl

ca = os.environ["DB_CA"]
if os.environ["DB_ENGINE"] == "mysql":
    connect_args = {"ssl": {"ca": ca}, "ssl_mode": "VERIFY_IDENTITY"}
else:
    connect_args = {"sslmode": "verify-full", "sslrootcert": ca}
connect_args_async = {"ssl": ssl.create_default_context(cafile=ca)}
'''

ADMINISTRATOR = '''\
"""Makes the administrator, or sets the password of the one that exists."""

import os

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

name, secret = os.environ["ADMIN_USERNAME"], os.environ["ADMIN_PASSWORD"]
with get_application_builder() as builder:
    manager = builder.sm
    user = manager.find_user(username=name)
    if user is None:
        role = manager.find_role("Admin")
        user = manager.add_user(name, "Platform", "Administrator", os.environ["ADMIN_EMAIL"], role, secret)
    elif not manager.reset_password(user.id, secret):
        user = None
if not user:
    raise SystemExit(f"{name} could not be made")
'''

FILES = {"connection.py": CONNECTION, "mlops_database.py": TLS, "administrator.py": ADMINISTRATOR}
"""What is mounted at /opt/mlops/scripts."""
