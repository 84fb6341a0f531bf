"""Who owns which custom resource definition, and what becomes of it on destroy.

Every CRD of a chart that we install has exactly one owner here. CRDs go up with their chart's pin; on destroy they stay
(`operators.keepCrds`, through chart.keep_crds and the charts' own switches), since deleting one deletes every custom
resource of its kind in the cluster. An operator that the cluster already has is only looked at, never touched.
"""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions.v1 import CustomResourceDefinition
from pulumi_kubernetes.apiextensions.v1.outputs import CustomResourceDefinitionSpec, CustomResourceDefinitionVersion
from pydantic.alias_generators import to_camel

from components.kubernetes.installed import OPERATORS, problems, untold

OWNERS: dict[str, tuple[str, ...]] = {
    "cert-manager": (
        "certificaterequests.cert-manager.io",
        "certificates.cert-manager.io",
        "challenges.acme.cert-manager.io",
        "clusterissuers.cert-manager.io",
        "issuers.cert-manager.io",
        "orders.acme.cert-manager.io",
    ),
    "trust-manager": ("bundles.trust.cert-manager.io",),
    "ps-operator": (
        "perconaservermysqlbackups.ps.percona.com",
        "perconaservermysqlrestores.ps.percona.com",
        "perconaservermysqls.ps.percona.com",
    ),
    "cloudnative-pg": (
        "backups.postgresql.cnpg.io",
        "clusterimagecatalogs.postgresql.cnpg.io",
        "clusters.postgresql.cnpg.io",
        "databaseroles.postgresql.cnpg.io",
        "databases.postgresql.cnpg.io",
        "failoverquorums.postgresql.cnpg.io",
        "imagecatalogs.postgresql.cnpg.io",
        "poolers.postgresql.cnpg.io",
        "publications.postgresql.cnpg.io",
        "scheduledbackups.postgresql.cnpg.io",
        "subscriptions.postgresql.cnpg.io",
    ),
    "strimzi-kafka-operator": (
        "kafkabridges.kafka.strimzi.io",
        "kafkaconnectors.kafka.strimzi.io",
        "kafkaconnects.kafka.strimzi.io",
        "kafkamirrormaker2s.kafka.strimzi.io",
        "kafkanodepools.kafka.strimzi.io",
        "kafkarebalances.kafka.strimzi.io",
        "kafkas.kafka.strimzi.io",
        "kafkatopics.kafka.strimzi.io",
        "kafkausers.kafka.strimzi.io",
        "strimzipodsets.core.strimzi.io",
    ),
    "gateway-crds-helm": (
        "backends.gateway.envoyproxy.io",
        "backendtlspolicies.gateway.networking.k8s.io",
        "backendtrafficpolicies.gateway.envoyproxy.io",
        "clienttrafficpolicies.gateway.envoyproxy.io",
        "envoyextensionpolicies.gateway.envoyproxy.io",
        "envoypatchpolicies.gateway.envoyproxy.io",
        "envoyproxies.gateway.envoyproxy.io",
        "gatewayclasses.gateway.networking.k8s.io",
        "gateways.gateway.networking.k8s.io",
        "grpcroutes.gateway.networking.k8s.io",
        "httproutefilters.gateway.envoyproxy.io",
        "httproutes.gateway.networking.k8s.io",
        "listenersets.gateway.networking.k8s.io",
        "referencegrants.gateway.networking.k8s.io",
        "securitypolicies.gateway.envoyproxy.io",
        "tcproutes.gateway.networking.k8s.io",
        "tlsroutes.gateway.networking.k8s.io",
        "udproutes.gateway.networking.k8s.io",
    ),
    "external-secrets": (
        "acraccesstokens.generators.external-secrets.io",
        "beyondtrustworkloadcredentialsdynamicsecrets.generators.external-secrets.io",
        "cloudsmithaccesstokens.generators.external-secrets.io",
        "clusterexternalsecrets.external-secrets.io",
        "clustergenerators.generators.external-secrets.io",
        "clusterpushsecrets.external-secrets.io",
        "clustersecretstores.external-secrets.io",
        "ecrauthorizationtokens.generators.external-secrets.io",
        "externalsecrets.external-secrets.io",
        "fakes.generators.external-secrets.io",
        "gcraccesstokens.generators.external-secrets.io",
        "generatorstates.generators.external-secrets.io",
        "githubaccesstokens.generators.external-secrets.io",
        "gitlabdeploytokens.generators.external-secrets.io",
        "grafanas.generators.external-secrets.io",
        "mfas.generators.external-secrets.io",
        "passwords.generators.external-secrets.io",
        "pushsecrets.external-secrets.io",
        "quayaccesstokens.generators.external-secrets.io",
        "secretstores.external-secrets.io",
        "sshkeys.generators.external-secrets.io",
        "stssessiontokens.generators.external-secrets.io",
        "uuids.generators.external-secrets.io",
        "vaultdynamicsecrets.generators.external-secrets.io",
        "webhooks.generators.external-secrets.io",
    ),
    "velero": (
        "backuprepositories.velero.io",
        "backups.velero.io",
        "backupstoragelocations.velero.io",
        "datadownloads.velero.io",
        "datauploads.velero.io",
        "deletebackuprequests.velero.io",
        "downloadrequests.velero.io",
        "podvolumebackups.velero.io",
        "podvolumerestores.velero.io",
        "restores.velero.io",
        "schedules.velero.io",
        "serverstatusrequests.velero.io",
        "volumesnapshotlocations.velero.io",
    ),
    "flink-kubernetes-operator": (
        "flinkbluegreendeployments.flink.apache.org",
        "flinkdeployments.flink.apache.org",
        "flinksessionjobs.flink.apache.org",
        "flinkstatesnapshots.flink.apache.org",
    ),
    "spark-operator": (
        "scheduledsparkapplications.sparkoperator.k8s.io",
        "sparkapplications.sparkoperator.k8s.io",
        "sparkconnects.sparkoperator.k8s.io",
    ),
    "argo-workflows": (
        "clusterworkflowtemplates.argoproj.io",
        "cronworkflows.argoproj.io",
        "workflowartifactgctasks.argoproj.io",
        "workfloweventbindings.argoproj.io",
        "workflows.argoproj.io",
        "workflowtaskresults.argoproj.io",
        "workflowtasksets.argoproj.io",
        "workflowtemplates.argoproj.io",
    ),
    "feast-operator": ("featurestores.feast.dev",),
    "kuberay-operator": ("rayclusters.ray.io", "raycronjobs.ray.io", "rayjobs.ray.io", "rayservices.ray.io"),
    "kubeflow-trainer": (
        "clustertrainingruntimes.trainer.kubeflow.org",
        "trainingruntimes.trainer.kubeflow.org",
        "trainjobs.trainer.kubeflow.org",
    ),
    "jobset": ("jobsets.jobset.x-k8s.io",),
    "kserve-crd": (
        "clusterservingruntimes.serving.kserve.io",
        "clusterstoragecontainers.serving.kserve.io",
        "inferencegraphs.serving.kserve.io",
        "inferenceservices.serving.kserve.io",
        "servingruntimes.serving.kserve.io",
        "trainedmodels.serving.kserve.io",
    ),
    "seldon-core-v2-crds": (
        "experiments.mlops.seldon.io",
        "models.mlops.seldon.io",
        "pipelines.mlops.seldon.io",
        "seldonconfigs.mlops.seldon.io",
        "seldonruntimes.mlops.seldon.io",
        "serverconfigs.mlops.seldon.io",
        "servers.mlops.seldon.io",
    ),
    "commons-operator": (
        "authenticationclasses.authentication.stackable.tech",
        "s3buckets.s3.stackable.tech",
        "s3connections.s3.stackable.tech",
    ),
    "secret-operator": ("secretclasses.secrets.stackable.tech", "truststores.secrets.stackable.tech"),
    "listener-operator": (
        "listenerclasses.listeners.stackable.tech",
        "listeners.listeners.stackable.tech",
        "podlisteners.listeners.stackable.tech",
    ),
    "zookeeper-operator": ("zookeeperclusters.zookeeper.stackable.tech", "zookeeperznodes.zookeeper.stackable.tech"),
    "hdfs-operator": ("hdfsclusters.hdfs.stackable.tech",),
    "kube-prometheus-stack": (
        "alertmanagerconfigs.monitoring.coreos.com",
        "alertmanagers.monitoring.coreos.com",
        "podmonitors.monitoring.coreos.com",
        "probes.monitoring.coreos.com",
        "prometheusagents.monitoring.coreos.com",
        "prometheuses.monitoring.coreos.com",
        "prometheusrules.monitoring.coreos.com",
        "scrapeconfigs.monitoring.coreos.com",
        "servicemonitors.monitoring.coreos.com",
        "thanosrulers.monitoring.coreos.com",
    ),
    "gha-runner-scale-set-controller": (
        "autoscalinglisteners.actions.github.com",
        "autoscalingrunnersets.actions.github.com",
        "ephemeralrunners.actions.github.com",
        "ephemeralrunnersets.actions.github.com",
    ),
    "gpu-operator": (
        "clusterpolicies.nvidia.com",
        "computedomaincliques.resource.nvidia.com",
        "computedomains.resource.nvidia.com",
        "gpuclusters.nvidia.com",
        "nodefeaturegroups.nfd.k8s-sigs.io",
        "nodefeaturerules.nfd.k8s-sigs.io",
        "nodefeatures.nfd.k8s-sigs.io",
        "nvidiadrivers.nvidia.com",
    ),
    "kueue": (
        "admissionchecks.kueue.x-k8s.io",
        "clusterqueues.kueue.x-k8s.io",
        "cohorts.kueue.x-k8s.io",
        "localqueues.kueue.x-k8s.io",
        "multikueueclusters.kueue.x-k8s.io",
        "multikueueconfigs.kueue.x-k8s.io",
        "provisioningrequestconfigs.kueue.x-k8s.io",
        "resourceflavors.kueue.x-k8s.io",
        "topologies.kueue.x-k8s.io",
        "workloadpriorityclasses.kueue.x-k8s.io",
        "workloads.kueue.x-k8s.io",
    ),
}
"""Chart -> the CRDs that it alone brings (contracts/index.yaml, `crds` of each chart)."""


DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
_VALUES = ("default", "enum", "example")
"""Keys of a schema whose content is data, not schema."""


def slim(schema: Any, prose: bool = False) -> Any:
    """A definition's schema without its prose (`description` texts): what validates stays, `kubectl explain` falls silent.

    Two thirds of a CRD are prose, and the engine writes it to the state with every step of an `up`. Empty `properties` go
    too: the API server drops them, so that each preview would want to add them again. `prose` keeps the texts.
    """
    if isinstance(schema, dict):
        return {
            key: value if key in _VALUES else slim(value, prose)
            for key, value in schema.items()
            if not (key == "description" and isinstance(value, str) and not prose)
            if not (key == "properties" and value == {})
        }
    return [slim(item, prose) for item in schema] if isinstance(schema, list) else schema


def existing(name: str, operator: str, opts: pulumi.ResourceOptions) -> CustomResourceDefinition:
    """An operator that is said to be in the cluster already (a key of OPERATORS): its CRDs are read, never changed.

    Fails in preview where one of them does not exist, does not serve the API version that we write, or is of a release older
    than we accept. Warns where a release cannot be told. Returns the first of them, for others to wait for.
    """
    known = OPERATORS[operator]
    found = {
        crd: CustomResourceDefinition.get(name if crd == known.crd else f"{name}-{crd.partition('.')[0]}", crd, opts)
        for crd in known.definitions
    }

    def check(crd: str, metadata: Mapping[str, Any] | None, spec: CustomResourceDefinitionSpec) -> bool:
        definition = {"metadata": metadata or {}, "spec": {"versions": [_version(each) for each in spec.versions]}}
        if lines := list(problems(known, crd, definition)):
            advice = f"Upgrade that operator, or let the platform manage it (mlops:spec.operators.{to_camel(operator)})."
            raise pulumi.RunError(". ".join((*lines, advice)))
        if crd == known.crd and (said := untold(known, definition)):
            pulumi.log.warn(said)
        return True

    def look(crd: str, read: CustomResourceDefinition) -> None:
        # one after the other: together they would be taken apart to the last field of their schemas
        untyped: Any = read.metadata
        untyped.apply(lambda metadata: read.spec.apply(lambda spec: check(crd, metadata, spec)))

    for crd, read in found.items():
        look(crd, read)
    return found[known.crd]


def _version(each: CustomResourceDefinitionVersion) -> dict[str, Any]:
    """A version of a definition by the names of the API server."""
    schema = each.schema.open_apiv3_schema if each.schema else None
    return {"name": each.name, "served": each.served, "schema": {"openAPIV3Schema": schema}}
