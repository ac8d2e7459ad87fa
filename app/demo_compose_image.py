"""Writes container images as one archive that ``docker load`` takes: no registry, no builder, no base image.

What the images hold is given; loading them is left to others. An archive instead of an import, as only so an image
keeps the time at which its release was made.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

EXECUTABLE = (".sh", ".cgi")


@dataclass(frozen=True)
class Image:
    """One image to be written."""

    reference: str
    """``repository:tag``."""
    created: datetime
    files: Mapping[str, str]
    """Path without a leading ``/`` -> text; ``.sh`` and ``.cgi`` can be run."""
    command: str
    labels: Mapping[str, str]


def write_images(path: Path, images: Iterable[Image], busybox: Path, applets: Iterable[str], architecture: str) -> None:
    """Write the archive: all images share a first layer that holds busybox and a link for each applet.

    ``architecture`` is the engine's word for it, such as ``amd64``.
    """
    base = _base_layer(busybox, applets)
    manifest: list[dict[str, object]] = []
    with tarfile.open(path, "w") as archive:
        first = _add(archive, base, "layer.tar", folder=True)
        for image in images:
            layer = _layer(image.files)
            second = _add(archive, layer, "layer.tar", folder=True)
            config = _config(image, [base, layer], architecture)
            name = _add(archive, json.dumps(config).encode(), ".json", folder=False)
            manifest.append({"Config": name, "RepoTags": [image.reference], "Layers": [first, second]})
        _put(archive, "manifest.json", json.dumps(manifest).encode())


def _config(image: Image, layers: list[bytes], architecture: str) -> dict[str, object]:
    created = image.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": {
            "Env": ["PATH=/bin"],
            "Cmd": [image.command],
            "WorkingDir": "/app",
            "Labels": {"org.opencontainers.image.created": created, **image.labels},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
        "history": [
            {"created": created, "created_by": "busybox"},
            {"created": created, "created_by": f"release of {image.reference}"},
        ],
    }


def _base_layer(busybox: Path, applets: Iterable[str]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as layer:
        for name in ("bin", "etc", "tmp"):
            _folder(layer, name, 0o1777 if name == "tmp" else 0o755)
        _put(layer, "bin/busybox", busybox.read_bytes(), 0o755)
        for applet in sorted(set(applets) - {"busybox"}):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(link)
        _put(layer, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
    return raw.getvalue()


def _layer(files: Mapping[str, str]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as layer:
        folders = {str(parent) for name in files for parent in Path(name).parents} - {"."}
        for folder in sorted({*folders, "data"}):
            _folder(layer, folder, 0o755)
        for name, text in sorted(files.items()):
            _put(layer, name, text.encode(), 0o755 if name.endswith(EXECUTABLE) else 0o644)
    return raw.getvalue()


def _folder(archive: tarfile.TarFile, name: str, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    archive.addfile(entry)


def _put(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _add(archive: tarfile.TarFile, content: bytes, name: str, *, folder: bool) -> str:
    """Put a part under its own digest, as the format has it. Returns its path."""
    digest = hashlib.sha256(content).hexdigest()
    path = f"{digest}/{name}" if folder else f"{digest}{name}"
    _put(archive, path, content)
    return path
