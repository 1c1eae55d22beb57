"""Definitions of types from the web: a block with `source = "https://…"` becomes the one that was fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

import msgspec

from pikoci.internal.domain.fetched_source import FetchedSource
from pikoci.internal.pipeline.language import LANGUAGE, PIPELINE
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.schema import BlockSchema
from pikoci.pkg import hcl
from pikoci.pkg.hcl.syntax import Attribute, Block, Body, Literal

#: A file may name so many different addresses.
MAX_SOURCES = 20
_START = re.compile(r"https?://", re.IGNORECASE)
_MENTIONED = re.compile(r'\bsource[ \t]*=[ \t]*"https?://', re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PINS = ("source", "source_sha256")


class Fetched(msgspec.Struct, frozen=True):
    """What an address holds, or why that could not be had, in one clause, and what to do about it."""

    content: bytes = b""
    problem: str = ""
    hint: str = ""


def mentions_web(config: str) -> bool:
    """Whether a file could take definitions from the web, told at once."""
    return _MENTIONED.search(config) is not None


def addresses(config: str, filename: str = "") -> list[str]:
    """The addresses on the web that a file takes definitions from, each once; the first few if there are too many.

    Large files take their time.
    """
    if not mentions_web(config):
        return []
    body, _ = hcl.parse(config, filename)
    found = (_web_address(block) for block, _ in _typed(body))
    return list(dict.fromkeys(address for address in found if address))[:MAX_SOURCES]


def insert(body: Body, fetched: Mapping[str, Fetched], report: Report) -> tuple[Body, list[FetchedSource]]:
    """The file with each block that names an address replaced by what was `fetched` from there; errors are reported.

    A block that has an error stays as it is.
    """
    inserting = _Inserting(fetched, report)
    blocks = {id(block): inserting.replaced(block, schema) for block, schema in _typed(body)}
    if not inserting.sources:
        return body, []
    items = tuple(blocks.get(id(item), item) for item in body.items)
    return Body(body.range, items), inserting.sources


class _Inserting:
    def __init__(self, fetched: Mapping[str, Fetched], report: Report) -> None:
        self._fetched = fetched
        self._report = report
        self.sources: list[FetchedSource] = []

    def replaced(self, block: Block, schema: BlockSchema) -> Block:
        """The block that stands for `block`; itself if it names no address, or if something is wrong."""
        address, pin = _web_address(block), block.body.attribute("source_sha256")
        if not address:
            if pin is not None:
                hint = "a definition that comes with the program needs no digest"
                self._report.error(pin.name_range, '"source_sha256" without a source on the web', hint=hint)
            return block
        source = block.body.attributes["source"]
        found = self._fetched.get(address, Fetched(problem="it was not fetched", hint=_too_many()))
        if found.problem:
            self._report.error(
                source.expr.range, "The source cannot be had", f"{address}: {found.problem}.", found.hint
            )
            return block
        digest = sha256(found.content).hexdigest()
        if self._mixes(block, schema) or not self._fits_pin(pin, digest, source, address):
            return block
        definition = self._definition(found.content, address, block, source)
        if definition is None:
            return block
        self.sources.append(FetchedSource(block=block.type, name=block.labels[0], address=address, sha256=digest))
        own = tuple(item for item in block.body.items if isinstance(item, Block) or item.name not in _PINS)
        names = {_name(item) for item in own}
        brought = tuple(item for item in definition.body.items if _name(item) not in names)
        places = tuple(place for where in block.label_ranges for place in (where.start, where.end))
        return Block(block.range, block.type, block.labels, places, Body(block.body.range, own + brought))

    def _mixes(self, block: Block, schema: BlockSchema) -> bool:
        """Whether the block brings commands of its own, which is reported. Its `runner` and `params` come first."""
        mixed = [item for item in block.body.blocks if item.type in schema.children and item.type != "runner"]
        for item in mixed:
            detail, hint = "A source brings its own commands.", "take one of them out"
            self._report.error(item.type_range, f'Both "source" and "{item.type}"', detail, hint)
        return bool(mixed)

    def _fits_pin(self, pin: Attribute | None, digest: str, source: Attribute, address: str) -> bool:
        if pin is None:
            self._report.warning(
                source.expr.range,
                "A source that may change",
                f"Whoever can change {address} decides what builds run.",
                f'write source_sha256 = "{digest}", which is that of now',
            )
            return True
        wanted = pin.expr.value if isinstance(pin.expr, Literal) else None
        if not isinstance(wanted, str) or not _DIGEST.fullmatch(wanted.lower()):
            self._report.error(
                pin.expr.range, 'Wrong value for "source_sha256"', "64 hexadecimal digits are required, written out."
            )
        elif wanted.lower() != digest:
            self._report.error(
                pin.expr.range,
                "The source has changed",
                f"{address} has the digest {digest}.",
                "look at what is there now, and write this digest if it is as it should be",
            )
        else:
            return True
        return False

    def _definition(self, content: bytes, address: str, block: Block, source: Attribute) -> Block | None:
        """The one block of the right type that was fetched; None, and an error, for anything else."""
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse(source, f"What {address} holds is no text.")
            return None
        body, found = hcl.parse(text, address)
        if hcl.has_errors(found):
            self._report.extend(found)
            self._refuse(source, f"What {address} holds is no HCL.")
            return None
        blocks = [item for item in body.items if isinstance(item, Block)]
        if len(body.items) != 1 or len(blocks) != 1 or blocks[0].type != block.type or len(blocks[0].labels) != 1:
            self._refuse(source, f"{address} must hold one {block.type} block and nothing else.")
            return None
        return blocks[0] if self._stands_alone(blocks[0], source, address) else None

    def _stands_alone(self, definition: Block, source: Attribute, address: str) -> bool:
        if definition.body.attribute("source") is not None:
            self._refuse(source, f"{address} leads on to another source.")
            return False
        used = [path for expression in _expressions(definition.body) for path in hcl.traversals(expression)]
        for path in used:
            detail = "A definition from the web sees nothing of the file that uses it."
            self._report.error(path.range, f'"{path.root}" in a source', detail, "make it a param")
        return not used

    def _refuse(self, source: Attribute, detail: str) -> None:
        self._report.error(source.expr.range, "The source holds no definition", detail)


def _typed(body: Body) -> Iterator[tuple[Block, BlockSchema]]:
    """The top-level blocks that may have a source."""
    for block in body.blocks:
        schema = LANGUAGE.get(PIPELINE.children.get(block.type, ""))
        if schema is not None and "source" in schema.by_name and len(block.labels) == len(schema.labels):
            yield block, schema


def _web_address(block: Block) -> str:
    """The address on the web that a block's source is, written out; empty for any other source."""
    source = block.body.attribute("source")
    value = source.expr.value if source is not None and isinstance(source.expr, Literal) else None
    return value if isinstance(value, str) and _START.match(value) else ""


def _name(item: Attribute | Block) -> str:
    return item.type if isinstance(item, Block) else item.name


def _expressions(body: Body) -> Iterator[hcl.Expression]:
    for item in body.items:
        if isinstance(item, Block):
            yield from _expressions(item.body)
        else:
            yield item.expr


def _too_many() -> str:
    return f"a file may name {MAX_SOURCES} addresses"
