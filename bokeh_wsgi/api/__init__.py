"""The HTTP API for programs: accounts, documents, changes and exports."""
