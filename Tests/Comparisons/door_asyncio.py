"""What most would write: JSON-RPC by lines on a Unix socket, with asyncio's streams and orjson.

door_asyncio.py SOCKET
"""

import asyncio
import sys

import orjson


async def serve(reader, writer):
    while line := await reader.readline():
        request = orjson.loads(line)
        if request.get("method") == "ping":
            outcome = {"result": "pong"}
        else:
            outcome = {"error": {"code": -32601, "message": "Method not found"}}
        if "id" in request:
            writer.write(orjson.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}) + b"\n")
            await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[1], limit=1 << 22)
    await server.serve_forever()


asyncio.run(main())
