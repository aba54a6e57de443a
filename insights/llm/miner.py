"""Mining with the user's LLM; where it cannot be had, the embedded miner does it, and says so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from insights.insight import Competitor, Insight, Mined, MiningNote, Unlisted
from insights.llm import prompt
from insights.llm.answers import Checked, check
from insights.llm.endpoint import Endpoint, NoAnswer
from insights.llm.prompt import Told, request, windows
from insights.miner import Miner
from transcribe.transcript import Transcript


@dataclass(frozen=True, slots=True)
class LlmMiner:
    """Finds insights as `Miner` does. A call is the LLM's as a whole or not at all."""

    endpoint: Endpoint
    model: str
    embedded: Callable[[], Miner]  # asked for only when it is needed

    @property
    def version(self) -> str:
        """The model's, and that of what it is asked."""
        return prompt.version(self.model)

    def mine(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str] = (),
    ) -> Mined:
        """All insights of one call, by turn, with a note where the LLM did not find them."""
        told = Told(transcript, tuple(competitors), tuple(own_names))
        try:
            return self._ask(told)
        except NoAnswer as error:
            found = self.embedded().mine_with_names(transcript, competitors, own_names)
            return replace(found, how=MiningNote(f"{NOT_HAD} ({error})."))

    def _ask(self, told: Told) -> Mined:
        checked = Checked()
        for window in windows(told.turns):
            answer = self.endpoint.ask(request(self.model, told, window))
            check(told, window, answer, self.version, checked)
        insights = tuple(checked.insights)
        return Mined(insights, MiningNote(dropped=dict(checked.dropped)), _unlisted(insights))


def _unlisted(insights: Sequence[Insight]) -> tuple[Unlisted, ...]:
    """The rivals that the LLM found outside the catalogue, proposed for it."""
    return tuple(Unlisted(i.label, i.turn, i.quote, i.confidence) for i in insights if i.unlisted)


NOT_HAD = "Found by the built-in miner, since your LLM could not be used"
