"""Dates as each language writes them; what is not here comes from Django."""
