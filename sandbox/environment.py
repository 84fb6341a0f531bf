"""The surroundings in which a plain `pulumi`, `kubectl`, `helm` or `aws` talks to the sandbox and to nothing else."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from sandbox.build import MODULES, built, folder
from sandbox.controlplane import kubeconfig
from sandbox.controlplane.pki import write_private
from sandbox.engine.home import prepare
from sandbox.paths import home
from sandbox.services import status
from sandbox.teams import credentials

ENGINES = ("embedded", "system")
# The discard port: a cloud call while the moto server is down is refused here instead of reaching the real cloud.
NOWHERE = "http://127.0.0.1:9"
NOBODY = "00000000-0000-4000-8000-000000000000"
# Variables of the user's own accounts that would otherwise take part.
UNSET = (
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_CLIENT_SECRET",
    "ARM_OIDC_TOKEN",
    "ARM_USE_MSI",
    "ARM_USE_OIDC",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
)


def engine() -> str:
    """Which Pulumi CLI this sandbox uses: the one built here (embedded) or the machine's (system)."""
    try:
        return (home() / "engine").read_text().strip() or ENGINES[0]
    except FileNotFoundError:
        return ENGINES[0]


def choose_engine(name: str) -> None:
    """Remembers the choice of `--engine`; the caller has checked the name."""
    write_private(home() / "engine", f"{name}\n")


def environment(team: str | None = None) -> dict[str, str]:
    """Variables to set on top of the process' own; everything a plain `pulumi …` needs.

    With `team`, the credentials for cluster and cloud and the passphrase are that team's and the administrator's are left
    out; raises TeamError until a platform stack has made the team's deployer.
    """
    variables = {
        "MLOPS_SANDBOX_HOME": str(home()),
        "PATH": _path(),
        "PULUMI_BACKEND_URL": _backend(home() / "backend"),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(home() / "passphrase"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        # the engine serialises the whole state at each step: collecting its garbage less often saves a fifth of its CPU,
        # up to a bound of its memory: near that it would collect all the time
        "GOGC": "500",
        "GOMEMLIMIT": f"{_memory_mib() // 4}MiB",
        # the salt of a stack stands in its state, not in the checkout (salt.py)
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "KUBECONFIG": str(kubeconfig.admin_path()),
        "AWS_ENDPOINT_URL": status("cloud").get("endpoint") or _endpoint(),
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        # an official plugin of Google's has this token and no other: nothing of the user's own account
        "GOOGLE_PROJECT": "mlops-sandbox",
        "GOOGLE_OAUTH_ACCESS_TOKEN": "sandbox",
        # a subscription and a tenant that nobody has: the simulated provider's, and no way into a real one
        "ARM_SUBSCRIPTION_ID": NOBODY,
        "ARM_TENANT_ID": NOBODY,
        "ARM_CLIENT_ID": NOBODY,
    }
    pulumi_home = prepare(home())
    if engine() == "embedded":
        variables |= {"PULUMI_HOME": str(pulumi_home), "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    if team:
        variables |= credentials(team, variables)
        variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(_team_passphrase(team))
        # a team never sees the platform's state
        variables["PULUMI_BACKEND_URL"] = _backend(kubeconfig.team_folder() / team / "backend")
    return variables


def _backend(folder: Path) -> str:
    """A file backend without the sidecar files that gocloud writes beside each state: not atomic, and an MD5 a step."""
    return f"file://{folder}?metadata=skip"


def _endpoint() -> str:
    port = status("cloud").get("port")
    return f"http://127.0.0.1:{port}" if port else NOWHERE


def _path() -> str:
    """This PATH with the built tools and the virtual environment before everything else, each once."""
    modules = ["kubernetes", "helm"] if engine() == "system" else ["engine", "kubernetes", "helm"]
    first = [str(folder(MODULES[name])) for name in modules if built(MODULES[name])]
    first.append(str(Path(sys.prefix) / "bin"))
    rest = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part not in first]
    return os.pathsep.join([*first, *rest])


def _team_passphrase(team: str) -> Path:
    path = kubeconfig.team_folder() / f"{team}.passphrase"
    return path if path.is_file() else write_private(path, secrets.token_urlsafe(32) + "\n")


def _memory_mib() -> int:
    """MiB of memory that the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
