"""The command group, which turns every error into one line and an exit code."""

import errno
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from tttui import __version__
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import LOST, working_directory
from tttui.model.text import visible


def open_streams() -> None:
    """Replace closed standard streams (`>&-`) by null devices.

    Otherwise the next opened file, perhaps one of a session, would get the descriptor of a closed
    stream and receive its output.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a locale without the glyph is no error


def give_up_output() -> None:
    """Drop buffered output of stdout, at which Python would fail again on exit."""
    with suppress(OSError, ValueError):
        sys.stdout.close()


COMMANDS: dict[str, str] = {
    "demo": "Make or open a real example session.",
    "run": "Run a new session.",
    "pretrain": "Train the base model that sessions start from.",
    "resume": "Continue a session exactly where it stopped.",
    "fork": "Start a new session from the weights of another.",
    "whatif": "Compute what a session would have become with other settings.",
    "ls": "List sessions.",
    "show": "Show one session in full.",
    "ledger": "Say whether every step was scored before the weights learned from it.",
    "verify": "Replay a session and compare it with what was recorded.",
    "fsck": "Find damaged session files without replaying; --repair repairs them if possible.",
    "export": "Write a figure or table of a session to a file.",
    "compare": "Compare sessions: their errors and what differs in their settings.",
    "watch": "Print the transactions of a live run as they happen.",
    "stop": "Ask the owner of a run to save it and end.",
    "pause": "Ask the owner of a run to pause it.",
    "continue": "Ask the owner of a paused run to continue.",
    "set": "Change the friction, the speed or options of a run while it runs.",
    "train": "Train bases and skills on data, as jobs.",
    "model": "Store weights as versions of skills, and deploy them under a persona.",
    "audit": "Print the changes of the registry, and verify the audit.",
    "sweep": "Try many settings on the same streams, and rank them.",
    "job": "List, follow, cancel and resume jobs, and background runs of sessions.",
    "provider": "Test the capabilities and speed of engines and endpoints.",
    "system": "Show the load of the machine, and the jobs and sessions that use it.",
    "genome": "Compose skills over one base, and manage them in memory.",
    "bench": "Compare skills, presets or settings on the same held-out streams.",
    "events": "Print events of jobs, sessions and models.",
    "logs": "Print the logs of all jobs and sessions as one.",
    "doctor": "Check this machine and terminal, with remedies.",
}
"""Commands by name, with the line that `--help` shows. The module of the same name is imported
only when the command is used: starting must not wait for what a command does not need."""

PLACES = {
    "stop": ("requests", "stop"),
    "pause": ("requests", "pause"),
    "continue": ("requests", "go_on"),
}
"""Commands that share a module: its name, and theirs in it."""

INTERRUPTED = 130

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What stdout says where it goes to a file that takes no more."""


def definition(words: Sequence[str]) -> click.Command:
    """The command of these words, such as `("train", "start")`. Raises RefusedInput for none.

    `--task NAME` at their end makes it that of another task.
    """
    command: click.Command | None = commands
    before, task = (words[:-2], words[-1]) if "--task" in words[-2:-1] else (words, "")
    for word in before:
        command = (
            command.get_command(click.Context(command), word)
            if isinstance(command, click.Group)
            else None
        )
    if command is None:
        raise RefusedInput(f"this version has no command {' '.join(words)!r}")
    of_task = getattr(command, "of_task", None) if task else None
    return command if of_task is None else of_task(task)


ENDLESS = ("watch", "job watch", "train watch", "demo")
"""Commands for a terminal of their own."""


def all_commands() -> list[tuple[tuple[str, ...], str]]:
    """The words of every command that ends by itself, with what it does in a line; those first
    that start something."""
    listed = list[tuple[tuple[str, ...], str]]()
    starts = set[tuple[str, ...]]()
    waiting: list[tuple[str, ...]] = [(name,) for name in COMMANDS]
    for words in waiting:  # which grows
        command = definition(words)
        if isinstance(command, click.Group):
            waiting += [(*words, name) for name in command.list_commands(click.Context(command))]
        elif not command.hidden and " ".join(words) not in ENDLESS:
            listed.append((words, command.get_short_help_str(200)))
            if {param.name for param in command.params} & {"launcher", "detach"}:
                starts.add(words)
    order = [*COMMANDS]
    return sorted(listed, key=lambda one: (one[0] not in starts, order.index(one[0][0])))


class CommandsOrPaths(click.Group):
    """Finds commands by name; anything else on the line is a path for the app."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and cmd_name != "open":
            return None
        module, name = PLACES.get(cmd_name, (cmd_name, "command"))
        command: click.Command = getattr(import_module(f"tttui.cli.{module}"), name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in COMMANDS and args[0] not in ("--help", "--version", "-h")):
            args = ["open", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[PATH ...] [--tab T --t STEP ...]")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS ...]", prefix="       ")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands (each has its own --help)"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from tttui.cli.open import command

        with formatter.section("Options of the app"):
            formatter.write_dl(
                [r for p in command.get_params(ctx) if (r := p.get_help_record(ctx)) is not None]
            )
        self.format_commands(ctx, formatter)


@click.group(cls=CommandsOrPaths, context_settings={"help_option_names": ["--help", "-h"]})
@click.version_option(__version__, prog_name="tttui")
def commands() -> None:
    """The cockpit for neural networks that keep learning while they run.

    Without a command, opens the app on the sessions found below PATH (default ./runs).
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: 0, 1 (failed), 2 (refused), 130."""
    open_streams()
    try:
        result = commands.main(args=args, prog_name="tttui", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "tttui"
        where = where.removesuffix(" open")  # the app has no word of its own
        message = _one_line(error).removesuffix(".")
        return _complain(f"{message} (see `{where} --help`)", error.exit_code)
    except click.ClickException as error:
        return _complain(_one_line(error), error.exit_code)
    except TttuiError as error:
        return _complain(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except (SystemExit, BrokenPipeError):  # click makes the one of the other
        give_up_output()  # its reader (`| head`) has seen enough; nothing is wrong
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL and error.filename is None:
            return _complain(f"the output cannot be written: {error.strerror}", 1)
        if isinstance(error, PermissionError) and error.filename is not None:
            return _complain(f"{os.fsdecode(error.filename)}: {error.strerror}", 2)
        if isinstance(error, FileNotFoundError) and working_directory() is None:
            return _complain(LOST, 2)
        from tttui.defect import report

        return _complain(report(error), 1)


def _one_line(error: click.ClickException) -> str:
    return " ".join(error.format_message().split())


def _complain(message: str, code: int) -> int:
    with suppress(OSError, ValueError):
        print(f"error: {visible(message)}", file=sys.stderr, flush=True)
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        give_up_output()
    return code
