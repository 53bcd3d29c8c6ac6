"""What others did: read from the stream, brought to the models, callbacks called, their changes stored."""
