"""What is told of a queue: numbers where they are known, and never a number where they are not."""

from __future__ import annotations

import pytest

from actions.model.queue_depth import Depth, depth_of
from actions.steps.queue_reading import app_of, is_worker


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("0\n", "no task waits in the queue: drained"),
        ("(integer) 12\n", "12 tasks wait in the queue: not drained"),
        ("1", "1 task waits in the queue: not drained"),
        (
            "Timeout: 60.0 seconds ...\nname\tmessages\ncelery\t3\nmail\t0\n",
            "3 tasks wait: celery 3, mail 0: not drained",
        ),
        ('{"queues": {"celery": 0}, "tasks": {}, "begun": 0}', "no task waits in celery: drained"),
        (
            '{"queues": {"celery": 0}, "tasks": {}, "begun": 2}',
            "0 tasks wait in celery, 2 begun and not finished: not drained",
        ),
        (
            '{"queues": {"celery": 5}, "tasks": {"app.mail": 4, "app.report": 1}}',
            "5 tasks wait in celery (app.mail 4, app.report 1): not drained",
        ),
        ("", "how many tasks wait is not known: nothing is answered"),
        (
            "NOAUTH Authentication required.",
            "how many tasks wait is not known: the answer holds no number: NOAUTH Auth",
        ),
        ('{"queues": []}', "how many tasks wait is not known: the answer is not understood"),
        ("\x1b[31mred\n", "how many tasks wait is not known: the answer holds no number: "),
    ],
)
def test_what_is_answered_becomes_words(answer: str, words: str) -> None:
    """Z43: the number is said, drained or not; what is no number is said to be unknown, and is harmless."""
    found = depth_of(answer)
    assert found.words().startswith(words)
    assert "\x1b" not in found.words()
    assert found.drained is words.endswith(": drained")


def test_the_unknown_is_never_drained() -> None:
    """An empty answer is no empty queue."""
    assert not Depth(unknown="no answer").drained


@pytest.mark.parametrize(
    ("words", "worker", "app"),
    [
        (("celery", "-A", "obcms", "worker", "-l", "info"), True, "obcms"),
        (("/venv/bin/celery", "--app=obcms.celery", "worker"), True, "obcms.celery"),
        (("python", "-m", "celery", "-Aobcms", "worker"), True, "obcms"),
        (("celery", "-A", "obcms", "beat"), False, "obcms"),
        (("gunicorn", "--workers", "4"), False, ""),
        (("worker", "celery"), False, ""),
    ],
)
def test_a_worker_is_known_by_its_command(words: tuple[str, ...], worker: bool, app: str) -> None:
    """beat is none: it only sends."""
    assert is_worker(words) is worker
    assert app_of(words) == app
