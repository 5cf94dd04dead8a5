"""The process `doubt`, and `python -m doubtcli`: Ctrl-C ends it with a message from the first moment on."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the working directory: a file in it that is named like a library would be run

import os  # not from the working directory

from doubtcli.errors import ExitCode


def main() -> None:
    """Run `doubt` on the process's arguments and end the process."""
    _open_closed_streams()
    try:
        from doubtcli.cli.main import main as run
    except KeyboardInterrupt:
        print("doubt: interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(ExitCode.INTERRUPTED)
    run()


def _open_closed_streams() -> None:
    """Connect each standard stream that the caller closed to nothing, so that no file gets its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
        if getattr(sys, name) is None:
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


if __name__ == "__main__":
    main()
