"""What every registry on Kubernetes does alike: who may ask for a login, pull Secrets, and the builder beside it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pulumi
from pulumi_kubernetes import core

from components.accesses import Consumer
from components.kubernetes.docker_config import BUILDER, docker_config
from components.kubernetes.image_builder import ImageBuilder, ImageBuilderArgs
from components.kubernetes.namespace import admit
from components.kubernetes.place import Compute, Place
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


class Registry(Protocol):
    """Arguments of a registry that its builder needs too."""

    @property
    def labels(self) -> dict[str, str]:
        """Of the objects that are our own."""

    @property
    def issuer(self) -> str:
        """ClusterIssuer of the certificates."""

    @property
    def bundle(self) -> str:
        """ConfigMap with the CA bundle."""

    @property
    def builder(self) -> Compute | None:
        """Of the daemon."""

    @property
    def cache(self) -> str:
        """Bytes of layers that it keeps."""

    @property
    def registry_mirror(self) -> str | None:
        """Where other people's images are pulled from."""


def builder(
    name: str,
    place: Place,
    args: Registry,
    server: pulumi.Resource,
    pods: Mapping[str, str],
    port: int,
    *,
    registry: pulumi.Input[str],
    password: pulumi.Input[str],
    user: str = BUILDER,
    alias: pulumi.Input[str] | None = None,
) -> ImageBuilder:
    """The builder in its own namespace, and its way in to the registry's `pods` on their `port`.

    The namespace's one policy knows systems only; `registry`, `user` and `alias` as ImageBuilder takes them.
    """
    way = admit(f"{name}-network-builder", place, BUILD_NAMESPACE, pods, port, "mlops-builder")
    made = ImageBuilderArgs(
        namespace=BUILD_NAMESPACE,
        labels=args.labels,
        issuer=args.issuer,
        bundle=args.bundle,
        compute=args.builder or Compute("1", "2Gi"),
        cache=args.cache,
        registry=registry,
        password=password,
        user=user,
        alias=alias,
        registry_mirror=args.registry_mirror,
    )
    return ImageBuilder(f"{name}-builder", made, place.after(server, way))
