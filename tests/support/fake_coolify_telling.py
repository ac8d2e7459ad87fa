"""How the fake Coolify tells its rows: the fields of its answers, without the sensitive ones where they must be."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fake_coolify_runtime import RunContainer, RunImage
from fake_coolify_state import App, BackupRow, DatabaseRow, DeploymentRow, ExecutionRow, ServerRow, VariableRow

SETTINGS: dict[str, Any] = {
    "is_static": False,
    "is_auto_deploy_enabled": True,
    "is_force_https_enabled": True,
    "is_preview_deployments_enabled": False,
    "is_consistent_container_name_enabled": False,
    "is_git_shallow_clone_enabled": True,
    "is_git_submodules_enabled": True,
    "custom_internal_name": None,
    "docker_images_to_keep": 2,
    "stop_grace_period": None,
}
"""What a new application has."""
COLUMNS: dict[str, Any] = {
    "description": None,
    "ports_exposes": "8080",
    "ports_mappings": None,
    "base_directory": "/",
    "health_check_enabled": True,
    "health_check_path": "/health",
    "health_check_port": None,
    "health_check_interval": 5,
    "health_check_retries": 10,
    "health_check_start_period": 5,
    "custom_docker_run_options": None,
    "pre_deployment_command": None,
    "post_deployment_command": None,
    "watch_paths": None,
}
SENSITIVE_COLUMNS = ("custom_labels", "dockerfile", "docker_compose", "docker_compose_raw")


def stamp(moment: datetime | None) -> str | None:
    """As Laravel writes times: ``2026-08-22T17:22:50.000000Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def engine_stamp(moment: datetime) -> str:
    """As ``docker images --format {{.CreatedAt}}`` writes them, which rollback-images hands on."""
    return moment.strftime("%Y-%m-%d %H:%M:%S +0000 UTC")


def application(app: App, *, sensitive: bool, with_settings: bool) -> dict[str, Any]:
    """Without ``id``; with ``settings`` when it is asked for by itself alone."""
    told = {
        "uuid": app.uuid,
        "name": app.name,
        **COLUMNS,
        **app.columns,
        "build_pack": app.build_pack,
        "git_repository": app.git_repository,
        "git_branch": app.git_branch,
        "git_commit_sha": app.git_commit_sha,
        "docker_registry_image_name": app.image_name or None,
        "docker_registry_image_tag": app.image_tag or None,
        "fqdn": app.fqdn or None,
        "status": app.status,
        "server_status": app.server.reachable,
        "environment_id": 1,
        "destination_id": app.server.number,
        "destination_type": "App\\Models\\StandaloneDocker",
        # No server_uuid: which server it is stands in here alone.
        "destination": {
            "name": "coolify",
            "network": "coolify",
            "server_id": app.server.number,
            "server": server(app.server),
        },
    }
    if not sensitive:
        told = {key: value for key, value in told.items() if key not in SENSITIVE_COLUMNS}
    if with_settings:
        told["settings"] = {**SETTINGS, **app.settings}
    return told


def deployment(row: DeploymentRow, *, sensitive: bool) -> dict[str, Any]:
    """``logs`` is a JSON text, and absent without read:sensitive; null until something is logged."""
    told: dict[str, Any] = {
        "id": row.number,
        "application_id": str(row.app.number),
        "application_name": row.app.name,
        "deployment_uuid": row.uuid,
        "deployment_url": f"/project/p/environment/e/application/{row.app.uuid}/deployment/{row.uuid}",
        "pull_request_id": row.pull_request,
        "docker_registry_image_tag": row.docker_tag,
        "configuration_hash": None,
        "force_rebuild": row.force_rebuild,
        "commit": row.commit,
        "commit_message": row.app.messages.get(row.commit) or None,
        "status": row.status,
        "is_webhook": row.is_webhook,
        "is_api": row.is_api,
        "restart_only": row.restart_only,
        "rollback": row.rollback,
        "only_this_server": False,
        "server_id": row.app.server.number,
        "server_name": row.app.server.name,
        "destination_id": str(row.app.server.number),
        "finished_at": stamp(row.finished),
        "created_at": stamp(row.created),
        "updated_at": stamp(row.updated),
    }
    if sensitive:
        told["logs"] = json.dumps(row.log) if row.log else None
    return told


def variable(row: VariableRow, app: App, *, sensitive: bool) -> dict[str, Any]:
    """The value only with read:sensitive, and never of one that is shown once."""
    told = {
        "uuid": row.uuid,
        "key": row.key,
        "is_preview": row.is_preview,
        "is_shown_once": row.is_shown_once,
        "is_literal": row.is_literal,
        "is_multiline": row.is_multiline,
        "is_runtime": row.is_runtime,
        "is_buildtime": row.is_buildtime,
        "is_shared": False,
        "version": "4.0.0-beta.239",
    }
    if sensitive and not row.is_shown_once:
        # An empty one is null, as its middleware makes null of it on its way in; the other field is always a text.
        quoted = f"'{row.value}'" if row.is_literal or row.is_multiline else row.value
        told |= {"value": row.value or None, "real_value": quoted}
    return told


def rollback_images(images: list[RunImage], app: App, current: str | None) -> dict[str, Any]:
    """Exact repository alone: those of compose applications (``uuid_service``) are none of it."""
    mine = [one for one in images if one.repository == app.repository]
    return {
        "current": current,
        "images": [
            {"tag": one.tag, "created_at": engine_stamp(one.created), "is_current": one.tag == current} for one in mine
        ],
    }


def status_of(containers: list[RunContainer]) -> str:
    """Coolify's two words."""
    if not containers:
        return "exited:unhealthy"
    told = {one.health or "unknown" for one in containers}
    return "running:" + next(word for word in ("unhealthy", "starting", "unknown", "healthy") if word in told)


def database(row: DatabaseRow, backups: list[BackupRow]) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "name": row.name,
        "database_type": row.kind,
        "status": "running:healthy",
        "backup_configs": [backup(one, with_executions=False) for one in backups if one.database == row.number],
    }


def backup(row: BackupRow, *, with_executions: bool = True) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": row.number,
        "uuid": row.uuid,
        "enabled": row.enabled,
        "frequency": row.frequency,
        "database_id": row.database,
        "database_type": row.database_type,
    }
    if with_executions:
        told["executions"] = [execution(one) for one in row.executions]
    return told


def execution(row: ExecutionRow) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "filename": row.filename,
        "size": row.size,
        "created_at": row.created.replace(microsecond=0).isoformat(),
        "message": row.message,
        "status": row.status,
    }


def server(row: ServerRow) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "is_reachable": row.reachable,
        "is_usable": row.reachable,
        "concurrent_builds": row.concurrent_builds,
    }
    settings["server_timezone"] = row.timezone
    return {"uuid": row.uuid, "name": row.name, "ip": "host.docker.internal", "port": 22, "settings": settings}
