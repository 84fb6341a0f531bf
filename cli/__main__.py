"""`python -m cli`: the `mlops` command."""

from cli.main import main

main()
