"""SQL for what people do to themes: done, noted with what was before, and undone.

Each change notes the rows that it touches, as they were and as it left them. Undoing puts them back
if they are still as it left them; else a later change has to be undone first. The company is held
meanwhile, so that nobody places requests or changes themes at the same time.
"""

from collections.abc import Sequence

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.insight import Kind, Review
from insights.rollups.queries import hold_company, recount
from insights.themes.history.queries import (
    Done,
    State,
    Touched,
    is_undone,
    keep,
    kept,
    put_back,
    state_of,
    touched_in,
)
from insights.themes.rules import (
    BadTheme,
    ThemeChanged,
    checked_link,
    checked_name,
    checked_note,
    host_of,
)
from insights.themes.theme import Act, Status, SuggestionState

# Doing ------------------------------------------------------------------------------------


def rename(conn: Connection, theme_id: int, name: str, user_id: int) -> int:
    """Call a theme otherwise; the old name still means it. The change's id. Raises NotFound,
    BadTheme, ThemeChanged."""
    company_id, old = _held(conn, theme_id)
    name = checked_name(name, _taken(conn, company_id, theme_id))
    touched = Touched(themes=(theme_id,))
    before = state_of(conn, touched)
    conn.execute(
        """update theme set name = %(name)s, aliases = array(
               select distinct alias from unnest(aliases || name) alias
               where lower(alias) <> lower(%(name)s) order by alias) where id = %(id)s""",
        {"id": theme_id, "name": name},
    )
    done = Done(Act.RENAME, f"“{old}” is now “{name}”")
    return _keep(conn, company_id, user_id, done, touched, before)


def merge(conn: Connection, theme_id: int, into_id: int, user_id: int) -> int:
    """Make a theme part of another of its company; its names mean that one from now on, and its
    status and link too, where that one has none. The change's id. Raises NotFound, BadTheme,
    ThemeChanged."""
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
    touched = Touched(themes=(theme_id, row[0]), mentions=chosen)
    before = state_of(conn, touched)
    conn.execute("update theme set merged_into = null where id = %s", (row[0],))
    conn.execute("update insight set theme_id = %s where id = any(%s)", (row[0], list(chosen)))
    done = Done(Act.SPLIT, f"“{name}” split off “{old}”")
    return _keep(conn, company_id, user_id, done, touched, before)


def judge(conn: Connection, suggestion_id: int, same: bool, user_id: int) -> int:
    """Say whether two themes are the same wish: then the newer is merged into the older, else they
    are never suggested again. The change's id. Raises NotFound, ThemeChanged."""
    _held(conn, _suggested(conn, suggestion_id)[0])
    newer, older = sorted(_suggested(conn, suggestion_id), reverse=True)  # as it is now, held
    if same:
        return _merge(conn, newer, older, user_id, Act.SAME, suggestion_id)
    company_id, name = _held(conn, newer)
    _, other = _held(conn, older)
    touched = Touched(suggestions=(suggestion_id,))
    before = state_of(conn, touched)
    _decide(conn, suggestion_id, SuggestionState.REFUSED, user_id)
    done = Done(Act.DIFFERENT, f"“{name}” and “{other}” are different")
    return _keep(conn, company_id, user_id, done, touched, before)


def set_status(conn: Connection, theme_id: int, status: Status, note: str, user_id: int) -> int:
    """Say what becomes of a wish, and why. The change's id. Raises NotFound, BadTheme, ThemeChanged
    where that was said already."""
    company_id, name = _held(conn, theme_id)
    why = checked_note(note)
    touched = Touched(themes=(theme_id,))
    before = state_of(conn, touched)
    if before[f"theme {theme_id} status"] == status:
        raise ThemeChanged(f"“{name}” is {status} already.")
    conn.execute(
        "update theme set status = %s, status_since = now() where id = %s", (status, theme_id)
    )
    done = Done(Act.STATUS, f"“{name}” is {status}", why)
    return _keep(conn, company_id, user_id, done, touched, before)


def set_link(conn: Connection, theme_id: int, address: str, user_id: int) -> int:
    """Link a theme to an issue elsewhere; an empty address takes the link away. The change's id.
    Raises NotFound, BadTheme, ThemeChanged where it is linked so already."""
    company_id, name = _held(conn, theme_id)
    link = checked_link(address)
    touched = Touched(themes=(theme_id,))
    before = state_of(conn, touched)
    if before[f"theme {theme_id} issue_url"] == link:
        raise ThemeChanged(f"“{name}” is linked to this already." if link else _NO_LINK)
    conn.execute("update theme set issue_url = %s where id = %s", (link, theme_id))
    where = f"an issue at {host_of(link)}" if link else "no issue"
    done = Done(Act.LINK, f"“{name}” is linked to {where}")
    return _keep(conn, company_id, user_id, done, touched, before)


_NO_LINK = "There is no link to take away: give the issue's address."


def undo(conn: Connection, change_id: int, user_id: int) -> int:
    """Take a change back. The id of the change that this is. Raises NotFound, ThemeChanged."""
    change = kept(conn, change_id)
    hold_company(conn, change.company_id)
    if is_undone(conn, change_id) or change.act is Act.UNDO:
        raise ThemeChanged("This is undone already: do it again by hand where it was right.")
    touched = touched_in(change.after)
    now = state_of(conn, touched)
    if any(now.get(key, left) != left for key, left in change.after.items()):
        raise ThemeChanged("Somebody changed these themes since: undo that first.")
    put_back(conn, change.before)
    back = Done(Act.UNDO, f"Undone: {change.told}", undoes=change_id)
    done = _keep(conn, change.company_id, user_id, back, touched, now)
    if change.act is Act.SPLIT:  # what was split off is no alias where nothing else came to it
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
    touched = Touched((into_id, *(part for (part,) in parts)), suggestions=suggestions)
    before = state_of(conn, touched)
    conn.execute(
        "update theme set merged_into = %(into)s where id = %(id)s or merged_into = %(id)s",
        {"id": theme_id, "into": into_id},
    )
    _hand_on(conn, theme_id, into_id)
    if suggestion_id:
        _decide(conn, suggestion_id, SuggestionState.ACCEPTED, user_id)
    done = Done(act, f"“{name}” is part of “{into}”")
    return _keep(conn, company_id, user_id, done, touched, before)


def _hand_on(conn: Connection, theme_id: int, into_id: int) -> None:
    """What was said of a theme holds of the one it became part of, if nothing was said of that."""
    conn.execute(
        """update theme whole
              set status = case when whole.status_since is null then part.status
                                else whole.status end,
                  status_since = coalesce(whole.status_since, part.status_since),
                  issue_url = coalesce(whole.issue_url, part.issue_url)
             from theme part where part.id = %(id)s and whole.id = %(into)s""",
        {"id": theme_id, "into": into_id},
    )


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


# Keeping ----------------------------------------------------------------------------------


def _keep(
    conn: Connection, company_id: int, user_id: int, done: Done, touched: Touched, before: State
) -> int:
    """Have the mentions and the roll-ups follow a change, and keep what it changed; its id."""
    conn.execute("update theme set settled = true where id = any(%s)", (list(touched.themes),))
    _relabel(conn, company_id)
    return keep(conn, company_id, user_id, done, before, state_of(conn, touched))


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
