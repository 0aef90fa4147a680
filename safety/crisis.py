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

_NO_DE_VERDAD = (
    r"(?! (?:de (?:la )?(?:risa|verguenza|hambre|calor|frio|sueno|amor|pena|sed|aburrimiento"
    r"|trabajo|estudiar|cansancio|ternura)|a (?:estudiar|trabajar|reir|entrenar)|estudiando"
    r"|trabajando|entrenando|por (?:eso|esto|olvidar\w*)|con (?:esto|eso)|viej[oa]|en el gym)\b)"
)
_PAS_POUR_DE_VRAI = (
    r"(?! (?:de (?:rire|faim|honte|soif|chaud|froid|fatigue|jalousie|ennui|trop)|vieux|vieille"
    r"|moins bete|en paix un jour)\b)"
)
_NAO_DE_VERDADE = (
    r"(?! de (?:tanto )?(?:rir|fome|vergonha|calor|frio|sede|amor|sono|tedio|estudar|trabalhar"
    r"|comer"
    r"|saudade|saudades|fofura|preguica)\b)"
)
_NON_DAVVERO = (
    r"(?! (?:(?:dal|dalle|di|dalla|per il|dallo|dai) (?:ridere|risate|fame|sonno|caldo|freddo"
    r"|vergogna|noia|sete|lavoro|studio|fatica|imbarazzo|invidia)|a (?:studiare|lavorare)"
    r"|in palestra|vecchi[oa])\b)"
)
"""Figures of speech in each of these languages: dying of laughter, working oneself to death."""

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
        r"\b(?:quiero|quisiera|queria|me quiero|me gustaria|prefiero|preferiria|ganas de)"
        r" morir(?:me)?"
        rf"\b{_NO_DE_VERDAD}|\bojala (?:me muriera|no hubiera nacido|estuviera muert[oa])\b"
        r"|\b(?:quiero|quisiera|desearia|preferiria|mejor) estar muert[oa]\b"
        r"|\b(?:quiero|voy a|pienso|pienso en|pensando en|pense en|intente|ganas de|tentad[oa] de)"
        rf" matarme\b{_NO_DE_VERDAD}|\bme (?:quiero|voy a|quise|intente) matar\b{_NO_DE_VERDAD}"
        r"|\bsuicidarme\b|\bme (?:quiero|voy a|quise|quisiera) suicidar\b|\bme suicido\b"
        r"|\b(?:pensamientos|ideas|tendencias) suicidas\b|\bpens(?:ar|ando|e|o)? en (?:el"
        r" )?suicidio\b"
        r"|\bpienso en (?:el )?suicidio\b|\b(?:quitarme|quito|quite) (?:yo )?la vida\b"
        r"|\b(?:acabar|terminar) con (?:mi vida|todo(?= \||$| de una vez))\b"
        r"|\b(?:ya )?no quiero (?:mas )?(?:vivir|seguir viviendo|estar viv[oa]|existir)\b"
        r"(?! (?:aqui|alli|en|con|asi en)\b)|\bno quiero (?:despertar|despertarme) (?:mas|nunca)\b"
        r"|\bno (?:tengo|me quedan) (?:mas )?(?:ganas|razones|motivos) (?:de|para) vivir\b"
        r"|\bno (?:le )?(?:veo|encuentro) sentido a (?:la|mi) vida\b|\bno vale la pena vivir\b"
        r"|\b(?:mi )?vida (?:ya )?no (?:tiene|vale)(?: (?:ningun|mas))? (?:sentido|nada|la pena)\b"
        r"|\b(?:mejor|mejores) sin mi\b(?! (?:ayuda|coche|hermana|hermano|equipo)\b)"
        r"|\b(?:hacerme|hago|hice) dano a proposito\b|\b(?:quiero|ganas de|voy a) (?:hacerme dano"
        r"|lastimarme|cortarme)\b(?! (?:el|las unas|un poco)\b)|\bhacerme dano(?= \||$)"
        r"|\bcort(?:arme|e|o) las venas\b|\bme (?:estoy cortando|autolesion\w+)\b"
        r"|\bautolesion\w+me\b"
        r"|\bahorcarme\b|\bme tome (?:todas|todo|un frasco|un bote|un monton)(?: \w+){0,4}"
        r" (?:pastillas|pildoras|medicamentos)\b"
        r"|\btirarme (?:de|por|desde|del) (?:un|el|la|al)? ?(?:puente|balcon|ventana|edificio"
        r"|azotea)"
        r"\b|\btirarme al? (?:tren|metro|vias|las vias)\b"
        r"|\b(?:se quiere (?:matar|suicidar)|quiere (?:matarse|suicidarse|quitarse la vida)"
        r"|amenaza con (?:matarse|suicidarse)|intento (?:matarse|suicidarse))\b"
    ),
    "fr": re.compile(
        r"\b(?:je veux|jveux|je voudrais|jaimerais|je prefere|je preferais) mourir\b"
        rf"{_PAS_POUR_DE_VRAI}|(?<!pas )(?<!plus )\benvie de (?:mourir|crever)\b{_PAS_POUR_DE_VRAI}"
        r"|\b(?:je voudrais|jaimerais|je prefererais) etre mort?e?\b|\bsi jetais morte?\b"
        r"|\bme suicider\b|\bje me suicide\b|\b(?:pensees|idees|envies|tendances) suicidaires\b"
        r"|\bje suis suicidaire\b|\b(?:pense|penser|pensais|songe) (?:au|a un) suicide\b"
        r"|(?<!pas )\b(?:je vais|je veux|jveux|envie de|pense a|penser a|essaye de|tente de) me"
        r" (?:tuer|pendre|foutre en lair|flinguer)\b(?! (?:a la tache|au (?:travail|boulot)|a force"
        r"|de rire|a (?:te|vous|le|la|lui|repeter))\b)"
        r"|\b(?:je (?:veux|vais)|jveux|envie d)(?: ?en| den) finir(?= \||$| (?:une|pour|avec"
        r" (?:la|ma"
        r"|cette) vie|avec tout(?= \||$))\b)|\benvie den finir(?= \||$)"
        r"|\ben finir avec (?:la|ma|cette) vie\b"
        r"|\bmettre fin a (?:mes jours|ma vie)\b|\bmoter la vie\b|\bmouvrir les veines\b"
        r"|\bme (?:tailler|trancher|couper) les veines\b"
        r"|\b(?:je ne|je|j|jne|jai)? ?(?:veux|voudrais) plus (?:vivre|exister|me reveiller)\b"
        r"(?! (?:ici|avec|a|en|chez|comme ca a)\b)|\bplus (?:envie|le gout|la force) de vivre\b"
        r"|\bplus (?:aucune |de )?raisons? de vivre\b|\bvie ne vaut (?:plus|pas) (?:la peine"
        r"|rien)\b"
        r"|\bma vie na (?:plus|pas|aucun) (?:de )?sens\b"
        r"|\b(?:mieux|plus heureux|tranquilles) sans moi\b(?! (?:ce soir|demain|au)\b)"
        r"|\bne (?:plus|jamais) me reveiller\b|\bme faire du mal\b|\bme (?:mutiler|scarifier)\b"
        r"|\bje me (?:mutile|scarifie|coupe les veines|fais du mal)\b"
        r"|\b(?:jai )?(?:avale|pris) (?:tous|toute|toutes|une boite|un tube|plein)(?: \w+){0,4}"
        r" (?:cachets|comprimes|medicaments|medocs|somniferes)\b"
        r"|\bme jeter (?:sous (?:un|le) (?:train|metro|rer)|du (?:pont|balcon|toit)|par la fenetre"
        r"|dun (?:pont|immeuble))\b|\bsauter (?:du|dun) (?:pont|toit|balcon|immeuble)\b"
        r"|\bveut (?:se (?:tuer|suicider|pendre)|mettre fin a ses jours)\b"
        r"|\bmenace de se (?:tuer|suicider)\b"
    ),
    "pt": re.compile(
        r"\b(?:quero|queria|preferia|prefiro|vontade de|gostaria de) (?:muito |so )?morrer\b"
        rf"{_NAO_DE_VERDADE}|\b(?:queria|preferia|quero) estar mort[oa]\b|\bqueria nunca ter"
        rf" nascido\b"
        r"|\b(?:quero|vou|vontade de|pensando em|penso em|pensei em|tentei|tentar) me matar\b"
        rf"{_NAO_DE_VERDADE}|\b(?:quero|vou|penso em) matar me\b{_NAO_DE_VERDADE}"
        r"|\bme suicidar\b|\bsuicidar me\b|\b(?:pensamentos|ideias|tendencias) suicidas\b"
        r"|\b(?:pensando|penso|pensei|pensar) (?:em|no) suicidio\b|\bcometer suicidio\b"
        r"|\btirar (?:a )?minha (?:propria )?vida\b"
        r"|\b(?:acabar|terminar) com (?:(?:a )?minha vida|tudo(?= \||$| de uma vez))\b"
        r"|\b(?:dar|por|colocar) (?:um )?fim (?:na|a|em) minha vida\b"
        r"|\bnao (?:quero|queria|aguento) mais (?:viver|existir|acordar)\b(?! (?:aqui|em|com|assim"
        r" com|cedo|no|na)\b)|\bnao quero viver\b(?! (?:aqui|em|com|no|na)\b)"
        r"|\bnao (?:tenho|vejo) (?:mais )?(?:motivos?|razao|razoes|sentido|vontade) (?:para|pra"
        r"|de|em"
        r"|na) (?:viver|vida)\b|\bvida nao (?:tem|faz|vale)(?: mais)? (?:sentido|nada|a pena)\b"
        r"|\b(?:melhor|melhores|mais felizes) sem mim\b"
        r"|\b(?:queria|quero) (?:sumir|desaparecer) (?:para|pra) sempre\b"
        r"|\b(?:quero|vontade de|vou|comecei a|voltei a) (?:me machucar|me cortar|me ferir)\b"
        r"(?! (?:o cabelo|a unha)\b)|\bme automutil\w+\b|\b(?:estou|to) me cortando\b"
        r"|\bcort(?:ar|ei|o) os (?:meus )?pulsos\b|\bme enforcar\b"
        r"|\btomei (?:todos|todas|um monte|uma cartela|um vidro|uma caixa)(?: \w+){0,4}"
        r" (?:comprimidos|remedios|pilulas)\b"
        r"|\b(?:me jogar|pular) (?:da|do|de um|de uma) (?:ponte|janela|predio|viaduto|sacada)\b"
        r"|\bme jogar na frente d\w+ (?:trem|metro|carro|onibus)\b"
        r"|\b(?:quer|tentou|vai) se (?:matar|suicidar|enforcar)\b|\bameaca se matar\b"
    ),
    "it": re.compile(
        r"\b(?:voglio|vorrei|preferirei|voglia di) (?:solo |soltanto )?morire\b"
        rf"{_NON_DAVVERO}|\b(?:vorrei|preferirei) (?:essere mort[oa]|non essere (?:mai )?nat[oa])\b"
        rf"|\b(?:uccidermi|ammazzarmi)\b{_NON_DAVVERO}|\bsuicidarmi\b|\bmi suicido\b"
        rf"|\bmi (?:uccido|ammazzo)\b{_NON_DAVVERO}"
        r"|\bpensieri (?:suicidi|suicidari|di suicidio)\b|\bpens(?:o|ando|ato) al suicidio\b"
        r"|\bfarla finita\b(?! con (?:il|lo|la|i|gli|le|questo|questa|quest)\b)"
        r"|\b(?:togliermi|mi tolgo|mi tolga) la vita\b|\b(?:porre|mettere) fine alla mia vita\b"
        r"|\bnon voglio piu (?:vivere|esistere|svegliarmi|esserci)\b(?! (?:qui|a|in|con|presto)\b)"
        r"|\bnon ho (?:piu )?(?:nessun |nessuna |alcun )?(?:motivo|motivi|ragione|ragioni|voglia)"
        r" (?:per|di) vivere\b|\bnon vale (?:piu )?la pena (?:di )?vivere\b"
        r"|\bvita non ha (?:piu )?(?:alcun |nessun )?senso\b"
        r"|\bmeglio senza di me\b|\bmeglio se (?:fossi mort[oa]|non ci fossi|morissi)\b"
        r"|\bfarmi del male\b|\bmi faccio del male\b|\bmi (?:taglio|sto tagliando)(?= \||$| (?:le"
        r" vene|le braccia|i polsi|di nuovo|apposta)\b)|\btagliarmi le vene\b|\bautolesion\w+\b"
        r"|\bimpiccarmi\b|\bho (?:preso|ingoiato) (?:tutte|tutto|un flacone|una scatola|un mucchio)"
        r"(?: \w+){0,4} (?:pillole|pastiglie|compresse|sonniferi|medicine)\b"
        r"|\bbuttarmi (?:(?:giu )?(?:dal|dalla|da un|da una) (?:ponte|finestra|balcone|tetto)|sotto"
        r" (?:un|il|al) (?:treno|metro))\b"
        r"|\bvuole (?:uccidersi|ammazzarsi|suicidarsi|togliersi la vita|farla finita)\b"
        r"|\bminaccia di (?:uccidersi|suicidarsi|ammazzarsi)\b"
    ),
    "de": re.compile(
        r"\bich (?:will|mochte|wollte)(?: (?:nur noch|einfach|am liebsten|doch|nur|jetzt))*"
        r" (?:sterben|tot sein)\b(?! vor\b)|\bwill ich (?:einfach |nur noch )?sterben\b(?! vor\b)"
        r"|\bich ware (?:lieber |am liebsten |besser )?tot\b|\bam liebsten (?:ware ich tot|wurde"
        r" ich"
        r" sterben)\b|\b(?:wunschte|wunsche mir) ich ware (?:nie geboren|tot)\b"
        r"|\bich ware (?:nie|niemals) geboren\b"
        r"|\b(?:will|mochte|kann|mag)(?: ich)? (?:einfach |so )?nicht mehr (?:leben|aufwachen"
        r"|existieren|da sein|auf dieser welt sein)\b(?! (?:in|mit|bei|ohne|hier|wenn)\b)"
        r"|\b(?<!wird )(?<!wurde )(?<!werden )(?<!wurden )mich (?:selbst )?umbringen\b"
        r"|\bbringe? mich (?:selbst )?um\b|\bich tote mich\b|\bmich (?:selbst )?toten\b"
        r"|\bselbstmord\w*"
        r" (?:begehen|gedanken|machen)\b|\bselbstmordgedanken\b|\bsuizidgedanken\b"
        r"|\b(?:suizid begehen|suizidgefahrdet)\b|\bich bin (?:akut )?suizidal\b"
        r"|\b(?:denke?|dachte|gedacht) (?:oft |schon |viel )?(?:an|uber) (?:selbstmord|suizid)\b"
        r"|\b(?:an|uber) (?:selbstmord|suizid) (?:denken|nachdenken|gedacht)\b"
        r"|\bmir das leben nehmen\b|\bnehme? mir das leben\b|\bmir (?:et)?was an(?:zu)?tun\b"
        r"|\btu(?:e)? mir (?:et)?was an\b"
        r"|\bmich (?:selbst )?(?:verletzen|ritzen)\b(?! (?:beim|an|konnte)\b)|\britze mich\b"
        r"|\bverletze mich selbst\b|\b(?:mich aufhangen|erhange mich|hange mich auf)\b"
        r"|\bpulsadern (?:auf|zu)?\w*schneiden\b|\bschneide mir die pulsadern\b"
        r"|\b(?:von (?:der|einer) brucke|vom dach|aus dem fenster|vom balkon) (?:zu )?springen\b"
        r"|\bvor (?:den|einen|die) (?:zug|bahn|u bahn) (?:zu )?(?:werfen|springen|schmeissen"
        r"|legen)\b"
        r"|\b(?:alle|die ganzen|eine packung|zu viele)(?: \w+){0,3} (?:tabletten|pillen"
        r"|schlaftabletten"
        r"|medikamente) (?:genommen|geschluckt|eingenommen)\b"
        r"|\b(?:meinem leben|allem) ein ende (?:setzen|machen|bereiten)\b"
        r"|\b(?:schluss|ende) machen mit (?:dem|meinem) leben\b|\blebensmude\b"
        r"|\b(?:keinen|kein) (?:sinn|grund|lebenswillen) mehr (?:im leben|zu leben|am leben)\b"
        r"|\bkeine (?:lust|kraft) mehr (?:zu leben|auf das leben|aufs leben|zum leben)\b"
        r"|\bmein leben (?:hat|macht) keinen sinn\b|\bohne mich (?:besser dran|glucklicher)\b"
        r"|\bbesser dran ohne mich\b"
        r"|\bwill (?:sich (?:umbringen|toten|das leben nehmen|etwas antun)|sterben und sagt)\b"
        r"|\bdroht sich (?:umzubringen|das leben zu nehmen)\b"
    ),
}
"""Per language what plainly says it."""

HINTS: Mapping[str, tuple[str, ...]] = {
    "en": (
        *("kill", "kms", "die", "dead", "exist", "alive", "unaliv", "wake up", "life", "it all"),
        *("suicid", "born", "better off", "live", "living", "self", "selves", "harm", "pill"),
        *("tablet", "meds", "medication", "overdos", "odd", " od", "bridge", "building", "roof"),
        *("balcony", "window", "cliff", "in front of", "be here", "disappear"),
    ),
    "es": (
        *("mori", "muer", "muri", "matar", "suicid", "vida", "viv", "con todo", "sin mi", "dano"),
        *("lastim", "cort", "autoles", "ahorcar", "pastill", "pildor", "medicament", "tirarme"),
        *("nacido", "existir", "despertar"),
    ),
    "fr": (
        *("mourir", "crever", "mort", "suicid", "tuer", "pendre", "foutre", "flinguer", "finir"),
        *("mes jours", "vie", "veines", "vivre", "exister", "reveiller", "sans moi", "du mal"),
        *("mutil", "scarifi", "cachet", "comprim", "medic", "medoc", "somnif", "jeter", "sauter"),
    ),
    "pt": (
        *("morrer", "mort", "nascido", "matar", "suicid", "vida", "com tudo", "viver", "existir"),
        *("acordar", "sem mim", "sumir", "desaparecer", "machucar", "cort", "ferir", "automutil"),
        *("pulsos", "enforcar", "comprim", "remedio", "pilula", "jogar", "pular"),
    ),
    "it": (
        *("morire", "mort", "nat", "uccid", "ammazz", "suicid", "finita", "vita", "vivere"),
        *("esistere", "svegliarmi", "esserci", "senza di me", "meglio se", "male", "tagli"),
        *("autoles", "impicc", "pillol", "pastigl", "compress", "sonnifer", "medicin", "buttarmi"),
    ),
    "de": (
        *("sterben", "tot", "leben", "aufwach", "existier", "da sein", "welt sein", "umbring"),
        *("bring", "selbstmord", "suizid", "tun", "was an", "verletz", "ritz", "hang", "pulsader"),
        *("spring", "werfen", "schmeiss", "legen", "tablett", "pillen", "medikament", "ende"),
        *("schluss", "besser dran", "ohne mich", "geboren"),
    ),
}
"""Without one of these nobody says it in that language: most messages need no longer look."""

_NEGATED = re.compile(
    r"(?:\b(?:not|never|wont|wouldnt|dont|do not|didnt|isnt|arent|no longer|cant|nunca|jamais|mai"
    r"|nie)"
    r"(?: (?:ever|even|actually|really|going to|gonna|want to|wanna|planning to|about to|be|i|to"
    r"|plan to|think i would|pense en|he pensado en|pensei em|pensato di|pense a|daran))*"
    r"|\b(?:no|nao|non)(?: (?:me|voy a|quiero|pienso|quise|vou|quero|penso em|pensei em|voglio"
    r"|vorrei"
    r"|penso di|ho mai pensato di|ho intenzione di|tengo|tenho|ho))*"
    r"|\b(?:je ne (?:vais|veux|voulais) pas|je (?:vais|veux) pas|je ne pense pas a|jamais)"
    r"|\b(?:nicht|nie|niemals|ohne))\s*$"
)
"""What before it makes it its opposite: "I would never kill myself", "no quiero morir"."""


def signs_of_crisis(text: str) -> str | None:
    """The language in which somebody says that they may harm themselves; None: nobody does."""
    plain = clauses(text[:LONGEST])
    for language, signs in SIGNS.items():
        if not any(hint in plain for hint in HINTS[language]):
            continue
        if any(_is_meant(found, plain) for found in signs.finditer(plain)):
            return language
    return None


def _is_meant(found: re.Match[str], plain: str) -> bool:
    before = plain[: found.start()].rpartition("|")[2]
    return _NEGATED.search(before) is None
