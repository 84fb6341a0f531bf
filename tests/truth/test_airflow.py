"""Airflow knows every configuration key that we set, by its own description of them."""

import json
import subprocess
from typing import Any

import pytest

from tests.blueprints.recorded import blueprint
from tests.truth.programs import need

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(1200)]

ASK = """\
import json, sys
from airflow.configuration import conf
from airflow.providers_manager import ProvidersManager
ProvidersManager().initialize_providers_configuration()
known = conf.configuration_description
unknown = [f"{section}.{key}" for section, key in json.load(sys.stdin) if key not in known.get(section, {}).get("options", {})]
print(json.dumps(unknown))
"""

UNHEARD = ["usage_data_collection.enabled"]
"""What 3.2.2 does not read: it has no usage reports left to switch off. Whoever changes the values next can drop the line."""


def ours() -> set[tuple[str, str]]:
    """(section, key) of what the chart's values and the AIRFLOW__ variables of `full` set."""
    full = blueprint("full")
    values: dict[str, Any] = next(found.values for found in full.sources if found.chart == "airflow")
    keys = {(section, key) for section, options in values["config"].items() for key in options}
    names = set()
    for made in full.objects:
        if made.kind == "ConfigMap" and made.props["metadata"].get("namespace") == "airflow" and not made.source:
            names |= {name for name in made.props.get("data") or {} if name.startswith("AIRFLOW__")}
    for name in names:
        _, section, key = name.split("__", 2)
        # a value that a command or a secret gives is the same key
        keys.add((section.lower(), key.lower().removesuffix("_cmd").removesuffix("_secret")))
    return keys


def unknown(keys: set[tuple[str, str]]) -> list[str]:
    """Those of them that Airflow does not describe."""
    folder = need("airflow")
    found = subprocess.run(
        [str(folder / "python"), "-c", ASK],
        input=json.dumps(sorted(keys)),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), "AIRFLOW_HOME": str(folder.parent / "home")},
    )
    answer: list[str] = json.loads(found.stdout.strip().splitlines()[-1])
    return answer


def test_every_key_that_we_set_is_one_of_airflows() -> None:
    keys = ours()
    assert len(keys) > 5, keys
    assert unknown(keys) == UNHEARD


def test_a_key_with_a_mistake_is_caught() -> None:
    assert unknown(ours() | {("core", "executer")}) == ["core.executer", *UNHEARD]
