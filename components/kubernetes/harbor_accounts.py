"""Robot accounts and projects of Harbor: one of each a user, made by a Job through Harbor's own API (api/v2.0/swagger.yaml)."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_random as random

from components.kubernetes import images, objects, workload
from components.kubernetes.docker_config import BUILDER
from components.kubernetes.harbor_values import CORE, KEYS
from components.kubernetes.mlflow import IMAGE as PYTHON
from components.kubernetes.place import Compute, Place, image
from components.naming import fit

ROBOTS = "registry-robots"
JOB = Compute("50m", "256Mi", "500m")

ACCOUNTS = '''\
import base64, json, os, urllib.error, urllib.parse, urllib.request

URL = os.environ["HARBOR_URL"] + "/api/v2.0"
with open("/etc/mlops/keys/HARBOR_ADMIN_PASSWORD") as file:
    LOGIN = base64.b64encode(("admin:" + file.read()).encode()).decode()


def ask(method, path, body=None, known=()):
    """JSON of the answer; None for an empty one or a status that is among `known`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method)
    request.add_header("Authorization", "Basic " + LOGIN)
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        if error.code in known:
            return None
        raise SystemExit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}")
    return json.loads(text) if text else None


def project(name, public):
    metadata = {"public": "true" if public else "false"}
    if ask("HEAD", "/projects?project_name=" + urllib.parse.quote(name), known=(404,)) is None:
        ask("POST", "/projects", {"project_name": name, "metadata": metadata}, known=(409,))
    ask("PUT", "/projects/" + urllib.parse.quote(name), {"metadata": metadata})


def robot(name, owns):
    def may(space, *actions):
        return {"kind": "project", "namespace": space, "access": [{"resource": "repository", "action": a} for a in actions]}

    permissions = [may("*", "pull"), may(owns, "pull", "push", "delete")]
    wanted = {"name": name, "level": "system", "duration": -1, "disable": False, "permissions": permissions}
    found = ask("GET", "/robots?page_size=100&q=" + urllib.parse.quote(f"name={name}")) or []
    mine = [r for r in found if r["name"].rpartition("$")[2] == name]
    if mine:
        number = mine[0]["id"]
        ask("PUT", f"/robots/{number}", {**wanted, "id": number, "name": mine[0]["name"]})
    else:
        number = ask("POST", "/robots", wanted)["id"]
    with open("/etc/mlops/robots/" + name) as file:
        ask("PATCH", f"/robots/{number}", {"secret": file.read()})


for name, owns in json.loads(os.environ["ROBOTS"]).items():
    project(owns, public=owns == os.environ["PUBLIC"])
    robot(name, owns)
    print(f"{name}: pulls everything, pushes to {owns}/")
'''
"""Run twice it changes nothing; a new password replaces the old one. Passwords stand in files, of which no process tells."""


def password(name: str, opts: pulumi.ResourceOptions) -> random.RandomPassword:
    """Harbor takes no secret of a robot without a capital, a small letter and a digit."""
    return random.RandomPassword(name, length=32, special=False, min_lower=1, min_upper=1, min_numeric=1, opts=opts)


def accounts(
    name: str, place: Place, passwords: Mapping[str, random.RandomPassword], bundle: str, server: pulumi.Resource
) -> pulumi.Resource:
    """The Job that makes accounts and projects once `server` stands; each user's login is also in Secret registry-user-<name>."""
    words: dict[str, pulumi.Input[str]] = {user: found.result for user, found in passwords.items()}
    secret = objects.secret(f"{name}-robots", place, words, object_name=ROBOTS)
    for user, word in words.items():
        login: dict[str, pulumi.Input[str]] = {"username": f"robot${user}", "password": word}
        objects.secret(f"{name}-user-{user}", place, login, object_name=fit(f"registry-user-{user}", 63))
    account = objects.service_account(f"{name}-account", place, object_name="registry-accounts")
    owns = {user: images.PROJECT if user == BUILDER else user for user in words}
    script = workload.container(
        "accounts",
        image(PYTHON, place.mirror),
        JOB,
        command=["python", "-c", ACCOUNTS],
        env={
            "HARBOR_URL": f"https://{CORE}",
            "ROBOTS": json.dumps(owns, sort_keys=True),
            "PUBLIC": images.PROJECT,
            "SSL_CERT_FILE": "/etc/mlops/ca/ca.crt",
            "HOME": "/tmp",
        },
        mounts={"/etc/mlops/keys": "keys", "/etc/mlops/robots": "robots", "/etc/mlops/ca": "ca"},
    )
    template = workload.pod(
        place,
        "accounts",
        [script],
        once=True,
        account=account.metadata.name,
        volumes=[
            workload.secret_volume("keys", KEYS, {"HARBOR_ADMIN_PASSWORD": "HARBOR_ADMIN_PASSWORD"}),
            workload.secret_volume("robots", ROBOTS),
            workload.config_volume("ca", bundle),
        ],
        notes={"mlops.dev/passwords": objects.digest(pulumi.Output.concat(*words.values()))},
    )
    return workload.job(
        f"{name}-accounts",
        place,
        "accounts",
        template,
        content=(ACCOUNTS, owns),
        object_name="registry-accounts",
        opts=place.after(server, secret),
    )
