"""The types of pulumi-random as data: inputs with types and defaults, computed outputs, and how a value is drawn or imported."""

from __future__ import annotations

import base64
import binascii
import random
import secrets
import string
import time
import uuid
from collections.abc import Callable
from typing import Any

from sandbox.providers.random.model import Adopted, Drawn, Kind, Settings
from sandbox.providers.random.words import ADJECTIVES, ADVERBS, ANIMALS
from sandbox.providers.values import UNKNOWN

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_MAX_INT = 2**53  # the engine carries numbers as doubles


def _known(*values: Any) -> bool:
    return all(value is not UNKNOWN for value in values)


def _refuse(what: str) -> Callable[[str], Adopted]:
    def adopt(id: str) -> Adopted:
        raise ValueError(f"{what} has no import")

    return adopt


# -- password and string -----------------------------------------------------------------------------------------------

_CLASSES = (
    ("lower", "minLower", string.ascii_lowercase),
    ("upper", "minUpper", string.ascii_uppercase),
    ("numeric", "minNumeric", string.digits),
    ("special", "minSpecial", SPECIAL),
)


def _text(settings: Settings) -> str:
    """Characters of the allowed classes, at least the asked number of each, in random order."""
    alphabet, chosen = "", []
    for allowed, minimum, characters in _CLASSES:
        if allowed == "special":
            characters = settings.get("overrideSpecial") or characters  # noqa: PLW2901
        if settings[allowed] and settings.get("number" if allowed == "numeric" else allowed, True):
            alphabet += characters
        chosen += [secrets.choice(characters) for _ in range(settings[minimum])]
    chosen += [secrets.choice(alphabet) for _ in range(settings["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _text_rules(settings: Settings) -> list[tuple[str, str]]:
    length, least = settings["length"], [settings[minimum] for _, minimum, _ in _CLASSES]
    if not _known(length, *least):
        return []
    if length < 1:
        return [("length", f"{length} is less than 1")]
    if sum(least) > length:
        return [("length", f"{length} is less than the sum of the minimums ({sum(least)})")]
    if not any(settings[allowed] for allowed, _, _ in _CLASSES) and sum(least) < length:
        return [("length", "at least one of lower, upper, numeric and special must be true")]
    return []


def _bcrypt(text: str) -> str:
    import bcrypt

    return bcrypt.hashpw(text.encode()[:72], bcrypt.gensalt(rounds=10)).decode()


def _draw_password(settings: Settings) -> Drawn:
    result = _text(settings)
    return "none", {"result": result, "bcryptHash": _bcrypt(result)}


def _draw_string(settings: Settings) -> Drawn:
    result = _text(settings)
    return result, {"result": result}


_TEXT_INPUTS: dict[str, tuple[str, Any]] = {
    "length": ("int", ...),
    "keepers": ("map", None),
    "lower": ("bool", True),
    "minLower": ("int", 0),
    "minNumeric": ("int", 0),
    "minSpecial": ("int", 0),
    "minUpper": ("int", 0),
    "number": ("bool", True),
    "numeric": ("bool", True),
    "overrideSpecial": ("str", None),
    "special": ("bool", True),
    "upper": ("bool", True),
}

# -- id and bytes ------------------------------------------------------------------------------------------------------


def _id_forms(data: bytes, prefix: str) -> Drawn:
    url = base64.urlsafe_b64encode(data).decode().rstrip("=")
    forms = {
        "b64Std": prefix + base64.b64encode(data).decode(),
        "b64Url": prefix + url,
        "dec": prefix + str(int.from_bytes(data, "big")),
        "hex": prefix + data.hex(),
    }
    return url, forms


def _adopt_id(id: str) -> Adopted:
    prefix, _, value = id.rpartition(",")
    try:
        data = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        data = b""
    if not data:
        raise ValueError(f"{id!r} is neither <b64Url> nor <prefix>,<b64Url>")
    inputs = {"byteLength": len(data), **({"prefix": prefix} if prefix else {})}
    url, forms = _id_forms(data, prefix)
    return url, inputs, forms


def _bytes_forms(data: bytes) -> dict[str, Any]:
    return {"base64": base64.b64encode(data).decode(), "hex": data.hex()}


def _adopt_bytes(id: str) -> Adopted:
    try:
        data = base64.b64decode(id, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise ValueError("the id must be the bytes in base64")
    return "none", {"length": len(data)}, _bytes_forms(data)


def _at_least_one(key: str) -> Callable[[Settings], list[tuple[str, str]]]:
    def rules(settings: Settings) -> list[tuple[str, str]]:
        value = settings[key]
        return [(key, f"{value} is less than 1")] if _known(value) and value < 1 else []

    return rules


# -- pet, uuid, integer, shuffle ---------------------------------------------------------------------------------------


def _draw_pet(settings: Settings) -> Drawn:
    count = settings["length"]
    words = [secrets.choice(ADVERBS) for _ in range(count - 2)]
    words += [secrets.choice(ADJECTIVES)] * (count > 1) + [secrets.choice(ANIMALS)]
    prefix = [settings["prefix"]] if settings.get("prefix") else []
    return settings["separator"].join(prefix + words), {}


def _uuid7() -> uuid.UUID:
    """RFC 9562, section 5.7: 48 bits of milliseconds, then random."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=value & ~(3 << 62) | 2 << 62)


def _uuid_kind(make: Callable[[], uuid.UUID]) -> Kind:
    def draw(settings: Settings) -> Drawn:
        text = str(make())
        return text, {"result": text}

    def adopt(id: str) -> Adopted:
        try:
            text = str(uuid.UUID(id))
        except ValueError:
            raise ValueError(f"{id!r} is not a UUID") from None
        return text, {}, {"result": text}

    return Kind({"keepers": ("map", None)}, ("result",), draw, adopt)


def _generator(settings: Settings) -> random.Random:
    """The same numbers for the same seed, unpredictable ones without."""
    return random.Random(settings["seed"]) if settings.get("seed") else secrets.SystemRandom()


def _draw_integer(settings: Settings) -> Drawn:
    result = _generator(settings).randint(settings["min"], settings["max"])
    return str(result), {"result": result}


def _integer_rules(settings: Settings) -> list[tuple[str, str]]:
    least, most = settings["min"], settings["max"]
    if not _known(least, most):
        return []
    if least > most:
        return [("min", f"{least} is greater than max ({most})")]
    return [(key, f"{settings[key]} is beyond ±2^53") for key in ("min", "max") if abs(settings[key]) > _MAX_INT]


def _adopt_integer(id: str) -> Adopted:
    parts = id.split(",")
    try:
        result, least, most = (int(part) for part in parts[:3])
    except ValueError:
        raise ValueError(f"{id!r} is not <result>,<min>,<max>[,<seed>]") from None
    seed = {"seed": parts[3]} if len(parts) > 3 else {}
    return str(result), {"min": least, "max": most, **seed}, {"result": result}


def _draw_shuffle(settings: Settings) -> Drawn:
    items, generator = list(settings["inputs"]), _generator(settings)
    count = settings.get("resultCount", len(items))
    results: list[Any] = []
    while items and len(results) < count:  # more than there are: another round
        results += generator.sample(items, len(items))
    return "-", {"results": results[:count]}


def _adopt_password(id: str) -> Adopted:
    return "none", {"length": len(id)}, {"result": id, "bcryptHash": _bcrypt(id)}


_KEEPERS = {"keepers": ("map", None)}
KINDS: dict[str, Kind] = {
    "random:index/randomPassword:RandomPassword": Kind(
        _TEXT_INPUTS,
        ("result", "bcryptHash"),
        _draw_password,
        _adopt_password,
        _text_rules,
        frozenset({"result", "bcryptHash"}),
    ),
    "random:index/randomString:RandomString": Kind(
        _TEXT_INPUTS, ("result",), _draw_string, lambda id: (id, {"length": len(id)}, {"result": id}), _text_rules
    ),
    "random:index/randomId:RandomId": Kind(
        {"byteLength": ("int", ...), "prefix": ("str", None), **_KEEPERS},
        ("b64Std", "b64Url", "dec", "hex"),
        lambda settings: _id_forms(secrets.token_bytes(settings["byteLength"]), settings.get("prefix", "")),
        _adopt_id,
        _at_least_one("byteLength"),
    ),
    "random:index/randomBytes:RandomBytes": Kind(
        {"length": ("int", ...), **_KEEPERS},
        ("base64", "hex"),
        lambda settings: ("none", _bytes_forms(secrets.token_bytes(settings["length"]))),
        _adopt_bytes,
        _at_least_one("length"),
        frozenset({"base64", "hex"}),
    ),
    "random:index/randomPet:RandomPet": Kind(
        {"length": ("int", 2), "prefix": ("str", None), "separator": ("str", "-"), **_KEEPERS},
        (),
        _draw_pet,
        _refuse("RandomPet"),
        _at_least_one("length"),
    ),
    "random:index/randomUuid:RandomUuid": _uuid_kind(uuid.uuid4),
    "random:index/randomUuid4:RandomUuid4": _uuid_kind(uuid.uuid4),
    "random:index/randomUuid7:RandomUuid7": _uuid_kind(_uuid7),
    "random:index/randomInteger:RandomInteger": Kind(
        {"min": ("int", ...), "max": ("int", ...), "seed": ("str", None), **_KEEPERS},
        ("result",),
        _draw_integer,
        _adopt_integer,
        _integer_rules,
    ),
    "random:index/randomShuffle:RandomShuffle": Kind(
        {"inputs": ("list", ...), "resultCount": ("int", None), "seed": ("str", None), **_KEEPERS},
        ("results",),
        _draw_shuffle,
        _refuse("RandomShuffle"),
    ),
}
