"""Completion scripts for bash, zsh and fish, where each shell looks for them on Debian."""

import re

PLACES = {
    "bash": "bash-completion/completions/{name}",
    "zsh": "zsh/vendor-completions/_{name}",
    "fish": "fish/vendor_completions.d/{name}.fish",
}


def files(program):
    """{file: text} of a program's completion scripts."""
    if "completion" in [command["commandName"] for command in program.commands]:
        scripts = {shell: program.output("completion", shell) for shell in PLACES}
    else:
        scripts = {shell: program.output("--generate-completion-script", shell) for shell in PLACES}
        if not program.has_added_help:
            scripts = {shell: without_added_help(script, shell) for shell, script in scripts.items()}
        scripts["bash"] = with_redirections(scripts["bash"], program)
    # A script that is sourced names no interpreter.
    scripts["bash"] = scripts["bash"].removeprefix("#!/bin/bash\n")
    return {PLACES[shell].format(name=program.name): script for shell, script in scripts.items()}


def without_added_help(script, shell):
    """Without the help command that ArgumentParser adds to every script: a program without commands does not have it."""
    entries = {
        "bash": r"(?<=compgen -W ')help(?=')",
        "zsh": r"^ *'help:Show subcommand help information\.'\n",
        "fish": r"^.*'Show subcommand help information\.'\n",
    }
    script, count = re.subn(entries[shell], "", script, flags=re.MULTILINE)
    if not count:
        raise SystemExit(f"{shell}: ArgumentParser's completion scripts have another form than {__file__} expects")
    return script


def with_redirections(script, program):
    """With files after < and >: unlike zsh and fish, bash calls the program's function for them too."""
    last = f"complete -o filenames -F _{program.name} {program.name}\n"
    if not script.endswith(last):
        raise SystemExit(f"bash: the completion script of {program.name} has another end than {__file__} expects")
    return script.removesuffix(last) + f"""\
_{program.name}_or_file() {{
    case $3 in
    *[\\<\\>]) compopt -o default ;;
    *) _{program.name} "$@" ;;
    esac
}}

complete -o filenames -F _{program.name}_or_file {program.name}
"""
