"""Names every step, so that the worker rebuilds it from a plan. A new step is one class and one line here.

Steps see the model alone, so importing them all is cheap.
"""

from __future__ import annotations

from typing import Any, cast

from actions.model.codec import from_json
from actions.model.errors import BadInput
from actions.model.outside_text import sanitise
from actions.model.step import Step
from actions.steps.compose_commit import CommitRollback
from actions.steps.compose_protect import ProtectImages
from actions.steps.compose_switch import SwitchImages
from actions.steps.compose_wait import AwaitHealthy
from actions.steps.coolify_cancel import CancelStuck
from actions.steps.coolify_deploy import DeployByCoolify
from actions.steps.coolify_environment import SetEnvironment
from actions.steps.coolify_set import SetField
from actions.steps.database_adopt import VerifySnapshot
from actions.steps.database_code_switch import AwaitCode, CheckFit, SwitchCode
from actions.steps.database_files import CopyFiles
from actions.steps.database_loss import CountLoss
from actions.steps.database_prove import ProveDatabase
from actions.steps.database_quiesce import AwaitQuiet, StartServices, StopWriters
from actions.steps.database_restore import RestoreBeside
from actions.steps.database_snapshot import KeepDatabase
from actions.steps.database_swap import SwapDatabases
from actions.steps.database_verify import VerifyRestored
from actions.steps.evidence import KeepEvidence
from actions.steps.git_branch import PushBranch
from actions.steps.git_coolify import DeployBranch
from actions.steps.git_deploy import Deploy
from actions.steps.git_remove import RemoveBranch
from actions.steps.hand_sql import RunHandSql, TryHandSql
from actions.steps.maintenance import MaintenanceOff, MaintenanceOn
from actions.steps.migration_fake import FakeForward, FakeReversal
from actions.steps.migration_reverse import ReverseMigrations, ReverseWithLoss
from actions.steps.prove import ProveBack
from actions.steps.schema_check import CheckLocks, CheckSchema

CATALOG: dict[str, type] = {
    step.step_id: step
    for step in (
        AwaitCode,
        AwaitHealthy,
        AwaitQuiet,
        CancelStuck,
        CheckFit,
        CheckLocks,
        CheckSchema,
        CommitRollback,
        CopyFiles,
        CountLoss,
        Deploy,
        DeployBranch,
        DeployByCoolify,
        FakeForward,
        FakeReversal,
        KeepDatabase,
        KeepEvidence,
        MaintenanceOff,
        MaintenanceOn,
        ProtectImages,
        ProveBack,
        ProveDatabase,
        PushBranch,
        RemoveBranch,
        RestoreBeside,
        ReverseMigrations,
        ReverseWithLoss,
        RunHandSql,
        SetEnvironment,
        SetField,
        StartServices,
        StopWriters,
        SwapDatabases,
        SwitchCode,
        SwitchImages,
        TryHandSql,
        VerifyRestored,
        VerifySnapshot,
    )
}
"""Step id -> class."""


def build(step_id: str, params: dict[str, Any]) -> Step:
    """The step with these parameters. Raises ``BadInput`` for a step or parameters that it does not know."""
    kind = CATALOG.get(step_id)
    if kind is None:
        raise BadInput(
            f"there is no step named {sanitise(step_id, limit=60)}",
            "the plan was drawn by another version of goaround",
            "draw the plan again",
        )
    try:
        return cast(Step, from_json(kind, params, step_id))
    except ValueError as error:
        raise BadInput(
            "a step of the plan does not fit this version of goaround",
            sanitise(str(error), limit=300),
            "draw the plan again",
        ) from error
