"""The command line: `earshot`. Every error is one plain line; 0 went well, 1 did not, 2 misused."""

import contextlib
import os
import sys
from collections.abc import Sequence

import click

from api.commands import (
    admin,
    calls,
    competitors,
    demo,
    detectors,
    imports,
    measure,
    measure_hearing,
    offline,
    processes,
    remine,
    reps,
    retention,
    retrain,
    server,
    tune,
    users,
)
from ingest.base.errors import EarshotError

INTERRUPTED = 130  # as a shell reports Ctrl-C


class InOrder(click.Group):
    """A group that lists its commands in the order in which one comes to need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


@click.group(
    cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def earshot() -> None:
    """Hear what buyers say on sales calls: objections, competitors, feature requests.

    \b
    Examples:
      earshot demo                           put six sample calls through everything
      earshot up                             start the server, its workers and its databases
      earshot upload call.mp3 --account Acme bring a recording
      earshot COMMAND -h                     what a command does, with an example
    """


_MODULES = (
    *(demo, server, calls, imports, competitors, remine, detectors, retrain),
    *(offline, measure, measure_hearing, tune, admin, users, reps),
    *(retention, processes),
)
for _module in _MODULES:
    for _command in _module.COMMANDS:
        earshot.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = earshot.main(list(arguments), prog_name="earshot", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return 1
    except EarshotError as error:
        return _fail(str(error))
    except Exception as error:
        if os.environ.get("EARSHOT_LOG_LEVEL") == "debug":
            raise
        return _fail(_plainly(error))
    return code if isinstance(code, int) else 0


def _plainly(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{said} (a mistake in Earshot; EARSHOT_LOG_LEVEL=debug shows where)"


def _fail(message: str) -> int:
    with contextlib.suppress(BrokenPipeError):
        click.echo(f"earshot: {message}", err=True)
    return 1


def _drop_output() -> None:
    """Whoever read us has gone: nothing more is written, also not when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
