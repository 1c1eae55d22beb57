"""The parser's place in the tokens: one token of lookahead, and whether newlines mean anything here."""

from typing import NoReturn

from pikoci.pkg.hcl import lexer
from pikoci.pkg.hcl.diagnostics import Diagnostic, Range, error
from pikoci.pkg.hcl.limits import MAX_DEPTH, MAX_DIAGNOSTICS


class Failure(Exception):  # noqa: N818 - control flow inside the parser: it never leaves this package
    """What is being parsed can't go on; carries the diagnostic.

    `complete` is the token that ended an item, where all was well up to it: so that nobody looks at the item again.
    """

    def __init__(self, diagnostic: Diagnostic, complete: int | None = None) -> None:
        super().__init__(diagnostic.summary)
        self.diagnostic = diagnostic
        self.complete = complete


class Halt(Exception):  # noqa: N818 - as above
    """The rest of the text is not looked at; why is the last diagnostic."""


class TokenStream:
    """Reads tokens in order. `kind` and `index` are the next token; `after` is the index after the last one read."""

    def __init__(self, tokens: lexer.Tokens) -> None:
        self.source = tokens.source
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.diagnostics: list[Diagnostic] = []
        self.newlines = True
        self.depth = 0
        self.index = 0
        self.after = 0
        self.kind = self.kinds[0]

    def advance(self) -> int:
        """Read the next token and return its index."""
        index = self.index
        kinds = self.kinds
        following = index + 1
        if following == len(kinds):
            return index
        self.after = following
        if not self.newlines:
            while kinds[following] == lexer.NEWLINE:
                following += 1
        self.index = following
        self.kind = kinds[following]
        return index

    def heed_newlines(self, heed: bool) -> bool:
        """Make newlines count or not from here on; return what held before."""
        before = self.newlines
        self.newlines = heed
        self.seek(self.after)
        return before

    def seek(self, index: int) -> None:
        """Go to the token at an index."""
        self.after = index
        if not self.newlines:
            while self.kinds[index] == lexer.NEWLINE:
                index += 1
        self.index = index
        self.kind = self.kinds[index]

    def text(self, index: int) -> str:
        """Return the source text of a token."""
        return self.source.text[self.starts[index] : self.ends[index]]

    def at_word(self, word: str) -> bool:
        """Tell whether the next token is this name."""
        return self.kind == lexer.NAME and self.text(self.index) == word

    def here(self) -> Range:
        """Return the range of the next token."""
        return Range(self.source, self.starts[self.index], self.ends[self.index])

    def range_of(self, index: int) -> Range:
        """Return the range of a token."""
        return Range(self.source, self.starts[index], self.ends[index])

    def since(self, start: int) -> Range:
        """Return the range from a character offset to the end of the last token read."""
        return Range(self.source, start, self.ends[self.after - 1])

    def failure(self, summary: str, detail: str = "", where: Range | None = None, hint: str = "") -> Failure:
        """Return the reason to give up on what is being parsed; without a range, the next token is to blame."""
        return Failure(error(summary, detail, where or self.here(), hint))

    def fail(self, summary: str, detail: str = "", where: Range | None = None, hint: str = "") -> NoReturn:
        """Give up on what is being parsed."""
        raise self.failure(summary, detail, where, hint)

    def report(self, summary: str, detail: str, where: Range, hint: str = "") -> None:
        """Note an error and go on. Raises `Halt` when there are too many."""
        self.note(error(summary, detail, where, hint))

    def note(self, diagnostic: Diagnostic) -> None:
        """Note a finding and go on. Raises `Halt` when there are too many."""
        self.diagnostics.append(diagnostic)
        if len(self.diagnostics) > MAX_DIAGNOSTICS:
            raise Halt

    def enter(self) -> None:
        """Count one more level of nesting; leaving is `depth -= 1`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("Nested too deeply", f"At most {MAX_DEPTH} levels of nesting are allowed.")
