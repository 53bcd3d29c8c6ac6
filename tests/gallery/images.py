"""Images: of numbers, of colours, stacked, from addresses, and contours."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

from importlib.util import find_spec

import numpy as np
from bokeh.layouts import gridplot, row
from bokeh.models import ColorBar, ColumnDataSource, EqHistColorMapper, LinearColorMapper, LogColorMapper
from bokeh.models.mappers import CategoricalColorMapper, WeightedStackColorMapper
from bokeh.palettes import Category10, Magma256, Spectral11, Viridis256
from bokeh.plotting import figure

from .registry import Built, document

SIDE = np.linspace(-3, 3, 60)
WAVES = np.sin(SIDE)[:, None] * np.cos(SIDE * 1.5)[None, :]
# Two pixels, red and blue, as a PNG.
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAA"
    "D0lEQVR4nGP4z8Dw/z8DAAj8Av6Fzw8yAAAAAElFTkSuQmCC"
)


def square(**options: object) -> figure:
    return figure(width=300, height=260, **options)


@document
def image_of_numbers_with_a_colour_bar() -> Built:
    made = figure(width=450, height=360)
    drawn = made.image(image=[WAVES], x=0, y=0, dw=10, dh=10, palette=Magma256, level="image")
    made.add_layout(drawn.construct_color_bar(padding=1, title="height"), "right")
    made.grid.grid_line_width = 0.5
    return made


def images_of_different_sizes() -> Built:
    made = figure(width=450, height=300)
    images = [WAVES, WAVES[:7, :13].astype("float32"), np.arange(12, dtype="uint8").reshape(3, 4)]
    made.image(image=images, x=[0, 4, 8], y=0, dw=3, dh=[3, 2, 1], color_mapper=LinearColorMapper(Spectral11))
    return made


@document
def image_with_holes_and_limits() -> Built:
    holes = WAVES.copy()
    holes[20:30, 10:40] = np.nan
    mapper = LinearColorMapper(
        Viridis256, low=-0.6, high=0.6, low_color="black", high_color="white", nan_color="red"
    )
    made = square()
    made.image(image=[holes], x=0, y=0, dw=1, dh=1, color_mapper=mapper, origin="top_left")
    return made


@document
def colour_mappers_and_their_bars() -> Built:
    values = 10 ** (WAVES * 2)
    mappers = [LogColorMapper(Viridis256), EqHistColorMapper(Viridis256), LinearColorMapper(Viridis256)]
    plots = []
    for mapper, place in zip(mappers, ("right", "left", "below"), strict=True):
        made = square(title=type(mapper).__name__)
        made.image(image=[values], x=0, y=0, dw=1, dh=1, color_mapper=mapper)
        made.add_layout(ColorBar(color_mapper=mapper, label_standoff=6), place)
        plots.append(made)
    categories = CategoricalColorMapper(palette=Category10[3], factors=["a", "b", "c"])
    last = square(title="CategoricalColorMapper")
    last.scatter([1, 2, 3], [1, 2, 3], size=20)
    last.add_layout(ColorBar(color_mapper=categories), "right")
    return gridplot([plots[:2], [plots[2], last]], toolbar_location=None)


def image_of_colours() -> Built:
    pixels = np.empty((20, 20), dtype=np.uint32)
    bytes_of = pixels.view(np.uint8).reshape((20, 20, 4))
    bytes_of[..., 0] = np.arange(20) * 12
    bytes_of[..., 1] = 158
    bytes_of[..., 2] = (np.arange(20) * 12)[:, None]
    bytes_of[..., 3] = 255
    made = square()
    made.image_rgba(image=[pixels], x=0, y=0, dw=10, dh=10)
    made.image_rgba(image=[pixels[::-1]], x=11, y=0, dw=5, dh=10)
    return made


@document
def image_stack() -> Built:
    layers = np.stack([np.clip(WAVES, 0, 1), np.clip(-WAVES, 0, 1), np.full_like(WAVES, 0.2)], axis=-1)
    mapper = WeightedStackColorMapper(
        palette=["red", "blue", "green"],
        nan_color=(0, 0, 0, 0),
        alpha_mapper=LinearColorMapper(palette=["#00000000", "#000000ff"], low=0, high=1.2),
    )
    made = square(background_fill_color="#eeeeee")
    made.image_stack(image=[layers], x=0, y=0, dw=1, dh=1, color_mapper=mapper)
    return made


def image_from_an_address() -> Built:
    made = square(x_range=(0, 4), y_range=(0, 4))
    made.image_url(
        url=[PNG, PNG], x=[0.5, 2], y=[1, 2], w=[1, 1.5], h=1, angle=[0, 0.3], anchor="bottom_left"
    )
    return made


@document
def images_of_colours_and_from_addresses() -> Built:
    return row(image_of_colours(), image_from_an_address())


def contours() -> Built:
    levels = np.linspace(-1, 1, 9)
    filled, lines = square(), square()
    drawn = filled.contour(SIDE, SIDE, WAVES, levels, fill_color=Spectral11[:8], line_color="black")
    filled.add_layout(drawn.construct_color_bar(), "right")
    lines.contour(SIDE, SIDE, WAVES, levels, line_color=Spectral11[:9], line_width=[1, 2, 3] * 3)
    return row(filled, lines)


if find_spec("contourpy"):  # Bokeh 3.10 does without it until a contour is asked for
    document(contours)


def images_from_one_source() -> Built:
    source = ColumnDataSource({"picture": [WAVES, WAVES.T, -WAVES], "x": [0, 4, 8], "alpha": [1, 0.6, 0.3]})
    made = figure(width=450, height=220)
    made.image(
        image="picture", x="x", y=0, dw=3, dh=3, global_alpha="alpha", palette=Viridis256, source=source
    )
    return made


@document
def images_of_different_sizes_and_opacities() -> Built:
    return row(images_of_different_sizes(), images_from_one_source())
