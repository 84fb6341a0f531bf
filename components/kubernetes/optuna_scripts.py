"""What runs inside the Optuna containers beside Optuna itself, and what clients are preset with."""

from typing import Any

import pulumi

from components.contracts import DatabaseAccess

STORAGE = '''\
"""Optuna's storage URL, made from OPTUNA_DB_* in the environment: no object holds it. `storage=optuna_storage.url()`."""

import os
from urllib.parse import quote


def url():
    env = os.environ
    user, secret = (quote(env["OPTUNA_DB_" + key], safe="") for key in ("USERNAME", "PASSWORD"))
    place = f"{env['OPTUNA_DB_HOST']}:{env['OPTUNA_DB_PORT']}/{env['OPTUNA_DB_NAME']}"
    if env["OPTUNA_DB_ENGINE"] == "postgres":
        return f"postgresql+psycopg2://{user}:{secret}@{place}?sslmode=verify-full&sslrootcert={env['OPTUNA_DB_CA']}"
    return f"mysql+pymysql://{user}:{secret}@{place}?charset=utf8mb4&ssl_ca={env['OPTUNA_DB_CA']}"
'''

SCHEMA = '''\
"""Makes Optuna's tables, or brings those of an earlier version to this one; refuses those of a later one."""

import sys

import optuna_storage
from optuna.storages import RDBStorage

storage = RDBStorage(optuna_storage.url(), skip_compatibility_check=True)
now, head = storage.get_current_version(), storage.get_head_version()
if now not in storage.get_all_versions():
    sys.exit(f"the studies' schema {now} is newer than this image's, {head}: raise the image's version")
if now != head:
    storage.upgrade()
print(f"schema {head}")
'''

SERVE = '''\
"""Starts the dashboard; the storage's URL goes by a file that only this user reads, not by the process's arguments."""

import json
import os

import optuna_storage

os.umask(0o077)
with open("/tmp/dashboard.toml", "w", encoding="utf-8") as file:
    # a JSON string is a TOML string
    file.write(f"[optuna_dashboard]\\nstorage = {json.dumps(optuna_storage.url())}\\n")
command = ["optuna-dashboard", "--from-config", "/tmp/dashboard.toml", "--host", "0.0.0.0", "--port", "8080"]
os.execvp(command[0], [*command, "--server", "gunicorn"])
'''

FILES = {"optuna_storage.py": STORAGE, "schema.py": SCHEMA, "serve.py": SERVE}


def preset(access: DatabaseAccess, engine: str, authorities: str) -> dict[str, Any]:
    """Variables of a notebook or job, in the API's order-free form: OPTUNA_STORAGE refers to the two from the Secret.

    `authorities` is the path of a bundle that trusts the database. Kubernetes puts $(NAME) in; whoever writes the list must put
    the referred ones first (kubespawner sorts them so). Generated passwords are letters and digits: nothing to escape.
    """
    ends = {
        "mysql": ("mysql+pymysql", f"charset=utf8mb4&ssl_ca={authorities}"),
        "postgres": ("postgresql+psycopg2", f"sslmode=verify-full&sslrootcert={authorities}"),
    }
    scheme, options = ends[engine]
    user = "$(OPTUNA_DB_USERNAME):$(OPTUNA_DB_PASSWORD)"
    return {
        **{
            f"OPTUNA_DB_{key.upper()}": {"valueFrom": {"secretKeyRef": {"name": access.secret, "key": key}}}
            for key in ("username", "password")
        },
        "OPTUNA_STORAGE": _concat(f"{scheme}://{user}@", access.host, ":", access.port, "/", access.database, f"?{options}"),
    }


def _concat(*parts: Any) -> Any:
    return pulumi.Output.concat(*(pulumi.Output.from_input(part).apply(str) for part in parts))
