"""Make a role's digest from the database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.digest import Week
from insights.digests import queries
from insights.digests.edition import (
    READS_FIRST,
    Audience,
    Edition,
    Followed,
    Movement,
    NewName,
    follow_movement,
    follow_name,
    headline,
    movements,
    worth_using,
)
from insights.evaluate import Share
from insights.insight import Kind
from insights.themes.queries import theme
from insights.trends import queries as trend_queries
from insights.trends import rules, telling
from insights.trends.trend import Question, Trends, Unit, Verdict, last_periods

WEEKS = 12
"""In a picture: the eight that are compared and some before."""


def edition(conn: Connection, week: Week, audience: Audience, now: datetime) -> Edition:
    """The digest of a week as it stands now; nothing is written. One kept for the week before says
    what there is to follow."""
    before = queries.kept_edition(conn, week.before, audience)
    answers = {kind: _trends(conn, kind, week) for kind in READS_FIRST[audience]}
    found = tuple(each for trends in answers.values() for each in movements(trends))
    first = next(iter(answers.values()))
    said, why = headline(found, first)
    quotes = worth_using(queries.sayings(conn, week), audience, found)
    return Edition(
        week=week,
        audience=audience,
        made_at=now,
        calls=first.calls[-1],
        calls_before=first.calls[-2],
        headline=said,
        belief=why,
        cautions=_cautions(answers.values(), found),
        movements=found,
        names=(*queries.new_rivals(conn, week), *queries.new_requests(conn, week)),
        followed=_followed(conn, week, before, answers) if before else (),
        quotes=tuple(quote.insight_id for quote in quotes),
    )


def kept(conn: Connection, week: Week, audience: Audience, now: datetime) -> Edition:
    """The digest of a week, made and kept where there is none yet: all read the same."""
    known = queries.kept_edition(conn, week, audience)
    return known or queries.keep_edition(conn, edition(conn, week, audience, now))


def _trends(conn: Connection, kind: Kind, week: Week) -> Trends:
    """One kind's trends as they stand when the week is over."""
    over = week.after.monday
    question = Question(kind, last_periods(Unit.WEEK, WEEKS, over))
    return rules.build(question, trend_queries.count(conn, question, over), over)


def _cautions(answers: Iterable[Trends], found: Sequence[Movement]) -> tuple[str, ...]:
    """Why what is told may be the detectors' doing."""
    moved = {each.kind for each in found}
    said = (telling.caution(trends) for trends in answers if trends.question.kind in moved)
    return tuple(caution for caution in said if caution)


def _followed(
    conn: Connection, week: Week, before: Edition, answers: Mapping[Kind, Trends]
) -> tuple[Followed, ...]:
    """What became of the changes and the new names of the week before."""
    changes = [
        follow_movement(
            told,
            _verdict(answers[told.kind], told.label),
            _share(conn, told.kind, told.label, week),
        )
        for told in before.movements
    ]
    names = []
    for new in before.names:
        name = _name_now(conn, new)
        names.append(follow_name(new, name, _share(conn, new.kind, name, week)))
    return (*changes, *names)


def _verdict(trends: Trends, label: str) -> Verdict | None:
    found = (series.change for series in trends.series if series.label == label)
    change = next(found, None)
    return change.verdict if change else None


def _share(conn: Connection, kind: Kind, label: str, week: Week) -> Share:
    """Of the week's calls, those with a label."""
    spans = last_periods(Unit.WEEK, 1, week.after.monday)
    counts = trend_queries.count(conn, Question(kind, spans, label=label), week.after.monday)
    return Share(sum(row.calls for row in counts.labels), sum(row.calls for row in counts.calls))


def _name_now(conn: Connection, new: NewName) -> str:
    """A wish may be called something else by now; its theme may also be gone."""
    if new.theme_id is None:
        return new.name
    try:
        return theme(conn, new.theme_id).name
    except NotFound:
        return new.name
