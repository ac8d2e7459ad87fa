"""What git and its servers say, in words of ours: real messages, each with its reason, and nothing raw."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.model.git_text import branch_problem, filled, is_full_id, last_words, refusal, remote_said, shown_url
from actions.model.outside_text import is_clean

GITHUB = """remote: error: GH006: Protected branch update failed for refs/heads/main.
remote: error: Changes must be made through a pull request.
To github.com:team/obcms.git
 ! [remote rejected] 2273691 -> main (protected branch hook declined)
error: failed to push some refs to 'github.com:team/obcms.git'"""


@pytest.mark.parametrize(
    ("said", "why", "lost"),
    [
        (GITHUB, "protects this branch name", False),
        ("remote: GitLab: You are not allowed to push code to this project.", "protects this branch name", False),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", "asks for a password", False),
        ("git@github.com: Permission denied (publickey).\r\nfatal: Could not read from remote", "our login", False),
        ("fatal: Authentication failed for 'https://x/'", "our login", False),
        ("Host key verification failed.", "host key", False),
        ("! [remote rejected] a -> b (shallow update not allowed)", "shallow", False),
        ("error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists", "could not write the branch", False),
        ("remote: fatal: unable to write: No space left on device", "could not store", False),
        ("ssh: Could not resolve hostname git.example.org: Name or service not known", "name is not found", True),
        ("ssh: connect to host 10.0.0.9 port 22: Connection timed out", "does not answer", True),
        ("fatal: the remote end hung up unexpectedly", "ended the connection", True),
        ("ERROR: Repository not found.", "no such repository", False),
        ("fatal: transport 'ext' not allowed", "transport that is not allowed", False),
    ],
)
def test_a_servers_words_become_a_reason(said: str, why: str, lost: bool) -> None:
    """The row says why in one plain sentence and what to do next; a lost connection is told apart from a no."""
    found = refusal(said)
    assert found is not None
    assert why in found.why
    assert found.lost is lost
    assert found.next_move


def test_unknown_words_are_no_reason() -> None:
    """What we do not know is not explained away."""
    assert refusal("fatal: something new happened") is None
    assert last_words("a\nfatal: something new\nand a hint\n") == "fatal: something new"


def test_a_hook_is_quoted_without_its_wrapping() -> None:
    """The remote's lines alone, on one line."""
    assert remote_said(GITHUB).startswith("error: GH006: Protected branch update failed")
    assert "failed to push" not in remote_said(GITHUB)


@given(st.text(max_size=400))
def test_whatever_is_said_stays_harmless(text: str) -> None:
    """No text of a remote reaches a row raw or breaks the reading of it."""
    assert is_clean(remote_said(f"remote: {text}"))
    assert is_clean(last_words(text))
    assert is_clean(shown_url(text))
    refusal(text)


@given(st.text(max_size=60))
def test_a_name_that_passes_is_plain(name: str) -> None:
    """Only letters, digits and four signs ever get into a branch name, and never an option."""
    if not branch_problem(name):
        assert name.isascii()
        assert name[0].isalnum() or name[0] == "_"
        assert not set(name) & set(" ~^:?*[\\@{'\"$;`\n")


@given(st.text(max_size=60))
def test_only_the_two_words_are_replaced(word: str) -> None:
    """A command without {ref} and {sha} is left as it is, and what is put in is not looked at again."""
    plain = word.replace("{ref}", "").replace("{sha}", "")
    if "{ref}" not in plain and "{sha}" not in plain:
        assert filled((plain,), ref="R", sha="S") == (plain,)
    assert filled(("{ref}={sha}",), ref="{sha}", sha="{ref}") == ("{sha}={ref}",)


@pytest.mark.parametrize("text", ["", "a" * 39, "a" * 41, "A" * 40, "g" * 40, "a" * 40 + "\n", "v1", "HEAD", "-" * 40])
def test_only_whole_ids_are_ids(text: str) -> None:
    """Nothing shorter, longer or otherwise spelt passes for a full id."""
    assert not is_full_id(text)
    assert is_full_id("0a" * 20)
    assert is_full_id("0a" * 32)
