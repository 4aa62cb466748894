"""Completions for shells, made from the parser, so that they know every option there is."""

from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Command(NamedTuple):
    name: str
    help: str
    options: dict[str, str]  # option: help
    words: tuple[str, ...]  # what its argument may be, where that is a choice


def _commands(parser: ArgumentParser) -> Iterator[Command]:
    groups = [action for action in parser._actions if isinstance(action, _SubParsersAction)]  # noqa: SLF001
    for group in groups:
        helps = {action.dest: action.help or "" for action in group._choices_actions}  # noqa: SLF001
        for name, command in group.choices.items():
            actions = command._actions  # noqa: SLF001
            options = {option: action.help or "" for action in actions for option in action.option_strings}
            words = [
                word
                for action in actions
                if action.choices and not action.option_strings
                for word in action.choices
            ]
            yield Command(name, helps.get(name, ""), options, tuple(words))


def bash(parser: ArgumentParser) -> str:
    found = list(_commands(parser))
    cases = "\n".join(
        f'    {command.name}) words="{" ".join([*command.options, *command.words])}" ;;' for command in found
    )
    return f"""\
# bash completion for onetime: put it into ~/.local/share/bash-completion/completions/onetime
_onetime() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words
  case "${{COMP_WORDS[1]}}" in
{cases}
    *) words="{" ".join(command.name for command in found)} --help --version" ;;
  esac
  [ "$COMP_CWORD" = 1 ] && words="{" ".join(command.name for command in found)} --help --version"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _onetime onetime
"""


def zsh(parser: ArgumentParser) -> str:
    found = list(_commands(parser))
    names = "\n".join(f"    {_quoted(f'{command.name}:{command.help}')}" for command in found)
    cases = "\n".join(f"    {command.name}) _arguments {_zsh_specs(command)} ;;" for command in found)
    return f"""\
#compdef onetime
# zsh completion for onetime: put it into a folder of $fpath, as _onetime
_onetime() {{
  local -a commands
  commands=(
{names}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$name" in
{cases}
  esac
}}
_onetime "$@"
"""


def _zsh_specs(command: Command) -> str:
    options = [_quoted(f"{option}[{_plain(text)}]") for option, text in command.options.items()]
    rest = f"1:word:({' '.join(command.words)})" if command.words else "*:file:_files"
    return " ".join([*options, _quoted(rest)])


def fish(parser: ArgumentParser) -> str:
    lines = ["# fish completion for onetime: put it into ~/.config/fish/completions/onetime.fish"]
    for command in _commands(parser):
        lines.append(
            f"complete -c onetime -n __fish_use_subcommand -a {command.name} -d {_quoted(command.help)}"
        )
        within = f"-n '__fish_seen_subcommand_from {command.name}'"
        for option, text in command.options.items():
            kind = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            lines.append(f"complete -c onetime {within} {kind} -d {_quoted(text)}")
        if command.words:
            lines.append(f"complete -c onetime {within} -f -a {_quoted(' '.join(command.words))}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").replace(":", "")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


SHELLS: dict[str, Callable[[ArgumentParser], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
