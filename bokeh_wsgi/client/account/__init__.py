"""Who a session is at its server: user, key, and the documents of the account as wholes."""
