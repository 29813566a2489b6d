"""What tests share: a PostgreSQL per run, processes, tokens, and patience."""
