"""Users of a Gitea server: one a consumer and repository, made through Gitea's own API."""

import pulumi
from pulumi_kubernetes import core

from components.accesses import Consumer
from components.kubernetes import objects, workload
from components.kubernetes.gitea_scripts import GRANT, ORGANISATION
from components.kubernetes.gitea_settings import NAME, GiteaServerArgs
from components.kubernetes.place import Compute, Place
from components.naming import fit

JOB = Compute("50m", "256Mi", "500m")


def grant(
    name: str,
    place: Place,
    ref: str,
    url: pulumi.Input[str],
    admin: core.v1.Secret,
    args: GiteaServerArgs,
    server: pulumi.Resource,
    repository: str,
    consumer: Consumer,
) -> pulumi.Output[str]:
    """A repository, and a user that may write to it; returns the Secret (username, password, url) in the consumer's namespace."""
    label = f"{name}-user-{consumer.name}-{repository}"
    username = fit(f"{consumer.name}-{repository}", 40)
    password = objects.password(f"{label}-password", place.opts)
    credentials: dict[str, pulumi.Input[str]] = {"username": username, "password": password.result}
    own = objects.secret(label, place, credentials, object_name=fit(f"git-user-{username}", 63))
    there = Place(NAME, consumer.namespace or place.namespace, place.labels, consumer.opts or place.opts)
    clone = pulumi.Output.concat(url, f"/{ORGANISATION}/{repository}.git")
    given = objects.secret(
        f"{label}-given", there, {**credentials, "url": clone}, object_name=fit(f"{consumer.name}-git-{repository}", 63)
    )
    container = workload.container(
        "grant",
        ref,
        JOB,
        command=["/bin/bash", "-c", GRANT],
        env={
            "GITEA_URL": url,
            "OWNER": ORGANISATION,
            "REPOSITORY": repository,
            "USER_EMAIL": f"{username}@{args.domain}",
            "HOME": "/tmp",
            **({"CURL_CA_BUNDLE": "/etc/mlops/bundle/ca.crt"} if args.bundle else {}),
        },
        mounts={
            "/etc/mlops/admin": "admin",
            "/etc/mlops/user": "user",
            **({"/etc/mlops/bundle": "bundle"} if args.bundle else {}),
        },
    )
    volumes = [
        workload.secret_volume("admin", admin.metadata.name),
        workload.secret_volume("user", own.metadata.name),
        *([workload.config_volume("bundle", args.bundle)] if args.bundle else []),
    ]
    notes = {"mlops.dev/key": objects.digest(password.result)}
    job = workload.job(
        f"{label}-job",
        place,
        "grant",
        workload.pod(place, "grant", [container], once=True, account=NAME, volumes=volumes, notes=notes),
        content=(ref, GRANT, repository, username),
        object_name=fit(f"git-user-{username}", 50),
        opts=place.after(server, own),
    )
    consumer.ready += [given, job]
    return given.metadata.name
