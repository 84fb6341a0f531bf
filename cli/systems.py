"""`mlops systems`: the catalogue."""

import json

from cli import tables
from cli.catalogue import COLUMNS, matrix, rows
from cli.errors import UserError


def show(format: str) -> None:
    """Print the catalogue as a table, as JSON (a list of rows) or as the README's Markdown matrix."""
    if format == "json":
        print(json.dumps(rows(), indent=1))
    elif format == "markdown":
        print(matrix(), end="")
    elif format == "table":
        built = [row for row in rows() if row["status"] != "planned"]
        cells = [[", ".join(v) if isinstance(v, list) else str(v or "") for v in row.values()] for row in built]
        tables.show([column.replace("_", " ") for column in COLUMNS], cells)
        planned = {row["system"] for row in rows()} - {row["system"] for row in built}
        if planned:
            tables.note(f"planned: {' '.join(sorted(planned))}", "dim")
    else:
        raise UserError(f"--format {format}: expected table, json or markdown")
