"""Reading the versions that commands print."""

from __future__ import annotations

import msgspec

from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import StepError, failed

_EXCERPT = 120
_decoder = msgspec.json.Decoder(list[dict[str, object]])


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


def parse_last_line(output: bytes) -> dict[str, object] | None:
    """The JSON object on the last line that is not blank; None when that line is anything else."""
    lines = output.rstrip().rsplit(b"\n", 1)
    try:
        return msgspec.json.decode(lines[-1], type=dict[str, object]) or None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def refuse_secrets(version: dict[str, object], masker: Masker) -> None:
    """Raise StepError for a version that holds a secret: everybody who sees the pipeline sees its versions."""
    if masker.reveals_secret(msgspec.json.encode(version).decode()):
        raise StepError(failed("the version contains a secret, and everybody can see versions"))


def _excerpt(data: bytes) -> str:
    text = data[:_EXCERPT].decode("utf-8", "replace")
    return repr(text) + (" …" if len(data) > _EXCERPT else "")
