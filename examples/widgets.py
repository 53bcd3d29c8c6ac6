"""Every widget of Bokeh, with a log of what Python is told when somebody uses it.

Run `bokeh-server`, then this, then open the link that it prints.
"""

import datetime as dt
from functools import partial

from bokeh.events import DoubleTap, PanEnd, SelectionGeometry, Tap, ValueSubmit
from bokeh.models import (
    AutocompleteInput,
    Button,
    CategoricalSlider,
    Checkbox,
    CheckboxButtonGroup,
    CheckboxGroup,
    ColorPicker,
    DataTable,
    DatePicker,
    DateRangePicker,
    DateRangeSlider,
    DateSlider,
    DatetimePicker,
    DatetimeRangePicker,
    DatetimeRangeSlider,
    Dropdown,
    FileInput,
    MultiChoice,
    MultipleDatePicker,
    MultipleDatetimePicker,
    MultiSelect,
    NumericInput,
    PaletteSelect,
    PasswordInput,
    PreText,
    RadioButtonGroup,
    RadioGroup,
    RangeSlider,
    Select,
    Slider,
    Spinner,
    Switch,
    TableColumn,
    TabPanel,
    Tabs,
    TextAreaInput,
    TextInput,
    TimePicker,
    Toggle,
)
from bokeh.palettes import Blues3, Greens3, Reds3

from bokeh_wsgi.plotting import ColumnDataSource, column, cursession, figure, output_server, row, show

output_server("Widgets")
session = cursession()

LINES = 40
log = PreText(
    width=440,
    height=900,
    styles={"overflow": "auto", "border-left": "1px solid #ccc", "padding-left": "12px"},
)
FRUIT = ["apple", "banana", "cherry", "date"]
MAY = dt.date(2024, 5, 1)
NOON = dt.datetime(2024, 5, 1, 12)


def tell(what, value):
    print(f"{what}: {value}", flush=True)
    log.text = "\n".join([f"{what}: {value}", *log.text.split("\n")][:LINES])


def watch(widget, attribute):
    """Log the values of an attribute."""

    def changed(attr, old, new):
        tell(f"{type(widget).__name__}.{attr}", new)

    widget.on_change(attribute, changed)
    return widget


def happened(names, event):
    values = {name: getattr(event, name) for name in names}
    tell(f"{type(event.model).__name__} {event.event_name}", values or "")


button = Button(label="Button")
button.on_click(partial(happened, []))
dropdown = Dropdown(label="Dropdown", menu=FRUIT)
dropdown.on_click(partial(happened, ["item"]))

buttons = [
    button,
    dropdown,
    watch(Toggle(label="Toggle"), "active"),
    watch(CheckboxGroup(labels=FRUIT, active=[0]), "active"),
    watch(CheckboxButtonGroup(labels=FRUIT, active=[0]), "active"),
    watch(RadioGroup(labels=FRUIT, active=0), "active"),
    watch(RadioButtonGroup(labels=FRUIT, active=0), "active"),
    watch(Switch(), "active"),
    watch(Checkbox(label="Checkbox"), "active"),
]
sliders = [
    watch(Slider(title="Slider", start=0, end=10, value=5, step=0.5), "value"),
    watch(RangeSlider(title="RangeSlider", start=0, end=10, value=(2, 8)), "value"),
    watch(CategoricalSlider(title="CategoricalSlider", categories=FRUIT, value="banana"), "value"),
    watch(DateSlider(title="DateSlider", start=MAY, end=dt.date(2024, 5, 31), value=MAY), "value"),
    watch(
        DateRangeSlider(
            title="DateRangeSlider",
            start=MAY,
            end=dt.date(2024, 5, 31),
            value=(dt.date(2024, 5, 5), dt.date(2024, 5, 20)),
        ),
        "value",
    ),
    watch(
        DatetimeRangeSlider(
            title="DatetimeRangeSlider",
            start=dt.datetime(2024, 5, 1),
            end=dt.datetime(2024, 5, 3),
            value=(dt.datetime(2024, 5, 1), dt.datetime(2024, 5, 2)),
            step=3_600_000,
            format="%d %b %H:%M",
        ),
        "value",
    ),
    # Told when the mouse lets go, not on the way.
    watch(Slider(title="Slider, value_throttled", start=0, end=10, value=5), "value_throttled"),
]
text = watch(TextInput(title="TextInput"), "value")
text.on_event(ValueSubmit, partial(happened, ["value"]))
texts = [
    text,
    watch(TextInput(title="TextInput, value_input", name="typed"), "value_input"),
    watch(PasswordInput(title="PasswordInput"), "value"),
    watch(TextAreaInput(title="TextAreaInput"), "value"),
    watch(AutocompleteInput(title="AutocompleteInput", completions=FRUIT, min_characters=1), "value"),
    watch(NumericInput(title="NumericInput", value=1, mode="float"), "value"),
    watch(Spinner(title="Spinner", low=0, high=10, step=0.5, value=5), "value"),
    watch(FileInput(title="FileInput"), "value"),
]
choices = [
    watch(Select(title="Select", options=FRUIT, value="apple"), "value"),
    watch(MultiSelect(title="MultiSelect", options=FRUIT, value=["apple"], size=4), "value"),
    watch(MultiChoice(title="MultiChoice", options=FRUIT, value=["apple"]), "value"),
    watch(ColorPicker(title="ColorPicker", color="#336699"), "color"),
    watch(
        PaletteSelect(
            title="PaletteSelect",
            items=[("blues", Blues3), ("greens", Greens3), ("reds", Reds3)],
            value="blues",
        ),
        "value",
    ),
]
dates = [
    watch(DatePicker(title="DatePicker", value=MAY), "value"),
    watch(DateRangePicker(title="DateRangePicker", value=(MAY, dt.date(2024, 5, 3))), "value"),
    watch(MultipleDatePicker(title="MultipleDatePicker", value=[MAY]), "value"),
    watch(DatetimePicker(title="DatetimePicker", value=NOON), "value"),
    watch(
        DatetimeRangePicker(title="DatetimeRangePicker", value=(NOON, dt.datetime(2024, 5, 3, 12))), "value"
    ),
    watch(MultipleDatetimePicker(title="MultipleDatetimePicker", value=[NOON]), "value"),
    watch(TimePicker(title="TimePicker", value=dt.time(12, 30)), "value"),
]

fruit = ColumnDataSource({"fruit": FRUIT, "weight": [182.0, 118.0, 8.0, 7.1]})
watch(fruit.selected, "indices")
table = DataTable(
    source=fruit, columns=[TableColumn(field=name) for name in fruit.data], width=300, height=150
)
plot = figure(
    width=300, height=200, x_range=(0, 10), y_range=(0, 10), tools="pan,box_select", title="A plot has events"
)
plot.scatter([2, 5, 8], [5, 2, 8], size=12)
plot.on_event(Tap, partial(happened, ["x", "y"]))
plot.on_event(DoubleTap, partial(happened, ["x", "y"]))
plot.on_event(PanEnd, partial(happened, []))
plot.on_event(SelectionGeometry, partial(happened, ["final"]))

tabs = Tabs(
    tabs=[
        TabPanel(title=title, child=column(children, width=320))
        for title, children in {
            "Buttons": buttons,
            "Sliders": sliders,
            "Texts": texts,
            "Choices": choices,
            "Dates": dates,
            "More": [table, plot],
        }.items()
    ],
    width=400,
)
watch(tabs, "active")

show(row(tabs, log))
session.run()
