"""The simulated random provider against the classes of the installed SDK, and what each type draws and accepts."""

from __future__ import annotations

import importlib
import inspect
import random as python_random
import re
import string
import uuid
from typing import Any

import bcrypt
import pytest

from sandbox.providers.random.kinds import KINDS, SPECIAL
from sandbox.providers.random.provider import Random
from sandbox.providers.serve import UNKNOWN, Call, Failure, Secret


def token(name: str) -> str:
    return f"random:index/{name[0].lower()}{name[1:]}:{name}"


def created(name: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
    made = Random().create(Call("create", type=token(name), name="it", inputs=inputs))
    return made.id, {key: value.value if isinstance(value, Secret) else value for key, value in made.outputs.items()}


def problems(name: str, **inputs: Any) -> list[tuple[str, str]]:
    return KINDS[token(name)].problems(inputs)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_inputs_and_outputs_are_those_of_the_sdk(type_: str) -> None:
    name = type_.rsplit(":", 1)[-1]
    module = importlib.import_module(
        "pulumi_random." + re.sub("([A-Z]|7|4)", r"_\1", name).lower().lstrip("_").replace("_4", "4").replace("_7", "7")
    )
    arguments = inspect.signature(getattr(module, f"{name}Args")).parameters
    state = inspect.signature(getattr(module, f"_{name}State")).parameters
    kind = KINDS[type_]
    assert set(kind.inputs) == {camel(item) for item in arguments if item != "__self__"}
    assert set(kind.inputs) | set(kind.outputs) == {camel(item) for item in state if item != "__self__"}
    required = {camel(item.name) for item in arguments.values() if item.default is item.empty and item.name != "__self__"}
    assert {key for key, (_, default) in kind.inputs.items() if default is ...} == required
    source = inspect.getsource(getattr(module, name))
    secret = re.search(r"additional_secret_outputs=\[(.*?)\]", source)
    assert kind.secret == frozenset(re.findall(r'"(\w+)"', secret.group(1)) if secret else ())


def test_every_type_of_the_sdk_is_there() -> None:
    package = importlib.import_module("pulumi_random")
    assert {token(name) for name in dir(package) if re.fullmatch(r"Random[A-Z][a-z]+\d?", name)} == set(KINDS)


def test_a_password_has_what_was_asked_and_its_hash() -> None:
    id, outputs = created("RandomPassword", length=16, minLower=2, minUpper=3, minNumeric=4, minSpecial=5)
    text = outputs["result"]
    counts = [
        sum(character in kind for character in text)
        for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, SPECIAL)
    ]
    assert id == "none" and len(text) == 16
    assert all(count >= least for count, least in zip(counts, (2, 3, 4, 5), strict=True))
    assert bcrypt.checkpw(text.encode(), outputs["bcryptHash"].encode())
    assert outputs["lower"] is True and outputs["minSpecial"] == 5


def test_classes_of_characters_can_be_left_out_or_replaced() -> None:
    _, outputs = created("RandomString", length=64, upper=False, numeric=False, special=True, lower=False, overrideSpecial="+")
    assert outputs["result"] == "+" * 64
    id, outputs = created("RandomString", length=200, special=False)
    assert outputs["result"].isalnum() and id == outputs["result"]


def test_two_values_differ() -> None:
    assert created("RandomPassword", length=20)[1]["result"] != created("RandomPassword", length=20)[1]["result"]


def test_an_id_has_all_its_forms() -> None:
    id, outputs = created("RandomId", byteLength=8, prefix="p-")
    assert outputs["b64Url"] == f"p-{id}"
    number = int(outputs["hex"].removeprefix("p-"), 16)
    assert outputs["dec"] == f"p-{number}" and len(outputs["hex"]) == 18


def test_a_seed_gives_the_same_each_time() -> None:
    first, second = (created("RandomInteger", min=1, max=10**6, seed="s")[1]["result"] for _ in range(2))
    assert first == second
    one, two = (created("RandomShuffle", inputs=list("abcdefgh"), seed="s")[1]["results"] for _ in range(2))
    assert one == two and sorted(one) == list("abcdefgh")


def test_a_shuffle_can_give_fewer_and_more_than_there_are() -> None:
    assert len(created("RandomShuffle", inputs=["a", "b", "c"], resultCount=2)[1]["results"]) == 2
    many = created("RandomShuffle", inputs=["a", "b"], resultCount=5)[1]["results"]
    assert len(many) == 5 and {"a", "b"} == set(many)
    assert created("RandomShuffle", inputs=[])[1]["results"] == []


def test_pets_and_uuids_have_their_form() -> None:
    assert re.fullmatch(r"my_[a-z]+_[a-z]+_[a-z]+", created("RandomPet", length=3, prefix="my", separator="_")[0])
    assert re.fullmatch(r"[a-z]+", created("RandomPet", length=1)[0])
    assert uuid.UUID(created("RandomUuid")[0]).version == 4
    seven = uuid.UUID(created("RandomUuid7")[0])
    assert seven.bytes[6] >> 4 == 7 and seven.variant == uuid.RFC_4122
    assert created("RandomUuid7")[0][:8] >= str(seven)[:8]


@pytest.mark.parametrize(
    ("name", "inputs", "path"),
    [
        ("RandomPassword", {}, "length"),
        ("RandomPassword", {"length": 0}, "length"),
        ("RandomPassword", {"length": "9"}, "length"),
        ("RandomPassword", {"length": True}, "length"),
        ("RandomPassword", {"length": 4, "minLower": 5}, "length"),
        ("RandomPassword", {"length": 4, "lower": False, "upper": False, "numeric": False, "special": False}, "length"),
        ("RandomPassword", {"length": 4, "lenght": 5}, "lenght"),
        ("RandomPassword", {"length": 4, "keepers": {"a.b": 1}}, 'keepers["a.b"]'),
        ("RandomId", {"byteLength": 0}, "byteLength"),
        ("RandomInteger", {"min": 5, "max": 4}, "min"),
        ("RandomInteger", {"min": 1, "max": 2**60}, "max"),
        ("RandomShuffle", {"inputs": ["a", 1]}, "inputs[1]"),
    ],
)
def test_wrong_inputs_are_refused_by_name(name: str, inputs: dict[str, Any], path: str) -> None:
    assert [where for where, _ in problems(name, **inputs)] == [path]


def test_values_not_known_yet_are_not_judged() -> None:
    assert problems("RandomPassword", length=UNKNOWN, minLower=5, keepers={"a": UNKNOWN}) == []
    assert problems("RandomPassword", length=8, keepers=UNKNOWN) == []


def test_a_preview_knows_inputs_but_no_value() -> None:
    made = Random().create(Call("create", type=token("RandomPassword"), inputs={"length": 8}, preview=True))
    assert made.outputs["length"] == 8
    assert made.outputs["result"].value is UNKNOWN


async def test_every_change_draws_anew() -> None:
    call = Call(
        "diff",
        type=token("RandomString"),
        old_inputs={"length": 8, "keepers": {"a": "1"}},
        inputs={"length": 8, "keepers": {"a": "2"}},
    )
    changes = await Random().diff(call)
    assert changes.texts() == {"keepers.a": ("update", True)}
    call.inputs = call.old_inputs
    assert not await Random().diff(call)


@pytest.mark.parametrize(
    ("name", "id", "inputs", "outputs"),
    [
        ("RandomString", "abc", {"length": 3}, {"result": "abc"}),
        (
            "RandomId",
            "p-,AQI",
            {"byteLength": 2, "prefix": "p-"},
            {"hex": "p-0102", "dec": "p-258", "b64Std": "p-AQI=", "b64Url": "p-AQI"},
        ),
        ("RandomId", "_-8", {"byteLength": 2}, {"hex": "ffef"}),
        ("RandomBytes", "AQI=", {"length": 2}, {"hex": Secret("0102"), "base64": Secret("AQI=")}),
        ("RandomUuid", "12345678-1234-4234-8234-123456789abc", {}, {"result": "12345678-1234-4234-8234-123456789abc"}),
        ("RandomInteger", "7,1,9,seed", {"min": 1, "max": 9, "seed": "seed"}, {"result": 7}),
        ("RandomPassword", "known-one", {"length": 9}, {"result": Secret("known-one")}),
    ],
)
async def test_values_are_imported(name: str, id: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    found = await Random().read(Call("read", type=token(name), id=id))
    assert found.inputs == inputs
    assert {key: found.outputs[key] for key in outputs} == outputs


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("RandomUuid", "x"),
        ("RandomInteger", "a,b,c"),
        ("RandomInteger", "1"),
        ("RandomBytes", "%"),
        ("RandomId", "%"),
        ("RandomPet", "x"),
    ],
)
async def test_what_cannot_be_imported_is_told(name: str, id: str) -> None:
    with pytest.raises(Failure, match="cannot import"):
        await Random().read(Call("read", type=token(name), id=id))


async def test_an_unknown_type_names_the_known_ones() -> None:
    with pytest.raises(Failure, match="RandomPassword"):
        await Random().check(Call("check", type="random:index/randomColour:RandomColour"))


def test_the_seeded_generator_is_not_the_global_one() -> None:
    before = python_random.getstate()
    created("RandomInteger", min=1, max=9, seed="s")
    assert python_random.getstate() == before
