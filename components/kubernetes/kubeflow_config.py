"""What the parts of Kubeflow Pipelines are told: variables, documents and one script."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pulumi

from components.contracts import BucketAccess, DatabaseAccess
from components.kubernetes import argo_config, extend

VERSION = "2.17.0"
"""Of Kubeflow Pipelines; images after manifests/kustomize of that tag, digests unverified."""
STORE_CA = "/etc/mlops/store"
RUNNER = "pipeline-runner"
API, GRPC, UI, METADATA, ENVOY = 8888, 8887, 3000, 8080, 9090

METADATA_SERVER = """\
set -eu
umask 077
cat > /tmp/store.pbtxt <<END
connection_config {
  mysql {
    host: "$DB_HOST"
    port: $DB_PORT
    database: "$DB_NAME"
    user: "$DB_USERNAME"
    password: "$DB_PASSWORD"
    skip_db_creation: true
    ssl_options { ca: "$DB_CA" verify_server_cert: true }
  }
}
END
exec /bin/metadata_store_server --grpc_port=8080 --metadata_store_server_config_file=/tmp/store.pbtxt \\
  --enable_database_upgrade=true \\
  --grpc_channel_arguments=grpc.max_metadata_size=16384,grpc.max_receive_message_length=104857600,grpc.max_send_message_length=104857600
"""
"""ML Metadata takes TLS options from a file alone; passwords are letters and digits (objects.password): nothing to escape."""


def address(store: BucketAccess) -> tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[str]]:
    """Host, port and whether it speaks TLS ("true", "false") of the object store."""
    url = pulumi.Output.from_input(store.endpoint or pulumi.Output.concat("https://s3.", store.region, ".amazonaws.com"))
    split = url.apply(urlsplit)
    host = split.apply(lambda found: found.hostname or "")
    port = split.apply(lambda found: str(found.port or (443 if found.scheme == "https" else 80)))
    return host, port, split.apply(lambda found: "true" if found.scheme == "https" else "false")


def certificates(database: DatabaseAccess, store: BucketAccess) -> dict[str, str]:
    """Directories whose certificates Go's programs are to trust beside their image's own."""
    found = [extend.CA_PATH] if database.ca_config_map is not None else []
    found += [STORE_CA] if store.ca_config_map is not None else []
    return {"SSL_CERT_DIR": ":".join(found)} if found else {}


def server(
    namespace: pulumi.Input[str],
    database: DatabaseAccess,
    store: BucketAccess,
    images: Mapping[str, str],
) -> dict[str, pulumi.Input[str]]:
    """Variables of the API server; its database user and bucket key come from Secrets."""
    host, port, secure = address(store)
    found: dict[str, pulumi.Input[str]] = {
        "POD_NAMESPACE": namespace,
        "CLUSTER_DOMAIN": "cluster.local",
        "LOG_LEVEL": "info",
        "AUTO_UPDATE_PIPELINE_DEFAULT_VERSION": "true",
        # their cache needs a webhook on every pod, and rights over certificates of the whole cluster
        "BLOCK_V1_PIPELINES": "true",
        "DB_DRIVER_NAME": "mysql",
        "DBCONFIG_CONMAXLIFETIME": "120s",
        "DBCONFIG_MYSQLCONFIG_HOST": database.host,
        "DBCONFIG_MYSQLCONFIG_PORT": pulumi.Output.from_input(database.port).apply(str),
        "DBCONFIG_MYSQLCONFIG_DBNAME": database.database,
        # the server's name and certificate are verified (go-sql-driver/mysql)
        "DBCONFIG_MYSQLCONFIG_EXTRAPARAMS": json.dumps({"tls": "true"}),
        "OBJECTSTORECONFIG_HOST": host,
        "OBJECTSTORECONFIG_PORT": port,
        "OBJECTSTORECONFIG_SECURE": secure,
        "OBJECTSTORECONFIG_REGION": store.region,
        "OBJECTSTORECONFIG_BUCKETNAME": store.bucket,
        "V2_DRIVER_IMAGE": images["driver"],
        "V2_LAUNCHER_IMAGE": images["launcher"],
        "COMPILED_PIPELINE_SPEC_PATCH": "{}",
        "DEFAULT_SECURITY_CONTEXT_RUN_AS_USER": "1000",
        "DEFAULT_SECURITY_CONTEXT_RUN_AS_NON_ROOT": "true",
        **certificates(database, store),
    }
    if store.ca_config_map is not None:
        # mounted into the pods of steps, where driver and launcher read it
        found |= {"CABUNDLE_CONFIGMAP_NAME": store.ca_config_map, "CABUNDLE_KEY_NAME": "ca.crt"}
    return found


def interface(store: BucketAccess) -> dict[str, pulumi.Input[str]]:
    """Variables of the user interface."""
    host, port, secure = address(store)
    return {
        "ML_PIPELINE_SERVICE_HOST": "ml-pipeline",
        "ML_PIPELINE_SERVICE_PORT": str(API),
        "METADATA_ENVOY_SERVICE_SERVICE_HOST": "metadata-envoy-service",
        "METADATA_ENVOY_SERVICE_SERVICE_PORT": str(ENVOY),
        "MINIO_HOST": host,
        "MINIO_PORT": port,
        "MINIO_SSL": secure,
        # else it is put behind the host
        "MINIO_NAMESPACE": "",
        "ARGO_ARCHIVE_LOGS": "true",
        "ARGO_ARCHIVE_BUCKETNAME": store.bucket,
        "DISABLE_GKE_METADATA": "true",
        "ALLOW_CUSTOM_VISUALIZATIONS": "false",
        **({"NODE_EXTRA_CA_CERTS": f"{STORE_CA}/ca.crt"} if store.ca_config_map is not None else {}),
    }


def launcher(store: BucketAccess) -> dict[str, pulumi.Input[str]]:
    """ConfigMap `kfp-launcher`: where artifacts go by default, and how steps log in there."""
    host, port, secure = address(store)
    provider = {
        "endpoint": pulumi.Output.concat(host, ":", port),
        "region": store.region,
        "disableSSL": secure.apply(lambda found: found == "false"),
        "forcePathStyle": True,
        "credentials": {
            "fromEnv": False,
            "secretRef": {
                "secretName": store.secret,
                "accessKeyKey": "AWS_ACCESS_KEY_ID",
                "secretKeyKey": "AWS_SECRET_ACCESS_KEY",
            },
        },
    }
    return {
        "defaultPipelineRoot": pulumi.Output.concat("minio://", store.bucket, "/v2/artifacts"),
        "providers": pulumi.Output.json_dumps({"minio": {"default": provider}, "s3": {"default": provider}}, sort_keys=True),
    }


def controller(store: BucketAccess, ca_secret: pulumi.Input[str] | None, keep_seconds: int) -> dict[str, Any]:
    """Configuration of the workflow controller that runs the pipelines: no instance ID, for the API server sets none."""
    repository = argo_config.artifacts(store, ca_secret)
    repository["s3"]["keyFormat"] = "private-artifacts/{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}"
    return {
        "artifactRepository": repository,
        "executor": {"resources": argo_config.EXECUTOR.spec(), "securityContext": argo_config.CONFINED},
        "mainContainer": {"resources": argo_config.STEP.spec(), "securityContext": argo_config.CONFINED},
        "workflowDefaults": {
            "spec": {
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                "ttlStrategy": {"secondsAfterCompletion": keep_seconds},
            }
        },
        "metricsConfig": {"enabled": True, "path": "/metrics", "port": argo_config.METRICS_PORT, "secure": False},
    }


def envoy() -> dict[str, Any]:
    """Configuration of the proxy through which the user interface's page speaks gRPC-Web to the metadata store."""
    kind = "type.googleapis.com/envoy.extensions"
    http = f"{kind}.filters.http"
    manager = {
        "@type": f"{kind}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "codec_type": "auto",
        "stat_prefix": "ingress_http",
        "route_config": {
            "name": "metadata",
            "virtual_hosts": [
                {
                    "name": "metadata",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"prefix": "/"},
                            "route": {"cluster": "metadata", "max_stream_duration": {"grpc_timeout_header_max": "0s"}},
                        }
                    ],
                }
            ],
        },
        "http_filters": [
            {"name": "envoy.filters.http.grpc_web", "typed_config": {"@type": f"{http}.grpc_web.v3.GrpcWeb"}},
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{http}.router.v3.Router"}},
        ],
    }
    target = {"socket_address": {"address": "metadata-grpc-service", "port_value": METADATA}}
    options = f"{kind}.upstreams.http.v3.HttpProtocolOptions"
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "web",
                    "address": {"socket_address": {"address": "0.0.0.0", "port_value": ENVOY}},
                    "filter_chains": [
                        {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "metadata",
                    "connect_timeout": "30s",
                    "type": "logical_dns",
                    "typed_extension_protocol_options": {
                        options.removeprefix("type.googleapis.com/"): {
                            "@type": options,
                            "explicit_http_config": {"http2_protocol_options": {}},
                        }
                    },
                    "load_assignment": {
                        "cluster_name": "metadata",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": target}}]}],
                    },
                }
            ],
        }
    }
