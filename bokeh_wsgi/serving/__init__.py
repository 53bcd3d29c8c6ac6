"""The HTTP server of ``bokeh-server``: one thread per connection; h11 parses and writes HTTP."""
