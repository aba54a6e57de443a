"""Which insights count, in SQL: what a person rejected counts nowhere, unless it is asked for."""

from insights.insight import Review

STANDS = "i.review <> 'rejected'"


def counting(min_confidence: float | None, review: Review | None) -> str:
    """The condition on an insight `i` that counts; its values are named as the arguments are."""
    which = STANDS if review is None else "i.review = %(review)s"
    return which if min_confidence is None else f"{which} and i.confidence >= %(min_confidence)s"
