"""MSK: clusters on moto; configurations, topics and cluster policies in the state file, because moto has none."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import at, from_api
from sandbox.providers.cloud.spec import Json, Name, Spec

_PORTS = {"": 9092, "Tls": 9094, "SaslScram": 9096, "SaslIam": 9098}  # of MSK's listeners
_DOMAIN = "c2.kafka.{region}.amazonaws.com"
_TAGS = Tags("Tags", mapped=True)


class Cluster(Rest):
    """A provisioned cluster. Authentication and encryption are flatter in the program than in the API."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The nested blocks as the API wants them."""
        plain = {key: value for key, value in inputs.items() if key not in ("clientAuthentication", "encryptionInfo")}
        if group := plain.get("brokerNodeGroupInfo"):
            # MSK takes it only for a cluster that stands, by an operation that moto has not: it stays in the record
            plain["brokerNodeGroupInfo"] = {key: value for key, value in group.items() if key != "connectivityInfo"}
        found = super().request(cx, plain, operation)
        if auth := inputs.get("clientAuthentication"):
            found["ClientAuthentication"] = _authentication(auth)
        if encryption := inputs.get("encryptionInfo"):
            transit = encryption.get("encryptionInTransit") or {}
            found["EncryptionInfo"] = {
                "EncryptionInTransit": {
                    "ClientBroker": transit.get("clientBroker", "TLS"),
                    "InCluster": transit.get("inCluster", True),
                }
            }
            if key := encryption.get("encryptionAtRestKmsKeyArn"):
                found["EncryptionInfo"]["EncryptionAtRest"] = {"DataVolumeKMSKeyId": key}
        return found

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """moto fails inside when asked to describe a cluster that it does not have, so the list is asked first."""
        listed = cx.run("kafka", "list_clusters").get("ClusterInfoList") or []
        return super().read(cx, id, inputs) if id in {entry["ClusterArn"] for entry in listed} else None

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """moto gives a cluster in its newer form, under Provisioned, or flat."""
        item = {**item, **(item.get("Provisioned") or {})}
        found: Json = from_api(
            {
                key: value
                for key, value in inputs.items()
                if key not in ("tags", "region", "clientAuthentication", "encryptionInfo")
            },
            item,
            {"kafkaVersion": "KafkaVersion" if "KafkaVersion" in item else "CurrentBrokerSoftwareInfo"},
        )
        if isinstance(found.get("kafkaVersion"), dict):
            found["kafkaVersion"] = found["kafkaVersion"].get("KafkaVersion")
        if (auth := item.get("ClientAuthentication")) and inputs.get("clientAuthentication"):
            found["clientAuthentication"] = _flat_authentication(auth)
        if (encryption := item.get("EncryptionInfo")) and inputs.get("encryptionInfo"):
            transit = encryption.get("EncryptionInTransit") or {}
            found["encryptionInfo"] = {
                "encryptionAtRestKmsKeyArn": at(encryption, "EncryptionAtRest.DataVolumeKMSKeyId"),
                "encryptionInTransit": {"clientBroker": transit.get("ClientBroker"), "inCluster": transit.get("InCluster")},
            }
        uuid = id.rsplit("/", 1)[-1]
        return {
            **found,
            **_brokers(cx, uuid, inputs),
            "arn": id,
            "clusterUuid": uuid,
            "currentVersion": item.get("CurrentVersion", ""),
        }

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Only what is listed, for the same reason."""
        if self.read(cx, id, {}) is not None:
            super().delete(cx, id, old)

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """moto has no operation that changes a cluster: the change stands in the record alone."""


def _authentication(auth: Json) -> Json:
    found: Json = {}
    if sasl := auth.get("sasl"):
        found["Sasl"] = {name.capitalize(): {"Enabled": sasl[name]} for name in ("scram", "iam") if name in sasl}
    if tls := auth.get("tls"):
        found["Tls"] = {"CertificateAuthorityArnList": tls.get("certificateAuthorityArns") or [], "Enabled": True}
    if "unauthenticated" in auth:
        found["Unauthenticated"] = {"Enabled": auth["unauthenticated"]}
    return found


def _flat_authentication(auth: Json) -> Json:
    found: Json = {}
    if sasl := auth.get("Sasl"):
        found["sasl"] = {name.lower(): entry.get("Enabled") for name, entry in sasl.items() if entry}
    if "Unauthenticated" in auth:
        found["unauthenticated"] = at(auth, "Unauthenticated.Enabled")
    return found


def _brokers(cx: AwsContext, uuid: str, inputs: Json) -> Json:
    """Bootstrap addresses of the listeners that the cluster's settings open: moto cannot list them."""
    name = f"{inputs.get('clusterName', 'cluster')}.{uuid[:6]}.{_DOMAIN.format(region=cx.region)}"
    sasl = at(inputs, "clientAuthentication.sasl") or {}
    plain = at(inputs, "encryptionInfo.encryptionInTransit.clientBroker") in ("PLAINTEXT", "TLS_PLAINTEXT")
    is_open = {"SaslIam": sasl.get("iam"), "SaslScram": sasl.get("scram"), "": plain}
    is_open["Tls"] = bool(at(inputs, "clientAuthentication.tls")) or not (sasl.get("iam") or sasl.get("scram") or plain)
    hosts = [f"b-{number}.{name}" for number in range(1, min(int(inputs.get("numberOfBrokerNodes") or 3), 3) + 1)]
    return {
        f"bootstrapBrokers{listener}": ",".join(f"{host}:{port}" for host in hosts) if is_open[listener] else ""
        for listener, port in _PORTS.items()
    }


TYPES: dict[str, Spec] = {
    "aws:msk/cluster:Cluster": Spec(
        name=Name("clusterName", 64),
        replace=(
            "brokerNodeGroupInfo.clientSubnets",
            "brokerNodeGroupInfo.azDistribution",
            "brokerNodeGroupInfo.securityGroups",
            "encryptionInfo.encryptionAtRestKmsKeyArn",
            "encryptionInfo.encryptionInTransit.inCluster",
        ),
        choices={
            "encryptionInfo.encryptionInTransit.clientBroker": "kafka:ClientBroker",
            "enhancedMonitoring": "kafka:EnhancedMonitoring",
            "storageMode": "kafka:StorageMode",
        },
        references={"brokerNodeGroupInfo.clientSubnets": "subnet", "brokerNodeGroupInfo.securityGroups": "security group"},
        api=Cluster(
            "kafka",
            "create_cluster",
            "describe_cluster",
            "delete_cluster",
            {"ClusterArn": "{id}"},
            "ClusterArn",
            "ClusterInfo",
            tags=_TAGS,
            lists=("list_clusters", "ClusterInfoList", "ClusterName", "ClusterArn"),
            named="clusterName",
            retag=("tag_resource", "untag_resource", "ResourceArn"),
            updates="update_cluster_configuration",
        ),
    ),
    "aws:msk/configuration:Configuration": Spec(
        name=Name("name", 64),
        replace=("kafkaVersions",),
        id="arn:aws:kafka:{region}:{account}:configuration/{name}/{hash:.8}-{hash:.4}-1",
        outputs={"arn": "{id}", "latestRevision": 1},
    ),
    "aws:msk/topic:Topic": Spec(
        name=Name("name", 249, allowed=r"[\w.-]"),
        replace=("clusterArn", "replicationFactor"),
        references={"clusterArn": "MSK cluster"},
        id="{clusterArn}/{name}",
        outputs={
            "arn": lambda values: str(values["clusterArn"]).replace(":cluster/", ":topic/") + f"/{values['name']}",
            "configsActual": "{configs}",
        },
    ),
    "aws:msk/clusterPolicy:ClusterPolicy": Spec(
        replace=("clusterArn",),
        references={"clusterArn": "MSK cluster"},
        json=("policy",),
        id="{clusterArn}",
        outputs={"currentVersion": "{hash:.14}"},
    ),
}
