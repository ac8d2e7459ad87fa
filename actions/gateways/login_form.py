"""Finds the form of a login page and what a browser would send with it; sends nothing and follows nothing.

Only what stands in the HTML counts: a form that a script makes is not found, and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from actions.model.outside_text import sanitise

_NOT_SENT = ("submit", "button", "image", "reset", "file")


@dataclass
class Form:
    """One form as it stands on the page."""

    action: str = ""
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)
    """Name and value of everything a browser would send, in the page's order; without the buttons."""
    secret_fields: list[str] = field(default_factory=list)
    """Names of its password fields."""
    button: tuple[str, str] | None = None
    """The first button that has a name: it is the one that Enter presses."""

    def filled(self, values: dict[str, str]) -> list[tuple[str, str]]:
        """What is sent with these values in their fields."""
        rest = [(name, value) for name, value in self.fields if name not in values]
        return [*rest, *values.items(), *([self.button] if self.button else [])]


class UnfitForm(Exception):
    """There is no form that could be filled in; the reason is its text, sanitised."""


@dataclass(frozen=True)
class Page:
    """The forms of a page, and against what their addresses count."""

    forms: tuple[Form, ...] = ()
    base: str = ""


def read_page(text: str) -> Page:
    """Its forms. Raises UnfitForm where the text cannot be read as HTML at all."""
    parser = _Forms()
    try:
        parser.feed(text)
        parser.close()
    except AssertionError as error:  # of the parser, for a broken declaration
        raise UnfitForm("the page cannot be read as HTML") from error
    return Page(tuple(parser.forms), parser.base)


def asks_for_login(page: Page, password_field: str) -> bool:
    """Whether a form with this password field stands on the page."""
    return any(password_field in form.secret_fields for form in page.forms)


def login_form(page: Page, user_field: str, password_field: str) -> Form:
    """The form with these fields. Raises UnfitForm saying what there is instead."""
    form = next((one for one in page.forms if password_field in one.secret_fields), None)
    if form is None:
        others = sorted({name for one in page.forms for name in one.secret_fields})
        if others:
            there = sanitise(", ".join(others), limit=80)
            raise UnfitForm(f"no form has a password field {password_field!r}; there is: {there}")
        raise UnfitForm("the page has no form with a password field" if page.forms else "the page has no form")
    names = [name for name, _ in form.fields]
    if user_field not in names:
        there = sanitise(", ".join(name for name in names if name not in form.secret_fields), limit=80)
        raise UnfitForm(f"the form has no field {user_field!r}; there is: {there or 'none'}")
    if form.method != "post":
        raise UnfitForm("the form is not sent by POST: the password would stand in an address")
    return form


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.base = ""
        self._open: Form | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._text: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in reversed(attrs)}  # of two alike the first counts
        if tag == "base" and not self.base:
            self.base = told.get("href", "")
        elif tag == "form" and self._open is None:
            self._open = Form(told.get("action", "").strip(), told.get("method", "get").strip().lower())
            self.forms.append(self._open)
        elif self._open is not None and "disabled" not in told:
            self._field(self._open, tag, told)

    def _field(self, form: Form, tag: str, told: dict[str, str]) -> None:
        name = told.get("name", "")
        if tag == "option" and self._select is not None:
            self._select[1].append((told.get("value", ""), "selected" in told))
        elif not name:
            return
        elif tag == "select":
            self._select = (name, [])
        elif tag == "textarea":
            self._text = (name, [])
        elif tag == "button" and told.get("type", "submit").lower() == "submit":
            form.button = form.button or (name, told.get("value", ""))
        elif tag == "input":
            self._input(form, name, told)

    def _input(self, form: Form, name: str, told: dict[str, str]) -> None:
        kind = told.get("type", "text").lower()
        if kind == "submit":
            form.button = form.button or (name, told.get("value", "Submit"))
        if kind in _NOT_SENT or (kind in ("checkbox", "radio") and "checked" not in told):
            return
        if kind == "password":
            form.secret_fields.append(name)
        form.fields.append((name, told.get("value", "on" if kind in ("checkbox", "radio") else "")))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        form = self._open
        if form is None:
            return
        if tag == "form":
            self._open = self._select = self._text = None
        elif tag == "select" and self._select is not None:
            name, choices = self._select
            chosen = [value for value, selected in choices if selected] or [value for value, _ in choices[:1]]
            form.fields += [(name, value) for value in chosen]
            self._select = None
        elif tag == "textarea" and self._text is not None:
            form.fields.append((self._text[0], "".join(self._text[1])))
            self._text = None
