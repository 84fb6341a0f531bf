"""The README says what is so."""

from pathlib import Path

from cli.catalogue import matrix

README = Path(__file__).resolve().parents[2] / "README.md"


def test_matrix_is_the_catalogue() -> None:
    text = README.read_text(encoding="utf-8")
    begin, end = "`mlops systems --format markdown` -->\n", "<!-- end of matrix -->"
    assert text[text.index(begin) + len(begin) : text.index(end)] == matrix()


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
