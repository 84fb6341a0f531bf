"""Tables for a terminal, and for what reads them through a pipe."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def show(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print a table with whole lines, whatever the window: an address or a name that is cut off is of no use.

    Cells are taken as they are: "[…]" is no markup and ":secret:" no picture.
    """
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    wide = Console(width=1000)
    Console(width=max(wide.measure(table).maximum, Console().width)).print(table)


def note(text: str, style: str = "") -> None:
    """Print a line as it is, however long."""
    Console().print(Text(text, style=style), soft_wrap=True)
