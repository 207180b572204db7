"""The five manual pages."""

import os
import re
import time

from .methods import write_methods
from .program import arguments, names, value
from .roff import Page

PAGES = {
    "imattr": ("1", "ask imattrd for the attributes of Tencent Chat accounts"),
    "imattr-sandbox": ("1", "a stand-in for Tencent Chat's im_get_attr"),
    "imattrd": ("8", "serve user attributes of Tencent Chat on a Unix socket"),
    "imattrd-config": ("5", "configuration of imattrd"),
    "imattrd-protocol": ("7", "how programs talk to imattrd"),
}

# The pages define these where they begin, which is in none of the sections that are taken.
WORDS = (
    "The *upstream* is Tencent's server. A *call* is one HTTPS request to it, for up to 100 accounts. A *UserSig* is the signed "
    "token that the daemon makes from the secret key and sends with each call. A *slot* is one of the calls that `rateLimit` "
    "allows in a second. A *caller* is a connection of a local program, and a *held answer* is kept for callers that send "
    "`maxAgeMs`."
)

# Sections on scheduling that an operator needs.
FAIRNESS = [
    "Fairness",
    "When an account makes a call fail",
    "When the upstream fails",
    "What a shared user does not protect from",
]


def all_pages(programs, documents):
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    description = programs["imattrd"].description
    writers = {
        "imattr": lambda page: imattr(page, programs["imattr"], documents["calling"]),
        "imattr-sandbox": lambda page: sandbox(page, programs["imattr-sandbox"]),
        "imattrd": lambda page: imattrd(page, programs["imattrd"], documents["running"], documents["scheduling"]),
        "imattrd-config": lambda page: configuration(page, description["keys"], documents["running"]),
        "imattrd-protocol": lambda page: protocol(page, description, documents["protocol"]),
    }
    for name, (section, summary) in PAGES.items():
        page = Page(name, section, summary, description["version"], seconds)
        writers[name](page)
        if name in programs:
            page.heading("REPORTING BUGS")
            documents["running"].write(page, "Report a problem")
        page.see_also(*(f"{other}({PAGES[other][0]})" for other in PAGES if other != name))
        yield page


# ---------------------------------------------------------------- programs


def imattr(page, program, calling):
    write_program(page, program)
    page.heading("EXIT STATUS")
    for code, meaning in calling.table("The imattr command", "exit code"):
        page.item(code, meaning)
    page.heading("ENVIRONMENT")
    page.item("`IMATTRD_SOCKET`", "The daemon's socket, unless `--socket` is given.")
    page.heading("FILES")
    page.item("`/run/imattrd/imattrd.sock`", "The default socket. Members of the group `imattr` may connect.")


def sandbox(page, program):
    write_program(page, program)


def imattrd(page, program, running, scheduling):
    write_program(page, program)
    page.heading("OPERATION")
    page.paragraph(WORDS)
    for heading in ["States", "Reload and restart", "Log", "Watchdog", "Tencent's alarm"]:
        page.subheading(heading)
        running.write(page, heading)
    page.heading("FAILURES AND FAIRNESS")
    for heading in FAIRNESS:
        page.subheading(heading)
        scheduling.write(page, heading)
    page.heading("SIGNALS")
    page.item("`SIGHUP`", "Reads the configuration and the key again, without dropping a connection or a request.")
    page.item("`SIGTERM`, `SIGINT`", "Stops: calls in flight are answered, all other requests are refused with -32004.")
    page.heading("EXIT STATUS")
    for code, meaning in running.table("Exit codes", "exit code of imattrd"):
        page.item(code, meaning)
    page.heading("ENVIRONMENT")
    page.item("`IMATTRD_CONFIG`", "The configuration file, unless `--config` is given.")
    page.item("`IMATTRD_…`", "Each key of the configuration has a variable; see `imattrd-config`(5).")
    page.item("`CREDENTIALS_DIRECTORY`", "The folder that has `imattrd.secret-key`. systemd sets it.")
    page.item("`LISTEN_FDS`, `LISTEN_FDNAMES`, `LISTEN_PID`", "The sockets that systemd passes to the daemon.")
    page.item("`NOTIFY_SOCKET`", "The socket on which the daemon reports its state to systemd.")
    page.heading("FILES")
    for row in running.table("Files and rights", "file"):
        path, rights, meaning = row
        page.item(path, ". ".join(part for part in [rights, meaning[:1].upper() + meaning[1:]] if part) + ".")
    page.heading("SECURITY")
    running.write(page, "Security", kinds=("text", "list"))


def write_program(page, program):
    """Synopsis, description, commands and options, as --help has them."""
    page.heading("SYNOPSIS")
    page.code(synopses(program))
    page.heading("DESCRIPTION")
    page.paragraph(sentence(program.command["abstract"]))
    write_discussion(page, program.command.get("discussion", ""))
    page.heading("OPTIONS")
    write_arguments(page, arguments(program.command))
    if program.commands:
        page.heading("COMMANDS")
    common = {tuple(names(argument)) for argument in arguments(program.command)}
    groups = {}
    for command in program.commands:
        page.subheading(command["commandName"])
        page.paragraph(sentence(command.get("abstract", "")))
        write_discussion(page, command.get("discussion", ""))
        # The options of every command are listed once, and so are groups of them that several commands have.
        own = [one for one in arguments(command) if tuple(names(one)) not in common]
        repeated = [title for title in dict.fromkeys(map(title_of, own)) if title in groups]
        write_arguments(page, [one for one in own if title_of(one) not in repeated])
        for title in repeated:
            page.paragraph(f"{title}: those of `{groups[title]}`.")
        groups |= {title: command["commandName"] for title in map(title_of, own) if title and title not in repeated}


def title_of(argument):
    return argument.get("sectionTitle")


def synopses(program):
    """A line for each command."""
    if not program.commands:
        return [f"{program.name} [OPTION]..."]
    lines = []
    for command in program.commands:
        words = [word for argument in arguments(command) if (word := positional(argument))]
        lines.append(" ".join([program.name, command["commandName"], "[OPTION]...", *words]))
    return lines


def positional(argument):
    if argument["kind"] != "positional":
        return ""
    word = argument["valueName"].upper() + ("..." if argument["isRepeating"] else "")
    return f"[{word}]" if argument["isOptional"] else word


def write_arguments(page, found):
    section = None
    for argument in found:
        if argument.get("sectionTitle") != section:
            section = argument.get("sectionTitle")
            if section and not page.lines[-1].startswith(".S"):
                page.subheading(section)
        term = ", ".join(f"`{name}`" for name in names(argument)) + (f" {value(argument)}" if value(argument) else "")
        usual = argument.get("defaultValue")
        default = f"The default is `{usual}`." if usual is not None else ""
        page.item(term, sentence(argument.get("abstract", "")) + (" " + default if default else ""))


def write_discussion(page, text):
    """Paragraphs; lines that are indented are examples."""
    for block in filter(str.strip, re.split(r"\n{2,}", text)):
        # The codes have a section of their own.
        if block.startswith("Exit codes:"):
            continue
        prose = [line for line in block.split("\n") if not line.startswith("  ")]
        examples = [line[2:] for line in block.split("\n") if line.startswith("  ")]
        if prose:
            page.paragraph(" ".join(prose))
        if examples:
            page.code(examples)


def sentence(text):
    return text if not text or text.endswith((".", ")")) else text + "."


# ---------------------------------------------------------------- configuration and protocol


def configuration(page, keys, running):
    page.heading("DESCRIPTION")
    running.write(page, "Configuration", kinds=("text", "list"))
    page.heading("KEYS")
    for key in keys:
        allowed = f"Allowed: {key['allowed']}. " if "allowed" in key else ""
        restart = " A change needs a restart." if key["needsRestart"] else ""
        usual = key["usual"]
        default = f"It is {usual}." if usual.startswith("required") else f"Default: `{usual}`."
        page.item(
            f"`{key['name']}`",
            f"{key['meaning']} {allowed}{default}{restart}",
            f"Flag `{key['flag']}`, variable `{key['variable']}`." if "flag" in key else "Only in the file.",
        )
    page.heading("EXAMPLES")
    page.code(["sdkAppId: 1400000001", "admin: administrator", "region: singapore", "rateLimit: 80"])
    page.heading("FILES")
    page.item("`/etc/imattrd/config.yaml`", "The configuration.")
    page.item("`/etc/imattrd/NAME.yaml`", "The configuration of the instance `imattrd@NAME`.")


def protocol(page, description, talking):
    document = description["openrpc"]
    page.heading("DESCRIPTION")
    page.paragraph(document["info"]["description"])
    page.paragraph("The method `rpc.discover` returns the tables of this page to programs, as an OpenRPC document.")
    page.heading("FRAMING")
    talking.write(page, "Framing")
    page.heading("REQUESTS")
    talking.write(page, "JSON-RPC 2.0")
    page.heading("ANSWERS")
    for heading in ["Values", "When a call fails", "Stability"]:
        page.subheading(heading)
        talking.write(page, heading)
    write_methods(page, document)
    page.heading("METRICS")
    page.paragraph("The metrics that `getMetrics` returns, each with its type and labels.")
    for metric in description["metrics"]:
        labels = ", ".join(metric["labels"])
        page.item(f"`{metric['name']}` ({metric['type']}{': ' + labels if labels else ''})", metric["help"])
