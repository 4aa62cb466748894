"""`make faults`: breaks everything around a running site, again and again, and checks what it promised.

Nothing here touches a service of the machine: PostgreSQL, Redis and the site are started by the
harness on ports of their own and end with it. Traffic stays on the loopback address.
"""
