"""Follows a document: reads the stream, updates models, calls callbacks, and stores what those changed."""
