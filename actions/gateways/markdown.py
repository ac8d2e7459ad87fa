"""Reads a procedure from Markdown: anybody's runbook, by its meaning, with the lines of the file.

Nothing of the document is dropped: what is no criterion, item, step, contact and so on is kept as text, and what should
have meant something and does not is listed with its line and the reason. Judging the answer is left to
``actions.model.procedure_check``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from actions.gateways.markdown_blocks import blocks_of, references
from actions.gateways.markdown_finish import finished
from actions.gateways.markdown_labels import metadata_key
from actions.gateways.markdown_reading import Reader
from actions.gateways.markdown_source import LONGEST, Source, decoded, prepared
from actions.model.errors import BadInput
from actions.model.outside_text import sanitise
from actions.model.procedure import Procedure


def read_procedure(path: Path) -> Procedure:
    """The procedure in a file. Raises ``BadInput`` for what is no readable UTF-8 text, naming the line and the byte."""
    shown = sanitise(str(path))
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is no file" if path.exists() else "does not exist"
            raise BadInput(f"{shown} {what}", "", "name the Markdown file of the procedure")
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        why = sanitise(getattr(error, "strerror", None) or str(error))
        raise BadInput(f"{shown} cannot be read", why, "name a file that you may read") from error
    if size > LONGEST:
        said = f"{size / 1_048_576:.1f} MiB, and {LONGEST // 1_048_576} MiB is the most that is read"
        raise BadInput(f"{shown} is too long for a procedure", said, "name the Markdown file of the procedure")
    return read_text(decoded(data, str(path)), path=str(path), folder=path.parent, data=data)


def read_text(
    text: str, *, path: str = "procedure.md", folder: Path | None = None, data: bytes | None = None
) -> Procedure:
    """The procedure in a text. ``folder``: where its relative links begin; None: they are not looked at."""
    source = prepared(text)
    blocks, missed = blocks_of(source.text)
    reader = Reader()
    reader.tables.lines = source.lines
    _front_matter(reader, source)
    reader.read(blocks)
    reader.missed([(number, source.lines[number - 1]) for number in missed])
    used = {target.target for target in reader.drafts.targets}
    reader.drafts.targets += [one for one in references(source.text) if one.target not in used]
    if reader.message is not None:
        reader.drafts.not_understood(reader.message_line, "message", "no text stands after it")
    digest = hashlib.sha256(data if data is not None else text.encode("utf-8", "surrogatepass")).hexdigest()
    return finished(reader.drafts, path=path, sha256=digest, folder=folder)


def _front_matter(reader: Reader, source: Source) -> None:
    for line, key, value in source.front:
        name = "title" if key == "title" else metadata_key(key, value)
        if name and value:
            reader.drafts.facts.setdefault(name, value)
        else:
            reader.drafts.prose(reader.root, f"{key}: {value}" if key else value, line)
    for line, title in source.aside:
        reader.drafts.prose(reader.root, title, line)
