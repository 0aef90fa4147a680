"""The words the carriers filter by SMS, topic by topic: what is said, offered, and innocent.

They are matched with a text as `safety.folding.clauses` writes it: small letters, words one space
apart, `dont`, `|` between clauses; and with `dollar` and `percent` for their signs.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Topic = Literal[
    "sex", "hate", "alcohol", "firearms", "tobacco", "vaping", "cannabis", "loans", "gambling",
    "short link", "link", "phone number",
]  # fmt: skip
"""What a campaign may be filtered for."""


class Words(NamedTuple):
    """The tables of one topic.

    Attributes:
        said: Phrases of which one is enough.
        offered: Things that count where something is offered beside them.
        innocent: What has such a word in it and is none.
    """

    said: re.Pattern[str] | None
    offered: re.Pattern[str] | None = None
    innocent: re.Pattern[str] | None = None


def phrases(lines: str) -> re.Pattern[str]:
    """One pattern of many, a line each, all of whole words."""
    every = "|".join(line for line in lines.splitlines() if line)
    return re.compile(rf"\b(?:{every})\b")


TABLES: dict[Topic, Words] = {
    "sex": Words(
        phrases(
            r"""
porn(?:o|os|hub|ography|ographic)?
xxx (?:videos?|movies?|pics?|content)
(?:send|sell|selling|trade|see|want|my|your|hot|free|more) nudes?(?= \||$| (?:to|now|for|here)\b)
naked (?:pics?|photos?|pictures?|videos?|selfies?)
see (?:me|her|him|them) naked
sext(?:ing|s|ed)?
only ?fans
(?:escort|companionship) services?
call girls?
happy ending massages?
strip ?clubs?
sex(?:ual)? (?:toys?|chat|cams?|partners?|for money|tonight)
adult (?:videos?|films?|movies?|toys?|entertainment|cams?|dating)
hook ?ups? (?:tonight|near you|now|in your area)
(?:hot|sexy|horny) (?:singles|girls|women|milfs?|guys)
blow ?jobs?
hand ?jobs?
dildos?
"""
        ),
    ),
    "hate": Words(
        phrases(
            r"""
n[i1]gg(?:er|a|uh)s?
f[a4]gg?[o0]ts?
k[i1]kes?
wetbacks?
tr[a4]nn(?:y|ies)
(?:kill|gas|exterminate|lynch) (?:all|every|the) (?:the )?(?:jews?|muslims?|blacks?|gays?)
(?:kill|gas|exterminate|lynch) (?:all|every|the) (?:the )?(?:immigrants?|mexicans?|asians?|arabs?)
(?:jews|muslims|blacks|gays|immigrants|mexicans) are (?:all )?(?:vermin|subhuman|parasites|scum)
(?:asians|arabs|christians|women) are (?:all )?(?:vermin|subhuman|parasites|scum|inferior)
white (?:power|supremacy rules)
heil hitler
"""
        ),
    ),
    "alcohol": Words(
        phrases(
            r"""
happy hours?
drinks? specials?
(?:beer|wine|whiske?y|cocktail|tequila|rum|gin|bourbon) (?:tastings?|clubs?|flights?|pairings?)
liquor (?:stores?|delivery)
bottomless (?:mimosas?|brunch|prosecco|drinks)
ladies night
get (?:drunk|wasted|hammered)
(?:dollar \d+|jello|jell o) shots?
"""
        ),
        phrases(
            r"""
beers?
wines?
vodkas?
whiske?ys?
tequilas?
rums?
gins?
bourbons?
brandy
champagnes?
proseccos?
cocktails?
margaritas?
mimosas?
martinis?
liquors?
booze
alcohol
ipas?
hard seltzers?
open bar
tequila shots?
cold ones?
pints?
lagers?
ales?
merlots?
chardonnays?
cabernets?
pinot (?:noir|grigio)
"""
        ),
        phrases(
            r"""
wine (?:dark|red|colou?red|stains?|glass(?:es)?|racks?|fridges?|country|vinegar|gums?)
beer (?:gardens?|batter(?:ed)?|mugs?|mats?|belly|pong)
(?:root|ginger|butter) (?:beers?|ales?)
pints? of (?:milk|cream|ice cream|blueberries|strawberries|blood|soup)
brandy snaps?
cocktails? of
happy hour (?:yoga|swim|spin|class(?:es)?|workouts?)
(?:non ?alcoholic|alcohol ?free|0 0) \w+
\w+ non ?alcoholic
alcohol ?free
(?:rubbing|wood) alcohol
alcohol (?:wipes?|swabs?|pads?|based|policy|use|test|gel)
rum (?:raisin|cake|balls?)
gin rummy
cocktail (?:dress(?:es)?|sauce|tables?|napkins?|attire|party dress)
champagne (?:colou?r(?:ed)?|gold|pink|satin|silk)
bourbon (?:street|vanilla|biscuits?)
mulled wine spices
"""
        ),
    ),
    "firearms": Words(
        phrases(
            r"""
ghost guns?
gun shops?
(?:ammo|ammunition|guns?|firearms?) (?:deals?|sales?)
bump stocks?
"""
        ),
        phrases(
            r"""
guns?
hand ?guns?
rifles?
pistols?
shotguns?
firearms?
ammo
ammunition
ar 15s?
glocks?
silencers?
9 ?mm
"""
        ),
        phrases(
            r"""
(?:glue|nail|heat|spray|water|massage|staple|radar|squirt|nerf|caulk(?:ing)?|grease) guns?
(?:paint|price|tagging|finger|label|top|hot|foam) guns?
gun ?metal
guns n roses
guns \| germs
jump(?:ed|ing|s)? the gun
sex pistols
(?:call(?:ed|ing)?|ride|rode|riding|sit|sat) shotgun
shotgun (?:house|wedding|seat)
(?:water|air) pistols?
rifle(?:d|s)? through
"""
        ),
    ),
    "tobacco": Words(
        phrases(
            r"""
(?:smoke|cigar|tobacco) shops?
cigar (?:lounges?|clubs?|nights?)
"""
        ),
        phrases(
            r"""
cigarettes?
marlboros?
cigars?
tobacco
snus
nicotine pouches
zyns?
hookahs?
shisha
"""
        ),
        phrases(
            r"""
(?:quit|quitting|stop|stopping|give up|giving up|without) (?:\w+ )?(?:cigarettes?|tobacco|cigars?)
cigarette (?:lighters?|breaks?|burns?|pants|trousers|smell)
tobacco (?:free|brown|colou?red|smell)
cigar box(?:es)?
"""
        ),
    ),
    "vaping": Words(
        phrases("vape (?:juice|shops?|pens?|deals?)\ne ?(?:liquids?|juice)"),
        phrases(
            r"""
vapes?
e ?cig(?:arette)?s?
juuls?
elf ?bars?
"""
        ),
    ),
    "cannabis": Words(
        phrases(
            r"""
(?:thc|weed|cannabis|marijuana|cbd|delta 8|delta 9|hemp) (?:gumm(?:y|ies)|vapes?|oils?|flowers?)
(?:thc|weed|cannabis|marijuana|cbd) (?:edibles?|tinctures?|strains?|delivery|carts?|products?)
dispensary (?:deals?|menus?|specials?|orders?|pickup)
our dispensar(?:y|ies)
dab (?:sessions?|rigs?|pens?)
budtenders?
pre ?rolls?
420 (?:sale|deals?|friendly|specials?)
(?:eighths?|ounces?|grams?) of (?:weed|kush|flower|bud)
"""
        ),
        phrases(
            r"""
cannabis
marijuana
thc
weed
kush
edibles
delta (?:8|9|10)
"""
        ),
        phrases(
            r"""
(?:sea|milk|knot|hog) weed
weed (?:killers?|whackers?|wackers?|eaters?|barriers?|control|blockers?|fabric|trimmers?|puller)
weed (?:the|your|a|out) \w+
"""
        ),
    ),
    "loans": Words(
        phrases(
            r"""
(?:pay ?day|title|quick|instant|fast|bad credit|same day|short term|personal|online|cash) loans?
cash advances?
no credit checks?
bad credit (?:ok|okay|welcome|no problem|accepted)
credit repair
(?:fix|repair|boost|raise|clean|clean up) your (?:bad )?credit(?: score| report)?
debt (?:relief|consolidation|settlement|forgiveness|reduction)
(?:student )?loan forgiveness
(?:get|be) (?:out of debt|debt free)(?= \||$| (?:now|today|fast|in))
(?:erase|eliminate|wipe out|cut|consolidate) your debts?
(?:pre ?)?(?:approved|qualify|qualified|eligible) for (?:\w+ ){0,5}loans?
apply (?:now |today |online )?for (?:a|your|our) (?:\w+ )?loans?
loan offers?
claim your (?:\w+ ){0,3}loans?
borrow (?:up to )?dollar \d+
no credit needed
"""
        ),
        innocent=phrases("library loans?\nloan(?:er)? cars?"),
    ),
    "gambling": Words(
        phrases(
            r"""
sports ?books?
sports? betting
online (?:casinos?|poker|slots|betting)
free (?:spins?|bets?|dollar \d+ bets?)
our casino
(?:play|win at) (?:the )?slots
slot machines?
place (?:your|a) bets?
casino (?:bonus(?:es)?|chips|games?)
bet(?:ting)? (?:now|odds|tips|lines|slips?)
bet dollar \d+
(?:lottery|lotto) tickets?
parlays?
"""
        ),
        phrases(
            r"""
casinos?
roulette
blackjack
jackpots?
lotter(?:y|ies)
"""
        ),
        phrases(
            r"""
casino royale
casino (?:themed?|nights? fundraisers?)
russian roulette
hit the jackpot
blackjack (?:dealers? )?(?:tape|oak)
lottery of birth
"""
        ),
    ),
}

OFFER = phrases(
    r"""
order(?:s|ed|ing)?
buy(?:ing)?
sell(?:s|ing)?
sales?
for sale
deals
deal (?:on|for|of|today|tonight)
discount(?:s|ed)?
percent off
half (?:price|off)
(?:two|2|three|3|buy one|buy 1) (?:for|get) (?:one|1|two|2)
bogo
free
deliver(?:s|ed|y|ing)?
in stock
on tap
specials?
promo(?:s|tions?)?
coupons?
shop(?:ping)?
on us
on the house
dollar \d+
\d+ (?:dollars?|bucks)
(?:get|grab|claim|pick up) (?:your|a|an|our|some|free)
we(?: (?:also|do|now|still|even))* (?:carry|stock|sell|serve|pour|offer|have)
come (?:and |in |by )?(?:try|taste|for)
bonus(?:es)?
prices?
"""
)
"""What makes of a thing an offer."""
