"""The rounds of a campaign: who is killed when, and started again."""

import multiprocessing
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from bokeh_wsgi import Session
from bokeh_wsgi.dataplane import Reader
from tests.command import COMMAND, ENVIRON
from tests.waiting import becomes_true, pause

from .checks import WRITERS, Findings, History, check
from .journal import Record
from .scripts import FOLLOWER, JOINER, STARTER, TITLE, Job, main

SIDES: Final = (STARTER, JOINER, FOLLOWER)
SERVER: Final = "server"
DEADLINE_S: Final = 60.0
QUIET_S: Final = 10.0
"""How long the last ones may take to be where they have to be."""
STEPS: Final = 12
CLEARED: Final = 0.25
"""So many of the restarts of the starter start the document anew."""


class Failed(AssertionError):
    """A script or the server ended by itself, or did not come to an end."""


class Server:
    """A bokeh-server that comes back on the same port, with the same store."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/bokeh/"
        self._log = folder / "server.log"
        self._command = [*COMMAND, "--port", str(self.port), "--store", f"sqlite:///{folder}/store.db"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=ENVIRON)
        wait_until(self._answers, "the server does not answer")

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise Failed(f"the server has ended: {self._log.read_text()[-2000:]}")
        with suppress(OSError):
            urllib.request.urlopen(f"{self.url}ping", timeout=5).read()
            return True
        return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Side:
    """One script, in the process that runs it now."""

    def __init__(self, context: Any, job: Job) -> None:
        self.job = job
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = context.Process(target=main, args=(job, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, word: int) -> None:
        with suppress(OSError):  # it has been killed
            self.pipe.send(word)

    def hear(self, word: str) -> None:
        self._wait_for(self.pipe)
        try:
            said = self.pipe.recv()
        except EOFError:
            said = "it has ended"
        if said != word:
            raise Failed(f"{self.job.who}: {said}")

    def _wait_for(self, pipe: Connection) -> None:
        if not pipe.poll(DEADLINE_S):
            raise Failed(f"{self.job.who} has not answered for {DEADLINE_S:.0f} s")

    def check(self) -> None:
        """A follower says nothing, unless it ends."""
        if self.pipe.poll():
            self.hear("nothing")

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Campaign:
    """A context: the server and the sides end with it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.server = Server(folder)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([main.__module__])
        self.sides: dict[str, Side] = {}
        self.records: dict[str, Record] = {}
        self.history = History()
        self.kills = 0
        self.is_over = False

    def __enter__(self) -> "Campaign":
        self.server.start()
        session: Any = Session(root_url=self.server.url, load_from_config=False)
        self.docid: str = session.make_doc(TITLE)
        session.close()
        for who in SIDES:
            self.begin(who, clear=who == STARTER)
            self.sides[who].hear("ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for side in self.sides.values():
            side.kill()
        self.server.kill()

    def begin(self, who: str, *, clear: bool = False) -> None:
        seed = self.chance.randrange(1 << 30)
        job = Job(who, self.server.url, self.folder / f"{who}.journal", seed, clear)
        self.sides[who] = Side(self.context, job)

    def record(self, who: str) -> Record:
        if who not in self.records:
            self.records[who] = Record(self.folder / f"{who}.journal")
        return self.records[who].read()

    def tried_round(self) -> Findings:
        """A round; a script that has ended by itself is a loss, and so is what it did not do."""
        try:
            return self.round()
        except Failed as error:
            self.is_over = True
            findings = Findings([f"a round that could not be ended: {error}"])
            findings.add(check(self.history.state, {who: self.record(who) for who in WRITERS}))
            return findings

    def round(self) -> Findings:
        """All write; some are killed meanwhile, and started again; then all is looked at."""
        findings = Findings()
        begun = {who: len(self.record(who).tried) for who in WRITERS}
        for who in WRITERS:
            self.sides[who].send(STEPS)
        victims = self.chance.sample([*SIDES, SERVER], self.chance.choice([0, 1, 1, 1, 2]))
        working = list(WRITERS)
        for victim in victims:
            watched = victim if victim in WRITERS else self.chance.choice([*working, None])
            if watched is not None:
                self._wait_for_steps(watched, begun[watched] + self.chance.randrange(STEPS), findings)
            if victim in working:
                # It is started again, and writes no more in this round.
                working.remove(victim)
            self._kill(victim)
        for who in WRITERS:
            if who not in victims:
                self.sides[who].hear("done")
        self._finish(findings)
        return findings

    def _wait_for_steps(self, who: str, count: int, findings: Findings) -> None:
        def is_there() -> bool:
            findings.add(self.look())
            return len(self.record(who).tried) >= count or self.sides[who].pipe.poll()

        wait_until(is_there, f"the {who} does not go on")

    def _kill(self, victim: str) -> None:
        """And start it again."""
        self.kills += 1
        if victim == SERVER:
            self.server.kill()
            self.server.start()
            return
        self.sides[victim].kill()
        self.begin(victim, clear=victim == STARTER and self.chance.random() < CLEARED)
        self.sides[victim].hear("ready")

    def _finish(self, findings: Findings) -> None:
        """A step more of each, with which it hears of a document that was started anew; then all is quiet."""
        for who in (STARTER, JOINER):
            self.sides[who].send(1)
            self.sides[who].hear("done")
        deadline = time.monotonic() + QUIET_S
        while True:
            findings.add(self.look())
            self.sides[FOLLOWER].check()
            records = {who: self.record(who) for who in WRITERS}
            found = check(self.history.state, records)
            if not found or time.monotonic() > deadline:
                findings.add(found)
                return
            pause(0.01, "between two looks at all")

    def look(self) -> Findings:
        """Take in what has changed, a change at a time; nothing while the server is away."""
        findings = Findings()
        path = f"changes?doc={self.docid}:{self.history.state.seq}&wait=0"
        try:
            body = urllib.request.urlopen(self.server.url + path, timeout=DEADLINE_S).read()
        except (urllib.error.URLError, OSError):
            return findings
        reader = Reader(limits=None)
        for change in reader.feed(body):
            self.history.state.apply(change.ops, change.seq)
            findings.add(self.history.look())
        return findings


def wait_until(is_so: Callable[[], object], why: str) -> None:
    if not becomes_true(is_so, DEADLINE_S):
        raise Failed(why)


def run(folder: Path, rounds: int, seed: int, *, says: bool = True) -> Findings:
    """All rounds, or up to one that could not be ended; the last line is the summary."""
    findings = Findings()
    with Campaign(folder, seed) as campaign:
        for number in range(1, rounds + 1):
            found = campaign.tried_round()
            findings.add(found)
            if says and (found or number % 25 == 0):
                _say(
                    f"round {number}: {campaign.kills} kills, change {campaign.history.state.seq}: {findings}"
                )
                for told in [*found.lost, *found.doubled, *found.foreign][:20]:
                    _say(f"  {told}")
            if campaign.is_over:
                rounds = number
                break
    if says:
        _say(f"{rounds} rounds: {findings}")
    return findings


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
