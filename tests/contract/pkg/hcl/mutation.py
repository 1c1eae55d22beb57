"""Seeded damage to files: what a typing user or a bad merge would do to them."""

import random
import re

_TOKEN = re.compile(r"\w+|\s+|\$\{~?|%\{~?|~\}|<<-?|[=!<>]=|=>|&&|\|\||\.\.\.|.", re.DOTALL)
_WORDS = (
    r"""{ } [ ] ( ) " ${ %{ ~} $ % \ = == => , : ? . ... * - ! && || & ' ` ; ~ # // /* */ <<EOT <<-EOT EOT"""
    r""" for in if else endif endfor null 0 1.5 1e é $${ %%{ :: .0.1 [*] .* x \u00e"""
)
_SPACES = ["\n", "\r\n", "<<EOT\n", "<<-EOT\n", "EOT\n", "\t", " ", "\x0b", "\u200d"]
_PIECES = [*_WORDS.split(), *_SPACES]


def mutate(text: str, rng: random.Random) -> str:
    """Return the text with one to three changes of tokens or characters."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        tokens = _TOKEN.findall(text) or [""]
        place = rng.randrange(len(tokens))
        change = rng.randrange(8)
        if change == 0:
            del tokens[place]
        elif change == 1:
            tokens.insert(place, tokens[place])
        elif change == 2:
            other = rng.randrange(len(tokens))
            tokens[place], tokens[other] = tokens[other], tokens[place]
        elif change == 3:
            tokens.insert(place, rng.choice(_PIECES))
        elif change == 4:
            tokens[place] = rng.choice(_PIECES)
        elif change == 5:
            del tokens[place : place + rng.randrange(1, 6)]
        elif change == 6:
            start = rng.randrange(len(tokens))
            tokens[place:place] = tokens[start : start + rng.randrange(1, 6)]
        else:
            at = rng.randrange(len(tokens[place]) + 1)
            tokens[place] = tokens[place][:at] + chr(rng.randrange(32, 127)) + tokens[place][at + 1 :]
        text = "".join(tokens)
    return text
