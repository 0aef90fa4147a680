"""Stop in other words: "take me off your list", "leave me alone", "no más".

Consent can be revoked "using any reasonable method to clearly express a desire not to receive
further calls or text messages" (47 CFR 64.1200(a)(10), in force since 11 April 2025). So errors
favour stopping: whoever did not mean it is told how to come back. But "stop by at six", "don't
stop", and what somebody else said are conversation. What no rule finds, the model can: see the
tool `record_opt_out`.
"""

from __future__ import annotations

import re

from safety.folding import LOOK_ALIKES, clauses, folded

LONGEST = 500
"""Characters of a text that are read for it; whoever writes more says it at the beginning."""

_TEXTS = r"(?:texts?|txts?|messages?|msgs?|sms|texting|messaging|spam)"
_ME = r"(?:me|us|this (?:number|phone)|my (?:phone|number|cell))"
_OUT = r"(?:stop|quit|cease|discontinue|halt)"
_END = (
    r"(?= \||$| (?:now|please|pls|plz|thanks|thank you|thx|again|anymore|any more|ever|already"
    r"|immediately|asap|at once|right now|today|forever|or|and (?:take|remove|delete|lose)|i|im|you"
    r"|u|this is|its)\b)"
)
"""A clause ends here, or goes on with nothing that changes it."""
_LIST = (
    r"(?:(?:mailing|text|texting|sms|message|messaging|contacts?|call|calling|marketing|phone|damn"
    r"|stupid|fucking|freaking|subscribers?|distribution) )*(?:list|lists|database|system)"
)

ABOUT_TEXTING = [
    # stop texting me; quit bothering us; stop messaging
    rf"\b{_OUT} (?:texting|txting|messaging|msging|contacting|spamming|bothering|harassing|bugging"
    rf"|pinging|annoying|pestering|writing(?: to)?|reaching out to|calling (?:and|or) texting)"
    rf"(?: {_ME}\b|{_END})",
    rf"\b{_OUT} calling {_ME}{_END}",
    rf"\b(?:{_OUT}|cancel|end|turn off|no more|enough)(?: (?:sending|getting|receiving|with|of))?"
    rf"(?: (?:me|us|the|these|those|this|all|your|ur|my|any|of|more|damn|stupid|fucking|freaking"
    rf"|automated|unwanted|marketing)\b)* {_TEXTS}(?: to (?:me|this number)| from you)?{_END}",
    rf"\b{_OUT} sending(?: me)?(?: (?:this|these|those))?(?: (?:things|stuff|anything))?{_END}",
    rf"\b{_OUT} blowing up my phone\b",
    r"\bif (?:you|u) (?:dont|do not|wont) (?:stop|quit) (?:texting|messaging|contacting)\b",
    # don't text me (again); never contact me
    r"(?<!\byou )(?<!\bu )(?<!\bthey )(?<!\bhe )(?<!\bshe )(?<!\bwhy )(?<!\bpeople )(?<!\bfriends )"
    rf"\b(?:do not|dont|never)(?: you)?(?: ever)? (?:text|txt|message|msg|contact|write(?: to)?|sms"
    rf"|spam|bother|call or text|text or call)(?: {_ME})?{_END}",
    rf"\b(?:do not|dont|never)(?: ever)? send (?:me|us)(?: any)?(?: ?more)?(?: of)?"
    rf"(?: (?:your|these))?(?: (?:{_TEXTS}|anything|stuff))(?: else)?{_END}",
    # I do not want your texts; I no longer wish to receive messages
    r"\bi (?:do not|dont|no longer|never|didnt|did not)(?: ever)?(?: even)?"
    r" (?:want(?:ed)?|wish(?:ed)?|care|consent(?:ed)?|agree(?:d)?|ask(?:ed)?|sign(?:ed)? up)"
    rf"(?: (?:to|for|be|being|get|getting|receive|receiving|any|more|your|ur|these|the|this"
    rf"|further|such|of|you))* (?:{_TEXTS}|texted|messaged|contacted|text me|message me|contact me)"
    rf"(?: from (?:you|this number))?{_END}",
    r"\bi (?:hereby )?(?:revoke|withdraw|rescind) (?:my )?(?:consent|permission)\b",
    # take me off your list; remove my number; lose my number; unsubscribe me
    rf"\b(?:take|get|remove|delete|drop|cut|strike|scratch|pull)"
    rf" (?:me|us|my (?:number|name|phone)|this number) (?:off|from|out)(?: of)?"
    rf" (?:(?:your|ur|the|this|that|these|any|all|ya)(?: of)? )*{_LIST}\b",
    rf"\b(?:want|like|wish|need)(?: to (?:be|get))?(?: taken| removed)? (?:off|from)(?: of)?"
    rf" (?:your|ur|this|the|that) {_LIST}\b",
    r"\b(?:remove|delete|erase|lose) (?:my|this) (?:phone )?number\b",
    r"\bunsubscribe (?:me|us|from (?:this|these|your|all|the texts|everything|you))\b",
    r"\bopt (?:me|us) out\b",
    rf"\b(?:want|like|wish|choose|how (?:do|can) i)(?: to)? (?:unsubscribe|opt out){_END}",
    r"\bdo not (?:call|text|contact) list\b",
    # Spanish
    r"\b(?:deja|deje|dejen|para|pare|paren|basta) (?:ya )?de (?:escribir|mandar|enviar|molestar"
    r"|textear|contactar)(?:me|nos)?\b",
    r"\bno me (?:escribas|escriba|escriban|mandes|mande|manden|envies|envie|envien|molestes|moleste"
    r"|molesten|contactes|contacte|contacten)(?: (?:nunca )?mas\b| \||$| por favor)",
    r"\b(?:ya )?no (?:quiero|deseo) (?:recibir )?(?:mas )?(?:sus |tus )?(?:mensajes|textos|sms)\b",
    r"\bno mas (?:mensajes|textos|sms)\b",
    r"\b(?:quita|quite|quiten|borra|borre|borren|saca|saque|saquen|elimina|elimine|eliminen)me"
    r" de (?:la|tu|su|esta) lista\b",
    r"\b(?:dame|deme|denme|darme) de baja\b",
    # French
    r"\b(?:arrete|arretez|cesse|cessez|stop) (?:de |d)(?:m|me |nous )?(?:ecrire|envoyer|texter"
    r"|contacter|deranger|harceler)\b",
    r"\bne (?:m|me |nous )(?:ecris|ecrivez|contacte|contactez|envoie|envoyez|texte|textez|derange"
    r"|derangez) plus\b",
    r"\bplus de (?:messages|textos|sms)\b",
    r"\b(?:retire|retirez|enleve|enlevez|supprime|supprimez)(?: moi|z moi)? de (?:la|ta|votre)"
    r" liste\b",
    r"\b(?:desabonne|desabonnez|desinscris|desinscrivez) moi\b|\bme (?:desabonner|desinscrire)\b",
    # Portuguese
    r"\b(?:pare|parem|para|deixe|deixa) de (?:me )?(?:mandar|enviar|escrever|contatar|incomodar)\b",
    r"\bnao (?:me )?(?:mande|mandem|manda|envie|enviem|escreva|escrevam|contate|contatem|perturbe)"
    r"(?: mensagens?)? mais\b",
    r"\bnao quero (?:mais )?(?:receber )?(?:mais )?(?:suas )?(?:mensagens|sms)\b",
    r"\b(?:me (?:tira|tire|tirem|remova|remove)|(?:tira|tire|remova) me) d[ae](?: sua)? lista\b",
    # Italian
    r"\b(?:smetti|smettila|smettetela|smettete|basta) (?:di )?(?:scriver|mandar|inviar|contattar"
    r"|disturbar)(?:mi|ci)\b",
    r"\bnon (?:scriver|mandar|contattar|inviar)mi piu\b|\bnon (?:scrive|manda|contatta)temi piu\b",
    r"\bnon voglio (?:piu )?(?:ricevere )?(?:piu )?(?:messaggi|sms)\b",
    r"\b(?:cancella|togli|toglie|rimuovi|cancellate|togliete)(?:te)?mi da(?:lla|lle)"
    r"(?: vostra| tua)? list[ae]\b",
    # German
    r"\b(?:hor|hore|horen sie) auf(?: damit)? (?:mir|uns) zu (?:schreiben|texten)\b",
    r"\b(?:schreib|schreibt|schreiben sie|kontaktier|kontaktieren sie)(?: mir| mich| uns) nicht"
    r" mehr\b",
    r"\bkeine (?:weiteren )?(?:nachrichten|sms) mehr\b",
]
"""What plainly speaks of the texts, the list or the number; it counts in a group as well."""

TO_US_ALONE = [
    rf"\bleave (?:me|us)(?: the (?:hell|fuck|heck))? (?:alone|be{_END})\b"
    r"(?! (?:with|in|for|at|on)\b)",
    rf"\b(?:take|get) me off{_END}",
    rf"\bremove me{_END}",
    r"\bi want (?:this|it|these) to (?:stop|end)\b",
    r"\bif (?:you|u) (?:dont|do not|keep|wont|contact|text|message)\b.*"
    r"\b(?:report|sue|block|lawyer|attorney|police|fcc|legal action)\b",
    r"\b(?:deja|deje|dejen)me en paz\b",
    r"\blaiss(?:e|ez) (?:moi|nous) tranquille\b|\bfoutez? moi la paix\b",
    r"\b(?:me deix[ae]m?|deix[ae]m? me) em paz\b",
    r"\blascia(?:te)?mi (?:in pace|stare)\b",
    r"\blass(?:t|en sie)? mich in ruhe\b",
]
"""What between two people means: do not text me. In a group it may be meant for a member."""

_POLITE = (
    r"(?:please|pls|plz|just|ok|okay|k|hey|yo|hello|hi|omg|sir|bro|dude|man|guys|kindly|now|already"
    r"|immediately|asap|really|seriously|right|forever|today|thanks|thank you|thx|sorry|and|but|no"
    r"|nope|i said|i say|i asked you to|i told you to|i want you to|i need you to"
    r"|you (?:can|should|must|need to|have to)|u (?:can|should|must|need to)"
    r"|(?:can|could|would|will) (?:you|u)|fucking|damn|not interested|im not interested"
    r"|i am not interested|por favor|gracias|ya|merci|svp|sil vous plait|sil te plait|obrigado"
    r"|obrigada|per favore|grazie|bitte|danke|пожалуиста|спасибо)"
)
STOPS = (
    r"st[o0]+p+(?: (?:it|this|that|all|everything|now|st[o0]+p+))*"
    r"|s(?: \|)? t(?: \|)? o(?: \|)? p|unsubscribe|unsub|opt out"
)
"""These count also as the last clause of a short text: "Not interested. Stop"."""

WORDS = (
    *("quit it", "knock it off", "cease and desist", "remove me", "go away", "get lost"),
    *("piss off", "fuck off", "f off", "bugger off", "buzz off", "no more", "wrong number"),
    *("wrong person", "you have the wrong number", "you got the wrong number"),
    *("this is the wrong number", "sorry wrong number"),
    *("no más", "ya no más", "ya basta", "basta ya", "para ya", "detente", "detener", "alto ya"),
    *(
        "déjame",
        "baja",
        "darse de baja",
        "cancelar",
        "cancelar suscripción",
        "anular",
        "arrête",
        "arrêtez",
        "arrêter",
        "ça suffit",
    ),
    *(
        "annuler",
        "résilier",
        "désabonnement",
        "désinscription",
        "chega",
        "cancela",
        "pare",
        "parem",
        "para",
        "sair",
    ),
    *("descadastrar", "smettila", "smettetela", "basta così", "fermati", "disiscrivimi"),
    *("ferma", "annulla", "cancellami", "kündigen", "stornieren", "schluss", "ende"),
    *("hör auf", "hör auf damit", "aufhören", "abmelden", "abbestellen", "austragen"),
    *("стоп", "хватит", "отписаться", "отпишись", "отпишите меня", "прекрати", "прекратите"),
    *("не пиши мне", "не пишите мне", "не пиши мне больше", "не пишите мне больше"),
    *("оставь меня в покое", "оставьте меня в покое", "отстань", "отстаньте"),
    *(
        "退订",
        "退訂",
        "取消订阅",
        "取消訂閱",
        "停止",
        "配信停止",
        "やめて",
        "やめてください",
        "送らないで",
    ),
)
"""Stop as a whole message, in other words and languages. Written as people write it."""

_OTHERS = "|".join(folded(word) for word in WORDS)

_STOP_LAST = re.compile(rf"(?:{_POLITE}(?: \|)? )*(?:{STOPS})(?: (?:\| )?{_POLITE})*")
_STOP_WHOLE = re.compile(rf"(?:{_POLITE}(?: \|)? )*(?:{STOPS}|{_OTHERS})(?: (?:\| )?{_POLITE})*")

MOST_WORDS = 9
"""Words of such a message."""

HINTS = (
    *("text", "txt", "messag", "msg", "sms", "contact", "spam", "bother", "harass", "bugging"),
    *("pinging", "annoying", "pester", "writ", "reaching", "calling", "send", "blowing", "consent"),
    *(
        "permission",
        "list",
        "database",
        "system",
        "number",
        "unsubscribe",
        "opt ",
        "alone",
        "leave",
    ),
    *("me off", "remove me", "i want", "if you", "if u", "escrib", "mand", "envi", "molest"),
    *(
        "mensaj",
        "baja",
        "paz",
        "ecri",
        "envo",
        "derange",
        "desabon",
        "desins",
        "tranquille",
        "paix",
    ),
    *(
        "mensage",
        "escrev",
        "perturbe",
        "incomodar",
        "scriv",
        "disturb",
        "in pace",
        "stare",
        "invia",
    ),
    *("schreib", "nachricht", "ruhe", "kontakt"),
)
"""Without one of these no rule below applies: most messages need not be looked at any further."""

_ABOUT = [re.compile(pattern) for pattern in ABOUT_TEXTING]
_ALONE = [re.compile(pattern) for pattern in TO_US_ALONE]

NOT_MEANT = re.compile(
    r"(?:\b(?:wont|will not|doesnt|does not|didnt|did not|dont|do not|cant|cannot|couldnt|never|not"
    r"|without|hasnt|havent|refuses? to|no)(?: (?:ever|just|even|you dare))?"
    r"|\b(?:if|why did|when did|did|before|until|unless|since|after|once|whether|because|why would)"
    r" (?:you|u|i|we|they|he|she|people)"
    r"|\b(?:he|she|they|who|everyone|everybody|nobody|people) (?:will|would|should|could|can|must)?"
    r"|\b(?:tell|told|tells|telling|ask|asked|asking|get|got|make|made|making|let|want|wants|wanted"
    r"|need|needs|begged|said|says|say)"
    r" (?!you\b|u\b|ya\b|yall\b|your\b|this\b|these\b|it\b|to\b|stop\b|leave\b|please\b)"
    r"(?:\w+ ){1,4}?(?:to|can|will|should)?)\s*$"
)
"""What before it makes it something else: a negation, a condition, or the words of a third."""

LAUGHTER = re.compile(
    r"\b(?:a?ha(?:ha)+|he(?:he)+|lo+l|lmf?ao+|rofl|jaja\w*|oh stop|aw+ stop|omg stop)\b"
    r"|[😂🤣😆😹😅😄😁😭💀🥰😍🥺😘]"
)
"""Stop beside laughter is no wish to be left alone."""


def asks_to_stop(text: str, *, in_group: bool = False) -> bool:
    """Whether somebody who writes this clearly does not want to be texted any more.

    Args:
        in_group: Others read along, who may be meant: only what speaks of the texts counts.
    """
    plain = clauses(text[:LONGEST])
    if not plain:
        return False
    rules = _ABOUT if in_group else [*_ABOUT, *_ALONE]
    if any(hint in plain for hint in HINTS) and any(_applies(rule, plain) for rule in rules):
        return True
    return not in_group and _is_stop_whole(text, plain)


def _applies(rule: re.Pattern[str], plain: str) -> bool:
    return any(_is_meant(found, plain) for found in rule.finditer(plain))


def _is_meant(found: re.Match[str], plain: str) -> bool:
    """Whether nothing before it in its clause turns it into something else."""
    before = plain[: found.start()].rpartition("|")[2]
    return NOT_MEANT.search(before) is None


def _is_stop_whole(text: str, plain: str) -> bool:
    """Whether stop is all that is said, or the last word of it: "No thanks. Stop"."""
    if LAUGHTER.search(plain) or LAUGHTER.search(text):
        return False
    size, last = len(plain.split()), plain.rpartition("|")[2].strip()
    is_whole = size <= MOST_WORDS and _matches(_STOP_WHOLE, plain)
    return is_whole or (size <= 2 * MOST_WORDS and _matches(_STOP_LAST, last))


def _matches(pattern: re.Pattern[str], words: str) -> bool:
    """Also when letters of another alphabet stand for those they look like."""
    latin = words.translate(LOOK_ALIKES)
    return (pattern.fullmatch(words) or pattern.fullmatch(latin)) is not None
