"""Bundles: a record as a folder that proves itself. ``export`` writes one, ``verify_bundle`` judges one.

The work is done by the files beside this one, by what they know: layout, export, verification, sign-offs, result.
"""

from __future__ import annotations

from actions.gateways.bundle_export import Exported, export
from actions.gateways.bundle_result import Finding, Mark, SignOffState, VerifyResult
from actions.gateways.bundle_verify import verify_bundle, verify_stored

__all__ = [
    "Exported",
    "Finding",
    "Mark",
    "SignOffState",
    "VerifyResult",
    "export",
    "verify_bundle",
    "verify_stored",
]
