"""Reading the versions that commands print."""

from __future__ import annotations

import msgspec

from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import StepError, failed

_EXCERPT = 120
_decoder = msgspec.json.Decoder(list[dict[str, object]])
_last_decoder = msgspec.json.Decoder(dict[str, object] | list[dict[str, object]])


def parse_versions(output: bytes, limit: int) -> list[dict[str, object]]:
    """The JSON array of version objects that a check printed; nothing at all is an empty one.

    Raises StepError, showing the beginning of the output, for anything else, and for more than `limit` versions.
    """
    text = output.strip()
    if not text:
        return []
    try:
        versions = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StepError(
            failed(f"the check must print a JSON array of objects ({error}), but it printed: {_excerpt(text)}")
        ) from error
    if len(versions) > limit:
        raise StepError(
            failed(
                f"the check printed {len(versions)} versions; at most {limit} are allowed:"
                " print those after the previous one"
            )
        )
    if not all(versions):
        raise StepError(failed("the check printed an empty version object"))
    return versions


def parse_last_line(output: bytes) -> list[dict[str, object]] | None:
    """The versions on the last line that is not blank, a JSON object or an array of them; None if it is anything else.

    No line at all is no version.
    """
    line = output.rstrip().rsplit(b"\n", 1)[-1]
    if not line:
        return []
    try:
        found = _last_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    versions = found if isinstance(found, list) else [found]
    return versions if all(versions) else None


def refuse_secrets(version: dict[str, object], masker: Masker) -> None:
    """Raise StepError for a version that holds a secret: everybody who sees the pipeline sees its versions."""
    if masker.reveals_secret(msgspec.json.encode(version).decode()):
        raise StepError(failed("the version contains a secret, and everybody can see versions"))


def _excerpt(data: bytes) -> str:
    text = data[:_EXCERPT].decode("utf-8", "replace")
    return repr(text) + (" …" if len(data) > _EXCERPT else "")
