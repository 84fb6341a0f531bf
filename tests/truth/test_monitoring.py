"""promtool, amtool and thanos judge the rules, routes, queries and bucket configuration that we generate."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.accesses import BucketAccess
from components.kubernetes import alert_routes, dashboards, thanos_objstore, thanos_rules
from components.spec.alerting import Alerting
from tests.blueprints.recorded import Made, blueprint
from tests.truth.programs import need
from tests.unit.recording import settled

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]

RECEIVERS: dict[str, Any] = {
    "oncall": {"kind": "pagerduty", "secret": "pagerduty"},
    "chat": {"kind": "slack", "secret": "slack", "channel": "#alerts"},
    "bot": {"kind": "webhook", "secret": "bot"},
}
ROUTES: list[dict[str, Any]] = [
    {"receiver": "oncall", "severities": ["critical"], "go_on": True},
    {"receiver": "bot", "namespaces": ["fraud"]},
    {"receiver": "chat"},
]
VARIABLES = {"$__rate_interval": "5m", "$__range": "1h", "$__interval": "1m"}
"""Grafana's own variables, which it replaces before it asks."""


def run(*argv: Any) -> tuple[int, str]:
    """Exit code and everything that a program says."""
    done = subprocess.run([str(part) for part in argv], check=False, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def ours(kind: str) -> list[Made]:
    """Objects of a kind of `full` that are our own."""
    return [made for made in blueprint("full").objects if made.kind == kind and not made.source]


def write(folder: Path, name: str, data: Any) -> Path:
    file = folder / name
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def promtool() -> Path:
    return need("promtool") / "promtool"


@pytest.fixture(scope="module")
def amtool() -> Path:
    return need("amtool") / "amtool"


@pytest.fixture(scope="module")
def thanos() -> Path:
    return need("thanos") / "thanos"


def test_every_prometheus_rule_of_full_is_one(promtool: Path, tmp_path: Path) -> None:
    rules = ours("PrometheusRule")
    assert len(rules) > 20
    files = [write(tmp_path, f"{index}.json", made.props["spec"]) for index, made in enumerate(rules)]
    code, said = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *files)
    assert code == 0, said
    assert said.count("SUCCESS") == len(rules)


def test_a_rule_with_a_mistake_is_caught(promtool: Path, tmp_path: Path) -> None:
    spec = json.loads(json.dumps(ours("PrometheusRule")[0].props["spec"]))
    spec["groups"][0]["rules"][0]["expr"] += " )"
    code, said = run(promtool, "check", "rules", write(tmp_path, "wrong.json", spec))
    assert code != 0 and "parse error" in said


def test_the_rulers_file_is_one_for_prometheus_and_thanos(promtool: Path, thanos: Path, tmp_path: Path) -> None:
    file = write(tmp_path, "rules.json", thanos_rules.rules())
    for argv in ((promtool, "check", "rules", file), (thanos, "tools", "rules-check", f"--rules={file}")):
        code, said = run(*argv)
        assert code == 0, said
    wrong = write(tmp_path, "wrong.json", thanos_rules.rules().replace("predict_linear", "predict_linea"))
    code, said = run(thanos, "tools", "rules-check", f"--rules={wrong}")
    assert code != 0 and "unknown function" in said


def queries() -> Iterator[tuple[str, str]]:
    """Every query of every dashboard, of `full` and of systems that it lacks, and where it stands.

    Templates' variables are replaced by a value of their own.
    """
    made = [made for made in ours("ConfigMap") if "grafana_dashboard" in (made.props["metadata"].get("labels") or {})]
    models = [json.loads(text) for one in made for text in one.props["data"].values()]
    there = {model["uid"] for model in models}
    boards = [dashboards.load(name) for name in dashboards.every()]
    for model in [*models, *(board for board in boards if board["uid"] not in there)]:
        known = {f"${v['name']}": "x" for v in (model.get("templating") or {}).get("list", [])} | VARIABLES
        for panel in model["panels"]:
            for target in panel.get("targets") or []:
                query = target["expr"]
                for variable, value in sorted(known.items(), key=lambda item: -len(item[0])):
                    query = query.replace(variable, value).replace("${" + variable[1:] + "}", value)
                yield f"{model['title']}: {panel['title']}", query


def test_every_query_of_every_dashboard_parses(promtool: Path, tmp_path: Path) -> None:
    found = list(queries())
    assert len(found) > 50
    # a recording rule is a name over a query: one file asks the parser for all of them at once
    rules = [{"record": f"dashboard:query:{index}", "expr": query} for index, (_, query) in enumerate(found)]
    code, said = run(promtool, "check", "rules", write(tmp_path, "queries.json", {"groups": [{"name": "all", "rules": rules}]}))
    assert code == 0, (said, found)
    assert f"{len(found)} rules found" in said
    rules[3]["expr"] += "["
    code, said = run(promtool, "check", "rules", write(tmp_path, "wrong.json", {"groups": [{"name": "all", "rules": rules}]}))
    assert code != 0 and "parse error" in said


def test_the_alert_routes_are_a_configuration_and_lead_where_they_say(amtool: Path, tmp_path: Path) -> None:
    config = alert_routes.configuration(Alerting.model_validate({"receivers": RECEIVERS, "routes": ROUTES}))
    file = write(tmp_path, "alertmanager.json", config)
    code, said = run(amtool, "check-config", file)
    assert code == 0 and "4 inhibit rules" in said and "4 receivers" in said, said

    def routed(*labels: str) -> str:
        code, said = run(amtool, "config", "routes", "test", f"--config.file={file}", *labels)
        assert code == 0, said
        return said.strip()

    assert routed("severity=critical", "namespace=kafka") == "oncall,chat"
    assert routed("severity=critical", "namespace=fraud") == "oncall,bot"
    assert routed("severity=warning", "namespace=fraud") == "bot"
    assert routed("alertname=Watchdog", "severity=critical") == "null"


def test_a_route_to_nobody_is_caught(amtool: Path, tmp_path: Path) -> None:
    config = alert_routes.configuration(Alerting.model_validate({"receivers": RECEIVERS, "routes": ROUTES}))
    config["route"]["routes"][-1]["receiver"] = "nobody"
    code, said = run(amtool, "check-config", write(tmp_path, "wrong.json", config))
    assert code != 0 and 'undefined receiver "nobody"' in said


ACCESSES = {
    "minio": BucketAccess("thanos", "us-east-1", endpoint="https://minio.minio.svc:9000", secret="s", ca_config_map="mlops-ca"),
    "plain": BucketAccess("thanos", "us-east-1", endpoint="http://127.0.0.1:9000", secret="s"),
    "aws": BucketAccess("thanos", "eu-central-1", secret="s"),
}


@pytest.mark.parametrize("kind", ACCESSES)
def test_the_buckets_configuration_is_understood(thanos: Path, tmp_path: Path, kind: str) -> None:
    text = settled(lambda: thanos_objstore.configuration(ACCESSES[kind]))
    # what is parsed before anything is asked: a wrong key ends in a parse error, a right one in the missing CA or server
    code, said = asked(thanos, write(tmp_path, "objstore.json", text))
    assert code != 0 and not unparsed(said), said
    wrong = write(tmp_path, "wrong.json", text.replace('"region"', '"regoin"'))
    code, said = asked(thanos, wrong)
    assert code != 0 and unparsed(said), said


def asked(thanos: Path, file: Path) -> tuple[int, str]:
    """A listing of the bucket, of which no server can be reached."""
    return run("unshare", "--user", "--map-root-user", "--net", thanos, "tools", "bucket", "ls", f"--objstore.config-file={file}", "--timeout=5s")  # fmt: skip


def unparsed(said: str) -> bool:
    return "parsing" in said or "not found in type" in said
