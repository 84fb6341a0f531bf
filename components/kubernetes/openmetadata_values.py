"""What OpenMetadata's chart and pods are told: plain values, and the script that prepares keys and trust."""

from typing import Any

from components.kubernetes.place import Compute, Image, image

SERVER = Image("docker.io/openmetadata/server", "1.13.1", "2026-11-23")
"""As Chart.yaml of the chart names it (artifacthub.io/images)."""
INDEX = "openmetadata-index"
KEYS = "openmetadata-keys"
ADMIN = "openmetadata-admin"
SIGNING = "openmetadata-signing"
TRUST = "/etc/mlops/trust"
AUTHORITY = "/etc/mlops/database"
SMALL = Compute("100m", "256Mi", "1")
RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}

PREPARE = """\
set -eu
umask 077
der() { sed '/-----/d' "$1" | base64 -d; }
der /etc/mlops/signing/tls.key > /etc/mlops/trust/private_key.der
# the public key stands whole inside the certificate: an RSA key of 2048 bits is 294 bytes that always begin alike
head=30820122300d06092a864886f70d01010105000382010f00
hex="$(der /etc/mlops/signing/tls.crt | od -An -v -tx1 | tr -d ' \\n')"
rest="${hex#*$head}"
[ "$rest" != "$hex" ] || { echo "the signing certificate holds no RSA key of 2048 bits" >&2; exit 1; }
printf '%b' "$(printf '%s' "$head${rest:0:540}" | sed 's/../\\\\x&/g')" > /etc/mlops/trust/public_key.der
if [ -f /etc/mlops/database/ca.crt ]; then
  rm -f /etc/mlops/trust/database.jks
  awk '/BEGIN CERT/{n++} n{print > ("/tmp/ca-" n ".pem")}' /etc/mlops/database/ca.crt
  for file in /tmp/ca-*.pem; do
    keytool -importcert -noprompt -storetype JKS -storepass changeit -alias "$(basename "$file" .pem)" \\
      -file "$file" -keystore /etc/mlops/trust/database.jks
  done
fi
"""
"""Keys in the form that OpenMetadata reads, and the database's CA in Java's. That store holds public certificates only: its
password keeps no secret, and Java reads it without one."""


def jdbc(engine: str, private: bool) -> str:
    """Options of the JDBC address: TLS, and the server's name verified."""
    if engine == "postgres":
        return f"sslmode=verify-full&sslrootcert={AUTHORITY}/ca.crt" if private else "sslmode=verify-full"
    trust = f"&trustCertificateKeyStoreUrl=file:{TRUST}/database.jks&trustCertificateKeyStoreType=JKS" if private else ""
    return f"sslMode=VERIFY_IDENTITY&allowPublicKeyRetrieval=false&serverTimezone=UTC{trust}"


def chart_values(
    *,
    engine: str,
    private: bool,
    replicas: int,
    compute: Compute,
    domain: str,
    monitored: bool,
    mirror: str | None,
) -> dict[str, Any]:
    """Values of the chart, plain: host and credentials of the database are told by a transform, secrets by name."""
    ref = image(SERVER, mirror)
    drivers = {"mysql": ("com.mysql.cj.jdbc.Driver", "mysql"), "postgres": ("org.postgresql.Driver", "postgresql")}
    driver, scheme = drivers[engine]
    authority = [{"name": "database-ca", "mountPath": AUTHORITY, "readOnly": True}] if private else []
    trust = {"name": "trust", "mountPath": TRUST}
    return {
        "replicaCount": replicas,
        "image": {"repository": image(SERVER.repository, mirror), "tag": SERVER.tag, "pullPolicy": "IfNotPresent"},
        "automountServiceAccountToken": False,
        "podSecurityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": RESTRICTED,
        "resources": compute.spec(),
        "serviceMonitor": {"enabled": monitored},
        "preMigrateInitContainers": [
            {
                "name": "prepare",
                "image": ref,
                "command": ["/bin/bash", "-c", PREPARE],
                "securityContext": RESTRICTED,
                "resources": SMALL.spec(),
                "volumeMounts": [
                    trust,
                    {"name": "signing", "mountPath": "/etc/mlops/signing", "readOnly": True},
                    {"name": "scratch", "mountPath": "/tmp"},
                    *authority,
                ],
            }
        ],
        "extraVolumes": [
            {"name": "trust", "emptyDir": {}},
            {"name": "scratch", "emptyDir": {}},
            {"name": "signing", "secret": {"secretName": SIGNING, "defaultMode": 0o440}},
        ],
        "extraVolumeMounts": [{**trust, "readOnly": True}, *authority],
        "openmetadata": {
            "config": {
                # both would run beside the server without its trust store; the UI's search application reindexes
                "deployPipelinesConfig": {"enabled": False},
                "reindexConfig": {"enabled": False},
                "elasticsearch": {
                    "host": INDEX,
                    "port": 9200,
                    "scheme": "http",
                    "searchType": "opensearch",
                    "auth": {
                        "enabled": True,
                        "username": "admin",
                        "password": {"secretRef": f"{INDEX}-admin", "secretKey": "password"},
                    },
                },
                "database": {"driverClass": driver, "dbScheme": scheme, "dbParams": jdbc(engine, private)},
                "pipelineServiceClientConfig": {"enabled": False},
                "authorizer": {"principalDomain": domain, "allowedEmailRegistrationDomains": [domain]},
                "authentication": {"provider": "basic", "enableSelfSignup": False},
                "jwtTokenConfiguration": {
                    "rsapublicKeyFilePath": f"{TRUST}/public_key.der",
                    "rsaprivateKeyFilePath": f"{TRUST}/private_key.der",
                    "jwtissuer": domain,
                    "keyId": "mlops",
                },
                # the chart's own default is the same everywhere
                "fernetkey": {"value": "", "secretRef": KEYS, "secretKey": "fernet"},
            }
        },
    }
