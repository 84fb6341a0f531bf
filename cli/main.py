"""The `mlops` command. Subcommands import what they need when they run, so that `mlops validate` stays under a second."""

import sys
from typing import Annotated

import typer

app = typer.Typer(
    name="mlops",
    help="One stack file, a whole MLOps platform: check it, preview it, look at it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Format = Annotated[str, typer.Option("--format", help="table or json.")]
Stacks = Annotated[list[str] | None, typer.Argument(help="Stack names or stack files; every stack if none is named.")]
StackName = Annotated[str, typer.Argument(help="Stack name.")]


@app.command()
def systems(format: Format = "table") -> None:
    """Every system, what it becomes on each target, what it needs and provides."""
    from cli.systems import show

    show(format)


@app.command()
def explain(
    system: Annotated[str, typer.Argument(help="System key, for example kafka.")],
    stack: Annotated[str | None, typer.Option(help="Stack whose connections of the system are shown.")] = None,
) -> None:
    """What a system is on each target, its options, needs and upstream state; with a stack, what it reads from whom there."""
    from cli.explain import explain as run

    run(system, stack)


@app.command()
def graph(
    stack: StackName = "sandbox",
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="SVG file to write; the text goes to stdout if unset.")
    ] = None,
) -> None:
    """The wiring of a stack as a picture: live where it is up, else as its program would make it."""
    from cli.wiring.graph import write

    write(stack, output)


@app.command()
def validate(stacks: Stacks = None, format: Format = "table") -> None:
    """Check stack files without an engine; exit code 2 where one has problems."""
    from cli.validate import validate as run

    run(stacks or [], format)


@app.command()
def schema() -> None:
    """Write the JSON schemas of stack files and blueprints."""
    from cli.schema import write

    write()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def preview(context: typer.Context, stack: StackName = "sandbox") -> None:
    """`pulumi preview` with the policy pack; further options go to pulumi."""
    from cli.preview import preview as run

    run(stack, context.args)


@app.command()
def ci(
    stacks: Stacks = None,
    base: Annotated[str | None, typer.Option(help="Revision that the change is measured from.")] = None,
    summary: Annotated[str | None, typer.Option(help="File that the Markdown summary is added to.")] = None,
) -> None:
    """Preview every stack that a change touches, with the policy pack, as CI does."""
    from cli.ci import ci as run

    run(base, stacks or [], summary)


@app.command()
def status(stack: StackName = "sandbox", format: Format = "table") -> None:
    """Every system of a deployed stack: ready or not, endpoint, simulated or real."""
    from cli.status import status as run

    run(stack, format)


@app.command()
def lineage(
    stack: StackName = "sandbox",
    submit: Annotated[bool, typer.Option("--submit", help="Run the job once.")] = False,
    format: Format = "table",
) -> None:
    """The steps of a stack's lineage job and the connection that each relies on; --submit runs it."""
    from cli.lineage import lineage as run

    run(stack, submit, format)


@app.command()
def doctor() -> None:
    """What the cluster of the kubeconfig has and lacks for a platform."""
    from cli.doctor import doctor as run

    run()


@app.command()
def images(
    stack: StackName = "sandbox",
    format: Annotated[str, typer.Option("--format", help="table, json, or oci-copy: commands that fill the mirror.")] = "table",
) -> None:
    """Every image that a stack runs, with digest, system and licence where they are known."""
    from cli.images import images as run

    run(stack, format)


def main() -> None:
    """Run the command; errors that are the user's to mend are a line, not a traceback."""
    from cli.errors import UserError

    if len(sys.argv) > 1 and sys.argv[1] == "sandbox":
        from cli.sandbox import app as sandbox_app

        app.add_typer(sandbox_app, name="sandbox", help="The embedded control plane, engine and simulated providers.")
    if len(sys.argv) > 1 and sys.argv[1] == "sources":
        from cli.sources import app as sources_app

        app.add_typer(sources_app, name="sources", help="Charts and manifests: lock what they render to, fetch them.")
    if len(sys.argv) <= 1 or sys.argv[1] in ("--help", "-h"):
        from cli.sandbox import app as sandbox_app
        from cli.sources import app as sources_app

        app.add_typer(sandbox_app, name="sandbox", help="The embedded control plane, engine and simulated providers.")
        app.add_typer(sources_app, name="sources", help="Charts and manifests: lock what they render to, fetch them.")
    try:
        app()
    except UserError as error:
        sys.stderr.write(f"mlops: {error}\n")
        sys.exit(error.code)
