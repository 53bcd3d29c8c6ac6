"""How a session reaches its server: requests, open responses, bodies with progress."""
