"""Sections of the Markdown pages as parts of manual pages, so that each text is written once."""

import re


class Document:
    """A Markdown page, by its headings."""

    def __init__(self, file):
        self.name = str(file)
        text = file.read_text(encoding="utf-8")
        # The text under each heading, up to the next one of whatever level.
        self.sections = dict(re.findall(r"^#{2,3} (.+?)\n(.*?)(?=^#{2,3} |\Z)", text, re.MULTILINE | re.DOTALL))

    def blocks(self, heading):
        """The blocks of a section, each as (kind, content)."""
        if heading not in self.sections:
            raise SystemExit(f"{self.name} has no section {heading!r}; the manual pages take its text from there")
        return list(blocks(self.sections[heading]))

    def write(self, page, heading, kinds=("text", "list", "table", "code")):
        """Writes the blocks of some kinds, without texts that only introduce a block of another kind or link to another page."""
        found = self.blocks(heading)
        following = [kind for kind, _ in found[1:]] + [None]
        for (kind, content), next_kind in zip(found, following):
            introduces = kind == "text" and content.endswith(":") and next_kind and next_kind not in kinds
            links = kind == "text" and re.fullmatch(r"\[[^\]]+\]\((?!http)[^)]+\)\.?", content)
            if kind in kinds and not introduces and not links:
                WRITERS[kind](page, content)

    def table(self, heading, first_column):
        """The rows of the table whose first column has this title."""
        for kind, content in self.blocks(heading):
            if kind == "table" and content[0][0] == first_column:
                return content[1:]
        raise SystemExit(f"{self.name}: section {heading!r} has no table of {first_column!r}")


def blocks(text):
    fence = re.compile(r"^```.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    end = 0
    for match in fence.finditer(text):
        yield from prose(text[end : match.start()])
        yield "code", match[1].rstrip("\n").split("\n")
        end = match.end()
    yield from prose(text[end:])


def prose(text):
    for block in filter(str.strip, re.split(r"\n{2,}", text)):
        # Without the marks around tables.
        lines = [line for line in block.strip("\n").split("\n") if not line.startswith("<!--")]
        if not lines:
            continue
        if lines[0].startswith("|"):
            yield "table", [cells(line) for line in lines if not re.match(r"^\|[ |:-]+\|$", line)]
        elif lines[0].startswith("- "):
            items = re.split(r"^- ", "\n".join(lines), flags=re.MULTILINE)
            yield "list", [" ".join(item.split()) for item in items if item.strip()]
        elif lines[0].startswith("    "):
            yield "code", [line[4:] for line in lines]
        else:
            yield "text", " ".join(line.strip() for line in lines)


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def write_table(page, rows):
    """A table as a list of terms; the other columns are the meaning."""
    for first, *rest in rows[1:]:
        page.item(first, *rest)


def write_list(page, items):
    for item in items:
        page.bullet(item)


WRITERS = {
    "text": lambda page, text: page.paragraph(text),
    "list": write_list,
    "table": write_table,
    "code": lambda page, lines: page.code(lines),
}
