"""``python -m tests.campaign.soak --seconds 600``: a bokeh-server of users, under hostile requests.

Scripts publish and viewers follow, first alone, then beside strangers who send what no client would, all of
it at once. Prints how long stores took, and the memory of the server. Status 0 if stores took at most three
times as long, memory stayed, and every viewer has in the end what the scripts have.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from bokeh_wsgi import Session
from bokeh_wsgi.dataplane import Op, OpCode, Reader, column_from, encode_upload
from bokeh_wsgi.exc import FrameError
from bokeh_wsgi.models.state import State
from tests.command import COMMAND, ENVIRON
from tests.test_connection_fuzz import mutated
from tests.waiting import becomes_true, pause, wait_until

SCRIPTS: Final = 3
VIEWERS: Final = 20
STRANGERS: Final = 4
STORES_PER_S: Final = 10
ROWS, ADDED = 100_000, 1_000
FACTOR: Final = 3.0
GROWTH_KB: Final = 30 << 10
DEADLINE_S: Final = 60.0
ELSEWHERE: Final = ("127.0.0.9", 0)
"""The address of strangers: what one address may do at once is limited, and nobody else waits for it."""
PASSWORD: Final = "a long and winding road"


def resident_kb(pid: int) -> int:
    words = Path(f"/proc/{pid}/statm").read_text().split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def publish(url: str, key: str, number: int, stop: Any, stored: Any, told: Any) -> None:
    """A script: rows stream into a line; ``told`` gets when each store ended and how long it took."""
    session = Session(root_url=url, userapikey=key, username="owner", load_from_config=False)
    session.use_doc(f"line {number}", clear=True)
    docid = session.docid
    source: Any = ColumnDataSource({"x": np.arange(float(ROWS)), "y": np.zeros(ROWS)})
    plot = figure()
    plot.line("x", "y", source=source)
    document = Document()
    document.add_root(plot)
    session.store_document(document)
    told.put((docid, None))
    numbers, took = np.random.default_rng(number), []
    while not stop.is_set():
        source.stream({"x": np.arange(float(ADDED)), "y": numbers.normal(size=ADDED)}, rollover=ROWS)
        begun = time.monotonic()
        session.store_objects(source)
        session.flush()
        took.append((time.time(), time.monotonic() - begun))
        count(stored)
        pause(1 / STORES_PER_S, "the rate of its stores")
    told.put((docid, took))


def count(shared: Any) -> None:
    with shared.get_lock():
        shared.value += 1


class Viewer(threading.Thread):
    """Follows a document's stream, and comes back where it was cut."""

    def __init__(self, port: int, key: str, docid: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.state = State()
        self.cuts = 0
        self.wrong: list[str] = []
        self.docid = docid
        self._port, self._key, self._ended = port, key, stop

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException):
                self.cuts += 1
                pause(0.2, "as pages do before they come back")
            except (FrameError, ValueError, KeyError) as error:
                self.wrong.append(repr(error))
                return

    def _follow(self) -> None:
        connection = self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=40)
        with closing(connection):
            self._read(connection)

    def stop(self) -> None:
        self._ended.set()
        with suppress(OSError, AttributeError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self.join()

    def _read(self, connection: http.client.HTTPConnection) -> None:
        path = f"/bokeh/changes?doc={self.docid}:{self.state.seq}&wait=stream"
        connection.request("GET", path, headers={"Authorization": f"Bearer {self._key}"})
        response = connection.getresponse()
        if response.status != 200 or self._ended.is_set():
            raise http.client.HTTPException(response.status)
        reader = Reader(limits=None)
        while piece := response.read1(1 << 16):
            for change in reader.feed(piece):
                self.state.apply(change.ops, change.seq)
        response.close()


# Strangers


def send(port: int, *pieces: bytes, hold_s: float = 0.0) -> None:
    with socket.create_connection(("127.0.0.1", port), 10, ELSEWHERE) as client:
        for piece in pieces:
            client.sendall(piece)
        if hold_s:
            pause(hold_s, "a client that keeps the server waiting")
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass


def head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


class Stranger:
    """One of those who send what no client would, each time something else."""

    def __init__(self, port: int, key: str, docid: str, theirs: str, seed: int) -> None:
        self.port, self.docid, self.theirs = port, docid, theirs
        self.key = f"Authorization: Bearer {key}"
        self.chance = random.Random(seed)
        column = column_from(np.random.default_rng(seed).normal(size=3000))
        ops = [Op(OpCode.REPLACE, model="p2", column="y", count=column.rows, values=column)]
        self.upload = b"".join(encode_upload(theirs, ops))

    def run(self, stop: Any, sent: Any) -> None:
        acts: list[Callable[[], None]] = [
            *(self.stream, self.cut_chunk, self.announce, self.half_send, self.guess, self.spoil),
            *(self.export, self.look, self.nest, self.edit, self.forms, self.many_reads, self.take_nothing),
        ]
        while not stop.is_set():
            with suppress(OSError):
                self.chance.choice(acts)()
            count(sent)

    def stream(self) -> None:
        for _ in range(10):
            send(self.port, mutated(self.chance))

    def cut_chunk(self) -> None:
        start = head("POST", f"/bokeh/doc/{self.docid}/changes", "Transfer-Encoding: chunked")
        send(self.port, start, b"1000000\r\nabc")

    def announce(self) -> None:
        start = head("POST", f"/bokeh/doc/{self.theirs}/changes", self.key, f"Content-Length: {512 << 20}")
        send(self.port, start, b"abc", hold_s=0.5)

    def half_send(self) -> None:
        clients = []
        for _ in range(200):
            with suppress(OSError):
                clients.append(socket.create_connection(("127.0.0.1", self.port), 5, ELSEWHERE))
                clients[-1].sendall(b"POST /bokeh/doc HTTP/1.1\r\nHost: 127")
        pause(1, "clients that keep the server waiting")
        for client in clients:
            client.close()

    def guess(self) -> None:
        body = json.dumps({"username": "owner", "password": f"{self.chance.random()}"}).encode()
        start = head("POST", "/bokeh/login", "Content-Type: application/json", f"Content-Length: {len(body)}")
        send(self.port, start, body)

    def spoil(self) -> None:
        body = bytearray(self.upload)
        for _ in range(self.chance.randrange(6)):
            body[self.chance.randrange(len(body))] ^= self.chance.randrange(1, 256)
        path = f"/bokeh/doc/{self.chance.choice([self.docid, self.theirs])}/changes"
        send(self.port, head("POST", path, self.key, f"Content-Length: {len(body)}"), bytes(body))

    def export(self) -> None:
        form = self.chance.choice(["arrow", "parquet", "csv"])
        send(self.port, head("GET", f"/bokeh/doc/{self.theirs}/data/p2.{form}", self.key))

    def look(self) -> None:
        path = self.chance.choice(["", "userinfo", "keys", "account", f"doc/{self.docid}", "gallery"])
        secrets = ["Authorization: x", "BOKEHUSER-API-KEY: nokey", "Cookie: bokeh_wsgi_login=x"]
        secret = self.chance.choice(secrets)
        send(self.port, head("GET", f"/bokeh/{path}?token=x", secret))

    def nest(self) -> None:
        depth = self.chance.choice([100, 10_000])
        graph = json.dumps({"roots": []})[:-1] + ', "title": ' + "[" * depth + "]" * depth + "}"
        body = b"".join(encode_upload(self.theirs, [Op(OpCode.GRAPH, json=graph)]))
        start = head("POST", f"/bokeh/doc/{self.theirs}/changes", self.key, f"Content-Length: {len(body)}")
        send(self.port, start, body)

    def edit(self) -> None:
        body = b"token\nkey\n" + bytes(self.chance.randrange(256) for _ in range(500))
        send(self.port, head("POST", f"/bokeh/doc/{self.docid}/edits", f"Content-Length: {len(body)}"), body)

    def forms(self) -> None:
        body = b"&".join(b"a%d=b" % number for number in range(2000))
        kind = "Content-Type: application/x-www-form-urlencoded"
        send(self.port, head("POST", "/bokeh/register", kind, f"Content-Length: {len(body)}"), body)

    def many_reads(self) -> None:
        query = "&".join(f"doc={self.theirs}{number}:0" for number in range(500))
        send(self.port, head("GET", f"/bokeh/changes?{query}&wait=stream", self.key))

    def take_nothing(self) -> None:
        """Streams that nobody reads."""
        asked = head("GET", f"/bokeh/changes?doc={self.theirs}:0&wait=stream", self.key)
        clients = [socket.create_connection(("127.0.0.1", self.port), 5, ELSEWHERE) for _ in range(20)]
        for client in clients:
            client.sendall(asked)
        pause(1, "clients that keep the server waiting")
        for client in clients:
            client.close()


def attack(port: int, key: str, docid: str, theirs: str, seed: int, stop: Any, sent: Any) -> None:
    os.nice(10)  # what they compute themselves is not what is measured
    Stranger(port, key, docid, theirs, seed).run(stop, sent)


# The whole


def call(url: str, path: str, key: str = "", **content: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url + path, json.dumps(content).encode(), headers)
    found: dict[str, Any] = json.load(urllib.request.urlopen(request, timeout=DEADLINE_S))
    return found


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def p99(took: list[float]) -> float:
    return float(np.percentile(took, 99)) if took else 0.0


def soak(folder: Path, seconds: float) -> list[str]:
    """What was wrong."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store = f"sqlite:///{folder}/store.db"
    log = (folder / "server.log").open("wb")
    command = [*COMMAND, "-m", "--port", str(port), "--store", store]
    server = subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRON)
    url = f"http://127.0.0.1:{port}/bokeh/"
    try:
        wait_until(lambda: answers(url), DEADLINE_S)
        return _soak(url, port, server, seconds)
    finally:
        server.kill()
        server.wait()
        log.close()


def answers(url: str) -> bool:
    with suppress(OSError):
        urllib.request.urlopen(f"{url}ping", timeout=5).read()
        return True
    return False


def _soak(url: str, port: int, server: "subprocess.Popen[bytes]", seconds: float) -> list[str]:
    context = multiprocessing.get_context("forkserver")
    key = call(url, "register", username="owner", password=PASSWORD)["userapikey"]
    other = call(url, "register", username="stranger", password=PASSWORD)["userapikey"]
    theirs = call(url, "doc", other, title="theirs")["docid"]
    stop, calm, told = context.Event(), context.Event(), context.Queue()
    stored, sent = context.Value("q", 0), context.Value("q", 0)
    scripts = [
        context.Process(target=publish, args=(url, key, n, stop, stored, told)) for n in range(SCRIPTS)
    ]
    for script in scripts:
        script.start()
    docids = [told.get(timeout=DEADLINE_S)[0] for _ in scripts]
    stopped = threading.Event()
    viewers = [Viewer(port, key, docids[n % SCRIPTS], stopped) for n in range(VIEWERS)]
    for viewer in viewers:
        viewer.start()
    pause(min(30.0, seconds / 4), "what stores take while nobody attacks")
    wait_until(lambda: stored.value >= SCRIPTS, DEADLINE_S)
    attacked_at, before_kb = time.time(), resident_kb(server.pid)
    jobs = [(port, other, docids[0], theirs, seed, calm, sent) for seed in range(STRANGERS)]
    strangers = [context.Process(target=attack, args=job) for job in jobs]
    for stranger in strangers:
        stranger.start()
    memory = []
    while time.time() < attacked_at + seconds or not sent.value:
        pause(1, "a measurement a second")
        if server.poll() is not None:
            return [f"the server has ended: {server.returncode}"]
        memory.append(resident_kb(server.pid))
    calm.set()
    ended_at = time.time()
    stop.set()
    took = [pair for _ in scripts for pair in told.get(timeout=DEADLINE_S)[1]]
    for process in (*scripts, *strangers):
        process.join()
    wrong = _differences(url, key, viewers)
    stopped.set()
    for viewer in viewers:
        viewer.stop()
    alone = [seconds for at, seconds in took if at < attacked_at]
    beside = [seconds for at, seconds in took if attacked_at <= at < ended_at]
    half = len(memory) // 2
    # Hashing passwords takes much memory for a moment.
    first_kb, last_kb = int(np.median(memory[:half])), int(np.median(memory[half:]))
    say(f"{sent.value} hostile acts in {seconds:.0f} s beside {SCRIPTS} scripts, {VIEWERS} viewers")
    say(f"p99 of {len(alone)} stores alone: {1e3 * p99(alone):.1f} ms")
    say(f"p99 of {len(beside)} stores beside them: {1e3 * p99(beside):.1f} ms")
    say(f"memory: {before_kb >> 10} MB before, then in the middle {first_kb >> 10} and {last_kb >> 10} MB")
    say(f"at most {max(memory) >> 10} MB")
    say(f"{sum(viewer.cuts for viewer in viewers)} streams were cut and came back")
    if p99(beside) > FACTOR * p99(alone):
        wrong.append(f"stores took {p99(beside) / p99(alone):.1f} times as long")
    if last_kb - first_kb > GROWTH_KB:
        wrong.append(f"memory has grown by {(last_kb - first_kb) >> 10} MB in the second half")
    return wrong


def _differences(url: str, key: str, viewers: list[Viewer]) -> list[str]:
    wrong = [error for viewer in viewers for error in viewer.wrong]
    states = {}
    for docid in {viewer.docid for viewer in viewers}:
        session = Session(root_url=url, userapikey=key, username="owner", load_from_config=False)
        session.use_doc(docid=docid)
        states[docid] = session.pull_state()
        session.close()
    for viewer in viewers:
        state = states[viewer.docid]
        becomes_true(partial(_has_come_to, viewer, state.seq), DEADLINE_S)
        if viewer.state.graph.models != state.graph.models:
            wrong.append("a viewer has other models")
        for place, held in state.columns.items():
            mine = viewer.state.columns.get(place)
            if mine is None or not mine.values.column().equals(held.values.column()):
                wrong.append(f"a viewer has another column {place}")
    return wrong


def _has_come_to(viewer: Viewer, seq: int) -> bool:
    return viewer.state.seq >= seq or bool(viewer.wrong)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.soak")
    parser.add_argument("--seconds", type=float, default=600.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = soak(Path(folder), options.seconds)
    for line in wrong:
        say(f"WRONG: {line}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
