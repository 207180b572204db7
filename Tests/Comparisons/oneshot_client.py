"""The same through the daemon and its Python client.

oneshot_client.py SOCKET

Prints how long it took in microseconds, without the interpreter's start and the imports.
"""

import sys
import time

import imattr

start = time.perf_counter()
with imattr.Client(sys.argv[1]) as client:
    answer = client.get_attrs(["somebody"])
assert answer.user_attrs == {"somebody": {"account": "somebody"}}, answer
print(round((time.perf_counter() - start) * 1e6))
