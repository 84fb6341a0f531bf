"""What hangs on several keys: targets, tiers, needs, services brought from outside, counts."""

from pathlib import Path

import pytest

from components.mapping.fact import OWN_CLUSTER
from components.targets import FOUNDATION, TABLE, SystemFact
from components.validation.document import parse
from components.validation.stackfile import check
from tests.unit.stackfiles import checked, messages, only, project, stack


def test_an_unknown_target_names_the_built_ones(tmp_path: Path) -> None:
    said = messages(checked(tmp_path, "systems: {kafka: {}}", target="sagemakr"))
    assert said == [
        'mlops:target: "sagemakr": unknown target; expected one of kubernetes, sagemaker, vertex, azureml; did you mean "sagemaker"?'
    ]


def test_a_planned_target_is_told_from_an_unknown_one(tmp_path: Path) -> None:
    facts = {pair: fact for pair, fact in TABLE.items() if pair[0] != "azureml"}
    said = only(
        check(parse("config: {mlops:target: azureml, mlops:spec: {systems: {kafka: {}}}}", "x.yaml"), "demo", tmp_path, facts)
    )
    assert said == 'mlops:target: "azureml": planned, not built yet; expected one of kubernetes, sagemaker, vertex'


def test_a_missing_target_is_named(tmp_path: Path) -> None:
    project(tmp_path)
    found = check(parse("config:\n  mlops:spec: {systems: {kafka: {}}}\n", "x.yaml"), "demo", tmp_path)
    assert only(found) == "mlops:target: missing; expected one of kubernetes, sagemaker, vertex, azureml"


def test_a_pair_that_does_not_exist_names_what_the_target_offers(tmp_path: Path) -> None:
    facts = {pair: fact for pair, fact in TABLE.items() if pair != ("sagemaker", "kafka")}
    text = "config: {mlops:target: sagemaker, mlops:spec: {systems: {kafka: {}}}}"
    said = only(check(parse(text, "x.yaml"), "demo", tmp_path, facts))
    head, _, rest = said.partition("; it offers ")
    offered, _, advice = rest.partition("; ")
    assert head == 'mlops:spec.systems.kafka: sagemaker has no "kafka"'
    assert advice == "or run it on the stack's own cluster: systems.kafka: {target: kubernetes}"
    assert offered.startswith("minio, mysql, mlflow, jupyterhub, prometheus, grafana")
    assert set(offered.split(", ")) == {system for target, system in facts if target == "sagemaker"} - {FOUNDATION, OWN_CLUSTER}


@pytest.mark.parametrize(
    ("target", "region", "like"), [("vertex", "eu-central-1", "europe-west3"), ("sagemaker", "europe-west3", "eu-central-1")]
)
def test_a_region_is_one_of_the_target(tmp_path: Path, target: str, region: str, like: str) -> None:
    said = only(checked(tmp_path, f"systems: {{kafka: {{}}}}\ncloud: {{region: {region}}}", target=target))
    assert said == f'mlops:spec.cloud.region: "{region}": not a region of target {target}; expected one such as {like}'
    assert stack(checked(tmp_path, "systems: {kafka: {}}", target=target)).region == like


def test_a_reserved_system_is_planned_and_not_a_typo(tmp_path: Path) -> None:
    facts = {pair: fact for pair, fact in TABLE.items() if pair[1] != "argo"}
    text = "config: {mlops:target: kubernetes, mlops:spec: {systems: {argo: {}}}}"
    said = only(check(parse(text, "x.yaml"), "demo", tmp_path, facts))
    assert "argo" in said and "minio" in said and "did you mean" not in said, said


def test_a_system_of_another_cloud_has_no_place(tmp_path: Path) -> None:
    said = only(checked(tmp_path, "systems: {minio: {target: vertex}}", target="sagemaker"))
    assert said.startswith('mlops:spec.systems.minio.target: "vertex": a stack of target sagemaker has no vertex network')
    assert stack(checked(tmp_path, "systems: {minio: {target: kubernetes}}", target="sagemaker"))
    said = only(checked(tmp_path, "systems: {training: {target: kubernetes}}", target="sagemaker"))
    assert said == 'mlops:spec.systems.training.target: kubernetes has no "training"; leave the key out'


def test_a_need_names_the_systems_that_would_meet_it(tmp_path: Path) -> None:
    said = messages(checked(tmp_path, "systems: {mlflow: {}, mysql: {}}"))
    assert len(said) == 2
    assert all(
        "needs an object store" in each and "add systems.minio: {} or systems.seaweedfs: {} or bringYourOwn.objectStore" in each
        for each in said
    )


def test_a_system_that_speaks_mysql_alone_is_not_met_by_postgres(tmp_path: Path) -> None:
    (said,) = messages(checked(tmp_path, "systems: {minio: {}, postgres: {}, mlflow: {}}"))
    assert (
        "systems.mlflow: needs a mysql database, and nothing" in said and "systems.mysql: {}" in said and "postgres" not in said
    )
    (said,) = messages(checked(tmp_path, "systems: {minio: {}, mysql: {}, postgres: {}, mlflow: {uses: {database: postgres}}}"))
    assert "mlflow.uses.database" in said and 'expected "mysql"' in said
    assert stack(checked(tmp_path, "systems: {minio: {}, mysql: {}, postgres: {}, mlflow: {}}"))


def test_a_store_that_stands_already_is_no_system(tmp_path: Path) -> None:
    (said,) = messages(checked(tmp_path, "systems: {s3: {}, minio: {}}"))
    assert said.startswith("mlops:spec.systems.s3: a store that stands already") and "bringYourOwn.objectStore" in said


def test_a_need_is_met_from_outside(tmp_path: Path) -> None:
    spec = """
systems: {minio: {}, mlflow: {}}
bringYourOwn:
  database: {address: "mysql.example.com:3306", credentials: {mlflow: mlflow-database}}
"""
    assert stack(checked(tmp_path, spec)).spec.bring_your_own["database"].credentials == {"mlflow": "mlflow-database"}


def test_a_brought_service_is_checked(tmp_path: Path) -> None:
    spec = """
systems: {minio: {}, mysql: {}}
bringYourOwn:
  database: {address: "db:3306", after: [kafka], credentials: {mflow: x}}
  objectstore: {address: "s3.example.com:443"}
  metrics: {}
"""
    assert messages(checked(tmp_path, spec)) == [
        "mlops:spec.bringYourOwn.database: systems.mysql provides a database too; keep one of the two",
        'mlops:spec.bringYourOwn.database.after[0]: "kafka": no such system in this stack; expected one of minio, mysql',
        "mlops:spec.bringYourOwn.database.credentials.mflow: no such system in this stack; expected one of minio, mysql",
        "mlops:spec.bringYourOwn.objectstore: unknown contract; expected one of objectStore, database, broker, metrics; "
        'did you mean "objectStore"?',
        "mlops:spec.bringYourOwn.metrics.address: missing, and it has no default",
    ]


def test_a_brought_service_names_a_secret_for_each_consumer_and_is_for_kubernetes(tmp_path: Path) -> None:
    spec = """
systems: {minio: {}, mlflow: {}}
bringYourOwn:
  database: {address: "db:3306"}
"""
    assert messages(checked(tmp_path, spec)) == [
        "mlops:spec.bringYourOwn.database.credentials: missing mlflow; expected the name of the Secret with its credentials "
        "in its namespace",
    ]
    said = messages(checked(tmp_path, spec, target="sagemaker"))
    assert "mlops:spec.bringYourOwn.database: not offered on target sagemaker; leave it out and the service is made" in said


def test_a_system_names_who_meets_its_needs(tmp_path: Path) -> None:
    spec = """
systems:
  minio: {}
  mysql: {uses: {objectStore: mysql, broker: kafka}}
  mlflow: {uses: {database: myqsl, objectStore: minio}}
"""
    assert messages(checked(tmp_path, spec)) == [
        'mlops:spec.systems.mysql.uses.objectStore: "mysql": no system of this stack that provides it; expected "minio"',
        "mlops:spec.systems.mysql.uses.broker: mysql uses no such contract; expected one of certificates, objectStore, metrics",
        'mlops:spec.systems.mlflow.uses.database: "myqsl": no system of this stack that provides it; expected "mysql"; '
        'did you mean "mysql"?',
    ]


def test_a_ring_through_two_systems_is_shown_whole(tmp_path: Path) -> None:
    facts = {**TABLE, ("kubernetes", "kafka"): SystemFact("", "", needs=("objectStore",), provides=("broker",))}
    text = """
config:
  mlops:target: kubernetes
  mlops:spec:
    systems: {kafka: {}}
    bringYourOwn:
      objectStore: {address: "s3:443", after: [kafka], credentials: {kafka: kafka-s3}}
"""
    said = only(check(parse(text, "x.yaml"), "demo", tmp_path, facts))
    assert (
        "kafka -> bringYourOwn.objectStore -> kafka" in said
        or "bringYourOwn.objectStore -> kafka -> bringYourOwn.objectStore" in said
    )


def test_topics_without_a_broker_are_told(tmp_path: Path) -> None:
    said = only(checked(tmp_path, "tier: platform\nsystems: {minio: {}}\nteams: {fraud: {topics: [clicks]}}"))
    assert "this platform has no broker; add systems.kafka: {} or bringYourOwn.broker" in said


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("systems: {kafka: {controllers: 2}}", "2: expected an odd number (a majority must exist): 1 or 3"),
        ("systems: {minio: {}, mysql: {replicas: 4}}", "4: expected an odd number (a majority must exist): 3 or 5"),
        ("systems: {minio: {replicas: 3}}", "3: expected 1, or 4 and more"),
        ("systems: {minio: {replicas: 2}}", "2: expected 1, or 4 and more"),
        ("systems: {kafka: {brokers: 1, topics: {a: {replicas: 2}}}}", "2: expected at most 1, the number of brokers"),
        ("systems: {kafka: {topics: {a: {retention: 7 days}}}}", 'did you mean "7d"?'),
        ("systems: {kafka: {resources: {cpu: 2Gi}}}", '"2Gi": expected cores'),
        ('systems: {kafka: {brokers: "3"}}', '"3": expected a whole number, got text'),
        ("systems: {kafka: {brokers: true}}", "true: expected a whole number, got true or false"),
        ("systems: {kafka: [1]}", "expected a mapping (key: value), got a list"),
        ("systems: {kafka: {instanceType: m7g.large}}", "expected text that matches"),
        ("systems: {kafka: {topics: {a b: {}}}}", "(a Kafka topic)"),
        ("systems: {kafka: {storage: 100}}", 'did you mean "100Gi"?'),
        ("owner: The Team\nsystems: {kafka: {}}", "as in a Kubernetes label's value"),
        ("domain: nodots\nsystems: {kafka: {}}", "expected a DNS domain"),
        ("cloud: {network: {cidr: 10.64.0.1/16}}\nsystems: {kafka: {}}", "expected an IPv4 range"),
        ("cloud: {network: {cidr: 10.0.0.0/8}}\nsystems: {kafka: {}}", "from /16 to /24"),
        ("systems: {minio: {}, mysql: {backup: {schedule: daily}}}", "cron expression of five fields"),
        ("systems: {jupyterhub: {profiles: {a: {image: notebook}}}}", "with tag or digest"),
        ("platformStack: {kubernets: x}\nsystems: {kafka: {}}", 'did you mean "kubernetes"?'),
        ("systems: {}", "the stack has none; kubernetes offers"),
        ("systems: {kafka: }", "kafka: {} takes every default"),
        ("systems: {kafka: {values: {auth: {password: {secure: abc}}}}}", "an encrypted value cannot stand in mlops:spec"),
        ("securityLevel: {secure: abc}\nsystems: {kafka: {}}", "an encrypted value cannot stand in mlops:spec"),
        ("tier: team\nteam: a\nplatformStack: {kubernetes: " + "x" * 300 + "}\nsystems: {mlflow: {}}", "got 300"),
        ("- a", "expected a mapping with tier, systems …, got a list"),
    ],
)
def test_a_wrong_value_says_what_is_accepted(tmp_path: Path, spec: str, message: str) -> None:
    assert message in only(checked(tmp_path, spec))


def test_an_over_long_stack_name_is_refused(tmp_path: Path) -> None:
    found = check(parse("config: {mlops:target: kubernetes, mlops:spec: {systems: {kafka: {}}}}", "x.yaml"), "s" * 41, tmp_path)
    assert "expected at most 40 characters, got 41" in only(found)


def test_unknown_keys_at_the_top_and_keys_given_twice(tmp_path: Path) -> None:
    text = "confg: {}\nconfig: {target: kubernetes, mlops:target: kubernetes, mlops:spec: {systems: {kafka: {}}}}\n"
    assert messages(check(parse(text, "x.yaml"), "demo", tmp_path)) == [
        'confg: unknown key at the top of a stack file; did you mean "config"? '
        "(accepted: config, encryptionsalt, encryptedkey, secretsprovider, environment)",
        "mlops:target: given twice, as target and mlops:target",
    ]


def test_one_mistake_does_not_draw_others_after_it(tmp_path: Path) -> None:
    """A misspelt provider is still counted as the provider that was meant."""
    said = only(checked(tmp_path, "systems: {mino: {}, mysql: {}, mlflow: {}}"))
    assert said.startswith('mlops:spec.systems.mino: unknown system; did you mean "minio"?')
