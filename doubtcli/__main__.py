"""`python -m doubtcli` is `doubt`."""

from doubtcli.cli.main import main

main()
