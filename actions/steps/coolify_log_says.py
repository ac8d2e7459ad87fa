"""What the log of a Coolify deployment says beside its state: built anew, came up all the same, why it failed.

Its words are those of Coolify 4.3; a log that is not told, or is worded otherwise, says nothing. Proves nothing.
"""

from __future__ import annotations

from actions.model.coolify import Deployment

BUILDS = ("Building docker image started", "Building docker image with", "Pulling & building required images")
CAME_UP = ("New container is healthy", "Rolling update completed")
WENT = ("New container is unhealthy", "New container is not healthy", "Rolling update failed")
FRAMES = ("Deployment failed:", "Error type:", "Error code:", "Location:")
"""With these Coolify frames the reason, which stands right before."""
LAST = 20
"""The post-deployment command ends the log."""


def built_anew(row: Deployment) -> bool:
    """Whether its image was built on the way: then it is another one than ran before, though its tag is the same."""
    return _begins(row, BUILDS)


def came_up(row: Deployment) -> bool:
    """Whether its container became healthy and stayed, whatever state the deployment ended in."""
    return _begins(row, CAME_UP) and not _begins(row, WENT)


def post_failed(row: Deployment) -> bool:
    """Whether its post-deployment command failed, which its state does not tell."""
    return any(entry.text.startswith("Post-deployment command failed") for entry in (row.log or ())[-LAST:])


def why_failed(row: Deployment) -> str:
    """The last line that is an error, with the one that it frames; empty: none is told."""
    errors = [entry.text for entry in row.log or () if entry.stream == "stderr" and _says(entry.text)]
    if not errors:
        return ""
    inner = next((text for text in reversed(errors) if not text.startswith(FRAMES)), "")
    told = next((text for text in reversed(errors) if text.startswith("Deployment failed:")), errors[-1])
    return told if not inner or inner in told else f"{inner.rstrip('.')}; {told}"


def _begins(row: Deployment, words: tuple[str, ...]) -> bool:
    return any(entry.text.startswith(words) for entry in row.log or ())


def _says(text: str) -> bool:
    """Rules of dashes say nothing."""
    return any(char.isalnum() for char in text)
