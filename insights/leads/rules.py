"""Which origins bring which objections: pure.

Every origin that is noted is held against all other calls, objection by objection, and of all of
these pairs looked at together those are told that are more than chance. A lead's calls are not
independent of one another: an origin of few accounts is told with their number.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from insights.evaluate import Share
from insights.leads.lead import Lead, Leads, Objected, Origin, Reach, Wait
from insights.trends.contrast import apart, contrasts
from insights.trends.rules import key
from insights.trends.trend import Counts, Question

Cells = Mapping[tuple[str | None, str], Objected]


def build(
    question: Question,
    counts: Counts,
    reach: Iterable[Reach],
    waits: Iterable[Wait],
    wait: Wait | None,
    slowest: Sequence[Lead],
) -> Leads:
    """The answer to a question that splits by lead source or campaign."""
    assert question.by is not None, "leads are told by where they come from"
    calls: Counter[str | None] = Counter()
    for row in counts.calls:
        calls[key(row.group)] += row.calls
    objected: Counter[str] = Counter()
    for found in counts.labels:
        objected[found.label] += found.calls
    labels = tuple(sorted(objected, key=lambda label: (-objected[label], label)))
    cells = _cells(counts, calls, objected)
    accounts = {each.group: each.accounts for each in reach}
    waited = {each.group: each for each in waits}
    names = _names(counts)
    groups = sorted(
        {*calls, *waited}, key=lambda group: (group is None, -calls[group], group or "")
    )
    return Leads(
        question=question,
        by=question.by,
        calls=calls.total(),
        labels=labels,
        origins=tuple(
            Origin(
                group=names.get(group, group),
                calls=calls[group],
                accounts=accounts.get(group, 0),
                objections=tuple(cells[group, label] for label in labels if calls[group]),
                wait=waited.get(group),
                slowest=tuple(lead for lead in slowest if lead.group == group),
            )
            for group in groups
        ),
        wait=wait,
    )


def _names(counts: Counts) -> dict[str | None, str | None]:
    """The spelling that sorts first, by the key."""
    spelled = sorted({row.group for row in counts.calls if row.group is not None}, reverse=True)
    return {key(name): name for name in spelled}


def _cells(counts: Counts, calls: Counter[str | None], objected: Counter[str]) -> Cells:
    """Each objection of each origin, judged together; where nothing is noted nothing is told."""
    keys = {name: key(name) for name in {row.group for row in counts.labels}}
    mentions: Counter[tuple[str | None, str]] = Counter()
    hits: Counter[tuple[str | None, str]] = Counter()
    for row in counts.labels:
        cell = keys[row.group], row.label
        mentions[cell] += row.mentions
        hits[cell] += row.calls
    total = calls.total()
    pairs = {
        (group, label): apart(
            Share(hits[group, label], calls[group]), Share(objected[label], total)
        )
        for group in calls
        for label in objected
    }
    known = [cell for cell in pairs if cell[0] is not None]
    judged = dict(zip(known, contrasts([pairs[cell] for cell in known]), strict=True))
    return {
        cell: Objected(cell[1], mentions[cell], here, judged.get(cell))
        for cell, (here, _) in pairs.items()
    }
