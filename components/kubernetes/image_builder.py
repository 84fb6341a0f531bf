"""Rootless BuildKit in a namespace of its own, and the Jobs that build our own images with it and push them."""

from dataclasses import dataclass
from typing import Optional

import pulumi
from pulumi_kubernetes import batch, core

from components.kubernetes import images
from components.kubernetes.docker_config import BUILDER, docker_config
from components.kubernetes.namespace import Peers, namespace, network_policy
from components.kubernetes.objects import certificate, config_map, digest, service, service_account
from components.kubernetes.place import SMALL, Compute, Image, Place, content_hash, image
from components.kubernetes.workload import config_volume, container, deployment, job, pod, secret_volume
from components.naming import fit

BUILDKIT = Image("docker.io/moby/buildkit", "v0.32.2-rootless", checked="2026-11-23")
"""Newest release tag of moby/buildkit in its repository; the image of that name never read at its registry: unverified."""
PORT = 1234
SERVER_TLS, CLIENT_TLS, PUSH = "buildkitd-tls", "buildkit-client-tls", "registry-push"
CACHE = "/home/user/.local/share/buildkit"

SCRIPT = """\
set -eu
# the files of a ConfigMap are links, and a build context keeps links as they are
mkdir -p /tmp/build
for entry in /etc/mlops/image/*; do cp -RL "$entry" /tmp/build/; done
exec buildctl --addr "$BUILDER" --tlscacert /etc/mlops/client/ca.crt --tlscert /etc/mlops/client/tls.crt \\
  --tlskey /etc/mlops/client/tls.key build --frontend dockerfile.v0 \\
  --local context=/tmp/build --local dockerfile=/tmp/build \\
  --output "type=image,name=$REFERENCE,push=true,oci-mediatypes=true"
"""


@dataclass
class ImageBuilderArgs:
    """Arguments of ImageBuilder."""

    namespace: str
    """The namespace that it makes for itself."""
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the certificates of daemon and clients."""
    bundle: str
    """ConfigMap with the CA bundle, in this namespace too."""
    compute: Compute
    """Of the daemon; every step of a build runs in it."""
    cache: str
    """Bytes of layers that it keeps until it restarts."""
    registry: pulumi.Input[str]
    """Host and port inside the cluster that images are pushed to."""
    password: pulumi.Input[str]
    """Of the registry's user `builder`."""
    user: str = BUILDER
    """Its name where the registry has another for it."""
    alias: Optional[pulumi.Input[str]] = None
    """Host for which the first part of `registry` stands in this namespace; it resolves by itself if unset."""
    registry_mirror: Optional[str] = None


class ImageBuilder(pulumi.ComponentResource):
    """BuildKit without root, reached by mutual TLS alone, and a Job for each image of ours that a system of the stack runs.

    Creates the namespace, Deployment `buildkitd` with Service (1234), the certificates of daemon and clients, and the Secret with
    which Jobs push. `build(name)` adds the ConfigMap with the files of images/<name> and the Job, named by their content. Limits:
    user namespaces need Unconfined seccomp and AppArmor profiles, so that the namespace is privileged to Pod Security and holds
    nothing else; nodes must allow unprivileged user namespaces (docs/rootless.md of BuildKit); builds reach HTTPS anywhere.
    """

    def __init__(self, name: str, args: ImageBuilderArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:ImageBuilder", name, None, opts)
        self._name, self._args = name, args
        own = pulumi.ResourceOptions(parent=self)
        space = namespace(f"{name}-namespace", args.namespace, args.labels, "privileged", own)
        place = Place("docker", space.metadata.name, args.labels, own, args.registry_mirror)
        wiring = network_policy(f"{name}-network", place.namespace, args.labels, Peers(callees=("docker",), internet=True), own)
        self._place = place
        self._host = pulumi.Output.concat("buildkitd.", place.namespace, ".svc")
        self._push = core.v1.Secret(
            f"{name}-push",
            metadata=place.meta(PUSH),
            type="kubernetes.io/dockerconfigjson",
            string_data={".dockerconfigjson": docker_config([args.registry], args.user, args.password)},
            opts=own,
        )
        if args.alias is not None:
            self._alias(args.alias)
        self._client = certificate(
            f"{name}-client",
            place,
            issuer=args.issuer,
            names=["buildkit-client"],
            secret_name=CLIENT_TLS,
            object_name="buildkit-client",
            more={"usages": ["digital signature", "key encipherment", "client auth"]},
        )
        self._daemon = self._serve(wiring)
        self._jobs: dict[str, batch.v1.Job] = {}
        self.register_outputs({})

    def _alias(self, host: pulumi.Input[str]) -> None:
        """The registry's short name, by which it knows itself, in this namespace too."""
        short = pulumi.Output.from_input(self._args.registry).apply(lambda name: name.partition(":")[0])
        core.v1.Service(
            f"{self._name}-alias",
            metadata=self._place.meta(short),
            spec=core.v1.ServiceSpecArgs(type="ExternalName", external_name=host),
            opts=self._place.opts,
        )

    def _serve(self, wiring: pulumi.Resource) -> pulumi.Resource:
        args, place, name = self._args, self._place, self._name
        tls = certificate(
            f"{name}-certificate",
            place,
            issuer=args.issuer,
            names=[self._host, "buildkitd"],
            secret_name=SERVER_TLS,
            object_name="buildkitd",
        )
        mirror = f'[registry."docker.io"]\n  mirrors = ["{args.registry_mirror}"]\n' if args.registry_mirror else ""
        settings = pulumi.Output.concat('[registry."', args.registry, '"]\n  ca = ["/etc/mlops/ca/ca.crt"]\n', mirror)
        config = config_map(f"{name}-config", place, {"buildkitd.toml": settings}, object_name="buildkitd")
        workers = core.v1.ProbeArgs(
            exec_=core.v1.ExecActionArgs(command=["buildctl", "debug", "workers"]), period_seconds=30, timeout_seconds=10
        )
        daemon = container(
            "buildkitd",
            image(BUILDKIT, args.registry_mirror),
            args.compute,
            args=[
                "--config=/etc/buildkit/buildkitd.toml",
                "--addr=unix:///run/user/1000/buildkit/buildkitd.sock",
                f"--addr=tcp://0.0.0.0:{PORT}",
                "--tlscacert=/etc/mlops/tls/ca.crt",
                "--tlscert=/etc/mlops/tls/tls.crt",
                "--tlskey=/etc/mlops/tls/tls.key",
                # Kubernetes has no way to unmask /proc for a process that is not root (examples/kubernetes of BuildKit)
                "--oci-worker-no-process-sandbox",
            ],
            ports={"tls": PORT},
            mounts={CACHE: "cache", "/etc/buildkit": "config", "/etc/mlops/tls": "tls", "/etc/mlops/ca": "ca"},
            ready=workers,
            live=workers,
        )
        # newuidmap is setuid and maps the user namespace that builds run in
        daemon.security_context = core.v1.SecurityContextArgs(
            run_as_non_root=True,
            seccomp_profile=core.v1.SeccompProfileArgs(type="Unconfined"),
            app_armor_profile=core.v1.AppArmorProfileArgs(type="Unconfined"),
        )
        account = service_account(f"{name}-account", place, object_name="buildkitd")
        cache = core.v1.VolumeArgs(name="cache", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit=args.cache))
        service(f"{name}-service", place, "builder", {"tls": PORT}, object_name="buildkitd")
        return deployment(
            f"{name}-daemon",
            place,
            "builder",
            pod(
                place,
                "builder",
                [daemon],
                account=account.metadata.name,
                notes={"mlops.dev/config": content_hash(mirror)},
                volumes=[
                    cache,
                    config_volume("config", config.metadata.name),
                    config_volume("ca", args.bundle),
                    secret_volume("tls", SERVER_TLS),
                ],
            ),
            object_name="buildkitd",
            opts=place.after(tls, config, wiring),
        )

    def build(self, name: str) -> pulumi.Resource:
        """The Job that has pushed our image `name` when it is complete; made once."""
        if name not in self._jobs:
            self._jobs[name] = self._job(name)
        return self._jobs[name]

    def _job(self, name: str) -> batch.v1.Job:
        args, place = self._args, self._place
        files = images.files(name)
        marked, told = images.tag(files), images.mirrored(files, args.registry_mirror)
        object_name = fit(f"image-{name}", 50)
        keys = {path.replace("/", images.PARTS): path for path in files}
        context = config_map(
            f"{self._name}-{name}-files",
            place,
            {key: told[path] for key, path in keys.items()},
            object_name=f"{object_name}-{marked}",
        )
        ref = image(BUILDKIT, args.registry_mirror)
        client = container(
            "buildctl",
            ref,
            SMALL,
            command=["/bin/sh", "-c", SCRIPT],
            env={
                "BUILDER": pulumi.Output.concat("tcp://", self._host, f":{PORT}"),
                "REFERENCE": pulumi.Output.concat(args.registry, f"/{images.PROJECT}/{name}:{marked}"),
                "DOCKER_CONFIG": "/etc/mlops/push",
                "HOME": "/tmp",
            },
            mounts={"/etc/mlops/image": "files", "/etc/mlops/client": "client", "/etc/mlops/push": "push"},
        )
        source = core.v1.ConfigMapVolumeSourceArgs(
            name=context.metadata.name, items=[core.v1.KeyToPathArgs(key=key, path=path) for key, path in keys.items()]
        )
        template = pod(
            place,
            "client",
            [client],
            once=True,
            notes={"mlops.dev/password": digest(pulumi.Output.from_input(args.password))},
            volumes=[
                core.v1.VolumeArgs(name="files", config_map=source),
                secret_volume("client", CLIENT_TLS),
                secret_volume("push", PUSH, {".dockerconfigjson": "config.json"}),
            ],
        )
        return job(
            f"{self._name}-{name}-job",
            place,
            "client",
            template,
            content=[files, SCRIPT, ref],
            object_name=object_name,
            opts=place.after(self._daemon, self._client, self._push, context),
        )
