"""What a document must be after a round, by what the scripts wrote down."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bokeh_wsgi.models import State
from tests.client import pictures

from .journal import Record, Step
from .scripts import CODES, FOLLOWER, JOINER, STARTER, names_of, step_of, told

WRITERS = (STARTER, JOINER)


@dataclass
class Findings:
    """What is not as it must be, in words."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.foreign)

    def add(self, other: "Findings") -> None:
        self.lost += other.lost
        self.doubled += other.doubled
        self.foreign += other.foreign

    def __str__(self) -> str:
        return f"{len(self.lost)} lost, {len(self.doubled)} doubled, {len(self.foreign)} foreign"


def check(state: State, records: Mapping[str, Record]) -> Findings:
    """A document at a quiet point."""
    findings = Findings()
    _check_models(state, findings)
    picture = pictures.of_state(state)
    for who in WRITERS:
        found = told(picture.values.get((f"{who} text", "text"), ""))
        if found is None:
            findings.lost.append(f"the text of the {who}")
            continue
        _check_text(who, *found, records[who], findings)
        _check_rows(who, found[1], picture, records[who], findings)
    _check_shared(picture, records, findings)
    knob, seen = picture.values.get(("knob", "value")), picture.values.get(("follower saw", "text"))
    if seen != f"saw {knob}":
        findings.lost.append(f"the follower {seen}, and not {knob}")
    return findings


def _check_models(state: State, findings: Findings) -> None:
    """Each model is there once, and none that nobody has made."""
    expected = {name for who in (*WRITERS, FOLLOWER) for name in names_of(who)}
    named = [rep["attributes"].get("name") for rep in state.graph.models.values()]
    roots = [state.graph.models[root]["attributes"].get("name") for root in state.graph.roots]
    counts, root_counts = Counter(filter(None, named)), Counter(map(str, roots))
    for name in expected | counts.keys() | root_counts.keys():
        if name not in expected:
            findings.foreign.append(f"a model {name!r} that nobody has made")
        elif root_counts[name] == 0:
            findings.lost.append(f"the model {name!r}")
        elif max(counts[name], root_counts[name]) > 1:
            findings.doubled.append(f"the model {name!r}")


def _check_text(who: str, by: str, step: Step, record: Record, findings: Findings) -> None:
    if by != who or step not in record.tried:
        findings.foreign.append(f"the text of the {who} is {by}'s of {step}")
    elif step < record.last:
        findings.foreign.append(f"the text of the {who} is of {step} again, after {record.last}")


def _check_rows(who: str, step: Step, picture: pictures.Picture, record: Record, findings: Findings) -> None:
    rows = picture.values.get((f"{who} rows", "data.row"), [])
    halves = picture.values.get((f"{who} rows", "data.half"), [])
    if [row / 2 for row in rows] != halves:
        findings.lost.append(f"columns of the {who} that go together: {rows[-3:]}, {halves[-3:]}")
    steps = []
    for row in rows:
        code, of = step_of(row)
        if code != CODES[who] or of.run != step.run or of not in record.tried:
            findings.foreign.append(f"a row {row:.0f} among those of the {who} in run {step.run}")
        steps.append(of)
    if steps != sorted(steps):
        findings.foreign.append(f"rows of the {who} that are not in their order")
    for of, count in Counter(steps).items():
        if count > 1:
            findings.doubled.append(f"{count} times the row of {who} {of}")
    missing = {of for of in record.acknowledged if of.run == step.run} - set(steps)
    findings.lost += [f"the row of {who} {of}" for of in sorted(missing)]


def _check_shared(picture: pictures.Picture, records: Mapping[str, Record], findings: Findings) -> None:
    """Of what both have written, the last one wins: either one's, and no older one."""
    text = picture.values.get(("shared", "text"), "")
    found = told(text)
    if found is None or found[0] not in records or found[1] not in records[found[0]].tried:
        findings.foreign.append(f"the text of both is {text!r}")
    elif found[1] < records[found[0]].last:
        findings.foreign.append(f"the text of both is {text!r}, after {records[found[0]].last}")


@dataclass
class History:
    """Follows a document as a page does, change by change: what a writer has written never goes back."""

    state: State = field(default_factory=State)
    seen: dict[str, Step] = field(default_factory=dict)

    def look(self) -> Findings:
        """At the state after one more change."""
        findings = Findings()
        picture = pictures.of_state(self.state)
        for who in WRITERS:
            found = told(picture.values.get((f"{who} text", "text"), ""))
            if found is None:
                continue
            by, step = found
            if by != who or step < self.seen.get(who, Step(0, 0)):
                change = f"change {self.state.seq} has the text of the {who} back at {by} {step}"
                findings.foreign.append(f"{change}, after {self.seen.get(who)}")
            self.seen[who] = max(step, self.seen.get(who, step))
        return findings
