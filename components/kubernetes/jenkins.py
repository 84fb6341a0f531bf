"""Builds: Jenkins on its own chart, configured as code, its agents pods, the previews of this project seeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.contracts import Certificates, Consumer, Endpoint, Git, ImageRegistry, Metrics, Wants
from components.kubernetes import chart, extend, objects
from components.kubernetes import jenkins_casc as casc
from components.kubernetes.images import own_image
from components.kubernetes.place import Compute, Place
from components.spec.delivery import Jenkins as JenkinsSpec
from components.system import Site

CHART = chart.Pin("jenkins", "5.9.53", "https://charts.jenkins.io", checked="2026-11-23")
NAME = "jenkins"
PORT = 8080
ADMIN = "jenkins-admin"
USER = 1000
INIT = Compute("50m", "256Mi", "500m")


@dataclass
class JenkinsArgs:
    """Images, the repository of the previews, and sizes."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    image: pulumi.Input[str]
    """Controller with its plugins (images/jenkins)."""
    agent_image: pulumi.Input[str]
    """Agent with python and pulumi (images/jenkins-agent)."""
    domain: str
    """Users reach it at https://jenkins.<domain>."""
    compute: Compute
    agent: Compute
    """Of each agent."""
    agents: int
    """Agent pods at a time."""
    storage: str
    """Volume of the controller in bytes."""
    repository: Optional[pulumi.Input[str]] = None
    """URL whose Jenkinsfile is run on every branch; no pipeline is seeded if unset."""
    repository_secret: Optional[pulumi.Input[str]] = None
    """Secret of this namespace with keys username and password that may read it."""
    agent_secret: Optional[str] = None
    """Secret of this namespace whose keys are the agents' variables."""
    bundle: Optional[str] = None
    """ConfigMap with the CA that signed the git server's certificate; public CAs if unset."""
    storage_class: Optional[str] = None
    monitored: bool = False
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def chart_values(args: JenkinsArgs) -> dict[str, Any]:
    """Values of the chart, plain; the images are put in by `told`, for ours may be known only during the run."""
    container = {
        "runAsUser": USER,
        "runAsGroup": USER,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    kept = {"storageClass": args.storage_class} if args.storage_class else {}
    return {
        "fullnameOverride": NAME,
        "controller": {
            "image": {"pullPolicy": "IfNotPresent"},
            # they are in the image
            "installPlugins": False,
            # draws its password at each render otherwise
            "admin": {"createSecret": True, "existingSecret": ADMIN, "userKey": "username", "passwordKey": "password"},
            "jenkinsUrl": f"https://jenkins.{args.domain}",
            "resources": args.compute.spec(),
            "initContainerResources": INIT.spec(),
            "javaOpts": "-XX:MaxRAMPercentage=60 -Djenkins.install.runSetupWizard=false",
            "podSecurityContextOverride": {
                "runAsUser": USER,
                "runAsGroup": USER,
                "runAsNonRoot": True,
                "fsGroup": USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containerSecurityContext": container,
            "JCasC": {"configScripts": casc.scripts(args.repository is not None, args.repository_secret is not None)},
            # a changed configuration restarts the one pod: no sidecar that watches ConfigMaps, no token that reloads
            "sidecars": {"configAutoReload": {"enabled": False}},
            "prometheus": {"enabled": args.monitored, "scrapeInterval": "30s"},
            # a hook Pod of `helm test`
            "testEnabled": False,
        },
        "agent": {
            # the one kind of agent is ours
            "disableDefaultAgent": True,
            "containerCap": args.agents,
            "restrictedPssSecurityContext": True,
            "podTemplates": {casc.LABEL: casc.agent_pod(args.agent, args.agent_secret, args.bundle)},
        },
        "persistence": {"size": args.storage, **kept},
        "serviceAccountAgent": {"create": True, "name": casc.ACCOUNT, "automountServiceAccountToken": False},
    }


def told(args: JenkinsArgs) -> extend.Extension:
    """What the controller is told beyond its values."""
    told = extend.Extension(image=args.image)
    told.value(AGENT_IMAGE=args.agent_image)
    if args.repository is not None:
        told.value(PIPELINE_REPOSITORY=args.repository)
    if args.repository_secret is not None:
        told.secret(args.repository_secret, GIT_USERNAME="username", GIT_PASSWORD="password")
    if args.bundle is not None:
        told.value(GIT_SSL_CAINFO=f"{casc.CA_PATH}/ca.crt")
        told.mounts.append({"name": "platform-ca", "mountPath": casc.CA_PATH, "readOnly": True})
        told.volumes.append({"name": "platform-ca", "configMap": {"name": args.bundle}})
    return told


class JenkinsController(pulumi.ComponentResource):
    """Jenkins' controller with a generated administrator's password, agents as pods of its namespace, and pipeline `mlops`.

    Everything is configuration as code, and the plugins are in the image: nothing is downloaded when it starts. Pipeline `mlops`
    runs the Jenkinsfile of every branch of the repository (the stack's git server's, or one named), on agents labelled `pulumi`
    with ServiceAccount `jenkins-agent`; it is seeded only where there is a repository.

    Source: chart jenkins, Jenkins' bill of materials for the plugins. Limits: the controller is one pod; branches are found every
    five minutes, requests of a forge are not; an agent has no right on the cluster and no cloud identity until somebody binds one
    to `jenkins-agent` (`values: {serviceAccountAgent: {annotations: …}}`); its login is Jenkins' own.
    """

    needs = ()
    optional = (ImageRegistry, Git, Metrics, Certificates)
    provides = ()
    tiers = ("all", "platform")
    namespace = NAME
    stateful = True
    internet = True
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: JenkinsArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:JenkinsController", name, None, opts)
        self._namespace = args.namespace
        place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        password = objects.password(f"{name}-admin-password", place.opts)
        admin = objects.secret(f"{name}-admin", place, {"username": "admin", "password": password.result}, object_name=ADMIN)
        chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(admin, transforms=[extend.stateful_set("jenkins", told(args))]),
        )
        self._url = pulumi.Output.concat(f"http://{NAME}.", args.namespace, f".svc:{PORT}")
        self._admin = pulumi.Output.concat(args.namespace, "/", admin.metadata.name)
        self.register_outputs({})

    @staticmethod
    def wants(config: JenkinsSpec) -> Wants:
        """Nothing."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> JenkinsArgs:
        """The spec as constructor arguments; the right to read the repository is granted here."""
        config: JenkinsSpec = site.config
        metrics, certificates, git = site.maybe(Metrics), site.maybe(Certificates), site.maybe(Git)
        site.ready += [*(metrics.ready if metrics else ()), *(certificates.ready if certificates else ())]
        repository: pulumi.Input[str] | None = config.repository
        secret: pulumi.Input[str] | None = config.repository_secret
        ours = git is not None and repository is None
        if git is not None and ours:
            repository = pulumi.Output.concat(git.url, f"/{config.project}.git")
            consumer = Consumer(NAME, namespace=site.namespace, opts=site.opts, ready=site.ready)
            # a server names repositories without their organisation
            secret = git.grant(config.project.rpartition("/")[2], consumer)
        return JenkinsArgs(
            namespace=site.namespace or JenkinsController.namespace,
            labels=site.naming.labels(NAME),
            image=own_image(site, "jenkins", config.image),
            agent_image=own_image(site, "jenkins-agent", config.agent_image),
            domain=site.spec.domain,
            compute=Compute.of(config.resources),
            agent=Compute.of(config.agent),
            agents=config.agents,
            storage=config.storage,
            repository=repository,
            repository_secret=secret,
            agent_secret=config.agent_secret,
            bundle=certificates.bundle if certificates and ours else None,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            monitored=metrics is not None,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Any]:
        """None: builds are an end, not a means."""
        return []

    def endpoints(self) -> Sequence[Endpoint]:
        """Its pages, which have a login of their own."""
        return [Endpoint("jenkins", self._namespace, NAME, PORT, login=False)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address inside the cluster, and the Secret with the administrator's password."""
        return {"url": self._url, "adminSecret": self._admin}
