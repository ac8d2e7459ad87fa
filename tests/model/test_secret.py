"""Secrets: wrapped ones never print, known and undeclared ones never stand in what leaves the program."""

from __future__ import annotations

import base64
import copy
import dataclasses
import html
import json
import pickle
import re
import shlex
import time
import traceback
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actions.model.outside_text import LineSanitiser, is_clean
from actions.model.secret import REDACTED, LineRedactor, Redactor, Secret, edge, is_secret_key

CANARY = "c4n4ry/S'ecr$t+\"~\\ü!"
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=6, max_size=30).filter(
    lambda text: text.isprintable() and not any(char in REDACTED for char in text)
)
NOTHING_DECLARED = Redactor()

PEM = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2\n" * 5
)
PEM += "QyNTUx\n-----END OPENSSH PRIVATE KEY-----"


# ------------------------------------------------------------ the wrapper


def test_a_secret_never_shows_itself() -> None:
    """Whatever prints it (repr, str, format, a container, a dataclass, a traceback), the value stays inside."""

    @dataclasses.dataclass(frozen=True)
    class Settings:
        token: Secret

    secret = Secret(CANARY)
    settings = Settings(secret)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}"]
    shown += [repr([secret]), repr(settings), repr(dataclasses.asdict(settings)), str({secret: 1})]
    try:
        secret + "x"  # type: ignore[operator]
    except TypeError:
        shown.append(traceback.format_exc())
    assert not [text for text in shown if CANARY in text]
    assert str(secret) == repr(secret) == f"{secret:>40}" == "Secret(***)"
    assert secret.reveal() == CANARY


def test_a_secret_is_not_stored_by_accident() -> None:
    """No encoder and no pickle takes it, and it has no attributes to dump."""
    secret = Secret(CANARY)
    with pytest.raises(TypeError):
        json.dumps({"token": secret})
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        vars(secret)
    assert copy.copy(secret) is copy.deepcopy(secret) is secret


def test_a_secret_is_a_value() -> None:
    """Equal by content, usable in frozen dataclasses and sets, never equal to the bare text, never changed."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("ü")}) == 2
    assert not Secret("")
    assert Secret("x")
    secret = Secret("a")
    with pytest.raises(AttributeError):
        secret.value = "b"
    with pytest.raises(AttributeError):
        setattr(secret, "_Secret__value", "b")  # noqa: B010 - mypy would not let it be written plainly
    with pytest.raises(AttributeError):
        delattr(secret, "_Secret__value")
    with pytest.raises(TypeError, match="wraps a str, not bytes"):
        Secret(b"abc")  # type: ignore[arg-type]


# ------------------------------------------------------------ declared values


def encodings(value: str) -> dict[str, str]:
    """How programs write a value, made by the library that does it."""
    data = value.encode()
    return {
        "plain": value,
        "quote": quote(value),
        "quote all": quote(value, safe=""),
        "quote_plus": quote_plus(value),
        "quote lower": re.sub("%..", lambda code: code[0].lower(), quote(value, safe="")),
        "twice quoted": quote(quote(value, safe=""), safe=""),
        "json": json.dumps({"x": value}),
        "json utf-8": json.dumps({"x": value}, ensure_ascii=False),
        "json in json": json.dumps(json.dumps({"x": value})),
        "shell": shlex.join(["curl", value]),
        "repr": repr({"x": value}),
        "bytes repr": repr(data),
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "html": html.escape(value),
        "sql": value.replace("'", "''"),
        "compose": value.replace("$", "$$"),
    }


@pytest.mark.parametrize("form", list(encodings("x")))
@pytest.mark.parametrize("value", [CANARY, "hunter2!", "with blank&more=1", "a'b\"c\\d", "päss wörd/+", "tab\there!"])
def test_every_spelling_of_a_declared_secret_goes(value: str, form: str) -> None:
    """URL, JSON, shell, SQL, HTML, Python and hexadecimal forms go, and what stands around them stays."""
    text = encodings(value)[form]
    result = Redactor([Secret(value)]).redact(f"before {text} after")
    assert REDACTED in result
    assert text not in result
    assert value not in result
    assert result.startswith("before ")
    assert result.endswith(" after")


@given(VALUES, st.binary(max_size=7), st.binary(max_size=7), st.booleans(), st.booleans())
def test_base64_goes_at_every_alignment(value: str, before: bytes, after: bytes, urlsafe: bool, padded: bool) -> None:
    """A secret inside a longer text that was encoded (``user:password``) cannot be decoded from the result."""
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    text = encode(before + value.encode() + after).decode()
    if not padded:
        text = text.rstrip("=")
    result = Redactor([value]).redact(f"Basic {text} end")
    assert REDACTED in result
    for part in re.findall("[A-Za-z0-9+/_-]+", result):
        for skipped in range(4):
            whole = part[skipped : skipped + (len(part) - skipped) // 4 * 4]
            assert value.encode() not in base64.urlsafe_b64decode(whole.replace("+", "-").replace("/", "_"))


@given(VALUES, st.text(max_size=20), st.text(max_size=20))
def test_no_declared_value_survives_in_any_text(value: str, before: str, after: str) -> None:
    """The promise itself, for any text around it, in the order of the edge."""
    result = edge(before + value + after, Redactor([value]))
    assert value not in result
    assert is_clean(result)


@given(VALUES, st.text(max_size=40), st.lists(VALUES, max_size=3))
def test_redacting_twice_changes_nothing(value: str, text: str, others: list[str]) -> None:
    """Text may pass two edges."""
    redactor = Redactor([value, *others])
    once = redactor.redact(f"{text} password={value} {others} {text}")
    assert redactor.redact(once) == once


def test_the_longest_goes_first_and_overlapping_ones_go_both() -> None:
    """No tail of a longer secret is left because a shorter one begins it, and none where two overlap."""
    redactor = Redactor(["abcd", "abcdefgh", "ghijkl"])
    assert redactor.redact("x abcdefgh y") == f"x {REDACTED} y"
    assert redactor.redact("x abcdefghijkl y") == f"x {REDACTED} y"
    assert redactor.redact("x abcdef y") == f"x {REDACTED}ef y"


def test_many_secrets_are_all_found() -> None:
    """One pattern for all of them misses none."""
    values = [f"{index:x}-secret-{index * 7919}" for index in range(200)]
    redactor = Redactor(values)
    for value in values:
        assert redactor.redact(f"<{value}>") == f"<{REDACTED}>"


def test_a_short_value_is_not_matched() -> None:
    """A secret of three characters would destroy every text; the docstring says so."""
    assert Redactor(["abc", "", " "]).redact("abc abcabc") == "abc abcabc"
    assert "shorter than four" in (Redactor.__doc__ or "")


def test_a_secret_of_several_lines_goes_line_by_line() -> None:
    """A key file that is declared is found in a log that shows it line by line."""
    redactor = Redactor([PEM])
    body = PEM.splitlines()[1]
    assert redactor.redact(f"app-1 | {body}") == f"app-1 | {REDACTED}"
    assert redactor.redact(json.dumps(PEM)) == f'"{REDACTED}"'


def test_a_value_read_with_its_newline_is_found_without_it() -> None:
    """Secrets come from files that end in a newline."""
    assert Redactor(["hunter22\n"]).redact("x hunter22 y") == f"x {REDACTED} y"


def test_a_redactor_does_not_show_what_it_knows() -> None:
    """Its own repr holds no secret."""
    assert CANARY not in repr(Redactor([CANARY]))


# ------------------------------------------------------------ undeclared

UNDECLARED = [
    ("password=hunter2", "password={}"),
    ("DB_PASSWORD: hunter2", "DB_PASSWORD: {}"),
    ("PGPASSWORD=hunter2 pg_dump -h db", "PGPASSWORD={} pg_dump -h db"),
    ("host=db user=app password=hunter2 dbname=x", "host=db user=app password={} dbname=x"),
    ('{"password": "hunter2", "user": "bob"}', '{{"password": "{}", "user": "bob"}}'),
    ('{"password":"hun\\"ter2","n":1}', '{{"password":"{}","n":1}}'),
    ('"{\\"api_key\\": \\"hunter2\\", \\"n\\": 1}"', '"{{\\"api_key\\": \\"{}\\", \\"n\\": 1}}"'),
    ("{'client_secret': 'hunter2', 'x': 1}", "{{'client_secret': '{}', 'x': 1}}"),
    ("(b'x-api-key': b'hunter2')", "(b'x-api-key': b'{}')"),
    ("    secret_key: hunter2", "    secret_key: {}"),
    ("DJANGO_SECRET_KEY='hun ter 2'", "DJANGO_SECRET_KEY='{}'"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_SECRET_ACCESS_KEY={}"),
    ("secret => hunter2", "secret => {}"),
    ("GET /x?token=hunter2&page=2 HTTP/1.1", "GET /x?token={}&page=2 HTTP/1.1"),
    ("password=hun&ter,2; next", "password={}; next"),
    ("apiKey: hunter2, accessToken: hunter3", "apiKey: {}, accessToken: {}"),
    ('password = "hunter2 is never closed', 'password = "{}'),
    ("DB_PASS=hunter2", "DB_PASS={}"),
    ("pwd=hunter2", "pwd={}"),
    ("Authorization: Bearer abc.def", "Authorization: Bearer {}"),
    ("curl -H 'authorization: bearer abc' http://x/", "curl -H 'authorization: bearer {}' http://x/"),
    ("Proxy-Authorization: Basic dXNlcjpwYXNz", "Proxy-Authorization: Basic {}"),
    (
        "{'Authorization': 'Token abcdef', 'Accept': '*/*'}",
        "{{'Authorization': 'Token {}', 'Accept': '*/*'}}",
    ),
    ("Authorization: 0123456789abcdef", "Authorization: {}"),
    ('Authorization: Digest username="x", response="y"', "Authorization: Digest {}"),
    ("sent Bearer 0123456789abcdef01234 to it", "sent Bearer {} to it"),
    ("Set-Cookie: sessionid=abc; Path=/", "Set-Cookie: {}"),
    ("postgres://user:hunter2@db:5432/x", "postgres://user:{}@db:5432/x"),
    ("postgresql+psycopg://user:hu/nt@er2@db/x", "postgresql+psycopg://user:{}@db/x"),
    ("redis://:hunter2@cache:6379/0", "redis://:{}@cache:6379/0"),
    ("https://user:ghtoken@example.org/x.git", "https://user:{}@example.org/x.git"),
    ("https://0123456789abcdef0123456789abcdef@o1.example.org/2", "https://{}@o1.example.org/2"),
    ("key AKIAIOSFODNN7EXAMPLE used", "key {} used"),
    ("remote: ghp_0123456789abcdefghijABCDEFGHIJ012345 refused", "remote: {} refused"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123 x", "jwt {} x"),
    ("coolify 12|0123456789abcdefghijABCDEFGHIJ0123456789 x", "coolify 12|{} x"),
    ("ALTER ROLE app WITH PASSWORD 'hun''ter2';", "ALTER ROLE app WITH PASSWORD '{}';"),
    ("mytool --api-token hunter2 --verbose", "mytool --api-token {} --verbose"),
    ("mytool --password=hunter2", "mytool --password={}"),
    ("mysqldump -uroot -phunter2 db", "mysqldump -uroot -p{} db"),
    ("docker login -u bob -p 'hunter2' reg", "docker login -u bob -p '{}' reg"),
    ("sshpass -p hunter2 ssh app", "sshpass -p {} ssh app"),
    ("curl -s -u user:hunter2 http://x/", "curl -s -u user:{} http://x/"),
    ('{"auths": {"reg": {"auth": "dXNlcjpwYXNz"}}}', '{{"auths": {{"reg": {{"auth": "{}"}}}}}}'),
    (PEM, "{}"),
    (PEM.replace("\n", "\\n"), "{}"),
    (f"a {PEM} b", "a {} b"),
]


@pytest.mark.parametrize(("text", "expected"), UNDECLARED)
def test_an_undeclared_secret_goes_and_its_key_stays(text: str, expected: str) -> None:
    """What nobody declared is known by its place or its look; the reader still sees which secret it was."""
    assert NOTHING_DECLARED.redact(text) == expected.replace("{}", REDACTED).replace("{{", "{").replace("}}", "}")


ORDINARY = [
    '2024-05-01T12:00:00Z INFO gunicorn.access 10.0.0.1 "GET /health/?page=2&q=x HTTP/1.1" 200 15',
    'FATAL:  password authentication failed for user "app"',
    "fe_sendauth: no password supplied",
    "password: incorrect",
    "Password required",
    'POSTGRES_PASSWORD=${POSTGRES_PASSWORD}, SECRET_KEY=""',
    '{"password": null, "token": ""}',
    "password=******",
    "app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "HEAD is now at 3b18e51 Reset the password form's tokens",
    "https://example.org:8443/a/b?x=1#frag and http://localhost:8000/@user",
    "https://user@example.org/x.git and git@example.org:team/app.git",
    "see https://example.org/a:b@c and mailto:ops@example.org",
    "postgres://db:5432/app?user=a",
    "redis://cache:6379/0 connected",
    "SyntaxError: Unexpected token: '<'",
    "unexpected token: newline",
    "max_tokens: 512, tokens=12, token_count=3",
    "std::secret::Token::new() Secret::Foo",
    "if token == other:",
    "primary_key=12 cache_key: foo key=value",
    "sudo: deploy : PWD=/opt/app ; USER=root ; COMMAND=/usr/bin/docker",
    "secretary: Bob; passenger=3; bypass=1; compass: N",
    "connection authorized: user=postgres database=template1",
    'index "ix_partauthorization_nn": pages: 826 in total',
    "docker run -p 80:80 app; mysql -P 3306 -h db app",
    "docker run -u 1000:1000 --user www-data:www-data app",
    "pg_dump: error: connection to server on socket failed",
    "the bearer of this message",
    "-----BEGIN CERTIFICATE----- MIIB",
    "-----BEGIN PUBLIC KEY----- MIIB",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops@jump",
    "[/red] [@click=app.quit] {} %s",
    "uuid 123e4567-e89b-12d3-a456-426614174000 in 0.002 s",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_lines_are_not_touched(text: str) -> None:
    """A log that is redacted is still a log: digests, commits, URLs and prose stay."""
    assert NOTHING_DECLARED.redact(text) == text
    assert Redactor([CANARY, "hunter2", Secret("s3cr3t-value")]).redact(text) == text


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("DB_PASS", True),
        ("apiKey", True),
        ("x-auth-token", True),
        ("SECRET_KEY", True),
        ("password_2", True),
        ("Authorization", True),
        ("public_key", False),
        ("key", False),
        ("tokens_used", False),
        ("passenger", False),
        ("author", False),
    ],
)
def test_keys_are_known_by_name(name: str, secret: bool) -> None:
    """Which keys of an API answer or an environment hold secrets."""
    assert is_secret_key(name) is secret


HOSTILE = [
    "password=",
    "password=\\",
    'password="',
    "token:",
    "secret='",
    "authorization:",
    "authorization: bearer ",
    "cookie:",
    "cookie: a",
    "://",
    "://a:",
    "redis://a:b",
    "https://" + "a" * 30,
    "eyJ",
    "eyJabcdefgh.",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ",
    "--",
    "--password ",
    "curl ",
    "curl -u a",
    "mysql",
    "mysql -p'",
    "docker login ",
    "sshpass -p '",
    "AKIA",
    "ghp_",
    "1|",
    "a",
    " ",
    "\\",
    '"',
    "'",
    "&a=",
    "password '",
    "hunter2",
    "hunter",
    "aHVudGVy",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_megabyte_made_of_beginnings_is_linear(unit: str) -> None:
    """No text makes the patterns backtrack: four times the text takes about four times the work, not sixteen."""
    redactor = Redactor(["hunter2", "hunter2hunter2hunter3", CANARY])

    def seconds(size: int) -> float:
        text = unit * (size // len(unit)) + "!"
        begin = time.process_time()
        redactor.redact(text)
        return time.process_time() - begin

    short, long = min(seconds(1 << 18) for _ in range(2)), seconds(1 << 20)
    # Quadratic would be sixteen times; processor time below a tenth of a second says nothing.
    assert long < 0.1 or long < 10 * short


# ------------------------------------------------------------ the edges


@pytest.mark.parametrize(
    "interruption",
    [
        "\x1b[0m",
        "\x1b]8;;http://x\x1b\\",
        "\x9b1m",
        "\x00",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\u00ad",
        "\x1b[3\x001m",
    ],
)
def test_an_interrupted_secret_does_not_survive(interruption: str) -> None:
    """Sanitised first, redacted second: what reads as the secret on a screen is the secret."""
    redactor = Redactor(["hunter2secret"])
    hidden = f"x hunter2{interruption}secret y pass{interruption}word=ab{interruption}cd"
    assert edge(hidden, redactor) == f"x {REDACTED} y password={REDACTED}"


def test_a_limit_does_not_leave_half_a_secret() -> None:
    """Cut last: a limit in the middle of a secret shows none of it."""
    redactor = Redactor(["hunter2secret"])
    for limit in range(1, 40):
        shown = edge("say hunter2secret twice: hunter2secret", redactor, limit=limit)
        assert "hun" not in shown
        assert len(shown) <= limit


def test_newlines_are_kept_when_asked_for() -> None:
    """A message of several lines passes the edge as such."""
    assert edge(b"a\r\npassword: x1\nb", NOTHING_DECLARED, keep_newlines=True) == f"a\npassword: {REDACTED}\nb"
    assert edge("a\nb", NOTHING_DECLARED) == "a⏎b"


@pytest.mark.parametrize("shift", [0, 1, 50, 8180, 8185, 8190, 16380])
@pytest.mark.parametrize("chunk", [977, 1 << 20])
def test_a_cut_line_does_not_cut_a_secret(shift: int, chunk: int) -> None:
    """A secret that stands where a long line is cut is found all the same."""
    redactor = Redactor(["hunter2secret"])
    data = b"x" * shift + b"".join(b" hunter2secret password=abcdefgh %d" % number for number in range(4000))
    lines = LineSanitiser(cut=redactor.safe_cut)
    shown: list[str] = []
    for start in range(0, len(data), chunk):
        shown += lines.feed(data[start : start + chunk])
    shown += lines.finish()
    assert len(shown) > 10
    assert not [piece for piece in shown if "hunter" in redactor.redact(piece) or "bcd" in redactor.redact(piece)]
    assert not [piece for piece in shown if piece.rstrip("…").endswith(("hunter2", "password=", "hunter2sec"))]


def test_a_key_over_several_lines_goes_and_the_log_goes_on() -> None:
    """Line by line, a private key is hidden to its end, and what follows is shown, even when the key broke off."""
    lines = ["before", *("app-1 | " + line for line in PEM.splitlines()), "app-1 | after it"]
    redactor = LineRedactor(NOTHING_DECLARED)
    shown = [redactor.redact(line) for line in lines]
    assert shown[0] == "before"
    assert shown[-1] == "app-1 | after it"
    assert not [line for line in shown if "b3Blb" in line or "Ntz" in line]

    broken = [redactor.redact(line) for line in [*PEM.splitlines()[:3], "2024-05-01 ERROR disk full", "next"]]
    assert broken[-2:] == ["2024-05-01 ERROR disk full", "next"]
    assert "b3Blb" not in "".join(broken)


def test_trees_are_redacted_by_key_and_by_value() -> None:
    """An API answer or an event keeps its shape and its keys, and loses its secrets."""
    tree = {
        "name": "app",
        "url": "postgres://u:hunter2@db/x",
        "password": "x1",
        "token": {"id": 7, "parts": ["a", None, True]},
        "tokens_used": 12,
        "env": ["DB_PASSWORD=x2", "DEBUG=1"],
        "envs": [
            {"key": "API_TOKEN", "value": "x3", "real_value": "x4", "id": 3},
            {"key": "PORT", "value": "80"},
        ],
        "note": ("s3cr3t-value said", 1.5),
        "pin": 12345678,
        "wrapped": Secret("zzzz"),
        "s3cr3t-value": 1,
    }
    assert Redactor(["s3cr3t-value", "12345678"]).redact_json(tree) == {
        "name": "app",
        "url": f"postgres://u:{REDACTED}@db/x",
        "password": REDACTED,
        "token": {"id": REDACTED, "parts": [REDACTED, None, True]},
        "tokens_used": 12,
        "env": [f"DB_PASSWORD={REDACTED}", "DEBUG=1"],
        "envs": [
            {"key": "API_TOKEN", "value": REDACTED, "real_value": REDACTED, "id": 3},
            {"key": "PORT", "value": "80"},
        ],
        "note": [f"{REDACTED} said", 1.5],
        "pin": REDACTED,
        "wrapped": REDACTED,
        REDACTED: 1,
    }


def test_no_entry_is_lost_when_keys_hold_secrets() -> None:
    """Two keys that read alike after redaction are still two entries."""
    shown = Redactor(["aaaa1", "bbbb2"]).redact_json({"aaaa1": 1, "bbbb2": 2, REDACTED: 3})
    assert sorted(shown.values()) == [1, 2, 3]


def test_a_tree_without_end_or_of_other_things_is_handled() -> None:
    """Depth is bounded without a RecursionError; what is no JSON is refused."""
    deep: list[object] = ["hunter2"]
    for _ in range(100_000):
        deep = [deep]
    shown = json.dumps(NOTHING_DECLARED.redact_json(deep), ensure_ascii=False)
    assert REDACTED in shown
    assert "hunter2" not in shown
    with pytest.raises(TypeError, match="bytes"):
        NOTHING_DECLARED.redact_json({"x": b"y"})


@given(VALUES, VALUES)
def test_a_secret_in_a_traceback_goes(value: str, other: str) -> None:
    """A traceback that quotes a connection string does not carry it out."""
    assume(value not in other)
    try:
        raise RuntimeError(f"cannot connect to postgres://app:{quote(value, safe='')}@db/{other!r}")
    except RuntimeError:
        text = traceback.format_exc()
    shown = edge(text, Redactor([value]), keep_newlines=True)
    assert f"app:{quote(value, safe='')}@" not in shown
    assert "RuntimeError" in shown
