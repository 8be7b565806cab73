"""How the `dossier` command's groups are made: one way for all packages."""

import typer


def command_group(purpose: str = "", no_args_is_help: bool = True) -> typer.Typer:
    """A group of commands: plain tracebacks for faults of ours, and no shell completion to install."""
    group = _typer(purpose, no_args_is_help)
    # without a callback Typer takes a group of one command for that command: `dossier key create` wouldn't be known
    group.callback()(_nothing)
    return group


def command_alone() -> typer.Typer:
    """Room for a single command that is called without a name of its own."""
    return _typer("", no_args_is_help=False)


def _typer(purpose: str, no_args_is_help: bool) -> typer.Typer:
    return typer.Typer(
        help=purpose or None,
        no_args_is_help=no_args_is_help,
        add_completion=False,
        pretty_exceptions_enable=False,
    )


def _nothing() -> None:
    """What a group does before its command."""
