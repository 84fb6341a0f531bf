"""A Java trust store that holds the public authorities and a private one: made by an init container from a ConfigMap.

A JVM reads no PEM bundle by itself, and a store that cert-manager would write trusts our own issuer alone. The store is of
type JKS, which a JVM reads without a password: it holds certificates of authorities, nothing secret.
"""

from typing import Any

import pulumi

from components.kubernetes.place import SMALL

CA_PATH = "/etc/mlops/ca"
"""Where the ConfigMap with key `ca.crt` is mounted."""
STORE_PATH = "/etc/mlops/trust"
STORE = f"{STORE_PATH}/cacerts.jks"
JAVA_OPTION = f"-Djavax.net.ssl.trustStore={STORE}"

SCRIPT = """\
set -eu
rm -f "$STORE" "$WORK"/ca-*.pem
public="$JAVA_HOME/lib/security/cacerts"
test -f "$public" || public="$JAVA_HOME/jre/lib/security/cacerts"
"$JAVA_HOME/bin/keytool" -importkeystore -noprompt -srckeystore "$public" -srcstorepass changeit \\
  -destkeystore "$STORE" -deststoretype JKS -deststorepass changeit
awk -v work="$WORK" '/-----BEGIN CERTIFICATE-----/ { n++ } n { print > (work "/ca-" n ".pem") }' $BUNDLE
for file in "$WORK"/ca-*.pem; do
  "$JAVA_HOME/bin/keytool" -importcert -noprompt -keystore "$STORE" -storepass changeit \\
    -alias "mlops-$(basename "$file" .pem)" -file "$file"
done
"""
"""`changeit` is what every JDK's own store of public authorities is sealed with; a JDK 8 keeps it below jre/. JAVA_HOME is set
by the images (Temurin's). BUNDLE is one path, or several with blanks between."""

VARIABLES = {"STORE": STORE, "BUNDLE": f"{CA_PATH}/ca.crt", "WORK": "/tmp"}
COMMAND = ("/bin/sh", "-c", SCRIPT)


def init_container(ref: pulumi.Input[str], security: dict[str, Any]) -> dict[str, Any]:
    """The init container in the API's own shape, for pod templates of custom resources; volumes: `trust`, `ca`, `tmp`."""
    return {
        "name": "trust",
        "image": ref,
        "command": list(COMMAND),
        "env": [{"name": key, "value": value} for key, value in VARIABLES.items()],
        "resources": SMALL.spec(),
        "securityContext": security,
        "volumeMounts": [
            {"name": "trust", "mountPath": STORE_PATH},
            {"name": "ca", "mountPath": CA_PATH, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
