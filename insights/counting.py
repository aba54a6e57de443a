"""Which insights count, in SQL: what a person rejected counts nowhere, unless it is asked for."""

from insights.insight import Category, Kind, Review

STANDS = "i.review <> 'rejected'"

OBJECTIONS = tuple(Category)
"""Their order is kept in `call_mentions`: new ones come last."""


def counting(min_confidence: float | None, review: Review | None) -> str:
    """The condition on an insight `i` that counts; its values are named as the arguments are."""
    which = STANDS if review is None else "i.review = %(review)s"
    return which if min_confidence is None else f"{which} and i.confidence >= %(min_confidence)s"


def objections(call: str, which: str = STANDS) -> str:
    """The objections that count in a call, as the bits of an integer in the order of OBJECTIONS;
    null where there is none."""
    labels = ", ".join(f"'{label}'" for label in OBJECTIONS)
    return f"""(select bit_or(1 << array_position(array[{labels}], i.label) - 1)
                from insight i
                where i.call_id = {call} and i.kind = '{Kind.OBJECTION}' and {which})"""  # noqa: S608
