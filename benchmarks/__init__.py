"""Measurements of the site, and of what bounds it, in one run: see docs/performance.md."""
