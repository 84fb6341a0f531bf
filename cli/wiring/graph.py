"""`mlops graph`: a stack's wiring as an SVG. Who reads stands left of what it reads; a band a group.

The layout is layered as in Sugiyama, Tagawa and Toda (1981): a layer is the longest way to what reads nothing, and the order in
a band follows the middle of the neighbours. Same wiring, same file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from cli.errors import UserError
from cli.tables import note
from cli.wiring.records import Wiring
from cli.wiring.systems import GROUPS, REST, Link, Owners, group, links, reached

BANDS = (*GROUPS, REST)
COLOURS = {"data": "#1b6e8c", "model": "#7a4fa3", "serving": "#b5541c", REST: "#4d5b66"}
WIDTH, HEIGHT, GAP_X, GAP_Y = 132, 34, 92, 14
MARGIN, HEADING, PAD = 24, 26, 14
SWEEPS = 12
"""Rounds of ordering; what the eye sees does not change after a few."""
MARKS = (("gateway", "G", "reached through the gateway"), ("scrape", "M", "scraped by Prometheus"))
STYLE = (
    "text{font-family:system-ui,sans-serif;font-size:13px;fill:#1c2329}.title{font-size:16px;font-weight:600}"
    ".band{font-size:12px;font-weight:600;letter-spacing:.06em}.mark{font-size:10px;font-weight:700}"
    "path{fill:none;stroke-width:1.4;opacity:.62}path:hover,g:hover>path{stroke-width:3;opacity:1}"
)


@dataclass(frozen=True)
class Graph:
    """Systems, what they read, and what reaches them besides."""

    title: str
    systems: Sequence[str]
    links: Sequence[Link]
    marks: Mapping[str, frozenset[str]]
    """Systems by the kind of flow that reaches them."""
    broken: frozenset[str] = frozenset()
    """Systems of which something dangles."""


@dataclass(frozen=True)
class Box:
    """Where a system stands."""

    x: int
    y: int
    band: str


def write(stack: str, output: str | None) -> None:
    """Write the file, or print the SVG."""
    from cli.stackfile import load
    from cli.wiring.check import wired
    from cli.wiring.stack import of_stack

    found, source = of_stack(stack)
    picture = svg(build(stack, list(load(stack).spec.chosen()), *wired(found)))
    if output is None:
        print(picture, end="")
        return
    try:
        Path(output).write_text(picture, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{output}: {error.strerror}") from None
    note(f"wrote {output} ({source})", "dim")


def build(title: str, chosen: Sequence[str], owners: Owners, wiring: Wiring) -> Graph:
    """What is drawn of a wiring: the systems that the stack has, and the links between them."""
    between = [link for link in links(owners, wiring) if link.source in chosen and link.target in chosen]
    marks = {kind: frozenset(reached(owners, wiring, kind)) for kind, _, _ in MARKS}
    broken = frozenset(owners.of(problem.at) for problem in wiring.problems) - {""}
    return Graph(title, sorted(chosen), between, marks, broken)


def layers(systems: Sequence[str], between: Sequence[Link]) -> dict[str, int]:
    """Longest way of each system to one that reads nothing; a circle is cut where it closes."""
    reads: dict[str, list[str]] = {
        system: sorted({link.target for link in between if link.source == system}) for system in systems
    }
    known: dict[str, int] = {}

    def depth(system: str, way: tuple[str, ...]) -> int:
        if system not in known:
            below = [depth(other, (*way, system)) for other in reads[system] if other not in way and other != system]
            known[system] = 1 + max(below, default=-1)
        return known[system]

    for system in systems:
        depth(system, ())
    return known


def place(graph: Graph) -> dict[str, Box]:
    """Boxes of the systems: layers from right to left, bands from top to bottom."""
    depth = layers(graph.systems, graph.links)
    cells: dict[tuple[str, int], list[str]] = {}
    for system in graph.systems:
        cells.setdefault((group(system), depth[system]), []).append(system)
    _order(cells, graph.links)
    deepest, top, found = max(depth.values(), default=0), MARGIN + 34, {}
    for band in BANDS:
        rows = max((len(cell) for (name, _), cell in cells.items() if name == band), default=0)
        for (name, layer), cell in cells.items():
            # a short column stands in the middle of its band
            shift = (rows - len(cell)) * (HEIGHT + GAP_Y) // 2
            for row, system in enumerate(cell if name == band else ()):
                x = MARGIN + PAD + (deepest - layer) * (WIDTH + GAP_X)
                found[system] = Box(x, top + HEADING + shift + row * (HEIGHT + GAP_Y), band)
        if rows:
            top += HEADING + rows * (HEIGHT + GAP_Y) + PAD
    return found


def _order(cells: dict[tuple[str, int], list[str]], between: Sequence[Link]) -> None:
    """Orders each cell by the mean place of its neighbours, again and again."""
    near: dict[str, list[str]] = {}
    for link in between:
        near.setdefault(link.source, []).append(link.target)
        near.setdefault(link.target, []).append(link.source)
    for _ in range(SWEEPS):
        at = {
            system: BANDS.index(band) * 100 + row * 100 / len(cell)
            for (band, _), cell in cells.items()
            for row, system in enumerate(cell)
        }
        for cell in cells.values():
            cell.sort(key=lambda system: (sum(at[o] for o in near.get(system, ())) / max(len(near.get(system, ())), 1), system))


def svg(graph: Graph) -> str:
    """The picture."""
    boxes = place(graph)
    width = max((box.x + WIDTH for box in boxes.values()), default=300) + PAD + MARGIN
    height = max((box.y + HEIGHT for box in boxes.values()), default=80) + PAD + MARGIN + 22
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<title>{escape(graph.title)}: which system reads from which</title><style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text class="title" x="{MARGIN}" y="{MARGIN + 10}">{escape(graph.title)}: who reads (left) from whom (right)</text>',
    ]
    parts += [_band(band, boxes, width) for band in BANDS if any(box.band == band for box in boxes.values())]
    parts += [_edge(link, boxes) for link in graph.links]
    parts += [_node(system, boxes[system], graph) for system in graph.systems]
    legend = "; ".join(f"{letter} {text}" for _, letter, text in MARKS)
    parts.append(
        f'<text x="{MARGIN}" y="{height - 14}" font-size="11">{escape(legend)}; a red frame: something of it dangles</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _band(band: str, boxes: Mapping[str, Box], width: int) -> str:
    inside = [box for box in boxes.values() if box.band == band]
    top, bottom = min(box.y for box in inside) - HEADING, max(box.y for box in inside) + HEIGHT + PAD // 2
    colour = COLOURS[band]
    size = f'width="{width - 2 * MARGIN}" height="{bottom - top}"'
    return (
        f'<rect x="{MARGIN}" y="{top}" {size} rx="8" fill="{colour}" fill-opacity="0.07"/>'
        f'<text class="band" x="{MARGIN + 10}" y="{top + 16}" style="fill:{colour}">{band.upper()}</text>'
    )


def _edge(link: Link, boxes: Mapping[str, Box]) -> str:
    """A curve with what it stands for as its tooltip: ports, Secrets, policies."""
    a, b = boxes[link.source], boxes[link.target]
    forward = a.x < b.x
    x1, x2 = (a.x + WIDTH, b.x) if forward else (a.x + WIDTH, b.x + WIDTH)
    y1, y2 = a.y + HEIGHT // 2, b.y + HEIGHT // 2
    bend = max(abs(x2 - x1) // 2, 40)
    way = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend if forward else x2 + bend} {y2} {x2} {y2}"
    told = sorted({f"{c.target.name}:{c.port}" for c in link.connections if c.port})
    secrets = sorted({secret for c in link.connections for secret in c.secrets})
    text = f"{link.source} reads {link.target}: {', '.join(told)}" + (f"; Secrets {', '.join(secrets)}" if secrets else "")
    drawn = f'<path d="{way}" stroke="{COLOURS[a.band]}"/><circle cx="{x2}" cy="{y2}" r="3" fill="{COLOURS[a.band]}"/>'
    return f"<g><title>{escape(text)}</title>{drawn}</g>"


def _node(system: str, box: Box, graph: Graph) -> str:
    colour = "#c0262d" if system in graph.broken else COLOURS[box.band]
    marks = "".join(letter for kind, letter, _ in MARKS if system in graph.marks.get(kind, ()))
    texts = f'<text x="{box.x + 10}" y="{box.y + 22}">{escape(system)}</text>'
    if marks:
        texts += (
            f'<text class="mark" x="{box.x + WIDTH - 8}" y="{box.y + 13}" text-anchor="end" style="fill:{colour}">{marks}</text>'
        )
    at = f'x="{box.x}" y="{box.y}" width="{WIDTH}" height="{HEIGHT}"'
    frame = f'<rect {at} rx="6" fill="#ffffff" stroke="{colour}" stroke-width="1.6"/>'
    return f"<g id={quoteattr('system-' + system)}>{frame}{texts}</g>"
