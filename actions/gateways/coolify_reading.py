"""Reads Coolify's answers into our values; takes what is there, and says what was no answer at all.

Fields that are missing or of another type count as not told: versions differ, and so does its own description.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from actions.model.clock import stamp
from actions.model.coolify import (
    HEAD,
    Application,
    BackupExecution,
    Deployment,
    DeploymentState,
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


class Reader:
    """Reads with the redaction of the system: outside text is cleaned here, where it comes in."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact

    def text(self, data: dict[str, Any], key: str) -> str:
        """A text field, sanitised; numbers become text, anything else is empty."""
        value = data.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        return sanitise(self._redact(str(value)), limit=LONGEST)

    def version(self, text: str) -> Version:
        """``4.0.0-beta.420``, ``4.3.11``: a beta counts as before its release."""
        clean = text.strip().strip('"').removeprefix("v")
        found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[-.]?(beta|alpha|rc)\.?(\d{1,5})?)?", clean)
        if found is None:
            raise BadInput(
                "Coolify tells no version", sanitise(clean[:60], limit=60), "check coolify.url", code="coolify-answer"
            )
        numbers = (int(found[1]), int(found[2]), int(found[3] or 0))
        before = (-1, int(found[5] or 0)) if found[4] else (0, 0)
        return Version((*numbers, *before), sanitise(clean, limit=40))

    def application(self, data: Any) -> Application:
        """``GET /applications/{uuid}``."""
        one = _object(data, "the application")
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
            git_commit_sha=self.text(one, "git_commit_sha") or HEAD,
            image_name=self.text(one, "docker_registry_image_name"),
            image_tag=self.text(one, "docker_registry_image_tag"),
            urls=tuple(url for url in self.text(one, "fqdn").split(",") if url),
            auto_deploy=_bool(settings.get("is_auto_deploy_enabled")),
            images_to_keep=_int(settings.get("docker_images_to_keep")),
            shallow_clone=_bool(settings.get("is_git_shallow_clone_enabled")),
            custom_container=bool(
                self.text(one, "ports_mappings")
                or _bool(settings.get("is_consistent_container_name_enabled"))
                or self.text(settings, "custom_internal_name")
                or re.search(r"--ip6?\b", options)
            ),
            health_check=_bool(one.get("health_check_enabled")) is not False,
            pre_deployment=self.text(one, "pre_deployment_command"),
            post_deployment=self.text(one, "post_deployment_command"),
            server=self.text(inner, "uuid") if isinstance(inner, dict) else "",
        )

    def deployments(self, data: Any) -> tuple[tuple[Deployment, ...], int]:
        """``{count, deployments}``, a bare list, or an object with numbers for keys."""
        if isinstance(data, dict) and "deployments" in data:
            rows = self.queue(data["deployments"])
            return rows, _int(data.get("count")) or len(rows)
        rows = self.queue(data)
        return rows, len(rows)

    def queue(self, data: Any) -> tuple[Deployment, ...]:
        """Rows of the queue, newest first."""
        if isinstance(data, dict):
            data = [data[key] for key in data]
        if not isinstance(data, list):
            raise BadInput("Coolify's list of deployments is none", "", "", code="coolify-answer")
        rows = [self.deployment(row) for row in data if isinstance(row, dict)]
        return tuple(sorted(rows, key=lambda row: -row.number))

    def deployment(self, data: Any) -> Deployment:
        """One row; ``logs`` is a JSON text in the JSON, or not there at all."""
        one = _object(data, "the deployment")
        try:
            state = DeploymentState(one.get("status"))
        except ValueError:
            state = DeploymentState.OTHER
        return Deployment(
            uuid=self.text(one, "deployment_uuid"),
            number=_int(one.get("id")) or 0,
            state=state,
            commit=self.text(one, "commit"),
            message=self.text(one, "commit_message"),
            rollback=one.get("rollback") is True,
            restart_only=one.get("restart_only") is True,
            by_webhook=one.get("is_webhook") is True,
            by_api=one.get("is_api") is True,
            pull_request=_int(one.get("pull_request_id")) or 0,
            image_tag=self.text(one, "docker_registry_image_tag"),
            created=_stamp(one.get("created_at")),
            updated=_stamp(one.get("updated_at")),
            finished=_stamp(one.get("finished_at")),
            url=self.text(one, "deployment_url"),
            log=self._log(one["logs"]) if "logs" in one else None,
        )

    def _log(self, text: Any) -> tuple[LogEntry, ...]:
        if not isinstance(text, str) or not text.strip():
            return ()  # null until the first entry
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError):
            return tuple(LogEntry(n, self._line(line)) for n, line in enumerate(text.splitlines(), start=1))
        entries = [
            LogEntry(
                order=_int(row.get("order")) or 0,
                text=self._line(row.get("output")),
                stream="stderr" if row.get("type") == "stderr" else "stdout",
                at=_stamp(row.get("timestamp")),
            )
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and row.get("hidden") is not True
        ]
        return tuple(sorted(entries, key=lambda entry: entry.order))

    def _line(self, value: Any) -> str:
        return sanitise(self._redact(str(value or "").rstrip("\n")), limit=4000)

    def rollback_images(self, data: Any) -> tuple[str, tuple[RollbackImage, ...]]:
        """``current`` and the list."""
        one = _object(data, "the list of images")
        images = one.get("images")
        return self.text(one, "current"), tuple(
            RollbackImage(self.text(row, "tag"), _stamp(row.get("created_at")), row.get("is_current") is True)
            for row in (images if isinstance(images, list) else [])
            if isinstance(row, dict) and self.text(row, "tag")
        )

    def variables(self, data: Any) -> tuple[Variable, ...]:
        """Values as they are, unredacted and unsanitised: they go into private evidence and comparisons alone."""
        if not isinstance(data, list):
            raise BadInput("Coolify's list of variables is none", "", "", code="coolify-answer")
        return tuple(self._variable(row) for row in data if isinstance(row, dict))

    def _variable(self, row: dict[str, Any]) -> Variable:
        once = row.get("is_shown_once") is True
        value = row.get("value", row.get("real_value"))
        return Variable(
            uuid=self.text(row, "uuid"),
            key=self.text(row, "key"),
            value=value if isinstance(value, str) and not once else None,
            preview=row.get("is_preview") is True,
            shown_once=once,
            runtime=row.get("is_runtime") is not False,
            buildtime=row.get("is_buildtime") is True or row.get("is_build_time") is True,
            literal=row.get("is_literal") is True,
            multiline=row.get("is_multiline") is True,
        )

    def prune_policy(self, data: Any, executions: Any) -> PrunePolicy:
        """``docker-cleanup`` and its executions (a list, or an object that holds one)."""
        one = _object(data, "the clean-up settings")
        rows = executions.get("executions") if isinstance(executions, dict) else executions
        times = [_stamp(row.get("created_at")) for row in _objects(rows)]
        return PrunePolicy(
            frequency=self.text(one, "docker_cleanup_frequency"),
            threshold=_int(one.get("docker_cleanup_threshold")),
            force=one.get("force_docker_cleanup") is True,
            last=max(times, default=""),
            retains=one.get("disable_application_image_retention") is not True,
        )

    def backup_schedules(self, data: Any) -> tuple[str, ...]:
        """UUIDs of the schedules of PostgreSQL databases: the answer may hold those of other kinds with the same id."""
        rows = data if isinstance(data, list) else data.get("backups") if isinstance(data, dict) else None
        kept = [row for row in _objects(rows) if row.get("database_type", POSTGRES) == POSTGRES]
        return tuple(uuid for row in kept if (uuid := self.text(row, "uuid")))

    def backup_executions(self, data: Any) -> tuple[BackupExecution, ...]:
        """``{executions: […]}``."""
        rows = data.get("executions") if isinstance(data, dict) else data
        return tuple(
            BackupExecution(
                uuid=self.text(row, "uuid"),
                filename=self.text(row, "filename"),
                size=_int(row.get("size")) or 0,
                created=_stamp(row.get("created_at")),
                status=self.text(row, "status"),
                message=self.text(row, "message"),
            )
            for row in _objects(rows)
        )


def _objects(rows: Any) -> Iterable[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _object(data: Any, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise BadInput(f"Coolify's answer on {what} is none", "", "check coolify.url", code="coolify-answer")
    return data


def _bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return bool(value) if value in (0, 1) else None


def _int(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,15}", value) else None


def _stamp(value: Any) -> str:
    """UTC stamp of an ISO time (without a zone: UTC, as Laravel stores them) or of an engine's, or empty."""
    if not isinstance(value, str):
        return ""
    # `docker images` writes "2026-08-20 09:12:33 +0200 CEST", and Coolify hands it on for its rollback images.
    text = re.sub(r" ([+-]\d{4})(?: \S+)?$", r"\1", value.strip())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return stamp(moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC))
