"""SQL for the history of themes: what a change touched, as it was and as the change left it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row, kwargs_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.themes.theme import Act, Change, ChangePosition

State = dict[str, Any]
"""What a change touches, as the history keeps it: {"theme 12 name": "CSV export", …}."""


@dataclass(frozen=True, slots=True)
class Touched:
    """The rows that a change touches, by id."""

    themes: tuple[int, ...] = ()
    mentions: tuple[int, ...] = ()
    suggestions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What somebody does to themes, to be kept."""

    act: Act
    told: str  # in words
    note: str | None = None  # why
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A change as it was kept, to be undone."""

    company_id: int
    act: Act
    told: str
    before: State
    after: State


# Keeping ----------------------------------------------------------------------------------

_PUT_BACK = {
    ("theme", "name"): "update theme set name = %(value)s where id = %(id)s",
    ("theme", "aliases"): "update theme set aliases = %(value)s where id = %(id)s",
    ("theme", "merged_into"): "update theme set merged_into = %(value)s where id = %(id)s",
    ("theme", "status"): "update theme set status = %(value)s where id = %(id)s",
    ("theme", "status_since"): "update theme set status_since = %(value)s where id = %(id)s",
    ("theme", "issue_url"): "update theme set issue_url = %(value)s where id = %(id)s",
    ("mention", "theme"): "update insight set theme_id = %(value)s where id = %(id)s",
    ("suggestion", "state"): """update theme_suggestion set state = %(value)s, decided_by = null,
                                       decided_at = null where id = %(id)s""",
}


def state_of(conn: Connection, touched: Touched) -> State:
    """How the touched rows are; what is gone is not in it."""
    state: State = {}
    with conn.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(
            """select id, name, aliases, merged_into, status, status_since::text, issue_url
               from theme where id = any(%s)""",
            (list(touched.themes),),
        ):
            number = row.pop("id")
            state |= {f"theme {number} {field}": value for field, value in row.items()}
    for mention, theme_id in conn.execute(
        "select id, theme_id from insight where id = any(%s)", (list(touched.mentions),)
    ):
        state[f"mention {mention} theme"] = theme_id
    for suggestion, decided in conn.execute(
        "select id, state from theme_suggestion where id = any(%s)", (list(touched.suggestions),)
    ):
        state[f"suggestion {suggestion} state"] = decided
    return state


def touched_in(state: State) -> Touched:
    """The rows that a kept state is of."""
    ids: dict[str, list[int]] = {"theme": [], "mention": [], "suggestion": []}
    for key in state:
        what, number, _ = key.split()
        ids[what].append(int(number))
    return Touched(tuple(ids["theme"]), tuple(ids["mention"]), tuple(ids["suggestion"]))


def keep(
    conn: Connection, company_id: int, user_id: int, done: Done, before: State, now: State
) -> int:
    """Keep a change with what is different by it; its id."""
    changed = [key for key, value in now.items() if before.get(key, value) != value]
    row = conn.execute(
        """insert into theme_change (company_id, user_id, act, told, note, before, after, undoes)
           values (%s, %s, %s, %s, %s, %s, %s, %s) returning id""",
        (
            *(company_id, user_id, done.act, done.told, done.note),
            Jsonb({key: before[key] for key in changed}),
            Jsonb({key: now[key] for key in changed}),
            done.undoes,
        ),
    ).fetchone()
    assert row is not None, "an insert returns its row"
    change_id: int = row[0]
    return change_id


def kept(conn: Connection, change_id: int) -> Kept:
    """A change as it was kept. Raises NotFound."""
    with conn.cursor(row_factory=kwargs_row(_kept)) as cursor:
        found = cursor.execute(
            "select company_id, act, told, before, after from theme_change where id = %s",
            (change_id,),
        ).fetchone()
    if found is None:
        raise NotFound(f"There is no change {change_id} of themes.")
    return found


def _kept(*, act: str, **row: Any) -> Kept:
    return Kept(act=Act(act), **row)


def is_undone(conn: Connection, change_id: int) -> bool:
    """Whether somebody has taken the change back."""
    query = "select 1 from theme_change where undoes = %s"
    return conn.execute(query, (change_id,)).fetchone() is not None


def put_back(conn: Connection, before: State) -> None:
    """Make the rows as they were."""
    for key, value in before.items():
        what, number, field = key.split()
        conn.execute(_PUT_BACK[what, field], {"id": number, "value": value})


# Showing ----------------------------------------------------------------------------------

_CHANGES = """
select h.id, h.company_id, company.name as company, h.act, h.told, h.note,
       u.name as by, h.at, h.undoes,
       exists (select 1 from theme_change later where later.undoes = h.id) as undone
from theme_change h join company on company.id = h.company_id join app_user u on u.id = h.user_id
"""


def changes(
    conn: Connection,
    company_id: int | None = None,
    before: ChangePosition | None = None,
    limit: int = 50,
    theme_id: int | None = None,
) -> Sequence[Change]:
    """What people did to themes, or to one, the latest first, going on before a position."""
    with conn.cursor(row_factory=kwargs_row(_change)) as cursor:
        return cursor.execute(
            f"""{_CHANGES} where (%(company)s::bigint is null or h.company_id = %(company)s)
                and (%(before)s::bigint is null or h.id < %(before)s)
                and (%(theme)s::text is null or exists (
                    select 1 from jsonb_object_keys(h.after) key
                    where starts_with(key, %(theme)s)))
                order by h.id desc limit %(limit)s""",  # noqa: S608 - constants
            {
                "company": company_id,
                "before": before.id if before else None,
                "limit": limit,
                "theme": f"theme {theme_id} " if theme_id else None,
            },
        ).fetchall()


def change(conn: Connection, change_id: int) -> Change:
    """One change. Raises NotFound."""
    with conn.cursor(row_factory=kwargs_row(_change)) as cursor:
        found = cursor.execute(f"{_CHANGES} where h.id = %s", (change_id,)).fetchone()
    if found is None:
        raise NotFound(f"There is no change {change_id} of themes.")
    return found


def _change(*, act: str, **row: Any) -> Change:
    return Change(act=Act(act), **row)
