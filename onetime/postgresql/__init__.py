"""Django's PostgreSQL backend, asking less often whether a kept connection still lives."""
