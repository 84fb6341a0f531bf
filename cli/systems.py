"""`mlops systems`: the catalogue."""

import json

from rich.console import Console
from rich.table import Table

from cli.catalogue import COLUMNS, matrix, rows
from cli.errors import UserError


def show(format: str) -> None:
    """Print the catalogue as a table, as JSON (a list of rows) or as the README's Markdown matrix."""
    if format == "json":
        print(json.dumps(rows(), indent=1))
    elif format == "markdown":
        print(matrix(), end="")
    elif format == "table":
        table = Table(box=None, header_style="bold")
        for column in COLUMNS:
            table.add_column(column.replace("_", " "), no_wrap=True)
        for row in rows():
            if row["status"] != "planned":
                table.add_row(*(", ".join(v) if isinstance(v, list) else str(v or "") for v in row.values()))
        console = Console(width=max(Console().width, 180))
        console.print(table)
        planned = sorted({r["system"] for r in rows()} - {r["system"] for r in rows() if r["status"] != "planned"})
        console.print(f"planned: {' '.join(planned)}", style="dim")
    else:
        raise UserError(f"--format {format}: expected table, json or markdown")
