"""The README says what is so."""

from pathlib import Path

from cli.catalogue import matrix
from tests.truth import programs

README = Path(__file__).resolve().parents[2] / "README.md"


def test_matrix_is_the_catalogue() -> None:
    text = README.read_text(encoding="utf-8")
    begin, end = "`mlops systems --format markdown` -->\n", "<!-- end of matrix -->"
    assert text[text.index(begin) + len(begin) : text.index(end)] == matrix()


def test_the_real_programs_are_those_that_the_tests_run() -> None:
    text = README.read_text(encoding="utf-8")
    begin, end = "`python -m tests.truth.programs table` -->\n", "<!-- end of programs -->"
    assert text[text.index(begin) + len(begin) : text.index(end)] == programs.table()
    for program in programs.PROGRAMS:
        assert f'need("{program.name}")' in (programs.HERE / program.test).read_text() + programs.STORES.read_text()
    pinned = {file.stem for file in programs.REQUIREMENTS.iterdir()} | {folder.name for folder in programs.GO_MODULES.iterdir()}
    assert pinned == {program.pins for program in programs.PROGRAMS}


def test_every_command_of_the_readme_exists() -> None:
    from typer.main import get_command

    from cli.main import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = {
        line.split("`mlops ")[1].split("`")[0].split()[0]
        for line in README.read_text().splitlines()
        if line.startswith("| `mlops ")
    }
    assert named - {"sources", "sandbox"} <= known
