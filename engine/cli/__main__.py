"""`python -m engine.cli`: the command line where no script is installed."""

from engine.cli import main

main()
