"""`python -m onetime.server`: the server as it runs in production, with the flags of `make run`."""

from onetime.embedded import serve

if __name__ == "__main__":
    serve()
