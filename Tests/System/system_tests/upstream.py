"""The stand-in for the upstream, and configurations that lead to it."""

import json
import os
import subprocess

SECRET = "made-up-key-for-tests-only-7c41"


class Upstream:
    """A running imattr-sandbox, whose answers take a while on their way back."""

    def __init__(self, folder, delay_ms=0):
        self.secret_file = write_private(folder / f"secret-{delay_ms}", SECRET)
        self.process, self.keys = start_sandbox(
            "--ca-file", folder / f"ca-{delay_ms}.pem", "--secret-key-file", self.secret_file,
            "--answer-delay-ms", delay_ms,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


def start_sandbox(*options):
    """A process that listens, and the keys of a configuration that leads to it."""
    command = ["imattr-sandbox", "serve", *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    ready = json.loads(process.stdout.readline())
    return process, {
        "sdkAppId": ready["sdkAppId"],
        "admin": ready["admin"],
        "upstreamUrl": ready["url"],
        "upstreamCaFile": ready["caFile"],
    }


def write_private(path, text):
    """A file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
    return path


def write_configuration(path, **keys):
    """A configuration file. JSON is a part of YAML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(keys, indent=2) + "\n")
    return path
