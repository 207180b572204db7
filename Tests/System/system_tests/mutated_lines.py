"""Lines that are almost requests: every one is answered or ignored, nothing crashes, the connection lives on.

MUTATED_LINES sets how many (default 20000), MUTATED_SEED which ones.
"""

import json
import os
import random
import socket
import subprocess
from pathlib import Path

from .machine import wait_until
from .upstream import write_configuration

CORPUS = Path(__file__).parent.parent / "corpus"
BATCH = 200
TOKENS = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud800", b"null", b"true", b"1e999", b"-", b"0.", b"\x00"]
TOKENS += [b"\xff", b"\xc3\xa9", b"\xe2\x80\xa8", b"\xed\xa0\x80", b'"id"', b'"method"', b'"params"', b'"To_Account"', b"\r"]
REQUESTS = [
    b'{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["abc","Chen Xiaoming"],"timeoutMs":500}}',
    b'{"jsonrpc":"2.0","id":"x","method":"getAttrs","params":[["abc"],1000,0]}',
    b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"ping"},1]',
    b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}',
    b'{"jsonrpc":"2.0","id":null,"method":"getStatus"}',
]


def mutated(generator, seeds):
    """A line of the corpus with one to four changes."""
    line = bytearray(generator.choice(seeds))
    for _ in range(generator.randint(1, 4)):
        at = generator.randint(0, len(line))
        kind = generator.randrange(5)
        if kind == 0:
            line[at:at] = generator.choice(TOKENS)
        elif kind == 1:
            del line[at : at + generator.randint(1, 8)]
        elif kind == 2 and line:
            line[at % len(line)] = generator.randrange(256)
        elif kind == 3:
            line[at:at] = line[at : at + generator.randint(1, 32)]
        else:
            other = generator.choice(seeds)
            line[at:] = other[generator.randint(0, len(other)) :]
    return bytes(line).replace(b"\n", b" ")


def complaint_about(line):
    """What is wrong with an answer, if anything."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"{error} in {line[:200]!r}"
    for one in answer if isinstance(answer, list) else [answer]:
        if one.get("jsonrpc") != "2.0" or "id" not in one or ("result" in one) == ("error" in one):
            return f"no answer of JSON-RPC 2.0: {line[:200]!r}"
        if "error" in one and one["error"].get("data", {}).get("source") not in ("daemon", "upstream"):
            return f"an error without its source: {line[:200]!r}"
    return None


def send_all(path, generator, seeds, count):
    """Sends the lines with a ping after each batch; gives the number of answers, or the first complaint."""
    answers = 0
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(path))
        lines = connection.makefile("rb")
        for first in range(0, count, BATCH):
            batch = [mutated(generator, seeds) for _ in range(min(BATCH, count - first))]
            marker = f'"alive-{first}"'.encode()
            batch.append(b'{"jsonrpc":"2.0","id":' + marker + b',"method":"ping"}\n')
            connection.sendall(b"\n".join([b'{"jsonrpc":"2.0","id":0,"method":"ping"}', *batch]))
            while True:
                line = lines.readline()
                if not line:
                    return answers, f"the connection was closed within {batch!r}"
                if complaint := complaint_about(line):
                    return answers, complaint
                answers += 1
                if line.startswith(b'{"jsonrpc":"2.0","id":' + marker):
                    break
    return answers, None


def survive(checks, upstream, folder):
    """The daemon after many mutated lines."""
    count = int(os.environ.get("MUTATED_LINES", "20000"))
    seed = int(os.environ.get("MUTATED_SEED", "1"))
    seeds = REQUESTS + [path.read_bytes() for path in sorted(CORPUS.iterdir()) if path.stat().st_size < 4096]
    path = folder / "mutated.sock"
    configuration = write_configuration(
        folder / "mutated.yaml", secretKeyFile=str(upstream.secret_file), rateLimit=1000000, **upstream.keys
    )
    daemon = subprocess.Popen(
        ["imattrd", "--socket", str(path), "--config", str(configuration)], stderr=subprocess.DEVNULL
    )
    try:
        wait_until(path.exists, "the socket of imattrd")
        answers, complaint = send_all(path, random.Random(seed), seeds, count)
        checks.expect(f"{count} mutated lines (seed {seed}): answered well or ignored", complaint)
        checks.expect("most mutated lines have an answer", None if answers > count / 2 else f"{answers} answers")
        checks.equal("imattrd is still there", daemon.poll(), None)
        daemon.terminate()
        checks.equal("imattrd ends with 0 afterwards", daemon.wait(30), 0)
    finally:
        daemon.kill()
        daemon.wait()
