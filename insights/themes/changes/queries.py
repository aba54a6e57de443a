"""SQL for what people do to themes: done, noted with what was before, and undone.

Each change notes the rows that it touches, as they were and as it left them. Undoing puts them back
if they are still as it left them; else a later change has to be undone first. The company is held
meanwhile, so that nobody places requests or changes themes at the same time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import kwargs_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.insight import Kind, Review
from insights.rollups.queries import hold_company, recount
from insights.themes.rules import BadTheme, ThemeChanged, checked_name
from insights.themes.theme import Act, Change, ChangePosition, SuggestionState

State = dict[str, Any]
"""What a change touches, as the history keeps it: {"theme 12 name": "CSV export", …}."""


@dataclass(frozen=True, slots=True)
class _Touched:
    """The rows that a change touches, by id."""

    themes: tuple[int, ...] = ()
    mentions: tuple[int, ...] = ()
    suggestions: tuple[int, ...] = ()


# Doing ------------------------------------------------------------------------------------


def rename(conn: Connection, theme_id: int, name: str, user_id: int) -> int:
    """Call a theme otherwise; the old name still means it. The change's id. Raises NotFound,
    BadTheme, ThemeChanged."""
    company_id, old = _held(conn, theme_id)
    name = checked_name(name, _taken(conn, company_id, theme_id))
    touched = _Touched(themes=(theme_id,))
    before = _state(conn, touched)
    conn.execute(
        """update theme set name = %(name)s, aliases = array(
               select distinct alias from unnest(aliases || name) alias
               where lower(alias) <> lower(%(name)s) order by alias) where id = %(id)s""",
        {"id": theme_id, "name": name},
    )
    return _note(conn, company_id, user_id, Act.RENAME, f"“{old}” is now “{name}”", touched, before)


def merge(conn: Connection, theme_id: int, into_id: int, user_id: int) -> int:
    """Make a theme part of another of its company; its names mean that one from now on. The
    change's id. Raises NotFound, BadTheme, ThemeChanged."""
    return _merge(conn, theme_id, into_id, user_id, Act.MERGE)


def split(conn: Connection, theme_id: int, mentions: Sequence[int], name: str, user_id: int) -> int:
    """Move some of a theme's mentions into a new theme. The change's id. Raises NotFound, BadTheme,
    ThemeChanged."""
    company_id, old = _held(conn, theme_id)
    name = checked_name(name, _taken(conn, company_id, theme_id))
    if name.casefold() == old.casefold():
        raise BadTheme(f"“{old}” is what the theme is called: give the new one another name.")
    chosen = tuple(sorted(set(mentions)))
    _check_mentions(conn, theme_id, chosen, old)
    row = conn.execute(  # as a part first, which is what undoing makes of it again
        """insert into theme (company_id, name, merged_into) values (%s, %s, %s) returning id""",
        (company_id, name, theme_id),
    ).fetchone()
    assert row is not None, "an insert returns its row"
    touched = _Touched(themes=(theme_id, row[0]), mentions=chosen)
    before = _state(conn, touched)
    conn.execute("update theme set merged_into = null where id = %s", (row[0],))
    conn.execute("update insight set theme_id = %s where id = any(%s)", (row[0], list(chosen)))
    told = f"“{name}” split off “{old}”"
    return _note(conn, company_id, user_id, Act.SPLIT, told, touched, before)


def judge(conn: Connection, suggestion_id: int, same: bool, user_id: int) -> int:
    """Say whether two themes are the same wish: then the newer is merged into the older, else they
    are never suggested again. The change's id. Raises NotFound, ThemeChanged."""
    _held(conn, _suggested(conn, suggestion_id)[0])
    newer, older = sorted(_suggested(conn, suggestion_id), reverse=True)  # as it is now, held
    if same:
        return _merge(conn, newer, older, user_id, Act.SAME, suggestion_id)
    company_id, name = _held(conn, newer)
    _, other = _held(conn, older)
    touched = _Touched(suggestions=(suggestion_id,))
    before = _state(conn, touched)
    _decide(conn, suggestion_id, SuggestionState.REFUSED, user_id)
    told = f"“{name}” and “{other}” are different"
    return _note(conn, company_id, user_id, Act.DIFFERENT, told, touched, before)


def undo(conn: Connection, change_id: int, user_id: int) -> int:
    """Take a change back. The id of the change that this is. Raises NotFound, ThemeChanged."""
    company_id, act, told, before, after = _change_to_undo(conn, change_id)
    hold_company(conn, company_id)
    row = conn.execute("select id from theme_change where undoes = %s", (change_id,)).fetchone()
    if row is not None or act is Act.UNDO:
        raise ThemeChanged("This is undone already: do it again by hand where it was right.")
    touched = _touched(after)
    now = _state(conn, touched)
    if any(now.get(key, left) != left for key, left in after.items()):
        raise ThemeChanged("Somebody changed these themes since: undo that first.")
    for key, value in before.items():
        what, number, field = key.split()
        conn.execute(_PUT_BACK[what, field], {"id": number, "value": value})
    done = _note(
        conn, company_id, user_id, Act.UNDO, f"Undone: {told}", touched, now, undoes=change_id
    )
    if act is Act.SPLIT:  # what was split off is no alias where nothing else came to it
        conn.execute(
            """delete from theme where id = any(%s) and merged_into is not null
               and not exists (select 1 from insight where theme_id = theme.id)""",
            (list(touched.themes),),
        )
    return done


def _merge(
    conn: Connection,
    theme_id: int,
    into_id: int,
    user_id: int,
    act: Act,
    suggestion_id: int | None = None,
) -> int:
    company_id, name = _held(conn, theme_id)
    other_company_id, into = _held(conn, into_id)
    if theme_id == into_id or company_id != other_company_id:
        raise BadTheme("Choose two themes of one company to merge.")
    parts = conn.execute(
        "select id from theme where id = %(id)s or merged_into = %(id)s", {"id": theme_id}
    ).fetchall()
    suggestions = (suggestion_id,) if suggestion_id else ()
    touched = _Touched((into_id, *(part for (part,) in parts)), suggestions=suggestions)
    before = _state(conn, touched)
    conn.execute(
        "update theme set merged_into = %(into)s where id = %(id)s or merged_into = %(id)s",
        {"id": theme_id, "into": into_id},
    )
    if suggestion_id:
        _decide(conn, suggestion_id, SuggestionState.ACCEPTED, user_id)
    return _note(conn, company_id, user_id, act, f"“{name}” is part of “{into}”", touched, before)


def _decide(conn: Connection, suggestion_id: int, state: SuggestionState, user_id: int) -> None:
    conn.execute(
        """update theme_suggestion set state = %s, decided_by = %s, decided_at = now()
           where id = %s""",
        (state, user_id, suggestion_id),
    )


# Looking ----------------------------------------------------------------------------------


def _held(conn: Connection, theme_id: int) -> tuple[int, str]:
    """The company and name of a theme, its company held. ThemeChanged where it is a part."""
    query = """select t.company_id, t.name, whole.name from theme t
               left join theme whole on whole.id = t.merged_into where t.id = %s"""
    row = conn.execute(query, (theme_id,)).fetchone()
    if row is not None:
        hold_company(conn, row[0])
        row = conn.execute(query, (theme_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no theme {theme_id}.")
    company_id, name, part_of = row
    if part_of is not None:
        raise ThemeChanged(f"“{name}” is part of “{part_of}” by now: look at that one.")
    return company_id, name


def _taken(conn: Connection, company_id: int, theme_id: int) -> dict[str, str]:
    """The names and aliases of a company's other themes, casefolded, with the present names."""
    rows = conn.execute(
        """select also.name, whole.name from theme part
           join theme whole on whole.id = coalesce(part.merged_into, part.id),
           lateral unnest(part.aliases || part.name) as also (name)
           where part.company_id = %s and whole.id <> %s""",
        (company_id, theme_id),
    ).fetchall()
    return {name.casefold(): present for name, present in rows}


def _check_mentions(conn: Connection, theme_id: int, chosen: Sequence[int], name: str) -> None:
    rows = conn.execute(
        """select i.id, i.review from insight i join theme part on part.id = i.theme_id
           join call c on c.id = i.call_id and c.company_id = part.company_id
           where coalesce(part.merged_into, part.id) = %s""",
        (theme_id,),
    ).fetchall()
    if not chosen:
        raise BadTheme("Choose the mentions that are another wish.")
    if not set(chosen) <= {mention for mention, _ in rows}:
        raise ThemeChanged(f"Some of these mentions are not in “{name}” any more: look again.")
    if {mention for mention, review in rows if review != Review.REJECTED} <= set(chosen):
        raise BadTheme(f"These are all the mentions of “{name}”: rename it instead.")


def _suggested(conn: Connection, suggestion_id: int) -> tuple[int, int]:
    """The two themes of a suggestion that nobody has decided."""
    row = conn.execute(
        """select whole.id, whole_other.id, s.state from theme_suggestion s
           join theme t on t.id = s.theme_id
           join theme whole on whole.id = coalesce(t.merged_into, t.id)
           join theme o on o.id = s.other_id
           join theme whole_other on whole_other.id = coalesce(o.merged_into, o.id)
           where s.id = %s""",
        (suggestion_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no suggestion {suggestion_id}.")
    theme_id, other_id, state = row
    if state != SuggestionState.OPEN or theme_id == other_id:
        raise ThemeChanged("Somebody has decided this pair already.")
    return theme_id, other_id


# Keeping the history ----------------------------------------------------------------------

_PUT_BACK = {
    ("theme", "name"): "update theme set name = %(value)s where id = %(id)s",
    ("theme", "aliases"): "update theme set aliases = %(value)s where id = %(id)s",
    ("theme", "merged_into"): "update theme set merged_into = %(value)s where id = %(id)s",
    ("mention", "theme"): "update insight set theme_id = %(value)s where id = %(id)s",
    ("suggestion", "state"): """update theme_suggestion set state = %(value)s, decided_by = null,
                                       decided_at = null where id = %(id)s""",
}


def _state(conn: Connection, touched: _Touched) -> State:
    """How the touched rows are; what is gone is not in it."""
    state: State = {}
    for number, name, aliases, merged_into in conn.execute(
        "select id, name, aliases, merged_into from theme where id = any(%s)",
        (list(touched.themes),),
    ):
        state[f"theme {number} name"] = name
        state[f"theme {number} aliases"] = aliases
        state[f"theme {number} merged_into"] = merged_into
    for number, theme_id in conn.execute(
        "select id, theme_id from insight where id = any(%s)", (list(touched.mentions),)
    ):
        state[f"mention {number} theme"] = theme_id
    for number, decided in conn.execute(
        "select id, state from theme_suggestion where id = any(%s)", (list(touched.suggestions),)
    ):
        state[f"suggestion {number} state"] = decided
    return state


def _touched(state: State) -> _Touched:
    ids: dict[str, list[int]] = {"theme": [], "mention": [], "suggestion": []}
    for key in state:
        what, number, _ = key.split()
        ids[what].append(int(number))
    return _Touched(tuple(ids["theme"]), tuple(ids["mention"]), tuple(ids["suggestion"]))


def _note(
    conn: Connection,
    company_id: int,
    user_id: int,
    act: Act,
    told: str,
    touched: _Touched,
    before: State,
    undoes: int | None = None,
) -> int:
    """Have the mentions and the roll-ups follow a change, and keep what it changed; its id."""
    conn.execute("update theme set settled = true where id = any(%s)", (list(touched.themes),))
    _relabel(conn, company_id)
    now = _state(conn, touched)
    changed = [key for key, value in now.items() if before.get(key, value) != value]
    row = conn.execute(
        """insert into theme_change (company_id, user_id, act, told, before, after, undoes)
           values (%s, %s, %s, %s, %s, %s, %s) returning id""",
        (
            *(company_id, user_id, act, told),
            Jsonb({key: before[key] for key in changed}),
            Jsonb({key: now[key] for key in changed}),
            undoes,
        ),
    ).fetchone()
    assert row is not None, "an insert returns its row"
    change_id: int = row[0]
    return change_id


def _relabel(conn: Connection, company_id: int) -> None:
    """Give requests the present names of their themes. Those of a call that counts for another
    company by now have theirs from there, once it is mined."""
    rows = conn.execute(
        """update insight set label = wanted.name
           from (select i.id, i.label, whole.name from insight i
                 join theme part on part.id = i.theme_id
                 join theme whole on whole.id = coalesce(part.merged_into, part.id)
                 where part.company_id = %(company)s and i.label <> whole.name
                   and not exists (select 1 from mined_call m where m.call_id = i.call_id
                                   and m.company_id <> part.company_id)) wanted
           where insight.id = wanted.id returning wanted.label, wanted.name""",
        {"company": company_id},
    ).fetchall()
    recount(conn, company_id, Kind.FEATURE_REQUEST, {label for row in rows for label in row})


def _change_to_undo(conn: Connection, change_id: int) -> tuple[int, Act, str, State, State]:
    row = conn.execute(
        "select company_id, act, told, before, after from theme_change where id = %s", (change_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no change {change_id} of themes.")
    company_id, act, told, before, after = row
    return company_id, Act(act), told, before, after


_CHANGES = """
select h.id, h.company_id, company.name as company, h.act, h.told, u.name as by, h.at, h.undoes,
       exists (select 1 from theme_change later where later.undoes = h.id) as undone
from theme_change h join company on company.id = h.company_id join app_user u on u.id = h.user_id
"""


def changes(
    conn: Connection,
    company_id: int | None = None,
    before: ChangePosition | None = None,
    limit: int = 50,
) -> Sequence[Change]:
    """What people did to themes, the latest first, going on before a position."""
    with conn.cursor(row_factory=kwargs_row(_change)) as cursor:
        return cursor.execute(
            f"""{_CHANGES} where (%(company)s::bigint is null or h.company_id = %(company)s)
                and (%(before)s::bigint is null or h.id < %(before)s)
                order by h.id desc limit %(limit)s""",
            {"company": company_id, "before": before.id if before else None, "limit": limit},
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
