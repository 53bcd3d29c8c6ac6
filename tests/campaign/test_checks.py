"""The checks of a campaign find what they are to find."""

from pathlib import Path
from typing import Any

import pytest
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Div, Slider

from bokeh_wsgi import BokehWSGI, Session
from tests.client.scripts import document_of

from .checks import Findings, History, check
from .journal import Journal, Record, Step
from .scripts import JOINER, STARTER, row_of, text_of

TRIED = [Step(1, number) for number in range(1, 5)]
ACKNOWLEDGED = TRIED[:3]


def rows(who: str, steps: list[Step]) -> Any:
    values = [row_of(who, step) for step in steps]
    return ColumnDataSource({"row": values, "half": [value / 2 for value in values]}, name=f"{who} rows")


class Case:
    """A document as it is after three acknowledged steps of both, and records that say so."""

    def __init__(self, app: BokehWSGI, folder: Path) -> None:
        self.session = Session(app=app)
        self.session.use_doc("campaign", clear=True)
        self.document: Any = document_of(
            *(Div(text=text_of(who, TRIED[2]), name=f"{who} text") for who in (STARTER, JOINER)),
            *(rows(who, ACKNOWLEDGED) for who in (STARTER, JOINER)),
            Div(text=text_of(JOINER, TRIED[2]), name="shared"),
            Slider(start=0, end=10, value=3, name="knob"),
            Div(text="saw 3", name="follower saw"),
        )
        for who in (STARTER, JOINER):
            journal = Journal(folder / who)
            for step in TRIED:
                journal.tries(step)
            for step in ACKNOWLEDGED:
                journal.acknowledged(step)
        self.records = {who: Record(folder / who).read() for who in (STARTER, JOINER)}

    def named(self, name: str) -> Any:
        return self.document.get_model_by_name(name)

    def set_rows(self, who: str, steps: list[Step]) -> None:
        self.named(f"{who} rows").data = dict(rows(who, steps).data)

    def findings(self) -> Findings:
        self.session.store_document(self.document)
        return check(self.session.pull_state(), self.records)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(BokehWSGI(store="memory:"), tmp_path)


def test_all_that_was_acknowledged_is_enough(case: Case) -> None:
    assert not case.findings()
    case.set_rows(STARTER, TRIED)
    case.named("joiner text").text = text_of(JOINER, TRIED[3])
    assert not case.findings()


def test_what_is_missing_is_lost(case: Case) -> None:
    case.set_rows(STARTER, [TRIED[0], TRIED[2]])
    assert case.findings().lost == ["the row of starter Step(run=1, number=2)"]
    case.document.remove_root(case.named("joiner rows"))
    assert "the model 'joiner rows'" in case.findings().lost
    case.named("follower saw").text = "saw 2"
    assert "the follower saw 2, and not 3" in case.findings().lost


def test_what_is_there_twice_is_doubled(case: Case) -> None:
    case.set_rows(JOINER, [*ACKNOWLEDGED, TRIED[2]])
    assert case.findings().doubled == ["2 times the row of joiner Step(run=1, number=3)"]
    case.document.add_root(Div(text="saw 3", name="follower saw"))
    assert "the model 'follower saw'" in case.findings().doubled


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("starter text", text_of(JOINER, TRIED[2])),
        ("starter text", text_of(STARTER, TRIED[1])),
        ("starter text", text_of(STARTER, Step(1, 9))),
        ("shared", text_of(STARTER, TRIED[1])),
        ("shared", "nobody's"),
    ],
)
def test_texts_of_others_and_older_ones_are_foreign(case: Case, name: str, text: str) -> None:
    case.named(name).text = text
    found = case.findings()
    assert len(found.foreign) == 1
    assert not found.lost


def test_rows_of_others_and_models_of_nobody_are_foreign(case: Case) -> None:
    values = [*rows(STARTER, ACKNOWLEDGED).data["row"], row_of(JOINER, TRIED[2])]
    case.named("starter rows").data = {"row": values, "half": [value / 2 for value in values]}
    assert case.findings().foreign[0].startswith("a row 2000001000003 among those of the starter")
    case.document.add_root(Div(text="", name="stranger"))
    assert "a model 'stranger' that nobody has made" in case.findings().foreign


def test_a_text_that_goes_back_is_seen_in_the_history(case: Case) -> None:
    history = History()
    case.session.store_document(case.document)
    history.state = case.session.pull_state()
    assert not history.look()
    case.named("starter text").text = text_of(STARTER, TRIED[1])
    case.session.store_document(case.document)
    history.state = case.session.pull_state()
    assert len(history.look().foreign) == 1
