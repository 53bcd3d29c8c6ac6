import pytest

from bokeh_wsgi.pages.listing import ago, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (7200, "2 hours ago"),
        (86_400, "yesterday"),
        (8 * 86_400, "last week"),
        (21 * 86_400, "3 weeks ago"),
        (70 * 86_400, "2 months ago"),
        (366 * 86_400, "last year"),
    ],
)
def test_a_time_span_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert ago(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345, "12 kB"),
        (999_999, "1.0 MB"),
        (3_200_000_000, "3.2 GB"),
    ],
)
def test_a_size_is_told_in_the_largest_fitting_unit(count: int, text: str) -> None:
    assert size(count) == text
