"""The simulated Percona operator and what is not its own."""

from tests.unit.operators_fake import Cluster, custom, deployment, secret


def test_mysql_leaves_a_certificate_of_our_own_alone() -> None:
    cluster = Cluster()
    for name in ("ps-operator", "cert-manager"):
        cluster.put(deployment(name))
        cluster.up("Deployment", "system", name)
    issued = secret("db-tls", "team", **{"tls.crt": "x", "tls.key": "y"})
    issued["metadata"]["annotations"] = {"cert-manager.io/issuer-kind": "ClusterIssuer", "cert-manager.io/issuer-name": "ca"}
    issued["metadata"]["labels"] = {"mlops.dev/simulated": "operator"}
    cluster.put(issued)
    mysql = {"sslSecretName": "db-tls", "mysql": {"volumeSpec": {"emptyDir": {}}}}
    cluster.put(custom("PerconaServerMySQL", "db", mysql))
    cluster.settle()
    assert "db-ssl" not in cluster.names("Certificate")
    assert ("Secret", "team", "db-tls") not in cluster.writes
