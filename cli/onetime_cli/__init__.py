"""The command line for a Onetime Secret server: end to end, through API v2."""
