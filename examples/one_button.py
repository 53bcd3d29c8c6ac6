"""One button: Python counts the clicks, of everybody who has the page open.

Run `bokeh-server`, then this, then open the link that it prints, twice. Ctrl-C ends it.
"""

from itertools import count

from bokeh.models import Button

from bokeh_wsgi.plotting import cursession, output_server, show

output_server("One button")
session = cursession()

button = Button(label="Click me", button_type="primary", width=300)
numbers = count(1)


def clicked():
    button.label = f"Clicked {next(numbers)} times"


button.on_click(clicked)
show(button)
session.run()
