"""Reads Coolify's answers into our values; takes what is there, and says what was no answer at all.

Fields that are missing or of another type count as not told: versions differ, and so does its own description. How
single values are taken is left to ``coolify_values``, the log of a deployment to ``coolify_entries``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from actions.gateways.coolify_entries import Entries
from actions.gateways.coolify_values import flag, instant, no_answer, number_of, object_of, objects, rows_of, state_of
from actions.model.clock import parse_stamp
from actions.model.coolify import (
    HEAD,
    Application,
    BackupExecution,
    Deployment,
    LogEntry,
    PrunePolicy,
    RollbackImage,
    Variable,
    Version,
)
from actions.model.errors import BadInput
from actions.model.outside_text import sanitise

POSTGRES = "App\\Models\\StandalonePostgresql"
LONGEST = 400
BEFORE = {"alpha": -3, "beta": -2, "rc": -1}
"""What comes before a release, in its order; any other word (``nightly``) before all of them."""
LOG_HEAD = 20
"""Entries of a log in a list: enough to see what a deployment began with; the whole is asked for of one."""


class Reader:
    """Reads with the redaction of the system: outside text is cleaned here, where it comes in."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._entries = Entries(redact)

    def text(self, data: dict[str, Any], key: str) -> str:
        """A text field, sanitised; numbers become text, anything else is empty."""
        value = data.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return ""
        return sanitise(self._redact(str(value)), limit=LONGEST)

    def version(self, text: str) -> Version:
        """``4.0.0-beta.420``, ``v4.3.11``, ``4.3.11-rc1``, ``{"version": "4.3.11"}``: a beta is before its release."""
        told = re.fullmatch(r'\s*\{[^{}]*"version"\s*:\s*"([^"]{1,60})"[^{}]*\}\s*', text[:LONGEST])
        clean = (told[1] if told else text).strip().strip('"').lstrip("vV")
        found = re.fullmatch(
            # A packager's own number behind it (4.3.11-2) makes no other version of it.
            r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4})(?:[-.]\d{1,6})?)?(?:[-.]?([a-zA-Z]{1,12})[.-]?(\d{1,12})?[0-9A-Za-z.-]{0,40})?"
            r"(?:\+[0-9A-Za-z.-]{0,40})?",
            clean,
        )
        if found is None:
            raise BadInput(
                "Coolify tells no version",
                sanitise(self._redact(clean[:60]), limit=60) or "its answer is empty",
                "check coolify.url",
                code="coolify-answer",
            )
        numbers = (int(found[1]), int(found[2]), int(found[3] or 0))
        before = (BEFORE.get(found[4].lower(), -4), int(found[5] or 0)) if found[4] else (0, 0)
        return Version((*numbers, *before), sanitise(clean, limit=40))

    def application(self, data: Any) -> Application:
        """``GET /applications/{uuid}``. Raises BadInput where it tells nothing that an application has."""
        one = object_of(data, "the application")
        if "uuid" not in one and "name" not in one:
            raise no_answer("the application", "it names none")
        raw = one.get("settings")
        settings: dict[str, Any] = raw if isinstance(raw, dict) else {}
        options = self.text(one, "custom_docker_run_options")
        server = one.get("destination")
        inner = server.get("server") if isinstance(server, dict) else None
        return Application(
            uuid=self.text(one, "uuid"),
            name=self.text(one, "name"),
            status=self.text(one, "status"),
            build_pack=self.text(one, "build_pack"),
            git_repository=self.text(one, "git_repository"),
            git_branch=self.text(one, "git_branch"),
            # Nothing is pinned only where that is told: a field that is not there says nothing of a pin.
            git_commit_sha=self.text(one, "git_commit_sha") or (HEAD if "git_commit_sha" in one else ""),
            image_name=self.text(one, "docker_registry_image_name"),
            image_tag=self.text(one, "docker_registry_image_tag"),
            urls=tuple(url for url in self.text(one, "fqdn").split(",") if url),
            auto_deploy=flag(settings.get("is_auto_deploy_enabled")),
            images_to_keep=number_of(settings.get("docker_images_to_keep")),
            shallow_clone=flag(settings.get("is_git_shallow_clone_enabled")),
            custom_container=bool(
                self.text(one, "ports_mappings")
                or flag(settings.get("is_consistent_container_name_enabled"))
                or self.text(settings, "custom_internal_name")
                or re.search(r"--ip6?\b", options)
            ),
            health_check=flag(one.get("health_check_enabled")) is not False,
            pre_deployment=self.text(one, "pre_deployment_command"),
            post_deployment=self.text(one, "post_deployment_command"),
            server=self.text(inner, "uuid") if isinstance(inner, dict) else "",
        )

    def deployments(self, data: Any, *, logs: bool = False) -> tuple[tuple[Deployment, ...], int]:
        """``{count, deployments}``, a bare list, or an object with numbers for keys."""
        rows = self.queue(data, logs=logs)
        count = number_of(data.get("count")) if isinstance(data, dict) else None
        return rows, len(rows) if count is None else count

    def queue(self, data: Any, *, logs: bool = False) -> tuple[Deployment, ...]:
        """Rows of the queue, newest first; those that are no objects are left out. Raises BadInput when it is none."""
        found = rows_of(data, "deployments", "data")
        if found is None or (found and not objects(found)):
            raise BadInput(
                "Coolify's list of deployments is none",
                "neither a list nor an object that holds one",
                "check coolify.url; look at the deployments in its dashboard",
                code="coolify-answer",
            )
        rows = [self.deployment(row, most=0 if logs else LOG_HEAD) for row in objects(found)]
        return tuple(sorted(rows, key=lambda row: -row.number))

    def deployment(self, data: Any, *, most: int = 0) -> Deployment:
        """One row; ``logs`` is a JSON text in the JSON, or not there at all. ``most``: entries of it; 0: all."""
        one = object_of(data, "the deployment")
        created = instant(one.get("created_at"))
        uuid = self.text(one, "deployment_uuid") or self.text(one, "uuid")
        return Deployment(
            uuid=uuid,
            number=number_of(one.get("id")) or _from_time(created),
            state=state_of(one.get("status")),
            commit=self.text(one, "commit"),
            message=self.text(one, "commit_message"),
            rollback=flag(one.get("rollback")) is True,
            restart_only=flag(one.get("restart_only")) is True,
            by_webhook=flag(one.get("is_webhook")) is True,
            by_api=flag(one.get("is_api")),
            by_hand=flag(one.get("is_webhook")) is False and flag(one.get("is_api")) is False,
            pull_request=number_of(one.get("pull_request_id")) or 0,
            image_tag=self.text(one, "docker_registry_image_tag"),
            created=created,
            updated=instant(one.get("updated_at")),
            finished=instant(one.get("finished_at")),
            url=self.text(one, "deployment_url"),
            log=self._log(uuid, one["logs"], most) if "logs" in one else None,
            word=self.text(one, "status"),
        )

    def _log(self, uuid: str, told: Any, most: int) -> tuple[LogEntry, ...]:
        return self._entries.head(told, most) if most else self._entries.read(uuid, told)

    def rollback_images(self, data: Any) -> tuple[str, tuple[RollbackImage, ...]]:
        """``current`` and the list."""
        found = rows_of(data, "images", "data")
        if found is None:
            raise BadInput("Coolify's list of images is none", "", "check coolify.url", code="coolify-answer")
        rows = [{"tag": row} if isinstance(row, str) else row for row in found]
        return self.text(data, "current") if isinstance(data, dict) else "", tuple(
            RollbackImage(tag, instant(row.get("created_at")), flag(row.get("is_current")) is True)
            for row in objects(rows)
            if (tag := self.text(row, "tag"))
        )

    def variables(self, data: Any) -> tuple[Variable, ...]:
        """Values as they are, unredacted and unsanitised: they go into private evidence and comparisons alone."""
        found = rows_of(data, "envs", "data")
        if found is None:
            raise BadInput("Coolify's list of variables is none", "", "check coolify.url", code="coolify-answer")
        rows = objects(found)
        told = any(isinstance(row.get(name), str) for row in rows for name in ("value", "real_value"))
        return tuple(self._variable(row, told) for row in rows)

    def _variable(self, row: dict[str, Any], told: bool) -> Variable:
        """``told``: the token is told values. To others the field is not sent at all; one that is empty is null, and
        counts as empty only where that is sure: written back by mistake it would empty the variable."""
        once = flag(row.get("is_shown_once")) is True
        value = row.get("value", row.get("real_value"))
        if value is None and told and "value" in row:
            value = ""
        return Variable(
            uuid=self.text(row, "uuid"),
            key=self.text(row, "key"),
            value=value if isinstance(value, str) and not once else None,
            preview=flag(row.get("is_preview")) is True,
            shown_once=once,
            runtime=flag(row.get("is_runtime")) is not False,
            buildtime=flag(row.get("is_buildtime")) is True or flag(row.get("is_build_time")) is True,
            literal=flag(row.get("is_literal")) is True,
            multiline=flag(row.get("is_multiline")) is True,
        )

    def prune_policy(self, data: Any, executions: Any, server: Any) -> PrunePolicy | None:
        """``docker-cleanup`` (else what the server's own ``settings`` say of it), its executions, and the server.

        None: nobody tells when it cleans up.
        """
        raw = server.get("settings") if isinstance(server, dict) else None
        own: dict[str, Any] = raw if isinstance(raw, dict) else {}
        one = own if data is None else object_of(data, "the clean-up settings")
        frequency = self.text(one, "docker_cleanup_frequency")
        if data is None and not frequency:
            return None
        times = [instant(row.get("created_at")) for row in objects(rows_of(executions, "executions", "data") or [])]
        return PrunePolicy(
            frequency=frequency,
            threshold=number_of(one.get("docker_cleanup_threshold")),
            force=flag(one.get("force_docker_cleanup")) is True,
            last=max(times, default=""),
            retains=flag(one.get("disable_application_image_retention")) is not True,
            zone=self.text(own, "server_timezone"),
        )

    def backup_schedules(self, data: Any) -> tuple[str, ...]:
        """UUIDs of the schedules of PostgreSQL databases: the answer may hold those of other kinds with the same id."""
        rows = rows_of(data, "backups", "data") or []
        kept = [row for row in objects(rows) if row.get("database_type", POSTGRES) == POSTGRES]
        return tuple(uuid for row in kept if (uuid := self.text(row, "uuid")))

    def backup_executions(self, data: Any) -> tuple[BackupExecution, ...]:
        """``{executions: […]}``."""
        rows = rows_of(data, "executions", "data") or []
        return tuple(
            BackupExecution(
                uuid=self.text(row, "uuid"),
                filename=self.text(row, "filename"),
                size=number_of(row.get("size")) or 0,
                created=instant(row.get("created_at")),
                status=self.text(row, "status"),
                message=self.text(row, "message"),
            )
            for row in objects(rows)
        )


def _from_time(created: str) -> int:
    """Stands for the number of a row that has none: grows with time, too. Milliseconds; 0: no time is told either."""
    return int(parse_stamp(created).timestamp() * 1000) if created else 0
