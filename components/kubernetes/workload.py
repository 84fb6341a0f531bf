"""Our own Kubernetes workloads with safe defaults: one builder a kind, nothing named by chance.

Every object has an explicit name and namespace, so that a killed run converges on what it made before. Pods run as
non-root with seccomp RuntimeDefault, no capabilities, a read-only root filesystem (with an emptyDir on /tmp), no API
token, requests and limits, and spread over nodes. Jobs carry a hash of their content in the name and no TTL.
Services, Secrets, budgets, monitors and certificates are in objects.py; places, images and resources in place.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import apps, batch, core, meta

from components.kubernetes.place import Compute, Place, content_hash
from components.naming import fit

SECURITY = core.v1.SecurityContextArgs(
    allow_privilege_escalation=False,
    read_only_root_filesystem=True,
    run_as_non_root=True,
    capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
    seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
)
"""Of every container: what Pod Security `restricted` asks for, and a read-only root filesystem."""


def http(path: str, port: int | str, *, tls: bool = False, period: int = 10, failures: int = 3) -> core.v1.ProbeArgs:
    """A probe by HTTP GET every `period` seconds."""
    get = core.v1.HTTPGetActionArgs(path=path, port=port, scheme="HTTPS" if tls else "HTTP")
    return core.v1.ProbeArgs(http_get=get, period_seconds=period, failure_threshold=failures, timeout_seconds=5)


def container(
    name: str,
    ref: pulumi.Input[str],
    compute: Compute,
    *,
    command: Sequence[pulumi.Input[str]] = (),
    args: Sequence[pulumi.Input[str]] = (),
    env: Mapping[str, pulumi.Input[str]] | None = None,
    secrets: Mapping[str, tuple[pulumi.Input[str], str]] | None = None,
    ports: Mapping[str, int] | None = None,
    mounts: Mapping[str, str] | None = None,
    ready: core.v1.ProbeArgs | None = None,
    live: core.v1.ProbeArgs | None = None,
    start: core.v1.ProbeArgs | None = None,
) -> core.v1.ContainerArgs:
    """A container: `secrets` maps a variable to (Secret, key), `mounts` a path to a volume of the pod."""
    variables = [core.v1.EnvVarArgs(name=key, value=value) for key, value in (env or {}).items()]
    for key, (secret, entry) in (secrets or {}).items():
        source = core.v1.SecretKeySelectorArgs(name=secret, key=entry)
        variables.append(core.v1.EnvVarArgs(name=key, value_from=core.v1.EnvVarSourceArgs(secret_key_ref=source)))
    return core.v1.ContainerArgs(
        name=name,
        image=ref,
        command=list(command) or None,
        args=list(args) or None,
        env=variables or None,
        ports=[core.v1.ContainerPortArgs(name=key, container_port=port) for key, port in (ports or {}).items()] or None,
        volume_mounts=[
            core.v1.VolumeMountArgs(name=volume, mount_path=path) for path, volume in {"/tmp": "tmp", **(mounts or {})}.items()
        ],
        resources=core.v1.ResourceRequirementsArgs(requests=compute.requests(), limits=compute.limits()),
        readiness_probe=ready,
        liveness_probe=live,
        startup_probe=start,
        security_context=SECURITY,
    )


def secret_volume(name: str, secret: pulumi.Input[str], items: Mapping[str, str] | None = None) -> core.v1.VolumeArgs:
    """A Secret as files, readable by the pod's group alone; `items` maps a key to another file name."""
    paths = [core.v1.KeyToPathArgs(key=key, path=path) for key, path in (items or {}).items()]
    source = core.v1.SecretVolumeSourceArgs(secret_name=secret, items=paths or None, default_mode=0o440)
    return core.v1.VolumeArgs(name=name, secret=source)


def config_volume(name: str, config_map: pulumi.Input[str]) -> core.v1.VolumeArgs:
    """A ConfigMap as files."""
    return core.v1.VolumeArgs(name=name, config_map=core.v1.ConfigMapVolumeSourceArgs(name=config_map))


def scratch_volume(name: str) -> core.v1.VolumeArgs:
    """An emptyDir: for paths that a container must write beside /tmp."""
    return core.v1.VolumeArgs(name=name, empty_dir=core.v1.EmptyDirVolumeSourceArgs())


def pod(
    place: Place,
    part: str,
    containers: Sequence[core.v1.ContainerArgs],
    *,
    uid: int = 1000,
    account: pulumi.Input[str] | None = None,
    volumes: Sequence[core.v1.VolumeArgs] = (),
    init: Sequence[core.v1.ContainerArgs] = (),
    once: bool = False,
    token: bool = False,
    notes: Mapping[str, pulumi.Input[str]] | None = None,
) -> core.v1.PodTemplateSpecArgs:
    """A pod template that runs as `uid`; `once` for Jobs; `token` mounts an API token (only what calls the API)."""
    selector = place.selector(part)
    spread = core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key="kubernetes.io/hostname",
        when_unsatisfiable="ScheduleAnyway",
        label_selector=meta.v1.LabelSelectorArgs(match_labels=selector),
    )
    return core.v1.PodTemplateSpecArgs(
        metadata=meta.v1.ObjectMetaArgs(labels={**place.labels, **selector}, annotations=dict(notes) if notes else None),
        spec=core.v1.PodSpecArgs(
            containers=list(containers),
            init_containers=list(init) or None,
            volumes=[scratch_volume("tmp"), *volumes],
            service_account_name=account,
            automount_service_account_token=token,
            enable_service_links=False,
            restart_policy="OnFailure" if once else None,
            security_context=core.v1.PodSecurityContextArgs(
                run_as_non_root=True,
                run_as_user=uid,
                run_as_group=uid,
                fs_group=uid,
                fs_group_change_policy="OnRootMismatch",
                seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
            ),
            topology_spread_constraints=None if once else [spread],
        ),
    )


def deployment(
    name: str,
    place: Place,
    part: str,
    template: core.v1.PodTemplateSpecArgs,
    *,
    replicas: int | None = 1,
    object_name: str = "",
    opts: pulumi.ResourceOptions | None = None,
) -> apps.v1.Deployment:
    """A Deployment; `object_name` is its Kubernetes name; `replicas` None leaves their number to an autoscaler."""
    return apps.v1.Deployment(
        name,
        metadata=place.meta(object_name or name, part),
        spec=apps.v1.DeploymentSpecArgs(
            replicas=replicas,
            selector=meta.v1.LabelSelectorArgs(match_labels=place.selector(part)),
            template=template,
        ),
        opts=opts or place.opts,
    )


@dataclass
class Volume:
    """One claim of each pod of a StatefulSet."""

    name: str
    size: str
    storage_class: Optional[str] = None


def stateful_set(
    name: str,
    place: Place,
    part: str,
    template: core.v1.PodTemplateSpecArgs,
    *,
    service: str,
    replicas: int,
    volumes: Sequence[Volume] = (),
    object_name: str = "",
    parallel: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> apps.v1.StatefulSet:
    """A StatefulSet behind the headless `service`; `parallel` starts all pods at once (clusters that wait for peers)."""
    claims = [
        core.v1.PersistentVolumeClaimArgs(
            # full type and no labels: the API server defaults both, and claim templates can never change
            api_version="v1",
            kind="PersistentVolumeClaim",
            metadata=meta.v1.ObjectMetaArgs(name=volume.name),
            spec=core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=volume.storage_class,
                resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": volume.size}),
            ),
        )
        for volume in volumes
    ]
    return apps.v1.StatefulSet(
        name,
        metadata=place.meta(object_name or name, part),
        spec=apps.v1.StatefulSetSpecArgs(
            service_name=service,
            replicas=replicas,
            pod_management_policy="Parallel" if parallel else "OrderedReady",
            selector=meta.v1.LabelSelectorArgs(match_labels=place.selector(part)),
            template=template,
            volume_claim_templates=claims,
        ),
        opts=opts or place.opts,
    )


def job(
    name: str,
    place: Place,
    part: str,
    template: core.v1.PodTemplateSpecArgs,
    *,
    content: Sequence[Any],
    object_name: str = "",
    retries: int = 10,
    opts: pulumi.ResourceOptions | None = None,
) -> batch.v1.Job:
    """A Job that runs once for each `content` (plain, no secret): its hash ends the Kubernetes name."""
    full = fit(f"{object_name or name}-{content_hash(*content)}", 63)
    return batch.v1.Job(
        name,
        metadata=place.meta(full, part),
        # no ttlSecondsAfterFinished: a Job that removes itself is drift on the next refresh
        spec=batch.v1.JobSpecArgs(template=template, backoff_limit=retries),
        opts=opts or place.opts,
    )


def cron_job(
    name: str,
    place: Place,
    part: str,
    template: core.v1.PodTemplateSpecArgs,
    *,
    schedule: str,
    object_name: str = "",
    opts: pulumi.ResourceOptions | None = None,
) -> batch.v1.CronJob:
    """A CronJob at `schedule` (cron expression, UTC), never two runs at once."""
    return batch.v1.CronJob(
        name,
        metadata=place.meta(object_name or name, part),
        spec=batch.v1.CronJobSpecArgs(
            schedule=schedule,
            time_zone="Etc/UTC",
            concurrency_policy="Forbid",
            job_template=batch.v1.JobTemplateSpecArgs(spec=batch.v1.JobSpecArgs(template=template, backoff_limit=3)),
        ),
        opts=opts or place.opts,
    )
