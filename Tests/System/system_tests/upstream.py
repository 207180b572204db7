"""The stand-in for the upstream, and configurations that lead to it."""

import json
import os
import subprocess

SECRET = "made-up-key-for-tests-only-7c41"


class Upstream:
    """A running imattr-sandbox, whose answers take a while on their way back."""

    def __init__(self, folder, delay_ms=0):
        self.secret_file = write_private(folder / f"secret-{delay_ms}", SECRET)
        self.process = subprocess.Popen(
            ["imattr-sandbox", "serve", "--port", "0", "--ca-file", str(folder / f"ca-{delay_ms}.pem")]
            + ["--secret-key-file", str(self.secret_file), "--answer-delay-ms", str(delay_ms)],
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = json.loads(self.process.stdout.readline())
        self.keys = {
            "sdkAppId": ready["sdkAppId"],
            "admin": ready["admin"],
            "upstreamUrl": ready["url"],
            "upstreamCaFile": ready["caFile"],
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


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
