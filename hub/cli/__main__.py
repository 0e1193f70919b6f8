"""`python -m hub.cli` is the command `hub`."""

from hub.cli.main import main

main()
