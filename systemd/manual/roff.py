"""Writes a manual page in the language of man(7), from the part of Markdown that the pages and the tables use."""

import re
import textwrap
from datetime import datetime, timezone

INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|\*(?P<emphasis>[^*\s][^*]*)\*|\[(?P<text>[^\]]+)\]\((?P<link>[^)]+)\)"
)


class Page:
    """One page. Text is Markdown: `code`, **bold**, *emphasis* and [links](…)."""

    def __init__(self, name, section, summary, version, seconds):
        self.name, self.section = name, section
        date = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")
        self.lines = [f'.TH {name.upper()} {section} {date} "imattrd {version}" "imattrd"']
        # No name is divided at the end of a line.
        self.lines += [".nh", ".ad l"]
        self.heading("NAME")
        self.lines.append(f"{literal(name)} \\- {plain(summary)}")

    @property
    def file(self):
        """Its path in /usr/share."""
        return f"man/man{self.section}/{self.name}.{self.section}"

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"

    def heading(self, text):
        self.lines.append(f'.SH "{text}"')

    def subheading(self, text):
        self.lines.append(f'.SS "{plain(text)}"')

    def paragraph(self, text):
        self._begin_paragraph()
        self._fill(text)

    def item(self, term, *texts):
        """A term with its meaning, as paragraphs."""
        self.lines.append(".TP")
        self._fill(term)
        for number, text in enumerate(text for text in texts if text):
            if number:
                self.lines += [".IP"]
            self._fill(text)

    def bullet(self, text):
        self.lines.append(".IP \\(bu 2")
        self._fill(text)

    def code(self, lines):
        """Lines as they are, indented."""
        self._begin_paragraph()
        self.lines += [".RS 4", ".EX", *(protected(literal(line)) for line in lines), ".EE", ".RE"]

    def see_also(self, *pages):
        self.heading("SEE ALSO")
        *most, last = [f".BR {literal(page[:-3])} {page[-3:]}" for page in pages]
        self.lines += [f"{line} ," for line in most] + [last]

    def _begin_paragraph(self):
        # A heading begins one by itself.
        if not self.lines[-1].startswith((".SH", ".SS")):
            self.lines.append(".PP")

    def _fill(self, text):
        # No line may begin with a control character, and no word is divided at its hyphen.
        # mandoc counts a character beyond ASCII as the eight of its escape.
        width = 76 if text.isascii() else 60
        filled = textwrap.wrap(inline(text), width, break_long_words=False, break_on_hyphens=False)
        self.lines += [protected(line) for line in filled]


def inline(text):
    """Markdown within a paragraph."""
    parts, end = [], 0
    for match in INLINE.finditer(text):
        parts.append(plain(text[end : match.start()]))
        if match["text"]:
            address = f" ({plain(match['link'])})" if match["link"].startswith("http") else ""
            parts.append(inline(match["text"]) + address)
        elif match["emphasis"]:
            parts.append(f"\\fI{plain(match['emphasis'])}\\fR")
        else:
            parts.append(f"\\fB{literal(match['code'] or match['bold'])}\\fR")
        end = match.end()
    return "".join(parts) + plain(text[end:])


def plain(text):
    """Prose, in which a hyphen is a hyphen."""
    return text.replace("\\", "\\e").replace("--", "\\-\\-")


def literal(text):
    """What a reader may copy: a hyphen is the minus of the keyboard, and quotation marks stay straight."""
    escapes = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
    return "".join(escapes.get(character, character) for character in text)


def protected(line):
    """A line of text that starts like a request of roff, so that it is not read as one."""
    return "\\&" + line if line.startswith((".", "'")) else line
