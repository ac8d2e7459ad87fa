"""Tries for ``goaround ready`` whether the git remote would take a rollback's branch: the very push, as a dry run."""

from __future__ import annotations

from actions.model.errors import GoaroundError
from actions.model.git_text import in_the_way, why_ended
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.ready import Part
from actions.model.ready_kinds import ReadyKind
from actions.model.release import short_id
from actions.model.system import Settings
from actions.steps.git_branch import Clone, push
from actions.steps.git_releases import repository_of
from actions.steps.perform_ground import host_of

PUSH_S = 40
NAME = "goaround-asks-only"
"""In place of the time in the branch's name: nothing of it reaches the remote."""


def remote_part(settings: Settings, world: World, commit: str) -> Part:
    """Whether the remote answers and, with a commit (full id), whether it would take it as a new branch."""
    table = settings.git
    assert table is not None  # the caller has looked
    repository = repository_of(world)
    about = table.remote
    try:
        url = repository.remote_url(table.remote)
        refs = repository.remote_refs(table.remote)
    except GoaroundError as error:
        return Part((ReadyKind.REMOTE_UNREACHED.of_error(error, about),))
    facts = {f"remote {about}": f"{url}, {len(refs)} refs"}
    if not commit or not settings.ready.push:
        facts["push"] = "not tried" + ("" if settings.ready.push else " ([ready] push)")
        return Part(facts=facts)
    branch = table.branch.replace("{time}", NAME)
    if other := in_the_way(branch, refs):
        words = f"the branch {sanitise(other, limit=120)} is there, and git keeps no {branch} beside it"
        move = "rename that branch, or set git.branch to another name"
        return Part((ReadyKind.REMOTE_REFUSES.finding(words, about, move),), facts=facts)
    here = "local" if settings.system.host == "local" else "jump host"
    clone = Clone(here, table.repository, repository.git_dir(), table.remote, url)
    effect = push(clone, commit, branch, PUSH_S)
    at = effect.argv.index("push") + 1
    argv = (*effect.argv[:at], "--dry-run", *effect.argv[at:])
    answer = host_of(world, effect.host).run(argv, cwd=effect.cwd, env=dict(effect.env), timeout_s=PUSH_S)
    if answer.exit_status == 0 and not answer.timed_out:
        facts["push"] = f"{about} would take {short_id(commit)} (dry run: hooks of the remote were not asked)"
        return Part(facts=facts)
    said = sanitise((answer.stdout + b"\n" + answer.stderr).decode("utf-8", "replace"), keep_newlines=True)
    ended = f"no answer within {PUSH_S} s" if answer.timed_out else f"git ended with {answer.exit_status}"
    known, why = why_ended(said, ended, sure=not answer.timed_out)
    lost = answer.timed_out or (known is not None and known.lost)
    kind = ReadyKind.REMOTE_UNREACHED if lost else ReadyKind.REMOTE_REFUSES
    return Part((kind.finding(why, about, known.next_move if known is not None else ""),), facts=facts)
