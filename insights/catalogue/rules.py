"""What a catalogue may hold: pure."""

from collections.abc import Iterable

from ingest.base.errors import Refused
from insights.insight import Competitor
from insights.stored import CatalogueEntry, Company


class BadCompetitor(Refused):
    """A rival without a name, or under a name that says nothing or somebody else."""

    code = "bad-competitor"


def tidy(competitor: Competitor) -> Competitor:
    """The rival with blanks made single, and each alias once and different from the name."""
    name = _plain(competitor.name)
    aliases = {_plain(alias).casefold(): _plain(alias) for alias in competitor.aliases}
    aliases.pop(name.casefold(), None)
    return Competitor(name, tuple(aliases.values()))


def check_competitor(
    competitor: Competitor, company: Company, others: Iterable[CatalogueEntry]
) -> None:
    """Raise BadCompetitor unless each name is one by which only this rival is meant."""
    names = [competitor.name, *competitor.aliases]
    taken = {
        name.casefold(): other.name for other in others for name in (other.name, *other.aliases)
    }
    own = {name.casefold() for name in (company.name, company.product) if name}
    for name in names:
        if not any(letter.isalnum() for letter in name):
            raise BadCompetitor("A rival's name or alias is empty: write it, or leave it out.")
        if name.casefold() in own:
            raise BadCompetitor(f"“{name}” is {company.name}'s own name: a rival has another.")
        if other := taken.get(name.casefold()):
            raise BadCompetitor(
                f"“{name}” already means {other} in {company.name}'s catalogue:"
                " change that entry, or choose another name."
            )


def _plain(name: str) -> str:
    return " ".join(name.split())
