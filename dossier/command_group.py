"""How every group of subcommands behaves."""

import typer


def command_group(purpose: str = "", no_args_is_help: bool = True) -> typer.Typer:
    """A group of commands: plain tracebacks for faults of ours, and no shell completion to install."""
    return typer.Typer(
        help=purpose or None,
        no_args_is_help=no_args_is_help,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
