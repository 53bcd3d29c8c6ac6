"""Requests to the server: retries, open responses, bodies with progress."""
