"""Whatever a stack file holds, the answer is a stack or problems, never a traceback."""

import copy
import random
from pathlib import Path
from typing import Any

import pytest

from components.settings import ROOT, load_file
from components.spec.stack import Stack
from components.validation.document import Document, read
from components.validation.problems import Problems
from components.validation.stackfile import check

SEEDS = [
    ROOT / "stacks" / f"Pulumi.{name}.yaml"
    for name in ("sandbox", "sandbox-sagemaker", "sandbox-vertex", "sandbox-azureml", "platform-dev", "fraud-dev")
]
TOKENS = [
    "null", "~", "true", "-1", "1e309", ".inf", ".nan", "0x", "0o9", "2026-13-45", "2026-01-01", "!!python/object:os.system x",
    "!!binary aGk=", "!!set {a, b}", "!!omap [a: 1]", "!!timestamp x", "!custom {a: b}", "[]", "{}", "''",
    "\"\\ud800\"", "&a", "*a",
    "<<: *a", "<<: [1]", "? [a, b] : c", "? {a: b}", "- ", ": ", "#", "%YAML 9.9",
    "---", "...", "|", ">-", "\t", "\x00", "\u2028", "é",
    "[key]", "mlops:", "mlops:spec:", "config:", "secure: x", "extends: ../../etc/passwd",
    "9" * 400, "a" * 5000, "{{ x }}", "@", "`",
]  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    """The text with a few lines dropped, doubled, moved, cut, re-indented or filled with a token."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines)) if lines else 0
        match chance.randrange(8):
            case 0 if lines:
                del lines[at]
            case 1 if lines:
                lines.insert(at, lines[at])
            case 2 if lines:
                lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
            case 3 if lines:
                lines[at] = " " * chance.randrange(9) + lines[at].strip()
            case 4 if lines:
                lines[at] = lines[at].partition(":")[0] + ": " + chance.choice(TOKENS)
            case 5:
                lines.insert(at, " " * chance.randrange(9) + chance.choice(TOKENS))
            case 6 if lines:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case _ if lines:
                spot = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:spot] + chance.choice(TOKENS) + lines[at][spot:]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(8))
def test_mutated_files_never_give_a_traceback(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    sources = [path.read_text() for path in SEEDS]
    path = tmp_path / "Pulumi.demo.yaml"
    outcomes: set[type] = set()
    for _ in range(60):
        text = mutated(chance.choice(sources), chance)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            result = load_file(path)
        except Exception as error:
            pytest.fail(f"{type(error).__name__}: {error}\n{text}")
        assert isinstance(result, Stack | Problems)
        if isinstance(result, Problems):
            assert len(result) > 0
            assert all(problem.message for problem in result), result.text()
        outcomes.add(type(result))
    assert Problems in outcomes


VALUES: list[Any] = [
    None, True, False, 0, -1, 3, 10**30, 1e308, float("inf"), float("nan"),
    "", "x", "x" * 5000, "100GB", "[key]", "\x00", "a.b", "é", "kubernetes", "team", "platform", "database", "mlflow",
    [], [None], [[]], ["kafka", 1], ["mlflow", "kafka"],
    {}, {"": ""}, {"secure": "v1:x"}, {"password": "x"}, {"kafka": None}, {"target": "kubernetes"},
    {"database": {"address": "x", "after": ["mlflow"]}},
]  # fmt: skip
KEYS = [
    "systems",
    "teams",
    "tier",
    "team",
    "kafka",
    "mlflow",
    "bringYourOwn",
    "platformStack",
    "cluster",
    "values",
    "resources",
    "",
    "é",
    "0",
]


def rearranged(value: Any, chance: random.Random) -> Any:
    """The value with odd ones put at random places, keys renamed, dropped and moved."""
    if chance.random() < 0.04:
        return copy.deepcopy(chance.choice(VALUES))
    if isinstance(value, list):
        return [rearranged(item, chance) for item in value if chance.random() > 0.03]
    if isinstance(value, dict):
        kept = {
            (chance.choice(KEYS) if chance.random() < 0.03 else key): rearranged(item, chance)
            for key, item in value.items()
            if chance.random() > 0.03
        }
        return {**kept, chance.choice(KEYS): copy.deepcopy(chance.choice(VALUES))} if chance.random() < 0.1 else kept
    return value


@pytest.mark.parametrize("seed", range(8))
def test_rearranged_values_never_give_a_traceback(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    sources = [read(path, path.name).data for path in SEEDS]
    said: set[str] = set()
    for _ in range(80):
        data = rearranged(chance.choice(sources), chance)
        try:
            result = check(Document("demo.yaml", data), "demo", ROOT)
        except Exception as error:
            pytest.fail(f"{type(error).__name__}: {error}\n{data}")
        if isinstance(result, Problems):
            assert len(result) > 0
            said |= {problem.path for problem in result}
    assert len(said) > 20


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("frame", ["{}\n", "config: {}\n", "config:\n  mlops:target: kubernetes\n  mlops:spec: {}\n"])
def test_lone_tokens_never_give_a_traceback(token: str, frame: str, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.demo.yaml"
    path.write_text(frame.replace("{}", token), encoding="utf-8", errors="surrogatepass")
    assert len(load_file(path)) > 0  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_never_give_a_traceback(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    path = tmp_path / "Pulumi.demo.yaml"
    for _ in range(100):
        path.write_bytes(chance.randbytes(chance.randrange(1, 200)))
        assert isinstance(load_file(path), Problems)
