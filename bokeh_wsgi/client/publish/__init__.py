"""Finds what a script changed, turns it into steps, and sends them to the server."""
