"""One attribute, as every script does it without a daemon: its own UserSig, its own TLS connection.

oneshot_own.py URL CA_FILE SDK_APP_ID ADMIN SECRET_KEY_FILE

Prints how long it took in microseconds, without the interpreter's start and the imports.
"""

import base64
import hashlib
import hmac
import json
import random
import sys
import time
import zlib

import requests


def user_sig(app, key, identifier):
    now, ttl = int(time.time()), 86400
    text = f"TLS.identifier:{identifier}\nTLS.sdkappid:{app}\nTLS.time:{now}\nTLS.expire:{ttl}\n"
    code = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
    ticket = {
        "TLS.ver": "2.0",
        "TLS.identifier": identifier,
        "TLS.sdkappid": int(app),
        "TLS.expire": ttl,
        "TLS.time": now,
        "TLS.sig": code,
    }
    packed = base64.b64encode(zlib.compress(json.dumps(ticket).encode())).decode()
    return packed.replace("+", "*").replace("/", "-").replace("=", "_")


start = time.perf_counter()
url, ca_file, app, admin, key_file = sys.argv[1:]
with open(key_file) as file:
    key = file.read().strip()
answer = requests.post(
    f"{url}/v4/all_member_push/im_get_attr",
    params={
        "usersig": user_sig(app, key, admin),
        "identifier": admin,
        "sdkappid": app,
        "random": random.getrandbits(32),
        "contenttype": "json",
    },
    json={"To_Account": ["somebody"]},
    verify=ca_file,
    timeout=30,
).json()
assert answer["UserAttrs"][0]["Attrs"] == {"account": "somebody"}, answer
print(round((time.perf_counter() - start) * 1e6))
