"""Why a run of the bench ends early: a failure makes every figure worthless, so there is none beside it."""


class BenchFailure(Exception):
    """Something that is measured did not start or did not answer right; the text says what came instead.

    `log` is what the process said that it happened to.
    """

    log = ""

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.log}".rstrip()
