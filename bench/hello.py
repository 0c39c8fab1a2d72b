"""The lightest function there is: what functions-framework itself costs."""

from flask import Request


def hello(request: Request) -> str:
    """Answer any request."""
    return "Hello World!"
