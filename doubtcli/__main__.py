"""The process `doubt`, and `python -m doubtcli`: Ctrl-C ends it with a message from the first moment on."""

from __future__ import annotations

import sys

from doubtcli.errors import ExitCode


def main() -> None:
    """Run `doubt` on the process's arguments and end the process."""
    try:
        from doubtcli.cli.main import main as run
    except KeyboardInterrupt:
        print("doubt: interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(ExitCode.INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
