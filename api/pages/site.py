"""The templates, and what every page shares."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api.pages import words
from api.pages.keeping import counted, left_words, rule_words
from api.users import Right, User
from insights.digest import call_path, count_words, label_words, not_enough
from insights.insight import Category, Kind, Review, Stance

HERE = Path(__file__).parent.parent
STATIC = HERE / "static"


@cache
def templates() -> Environment:
    """The pages' templates: everything escaped, and an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": words.clock,
        "lasting": words.length,
        "dollars": words.dollars,
        "counted": count_words,
        "title_of": words.title_of,
        "is_day": words.is_day,
        "going": counted,
        "left": left_words,
        "ruled": rule_words,
    }
    environment.globals |= {
        "Category": Category,
        "Kind": Kind,
        "Review": Review,
        "Right": Right,
        "Stance": Stance,
        "label_words": label_words,
        "moment": words.moment,
        "call_path": call_path,
        "calls_known": words.calls_known,
        "days": words.days,
        "kind_words": words.kind_words,
        "listed": words.listed,
        "not_enough": not_enough,
    }
    return environment


def render(template: str, **values: Any) -> str:
    """A template as text."""
    return templates().get_template(template).render(now=datetime.now(UTC), **values)


def page(template: str, user: User | None, status: int = 200, **values: Any) -> HTMLResponse:
    """A page as its reader sees it."""
    return HTMLResponse(render(template, user=user, **values), status)
