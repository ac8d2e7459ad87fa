"""Takes out of Coolify's OpenAPI file the paths that matter here and every schema they reach; changes no word of them.

Run by hand when Coolify's file is newer: ``python tests/support/coolify_extract.py openapi.yaml``. YAML of that size
takes seconds to parse, JSON of the extract milliseconds; what the tests read is the extract alone.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent / "data" / "coolify"
EXTRACT = HERE / "openapi-extract.json"
PATHS = (
    "/applications",
    "/applications/{uuid}",
    "/applications/{uuid}/envs",
    "/applications/{uuid}/envs/bulk",
    "/applications/{uuid}/logs",
    "/applications/{uuid}/restart",
    "/applications/{uuid}/rollback",
    "/applications/{uuid}/rollback-images",
    "/applications/{uuid}/scheduled-tasks",
    "/applications/{uuid}/scheduled-tasks/{task_uuid}/execute",
    "/applications/{uuid}/scheduled-tasks/{task_uuid}/executions",
    "/applications/{uuid}/start",
    "/applications/{uuid}/stop",
    "/databases",
    "/databases/{uuid}/backups",
    "/databases/{uuid}/backups/{scheduled_backup_uuid}",
    "/databases/{uuid}/backups/{scheduled_backup_uuid}/executions",
    "/deploy",
    "/deployments",
    "/deployments/applications/{uuid}",
    "/deployments/{uuid}",
    "/deployments/{uuid}/cancel",
    "/health",
    "/resources",
    "/servers",
    "/servers/{uuid}",
    "/servers/{uuid}/docker-cleanup",
    "/servers/{uuid}/docker-cleanup/executions",
    "/version",
)


def extract(whole: dict[str, Any]) -> dict[str, Any]:
    """The chosen paths word for word, and the components that they refer to, over however many corners."""
    paths = {path: whole["paths"][path] for path in PATHS}
    components: dict[str, dict[str, Any]] = {"securitySchemes": whole["components"]["securitySchemes"]}
    waiting = list(_references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = whole["components"][kind][name]
            waiting += _references(components[kind][name])
    return {
        **{key: whole[key] for key in ("openapi", "info", "servers")},
        "paths": paths,
        "components": {kind: dict(sorted(found.items())) for kind, found in sorted(components.items())},
    }


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [one for item in node for one in _references(item)]
    if not isinstance(node, dict):
        return []
    here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return here + [one for item in node.values() for one in _references(item)]


def main(source: Path) -> None:
    """Writes the extract and says of what it is one."""
    from ruamel.yaml import YAML

    data = source.read_bytes()
    text = json.dumps(extract(YAML(typ="safe").load(data)), indent=1, ensure_ascii=False)
    EXTRACT.write_text(text + "\n", encoding="utf-8")
    print(f"{EXTRACT.name}: {len(text)} characters of {source.name}, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
