"""Widgets of every kind, with values set."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

from datetime import date, datetime, time

from bokeh.layouts import column, row
from bokeh.models import (
    AutocompleteInput,
    BuiltinIcon,
    Button,
    Checkbox,
    CheckboxButtonGroup,
    CheckboxGroup,
    ColorPicker,
    DatePicker,
    DateRangePicker,
    DateRangeSlider,
    DateSlider,
    DatetimePicker,
    DatetimeRangePicker,
    DatetimeRangeSlider,
    Div,
    Dropdown,
    FileInput,
    HelpButton,
    MultiChoice,
    MultipleDatePicker,
    MultiSelect,
    NumericInput,
    PaletteSelect,
    Paragraph,
    PasswordInput,
    PreText,
    RadioButtonGroup,
    RadioGroup,
    RangeSlider,
    Select,
    Slider,
    Spinner,
    SVGIcon,
    Switch,
    TextAreaInput,
    TextInput,
    TimePicker,
    Toggle,
    Tooltip,
)
from bokeh.models.css import InlineStyleSheet
from bokeh.models.widgets.sliders import CategoricalSlider

from .registry import Built, document

SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">
<circle cx="5" cy="5" r="4" fill="red"/></svg>"""


@document
def sliders() -> Built:
    return column(
        Slider(start=0, end=10, value=3.5, step=0.1, title="Slider"),
        Slider(
            start=0, end=10, value=7, bar_color="orange", show_value=False, title="No value", direction="rtl"
        ),
        RangeSlider(start=0, end=10, value=(2, 8.5), step=0.5, title="RangeSlider", format="0.00"),
        DateSlider(
            start=date(2024, 1, 1), end=date(2024, 12, 31), value=date(2024, 5, 1), title="DateSlider"
        ),
        DateRangeSlider(
            start=date(2024, 1, 1),
            end=date(2024, 12, 31),
            value=(date(2024, 2, 1), date(2024, 9, 1)),
            title="Dates",
        ),
        DatetimeRangeSlider(
            start=datetime(2024, 1, 1),  # noqa: DTZ001
            end=datetime(2024, 1, 9),  # noqa: DTZ001
            value=(datetime(2024, 1, 2, 6), datetime(2024, 1, 5, 18)),  # noqa: DTZ001
            title="Moments",
        ),
        CategoricalSlider(categories=["cold", "warm", "hot"], value="warm", title="CategoricalSlider"),
        row(
            Slider(start=0, end=5, value=2, orientation="vertical", height=150),
            Slider(start=0, end=1, value=0, disabled=True),
        ),
    )


@document
def text_inputs() -> Built:
    return column(
        TextInput(value="a value", title="TextInput", prefix="€", suffix="/h"),
        TextInput(placeholder="a placeholder", title="Placeholder", description="a description"),
        TextAreaInput(
            value="several\nlines & <tags>", title="TextAreaInput", rows=4, cols=30, max_length=100
        ),
        PasswordInput(value="secret", title="PasswordInput"),
        AutocompleteInput(completions=["one", "two"], value="one", title="AutocompleteInput"),
        NumericInput(value=1234.5, mode="float", format="0,0.00", title="NumericInput"),
        Spinner(low=0, high=40, step=0.5, value=12.5, title="Spinner", width=120),
        ColorPicker(color="#3a7", title="ColorPicker", width=100),
        FileInput(accept=".csv", title="FileInput"),
    )


@document
def selects() -> Built:
    options = ["foo", "bar", "baz", "quux"]
    groups = {"fruit": ["apple", "pear"], "number": [("1", "one"), ("2", "two")]}
    return row(
        column(
            Select(options=options, value="bar", title="Select"),
            Select(options=groups, value="2", title="In groups"),
            PaletteSelect(
                items=[("Reds", ["#300", "#900", "#f00"]), ("Blues", ["#003", "#009"])], value="Blues"
            ),
        ),
        column(
            MultiSelect(options=options, value=["foo", "quux"], title="MultiSelect", size=5),
            MultiChoice(options=options, value=["foo", "baz"], title="MultiChoice", search_option_limit=2),
        ),
        spacing=30,
    )


@document
def pickers() -> Built:
    return row(
        column(
            DatePicker(value=date(2024, 5, 1), min_date=date(2024, 1, 1), title="DatePicker"),
            DateRangePicker(value=(date(2024, 5, 1), date(2024, 6, 1)), title="DateRangePicker"),
            MultipleDatePicker(value=[date(2024, 5, 1), date(2024, 5, 3)], title="MultipleDatePicker"),
        ),
        column(
            DatetimePicker(value=datetime(2024, 5, 1, 12, 30), title="DatetimePicker"),  # noqa: DTZ001
            DatetimeRangePicker(
                value=(datetime(2024, 5, 1, 12), datetime(2024, 5, 2, 13)),  # noqa: DTZ001
                title="DatetimeRangePicker",
            ),
            TimePicker(value=time(16, 20), clock="24h", title="TimePicker"),
        ),
        spacing=30,
    )


@document
def buttons() -> Built:
    kinds = ("default", "primary", "success", "warning", "danger", "light")
    menu = [("First", "one"), None, ("Second", "two")]
    return column(
        row(*(Button(label=kind, button_type=kind, width=100) for kind in kinds)),
        row(
            Toggle(label="on", active=True, button_type="success"),
            Toggle(label="off"),
            Button(label="disabled", disabled=True),
        ),
        row(
            Dropdown(label="Dropdown", menu=menu),
            Dropdown(label="Split", menu=menu, split=True, button_type="warning"),
            HelpButton(tooltip=Tooltip(content="help", position="right")),
        ),
        row(
            Button(label="settings", icon=BuiltinIcon("settings", size="1.2em")),
            Button(label="drawn", icon=SVGIcon(svg=SVG, size="1.2em")),
        ),
    )


@document
def groups_of_choices() -> Built:
    labels = ["Option 1", "Option 2", "Option 3"]
    return column(
        CheckboxGroup(labels=labels, active=[0, 2]),
        CheckboxGroup(labels=labels, active=[1], inline=True),
        RadioGroup(labels=labels, active=1),
        RadioGroup(labels=labels, active=0, inline=True, disabled=True),
        CheckboxButtonGroup(labels=labels, active=[0, 1], button_type="primary"),
        RadioButtonGroup(labels=labels, active=2, orientation="vertical"),
        row(
            Checkbox(label="Checkbox", active=True), Switch(active=True), Switch(active=False, disabled=True)
        ),
    )


@document
def markup() -> Built:
    html = "<h3>Div</h3><ul><li>with <a href='#there'>a link</a></li><li style='color:red'>red</li></ul>"
    return column(
        Div(text=html, width=300, styles={"border": "1px solid #ccc", "padding": "8px"}),
        Div(text="<b>not</b> HTML", render_as_text=True),
        Paragraph(text="A paragraph of some words, which is long enough to be broken into lines.", width=200),
        PreText(text="def f(x):\n    return x < 2 & y", width=300),
        Div(text=r"A formula in text: $$x^2 + y^2 = z^2$$", width=300),
    )


@document
def styled_widgets() -> Built:
    sheet = InlineStyleSheet(css=".bk-btn { border-radius: 20px; background: linear-gradient(#ffe, #fc6); }")
    return column(
        Button(label="with its own sheet", stylesheets=[sheet]),
        Slider(
            start=0,
            end=1,
            value=0.3,
            stylesheets=[":host { --my: 4px } .noUi-handle { background: crimson }"],
        ),
        TextInput(value="right", styles={"text-align": "right", "font-size": "20px"}, css_classes=["mine"]),
        Div(text="hidden", visible=False),
        Div(text="shown below what is hidden"),
    )
