"""What Dex and oauth2-proxy are configured with: their charts' values and their own configuration files."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from components.kubernetes.place import Compute, image

DEX = "dex"
"""Release, Service and container of Dex."""
PROXY = "oauth2-proxy"
"""Release, Service and container of oauth2-proxy."""
DEX_PORT = 5554
PROXY_PORT = 80
USERS = "login-users"
DEX_CONFIG = "dex-config"
DEX_TLS = "dex-tls"
PROXY_KEYS = "oauth2-proxy-keys"
CLIENT = "mlops"
"""oauth2-proxy as Dex knows it."""
CA = "/etc/mlops/ca"
TLS = "/etc/mlops/tls"
POD = {"runAsNonRoot": True, "runAsUser": 1001, "runAsGroup": 1001, "fsGroup": 1001, "seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
_PEOPLE = uuid.UUID("9f6c2a34-62f4-5f0c-9b0e-3c1d6f3b7a10")
"""Namespace of users' ids: a name has the same id in every run."""


@dataclass
class ConnectorArgs:
    """One identity provider of the company."""

    type: str
    name: str
    """On the button."""
    config: dict[str, Any]
    secret_name: Optional[str] = None
    """Secret of this namespace with what is secret."""
    secret_refs: list[str] = field(default_factory=list)
    """Options that are keys of it."""


def issuer(domain: str) -> str:
    """The provider's URL, as browsers and tokens know it."""
    return f"https://{DEX}.{domain}"


def dex_config(
    domain: str, client: str, hashes: Mapping[str, str], connectors: Mapping[str, ConnectorArgs], session_seconds: int
) -> dict[str, Any]:
    """Dex's configuration file; `hashes` are bcrypt hashes by user."""
    return {
        "issuer": issuer(domain),
        "storage": {"type": "kubernetes", "config": {"inCluster": True}},
        "web": {"https": f"0.0.0.0:{DEX_PORT}", "tlsCert": f"{TLS}/tls.crt", "tlsKey": f"{TLS}/tls.key"},
        "oauth2": {"skipApprovalScreen": True},
        "expiry": {"idTokens": "1h", "refreshTokens": {"absoluteLifetime": f"{session_seconds}s"}},
        "staticClients": [
            {
                "id": CLIENT,
                "name": "MLOps platform",
                "secret": client,
                "redirectURIs": [f"https://login.{domain}/oauth2/callback"],
            }
        ],
        "connectors": [_connector(domain, key, found) for key, found in connectors.items()],
        "enablePasswordDB": bool(hashes),
        "staticPasswords": [
            {"email": f"{user}@{domain}", "username": user, "hash": hashed, "userID": str(uuid.uuid5(_PEOPLE, user))}
            for user, hashed in sorted(hashes.items())
        ],
    }


def _connector(domain: str, key: str, args: ConnectorArgs) -> dict[str, Any]:
    # Dex fills in variables of its environment
    told = {option: f"${option}" for option in args.secret_refs}
    own = {} if args.type == "ldap" else {"redirectURI": f"{issuer(domain)}/callback"}
    return {"type": args.type, "id": key, "name": args.name, "config": {**own, **args.config, **told}}


def dex(replicas: int, compute: Compute, connectors: Mapping[str, ConnectorArgs], mirror: str | None) -> dict[str, Any]:
    """Values of Dex's chart, plain: the configuration is a Secret of ours."""
    secrets = sorted({found.secret_name for found in connectors.values() if found.secret_name})
    return {
        "replicaCount": replicas,
        "image": {"repository": image("ghcr.io/dexidp/dex", mirror)},
        "configSecret": {"create": False, "name": DEX_CONFIG},
        "https": {"enabled": True},
        "envFrom": [{"secretRef": {"name": name}} for name in secrets],
        # the entrypoint fills in a copy of the configuration there
        "volumes": [
            {"name": "tls", "secret": {"secretName": DEX_TLS, "defaultMode": 0o440}},
            {"name": "tmp", "emptyDir": {}},
        ],
        "volumeMounts": [{"name": "tls", "mountPath": TLS, "readOnly": True}, {"name": "tmp", "mountPath": "/tmp"}],
        "podSecurityContext": POD,
        "securityContext": CONTAINER,
        "podDisruptionBudget": {"enabled": replicas > 1, "maxUnavailable": 1},
        # its ServiceMonitor is ours: the chart makes one only where it sees the kind at render
        "resources": compute.spec(),
    }


def proxy_config(domain: str, groups: Sequence[str], session_seconds: int) -> str:
    """oauth2-proxy's configuration file (TOML); nothing of it is secret."""
    settings: dict[str, Any] = {
        "provider": "oidc",
        "provider_display_name": "MLOps platform",
        "oidc_issuer_url": issuer(domain),
        # discovery would answer with addresses of outside only; users' browsers and the proxy take different ways to Dex
        "skip_oidc_discovery": True,
        "login_url": f"{issuer(domain)}/auth",
        "redeem_url": f"https://{DEX}:{DEX_PORT}/token",
        "oidc_jwks_url": f"https://{DEX}:{DEX_PORT}/keys",
        "provider_ca_files": [f"{CA}/ca.crt"],
        "redirect_url": f"https://login.{domain}/oauth2/callback",
        "scope": "openid profile email groups offline_access",
        "code_challenge_method": "S256",
        "email_domains": ["*"],
        "allowed_groups": list(groups),
        # what passes is answered here, what does not is sent to the login: the gateway hands either answer on
        "upstreams": ["static://200"],
        "reverse_proxy": True,
        "skip_provider_button": True,
        "set_xauthrequest": True,
        "skip_jwt_bearer_tokens": True,
        "cookie_domains": [f".{domain}"],
        "whitelist_domains": [f".{domain}"],
        "cookie_secure": True,
        "cookie_samesite": "lax",
        "cookie_expire": f"{session_seconds}s",
        "cookie_refresh": "55m",
        "silence_ping_logging": True,
    }
    # TOML writes texts, lists of texts and true or false as JSON does
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items() if value != [])


def proxy(replicas: int, compute: Compute, settings: str, bundle: str, monitored: bool, mirror: str | None) -> dict[str, Any]:
    """Values of oauth2-proxy's chart, plain."""
    return {
        **({"global": {"imageRegistry": mirror}} if mirror else {}),
        "replicaCount": replicas,
        "config": {"existingSecret": PROXY_KEYS, "configFile": settings},
        "serviceAccount": {"automountServiceAccountToken": False},
        "enableServiceLinks": False,
        "extraVolumes": [{"name": "ca", "configMap": {"name": bundle}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": CA, "readOnly": True}],
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "podDisruptionBudget": {"enabled": replicas > 1, "minAvailable": None, "maxUnavailable": 1},
        "resources": compute.spec(),
        "metrics": {"enabled": True, "serviceMonitor": {"enabled": monitored, "interval": "30s"}},
    }
