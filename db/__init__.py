"""The store: measurements and scenarios, only ever added to, in SQLite or PostgreSQL."""
