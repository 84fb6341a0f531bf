"""What runs inside the MLflow containers beside MLflow itself: Python of the image's own interpreter and packages."""

WITH_DATABASE = '''\
"""Runs a command with the database's URI, made from the credentials in the environment: none stands in an object.

MLFLOW_BACKEND_STORE_URI is set, the auth app's configuration written, and @DATABASE@ in the arguments replaced.
"""

import os
import sys
from urllib.parse import quote

env = os.environ
user, secret = (quote(env[key], safe="") for key in ("DB_USERNAME", "DB_PASSWORD"))
uri = f"mysql+pymysql://{user}:{secret}@{env['DB_HOST']}:{env['DB_PORT']}/{env['DB_NAME']}"
uri += f"?charset=utf8mb4&ssl_ca={env['DB_CA']}"
env["MLFLOW_BACKEND_STORE_URI"] = uri
os.umask(0o077)
with open(env["MLFLOW_AUTH_CONFIG_PATH"], "w", encoding="utf-8") as file:
    # configparser reads %% as %
    file.write(f"[mlflow]\\ndefault_permission = READ\\ndatabase_uri = {uri.replace('%', '%%')}\\n")
    file.write("authorization_function = mlflow.server.auth:authenticate_request_basic_auth\\n")
open(os.path.join(env["HOME"], "started"), "w").close()
command = [part.replace("@DATABASE@", uri) for part in sys.argv[1:]]
os.execvp(command[0], command)
'''

MIGRATE_AUTH = '''\
"""MLflow's own `mlflow.server.auth db upgrade`, but that the server names the foreign keys of its first migration.

That one gives two tables a key of the same name, and MySQL wants such names unique in a database (mlflow/mlflow#9642).
"""

import sqlalchemy

named = sqlalchemy.ForeignKeyConstraint


def unnamed(*columns, name=None, **more):
    return named(*columns, name=None if name == "fk_user_id" else name, **more)


sqlalchemy.ForeignKeyConstraint = unnamed

if __name__ == "__main__":
    from mlflow.server.auth.cli import commands

    commands()
'''

GRANT_USER = '''\
"""Makes one MLflow user, or sets the password of the one that exists; its own experiments are all that it may change."""

import os

from mlflow.exceptions import MlflowException
from mlflow.server.auth.client import AuthServiceClient

client = AuthServiceClient(os.environ["MLFLOW_TRACKING_URI"])
name, secret = os.environ["USER_NAME"], os.environ["USER_PASSWORD"]
try:
    client.get_user(name)
except MlflowException as problem:
    if problem.error_code != "RESOURCE_DOES_NOT_EXIST":
        raise
    client.create_user(name, secret)
else:
    client.update_user_password(name, secret)
'''
