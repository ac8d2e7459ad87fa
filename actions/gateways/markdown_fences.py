"""What a block of code in a document is: commands, a checklist to be printed, a message, or something to look at.

Pure text to answers; where the block stands, and what it belongs to, is left to the readers.
"""

from __future__ import annotations

import re

from actions.model.outside_text import sanitise
from actions.model.procedure import Commands

SHELL = frozenset(
    re.findall(
        r"\S+",
        """
        bash sh shell zsh ksh fish csh ash dash console shell-session shellsession sh-session terminal bash-session
        powershell pwsh ps1 ps posh cmd bat batch dos doscon command commandline cli unix
        """,
    )
)
"""Languages after a fence whose block is commands."""
ALSO_COMMANDS = frozenset(["sql", "psql", "postgresql", "postgres", "plpgsql", "mysql", "redis"])
"""Languages that are no shell, yet what stands there is carried out."""
PLAIN = frozenset(("", "text", "txt", "plain", "plaintext", "markdown", "md", "none", "checklist", "email", "mail"))
"""Languages of blocks that are read by people."""
_CONSOLE = frozenset(("console", "shell-session", "shellsession", "sh-session", "terminal", "bash-session", "doscon"))

_PROMPT = re.compile(
    r"^(?:\([\w.-]+\)\s*)?(?:\[[^\]\n]{1,60}\]|[\w.-]+@[\w.-]+(?::[^\s$#%>]*)?)?\s*(?P<sign>[$#%\u276f\u279c])\s+(?P<rest>\S.*)$"
)
_PS_PROMPT = re.compile(r"^(?:PS )?[A-Z]:\\[^>]*>\s*(?P<rest>\S.*)$")
_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
        apt apt-get ansible ansible-playbook aws az bash bundle cap cat cd certbot chef-client chmod chown cp crictl
        cron curl date dd df dig django-admin docker docker-compose doctl dpkg du echo env etcdctl exec export fab find
        flyctl for free gcloud gh git gitlab-ctl gitlab-rails goaround grep gsutil gunzip gzip head helm heroku hostname
        if istioctl journalctl jq kill kubectl kustomize less ln ls lsblk make mkdir mount mv mysql mysqladmin mysqldump
        nc netstat nginx node npm npx oc openssl pg_dump pg_dumpall pg_isready pg_restore pg_ctl php pip pip3 ping
        pipenv pm2 pnpm podman poetry ps psql pulumi python python3 rake redis-cli rm rsync ruby scp sed service set sh
        sleep source ss ssh su sudo supervisorctl systemctl tail tar tee terraform test time timeout top touch uptime uv
        vault wget which while yarn zcat zip unzip xargs yq
        """,
    )
)
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=\S*(?:\s|$)")
_TASK = re.compile(r"^\s*(?:>\s*)*(?:(?:[-*+•]|\d{1,4}[.)])\s*)?\\?\[(?P<mark>[ xX✓✔]?)\\?\]\s*(?![(\[:])(?P<text>.*)$")
_BOX = re.compile(r"^\s*(?:(?:[-*+•]|\d{1,4}[.)])\s*)?(?P<mark>[☐☑☒⬜✅🔲🗹])\ufe0f?\s+(?P<text>\S.*)$")


def task(text: str, *, cell: bool = False) -> tuple[bool, str] | None:
    """Whether a line of text is an item: (ticked, its text). ``[ ] text``, with or without the mark of a list.

    ``cell``: it is all that stands in a cell of a table, so a ticked box alone is one, too.
    """
    match = _TASK.match(text)
    if match:
        rest = match["text"].strip()
        if not match["mark"] and not re.match(r"^\s*(?:[-*+•]|\d{1,4}[.)])", text):
            return None  # "[]" alone is an empty link or an array
        if match["mark"] and match["mark"] != " " and not cell and text.lstrip().startswith("[") and not rest:
            return None
        return match["mark"] not in ("", " "), rest
    box = _BOX.match(text)
    if box and box["mark"] in "☐☑☒⬜🔲🗹":
        return box["mark"] in "☑☒🗹", box["text"].strip()
    return None


def is_commands(language: str, text: str) -> bool:
    """Whether a block is something that is carried out."""
    if language in SHELL or language in ALSO_COMMANDS:
        return True
    return language == "" and looks_like_shell(text)


def looks_like_shell(text: str) -> bool:
    """Whether a block without a language reads as commands: most of what is no comment or answer begins as one."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines or any(task(line) for line in lines):
        return False
    if any(line.startswith("#!") for line in lines[:1]):
        return True
    prompted = [line for line in lines if _PROMPT.match(line) and _known(_PROMPT.match(line)["rest"])]  # type: ignore[index]  # both match
    if prompted:
        return True
    begins = [line for line in lines if not line.startswith(("#", "//", "--"))]
    joined = _without_continuations(begins)
    return bool(joined) and sum(_known(line) for line in joined) * 2 > len(joined)


def _without_continuations(lines: list[str]) -> list[str]:
    kept: list[str] = []
    continues = False
    for line in lines:
        if not continues and not line.startswith(("|", "&&", ")", "}", "done", "fi", "then", "else", "do ")):
            kept.append(line)
        continues = line.endswith(("\\", "|", "&&", "{"))
    return kept


def _known(line: str) -> bool:
    if _ASSIGNMENT.match(line):
        return True
    first, _, rest = line.partition(" ")
    if first.startswith(("./", "/usr/", "/opt/", "/bin/", "/etc/init.d/", "~/")) and not first.endswith(":"):
        return True
    if first in (
        "for",
        "if",
        "while",
        "test",
        "set",
        "time",
        "find",
        "make",
        "which",
        "date",
        "service",
        "less",
        "node",
    ):
        return not rest.endswith((".", ":", "?")) and bool(rest or first == "date") and not _prose(rest)
    return first in _WORDS and not rest.endswith((".", "?", ":")) and not _prose(rest)


def _prose(rest: str) -> bool:
    """Whether what follows a word that is also English reads as a sentence."""
    words = rest.split()
    return len(words) > 3 and all(word.strip(",;'").isalpha() for word in words)


def commands(language: str, text: str, line: int) -> tuple[Commands, str]:
    """The block as commands, and what had to be taken out of it (empty: nothing)."""
    written = text.rstrip("\n")
    clean = sanitise(written, keep_newlines=True)
    lost = ""
    seen = written.replace("\ufe0f", "")  # makes an emoji of a sign: nothing is lost without it
    if clean.replace(" ", "") != seen.replace(" ", "").replace("\t", ""):
        lost = "characters that a terminal obeys or nobody sees were taken out of these commands"
    elif "<<-" in written and "\t" in written:
        lost = "tabs became spaces in these commands, and `<<-` needs tabs"
    return Commands(sanitise(language, limit=40), clean, line, _without_prompts(language, clean)), lost


def _without_prompts(language: str, text: str) -> str:
    """Of a recorded console its commands; a block without prompts is left as it is."""
    lines = text.split("\n")
    prompts = [_prompt(line, language) for line in lines]
    if not any(prompt is not None for prompt in prompts):
        return text
    if language not in _CONSOLE and language not in SHELL and language != "":
        return text
    taken: list[str] = []
    continues = False
    for line, rest in zip(lines, prompts, strict=True):
        if rest is not None:
            taken.append(rest)
        elif continues:
            taken.append(re.sub(r"^> ?", "", line))
        continues = bool(taken) and (rest is not None or continues) and line.rstrip().endswith("\\")
    return "\n".join(taken)


def _prompt(line: str, language: str) -> str | None:
    match = _PROMPT.match(line) or _PS_PROMPT.match(line)
    if match is None:
        return None
    sign = match.groupdict().get("sign")
    if sign == "#" and not (line.startswith(("[", "root@")) or (language in _CONSOLE and _known(match["rest"]))):
        return None  # a comment
    if sign == "%" and language not in _CONSOLE:
        return None
    return match["rest"]
