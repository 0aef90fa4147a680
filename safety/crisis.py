"""Words by which somebody says that they may harm themselves.

No diagnosis: a list of plain statements, in the languages of the consent words and German. Errors
favour help: a text with where to find it harms nobody. But "this is killing me", "dying of
laughter" and what somebody quotes are conversation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from safety.folding import clauses

LONGEST = 2000
"""Characters of a message that are read for it."""

_WILL = (
    r"(?:want|wanna|wants|wanted|going|gonna|gona|plan|planning|ready|about|trying|tried|try"
    r"|decided"
    r"|need|might|may|could|will|should|ill|thinking (?:of|about)|think (?:of|about)|thoughts (?:of"
    r"|about)|thought (?:of|about)|considering|urge|tempted|attempt(?:ed|ing)?)"
)
_DYING = (
    r"(?:of|from) (?:laughter|laughing|embarrassment|boredom|hunger|thirst|shame|cringe|heat"
    r"|cuteness|cold|old age|curiosity|jealousy|happiness)|laughing|to (?:see|know|try|get|meet)"
    r"|on (?:that|this) hill|for (?:a|some|this|that)|old|inside"
)
_NOT_LITERALLY = (
    r"(?! (?:at (?:the gym|work|school)|over (?:this|it|that)|working|studying|laughing|with work"
    r"|for (?:forgetting|missing|not|saying|doing)|to (?:get|finish|make|meet)|trying|in the gym"
    r"|shaving|cooking|on (?:the|a|some) (?:knife|glass|paper|can)|some|a (?:slice|piece|check|deal"
    r"|coffee|drink))\b)"
)

SIGNS: Mapping[str, re.Pattern[str]] = {
    "en": re.compile(
        rf"\b(?:kill|killing|hang|hanging|shoot|shooting|drown|drowning|unalive|unaliving)"
        rf" my ?self\b{_NOT_LITERALLY}|\bkms\b"
        rf"|\b{_WILL}(?: to)?(?: just)? (?:die|be dead|not exist|not be alive|not wake up)\b"
        rf"(?! (?:{_DYING})\b)"
        r"|\b(?:end|ending|take|taking) my (?:own )?life\b|\bend(?:ing)? it all\b"
        r"|\bcommit(?:ting)? suicide\b|\b(?:thinking|thoughts|think) (?:of|about) suicide\b"
        r"|\b(?:im|i am|am i|feel|feeling|been|was) (?:(?:so|really|kinda|a bit|very|kind of"
        r"|getting"
        r"|feeling) )*suicidal\b|\b(?:my|having|have) suicid\w+ (?:thoughts?|plan|note|ideation)\b"
        r"|\bi wish i (?:was|were) (?:dead|never born)\b|\bwish id never been born\b"
        r"|\bi wish i (?:could|would) (?:just )?(?:die|not wake up|disappear forever)\b"
        rf"(?! (?:{_DYING})\b)"
        r"|\bbetter off (?:dead|without me|if i (?:was|were) (?:dead|gone))\b"
        r"|\b(?:no|any) (?:reason|point) (?:to live|in living|to go on living|to keep living)\b"
        r"|\bnothing (?:left )?to live for\b"
        r"|\b(?:dont|do not|cant) (?:want to|wanna|wish to) (?:live|be alive|wake up|exist"
        r"|be here any ?more|go on living)\b(?! (?:here|there|in|with|near|at|early|so|before|alone"
        r"|on|next|like)\b)"
        rf"|\b{_WILL}(?: to)? (?:hurt|cut|harm|cutting|hurting|harming"
        rf"|burn) my ?self\b{_NOT_LITERALLY}"
        r"|\b(?:i|ive|ive been|been|keep|started|start) (?:cutting|harming|hurting|burning)"
        rf" my ?self\b{_NOT_LITERALLY}|\b(?:cut|hurt|harm) my ?self (?:on purpose|again)\b"
        r"|\bself harm(?:ing|ed)?(?= \||$| (?:again|today|tonight|now|last)\b)"
        r"|\bi (?:just )?(?:took|swallowed) (?:all|every|a whole|the whole|a bottle|too many"
        r"|so many"
        r"|a bunch)(?: \w+){0,4} (?:pills?|tablets|meds|medication|sleeping pills)\b"
        r"|\bi (?:just )?(?:overdosed|odd)\b(?! on (?:chocolate|sugar|coffee|caffeine|candy"
        r"|cake)\b)"
        rf"|\b{_WILL} to (?:overdose|od)\b"
        rf"|\b{_WILL}(?: to)? jump(?:ing)? (?:off|from) (?:a|the|this|my) (?:bridge|building|roof"
        r"|balcony|window|cliff)\b|\bjump(?:ing)? in front of (?:a|the) (?:train|bus|car|truck)\b"
        r"|\bmy \w+ (?:wants|is going|is trying|tried|is threatening|threatened) to (?:kill|hang"
        r"|shoot) (?:him|her|them) ?sel(?:f|ves)\b"
    ),
    "es": re.compile(
        r"\b(?:quiero|quisiera|me quiero|ganas de) morir(?:me)?\b(?! de (?:risa|verguenza|hambre"
        r"|calor|frio|sueno|amor|pena|sed)\b)|\b(?:quiero|voy a|pienso|pensando en) (?:matar"
        r"|suicidar)"
        r"me\b|\bme (?:quiero|voy a) (?:matar|suicidar)\b|\bsuicidarme\b|\bquitarme la vida\b"
        r"|\b(?:ya )?no quiero (?:vivir|seguir viviendo|estar viv[oa])\b(?! (?:aqui|alli|en|con)\b)"
        r"|\b(?:acabar|terminar) con mi vida\b|\bhacerme dano\b"
    ),
    "fr": re.compile(
        r"\b(?:je veux|je voudrais|envie de) mourir\b(?! de (?:rire|faim|honte|soif|chaud|froid"
        r"|fatigue)\b)|\bme suicider\b|\b(?:je vais|je veux|envie de) me tuer\b"
        r"|\ben finir avec (?:la"
        r"|ma) vie\b|\bmettre fin a mes jours\b|\bje (?:ne )?veux plus vivre\b(?! (?:ici|avec|a"
        r"|en)\b)"
        r"|\bme faire du mal\b|\bme mutiler\b"
    ),
    "pt": re.compile(
        r"\b(?:quero|queria|vontade de) morrer\b(?! de (?:rir|fome|vergonha|calor|frio|sede"
        r"|amor)\b)"
        r"|\b(?:quero|vou|vontade de) me matar\b|\bme suicidar\b"
        r"|\btirar (?:a )?minha (?:propria )?vida"
        r"\b|\bnao quero mais viver\b(?! (?:aqui|em|com)\b)|\bacabar com (?:a )?minha vida\b"
    ),
    "it": re.compile(
        r"\b(?:voglio|vorrei|voglia di) morire\b(?! (?:dal|dalle|di|dalla) (?:ridere|risate|fame"
        r"|sonno"
        r"|caldo|freddo|vergogna|noia|sete)\b)|\b(?:voglio )?(?:uccidermi|ammazzarmi|suicidarmi)\b"
        r"|\bfarla finita\b|\btogliermi la vita\b|\bnon voglio piu vivere\b(?! (?:qui|a|in|con)\b)"
        r"|\bfarmi del male\b"
    ),
    "de": re.compile(
        r"\bich (?:will|mochte|wollte) (?:nur noch |einfach )?sterben\b|\b(?:will|mochte"
        r"|kann) (?:ich"
        r" )?nicht mehr leben\b|\bmich umbringen\b|\bbringe? mich um\b|\bselbstmord\w*"
        r" (?:begehen|gedanken)\b|\bselbstmordgedanken\b|\bsuizidgedanken\b"
        r"|\bmir das leben nehmen\b"
        r"|\bmich selbst verletzen\b|\britze mich\b"
    ),
}
"""Per language what plainly says it."""

_NEGATED = re.compile(
    r"\b(?:not|never|wont|wouldnt|dont|do not|didnt|isnt|arent|no longer|cant|nunca|jamais|mai|nie)"
    r"(?: (?:ever|even|actually|really|going to|gonna|want to|wanna|planning to|about to|be|i|to"
    r"|plan to|think i would))*\s*$"
)
"""What before it makes it its opposite: "I would never kill myself"."""


def signs_of_crisis(text: str) -> str | None:
    """The language in which somebody says that they may harm themselves; None: nobody does."""
    plain = clauses(text[:LONGEST])
    for language, signs in SIGNS.items():
        if any(_is_meant(found, plain) for found in signs.finditer(plain)):
            return language
    return None


def _is_meant(found: re.Match[str], plain: str) -> bool:
    before = plain[: found.start()].rpartition("|")[2]
    return _NEGATED.search(before) is None
