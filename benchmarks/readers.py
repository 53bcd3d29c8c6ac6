"""Many readers of one server in one process: ``python -m benchmarks.readers host port count seconds``.

The request that each sends comes on standard input, in JSON. Every update carries the text ``sent <Unix
time>`` uncompressed, which is all that is looked at: so a reader costs little, whatever the protocol. Prints
``reading`` once all are connected, and at the end, in JSON, the lag of each update that came.
"""

import json
import re
import selectors
import socket
import sys
import time

SENT = re.compile(rb"sent (\d+\.\d{6})")
LONGEST = 32


def main(host: str, port: str, count: str, seconds: str) -> None:
    requests = json.load(sys.stdin)
    selector = selectors.DefaultSelector()
    for number in range(int(count)):
        sock = socket.create_connection((host, int(port)), 30)
        sock.sendall(requests[number % len(requests)].encode())
        assert b" 200 " in (head := sock.recv(65536)) or b" 101 " in head, head
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, [b"", 0.0])
    print("reading", flush=True)
    lags: list[float] = []
    end = time.time() + float(seconds)
    while time.time() < end:
        for key, _ in selector.select(0.1):
            state = key.data
            data = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
            now = time.time()
            if not data:
                selector.unregister(key.fileobj)
                continue
            for found in SENT.findall(state[0] + data):
                sent = float(found)
                if sent > state[1]:  # what a piece shares with the one before counts once
                    state[1] = sent
                    lags.append(now - sent)
            state[0] = data[-LONGEST:]
    print(json.dumps(lags))


if __name__ == "__main__":
    main(*sys.argv[1:])
