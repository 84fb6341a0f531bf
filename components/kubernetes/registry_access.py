"""What every registry on Kubernetes does alike: who may ask for a login, and pull Secrets."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes import core

from components.accesses import Consumer
from components.kubernetes.docker_config import docker_config
from components.kubernetes.place import Place
from components.naming import fit
from components.system import Site

BUILD_NAMESPACE = "docker-build"


def consumers(site: Site) -> set[str]:
    """Who may ask for a grant: systems that use the registry, and those of teams."""
    return set(site.consumers) | {f"{team}-{system}" for team, spec in site.spec.teams.items() for system in spec.systems}


def users(site: Site, named: Sequence[str], reserved: Sequence[str]) -> list[str]:
    """Everybody who may log in: consumers and `named` people. RunError where a person has the name of one of our own users."""
    if taken := sorted({*named} & {*reserved}):
        raise pulumi.RunError(f"mlops:spec.systems.docker.users: {', '.join(taken)}: the registry's own; choose another name")
    return sorted({*named, *consumers(site)})


def pull_secret(
    name: str,
    place: Place,
    consumer: Consumer,
    hosts: Sequence[pulumi.Input[str]],
    known: Sequence[str],
    login: tuple[str, pulumi.Input[str]] | None,
    ready: Sequence[pulumi.Resource],
) -> str:
    """A Secret with which pods of the consumer's namespace pull, and its clients push to the project of its name.

    `login` is (user, password); RunError where there is none, which names the `known` users.
    """
    if login is None:
        raise pulumi.RunError(
            f"the registry has no user {consumer.name} (it has {', '.join(known) or 'none'}); "
            f"add it to mlops:spec.systems.docker.users"
        )
    opts = pulumi.ResourceOptions.merge(consumer.opts or place.opts, pulumi.ResourceOptions(depends_on=list(ready)))
    there = Place(place.system, consumer.namespace or place.namespace, place.labels, opts)
    object_name = fit(f"{consumer.name}-registry", 63)
    given = core.v1.Secret(
        f"{name}-{consumer.name}-given",
        metadata=there.meta(object_name),
        type="kubernetes.io/dockerconfigjson",
        string_data={".dockerconfigjson": docker_config(hosts, *login)},
        opts=opts,
    )
    consumer.ready.append(given)
    return object_name
