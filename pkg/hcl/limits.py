"""How much of a text the language reads: bounds on time and memory, whatever the text says."""

MAX_DIAGNOSTICS = 100
"""Errors that are looked for in one text; reading ends with the last."""

MAX_TOKENS = 300_000
"""Tokens of one text: names, numbers, strings, operators, brackets, line ends."""

MAX_BLOCKS = 20_000
"""Blocks of one text."""

MAX_DEPTH = 100
"""Levels of nesting: blocks, brackets, conditionals, templates."""

MAX_SIZE = 1_000_000
"""Elements and characters that evaluating one expression may make or look at."""

ELEMENT = 8
"""What an element of a list, set or object counts, since it takes memory even when it holds no characters."""

MAX_RESULT = 1_000_000
"""Characters of a string that a function makes."""

MAX_CANDIDATES = 2_000
"""Names that a mistyped one is compared with."""

MAX_COUNTED = 1_000
"""Characters of a line whose columns are counted as a reader sees them; beyond, each code point is one."""
