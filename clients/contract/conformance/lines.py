"""Bytes into lines."""


class LineSplitter:
    """Takes bytes as they come; long lines cost no more than their length."""

    def __init__(self):
        self.rest = []  # the pieces of a line that has not ended yet

    def lines(self, chunk):
        """The lines that end in the chunk, without their ends."""
        if b"\n" not in chunk:
            if chunk:
                self.rest.append(chunk)
            return []
        first, *others = chunk.split(b"\n")
        whole = [b"".join([*self.rest, first]), *others]
        last = whole.pop()
        self.rest = [last] if last else []
        return whole
