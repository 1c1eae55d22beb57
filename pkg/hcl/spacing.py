"""Where a space belongs between two pieces of a line."""

from pikoci.pkg.hcl import lexer
from pikoci.pkg.hcl.pieces import TEMPLATE, Piece

_TIGHT_AFTER = ("(", "[", ".", "::", "!")
_TIGHT_BEFORE = (")", "]", ",", ".", "::", "...")
_OPERAND_ENDS = (lexer.NAME, lexer.NUMBER, lexer.STRING, TEMPLATE, ")", "]", "}")
_WORDS = ("in", "if")


def spaced(line: list[Piece]) -> list[str]:
    """The texts of the pieces of a line, each with the space in front of it that belongs there."""
    texts: list[str] = []
    before: Piece | None = None  # the last piece that is no comment
    operand = False  # whether it ends an operand, so that a minus after it is binary and a bracket an index
    sign = False  # whether it is a sign in front of an operand
    last: Piece | None = None
    for piece in line:
        space = last is not None and _space(last, piece, operand=operand, sign=sign)
        texts.append(f" {piece.text}" if space else piece.text)
        last = piece
        if not piece.comment:
            sign = piece.kind == "-" and not operand
            operand = _ends_operand(before, piece)
            before = piece
    return texts


def _space(last: Piece, piece: Piece, *, operand: bool, sign: bool) -> bool:
    if last.comment or piece.comment:
        return last.kind not in ("(", "[") and piece.kind not in (")", "]", ",")
    kinds = (last.kind, piece.kind)
    if kinds in ((lexer.NUMBER, "."), (".", lexer.NUMBER)):
        return piece.spaced  # in x.0 .1 the space keeps 0.1 from being a number
    if last.kind in _TIGHT_AFTER or piece.kind in _TIGHT_BEFORE or sign or kinds == ("{", "}"):
        return False
    if piece.kind in ("(", "["):
        if last.kind == lexer.NAME and last.text in _WORDS:
            return piece.spaced  # a keyword, or a function or variable of that name
        return not (operand and (piece.kind == "[" or last.kind == lexer.NAME))
    return True


def _ends_operand(before: Piece | None, piece: Piece) -> bool:
    if piece.kind == "*":  # of a splat
        return before is not None and before.kind in (".", "[")
    return piece.kind in _OPERAND_ENDS
