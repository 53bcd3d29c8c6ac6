"""The HTTP server of ``bokeh-server``: a thread per connection, HTTP as h11 reads and writes it."""
