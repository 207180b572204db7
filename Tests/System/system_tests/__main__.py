"""The built programs on real sockets and under a real systemd. Runs in the box that Tests/System/system-tests makes."""

import tempfile
from pathlib import Path

from . import administration, besieged, canary, clocks, descriptors, instance_metrics, introspection, journal, log, memory
from . import mutated_lines, one_shot, pasted, readme, rights, rules, shipped_configuration, stopping, textfile, traps, units, watchdog
from .checks import Checks
from .machine import must, run
from .upstream import Upstream


def main():
    if not Path("/run/in-systemd-box").exists():
        raise SystemExit("these checks change the machine they run on: start them with Tests/System/system-tests")
    must("ldconfig")  # the box's folder of the Swift runtime
    checks = Checks(explain=latest_journal)
    # The service reads the sandbox's certificate there as another user, and has a /tmp of its own.
    with tempfile.TemporaryDirectory(dir="/opt/imattrd") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with checks.group("config.yaml"):
            shipped_configuration.agrees(checks, folder)
        with Upstream(folder, one_shot.DELAY_MS) as slow:
            with checks.group("imattrd --socket"):
                one_shot.own_socket(checks, slow, folder)
                one_shot.log_level(checks, slow, folder)
                one_shot.slots_outlive_a_crash(checks, slow, folder)
            with checks.group("imattrd --socket: rules"):
                rules.without_systemd(checks, slow, folder)
                rules.shares(checks, folder)
            with checks.group("imattrd: a secret in the wrong place"):
                pasted.as_argument_or_variable(checks, folder)
            with checks.group("imattrd --check --online"):
                one_shot.ends_by_signals(checks, folder, slow)
            if checks.failed:
                print("# what fails so early is not tried under systemd too")
                checks.finish()
            with checks.group("systemd-socket-activate"):
                one_shot.socket_activate(checks, slow, folder)
            with checks.group("hand-over"):
                traps.hand_over(checks, folder)
            with checks.group("units: installed"):
                units.install(checks)
            with checks.group("units: bad configuration, then mended"):
                units.misconfigured(checks, slow)
            with checks.group("units: who may call"):
                units.callers(checks)
            with checks.group("imattr"):
                units.imattr_command(checks)
        with Upstream(folder) as quick:
            with checks.group("mutated lines"):
                mutated_lines.survive(checks, quick, folder)
            with checks.group("few file descriptors"):
                descriptors.few(checks, quick, folder)
            with checks.group("stopping"):
                stopping.loses_no_request(checks, quick, folder)
            with checks.group("clocks"):
                clocks.apart(checks, quick, folder)
            with checks.group("log"):
                log.never_blocks(checks, quick, folder)
            with checks.group("memory"):
                memory.is_returned(checks, quick, folder)
            with checks.group("units: reload"):
                units.reload(checks, quick)
            with checks.group("units: a reload that fails"):
                administration.reload_fails(checks, quick)
            with checks.group("units: administration"):
                administration.commands(checks)
                administration.instances(checks, quick)
            with checks.group("units: rules"):
                rules.further_socket(checks, quick)
            with checks.group("units: rights per caller, a story"):
                rights.story(checks, folder)
            with checks.group("units: administration under siege"):
                besieged.administrators_are_served(checks, quick)
            with checks.group("units: stops and starts"):
                units.stops_and_starts(checks)
            with checks.group("units: a caller during a restart"):
                units.waiting_caller(checks, quick)
            with checks.group("units: journal"):
                journal.has_fields(checks, quick)
            with checks.group("units: watchdog"):
                watchdog.ends_a_standstill(checks, quick)
            with checks.group("units: confinement"):
                units.confinement(checks)
            with checks.group("units: drop-ins"):
                traps.drop_ins(checks, quick)
            with checks.group("units: secrets"):
                canary.stays_inside(checks, quick)
            with checks.group("units: a secret in the wrong place"):
                pasted.under_systemd(checks, quick)
            with checks.group("units: a second instance"):
                units.second_instance(checks, quick)
            with checks.group("the examples of the pages"):
                readme.call_it(checks, quick, folder)
                readme.rules_example(checks, quick)
            with checks.group("rpc.discover"):
                introspection.discovery(checks)
            with checks.group("getMetrics"):
                introspection.metrics(checks)
            with checks.group("units: metrics over HTTP"):
                introspection.metrics_over_http(checks)
            with checks.group("units: metrics of an instance"):
                instance_metrics.answered(checks, quick)
            with checks.group("units: node_exporter"):
                textfile.collected(checks)
            with checks.group("units: idle exit"):
                units.idle_exit(checks, quick)
    checks.finish()


def latest_journal():
    """What the units last said; nothing before they are installed."""
    return run("journalctl", "--no-pager", "--output=short-monotonic", "--lines=25", "--unit=imattrd*").stdout


main()
