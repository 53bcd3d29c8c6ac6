"""The first example of the old docs, "Deploying the Bokeh Server": only the import has changed."""

from bokeh_wsgi.plotting import figure, output_server, show

output_server("line") # THIS LINE HAS CHANGED!

p = figure(plot_width=400, plot_height=400)

# add a line renderer
p.line([1, 2, 3, 4, 5], [6, 7, 2, 4, 5], line_width=2)

show(p)
