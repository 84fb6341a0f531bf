"""Words for RandomPet: ours, all lower case and fit for DNS labels; words.txt holds them by section."""

from pathlib import Path

_SECTIONS: dict[str, list[str]] = {}
for _line in Path(__file__).with_name("words.txt").read_text(encoding="utf-8").splitlines():
    if _line.startswith("["):
        _words = _SECTIONS.setdefault(_line.strip("[]"), [])
    else:
        _words.extend(_line.split())

ADVERBS, ADJECTIVES, ANIMALS = _SECTIONS["adverbs"], _SECTIONS["adjectives"], _SECTIONS["animals"]
