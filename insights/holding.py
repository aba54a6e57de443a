"""Which calls hold such an insight: a condition for the list of calls."""

from ingest.library.library import Condition
from insights.counting import counting
from insights.insight import Kind, Review


def holding(
    kind: Kind | None, label: str | None, min_confidence: float | None, review: Review | None
) -> Condition | None:
    """Calls with an insight of this kind and label (case aside), so sure and so reviewed; None
    where nothing is asked of it."""
    values = {"kind": kind, "label": label, "min_confidence": min_confidence, "review": review}
    if all(value is None for value in values.values()):
        return None
    which = ["i.call_id = call.id", counting(min_confidence, review)]
    which += ["i.kind = %(kind)s"] if kind else []
    which += ["lower(i.label) = lower(%(label)s)"] if label is not None else []
    return Condition(f"exists (select from insight i where {' and '.join(which)})", values)
