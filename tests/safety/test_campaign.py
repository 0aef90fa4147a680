"""What the carriers filter by SMS, and what only has such a word in it."""

from __future__ import annotations

import pytest

from safety.campaign import Campaign, found, is_registered, may_go_by_sms
from safety.verdicts import Allowed, Refused

PLAIN = Campaign()
DECLARED = Campaign(links=True, phone_numbers=True)

HELD = """
sex: Hot singles in your area want to meet
sex: Want to see my nudes?
sex: Send nudes
sex: Check out my OnlyFans
sex: We offer escort services downtown
sex: New sex toys in the shop
sex: Watch adult videos here
sex: p\u200born for free
hate: White power!
hate: all the muslims are vermin
hate: Kill all the gays
sex: Wanna see me naked?
sex: XXX videos here
alcohol: Happy hour is from 4 to 6!
alcohol: Two-for-one beers tonight
alcohol: Order wine by the case, delivered to your door
alcohol: $3 margaritas until ten
alcohol: Free champagne for every guest
alcohol: Join our wine tasting on Friday
alcohol: Don't miss our beer specials!
alcohol: We have IPA on tap.
alcohol: 20% off all whiskey this week
alcohol: We serve cocktails until midnight
alcohol: Bottomless mimosas on Sunday
alcohol: “Free beer” he said
alcohol: Come in for $5 pints tonight
alcohol: Our new merlot is $12 a bottle
alcohol: Get drunk for cheap: $1 shots!
alcohol: Buy 2 bottles of wine, get 1 free!
firearms: AR-15s in stock, order today
firearms: Guns for sale
firearms: 9mm ammo deals
firearms: Buy a handgun today
firearms: Ghost guns, no questions asked
tobacco: Cigars half price this week
tobacco: We sell cigarettes and snacks
tobacco: Hookah deals tonight
tobacco: Come by our smoke shop
vaping: New vape juice flavors are here
vaping: Vapes 20% off
vaping: E-cigs for sale
cannabis: THC gummies back in stock
cannabis: Our dispensary menu is out
cannabis: CBD oil helps you sleep, order now
cannabis: Weed delivery in 30 minutes
cannabis: 420 sale this weekend
cannabis: Stop by our dispensary today
cannabis: Pre-rolls two for one
loans: Payday loans up to $500
loans: You are pre-approved for a $5,000 loan
loans: Bad credit OK, apply today
loans: No credit check needed
loans: Let us fix your credit
loans: Debt relief is one call away
loans: Qualify for student loan forgiveness
loans: You have been approved! Claim your $500 loan now
loans: Borrow up to $1,000 today
loans: Consolidate your debts today
gambling: Bet now and get 50 free spins
gambling: Online casino with a welcome bonus
gambling: Place your bets for Sunday
gambling: Our sportsbook is open
gambling: Bet $10, get $50
gambling: Casino bonus inside
gambling: Double your first deposit at our casino
gambling: Get a free $20 bet on us
gambling: Buy lottery tickets here
"""

LEAVES = """
The wine-red dress is back in stock.
Nice shot of the photo!
I took a shot of the sunset, want to buy the print?
Beer garden hours? We open at eleven.
The beer garden is open until ten.
Is the wine glass set on sale? Yes, 20% off.
We do not sell cigarettes.
No beer on the premises, sorry.
Guns are not allowed here.
Smoking is not allowed, and tobacco is prohibited.
We don't serve alcohol, but the juice is free.
Order the root beer float, it's $4.
Ginger beer is on special.
Non-alcoholic beer is half price.
Rubbing alcohol is in aisle 4, $3.
The cocktail dress is 30% off.
Champagne gold is available, order by Friday.
Have a beer for me, happy birthday!
What wine goes with fish? A dry white.
The glue gun is on sale.
You can buy a nail gun at the hardware store.
Gunmetal grey is in stock.
Don't jump the gun on that deal.
She called shotgun, so buy snacks.
Congratulations on quitting cigarettes! Order yourself a cake.
Nicotine patches are at the pharmacy, $20.
The cigarette pants are on sale.
Weed killer is in stock.
Weed the garden before you order mulch.
The office is in the CBD, order a taxi.
The pharmacy delivers at six.
Your library loan is due on Monday.
The painting is on loan from the museum; tickets are free.
Your loan payment is due tomorrow.
A loaner car is free while yours is in the shop.
You bet! See you at six.
I bet you'll love the discount.
I bet 5 people come.
We have three slots open on Friday.
Poker night at Ben's, bring snacks.
Casino Royale is for sale on DVD.
You hit the jackpot: the last ticket, half price.
Same-sex couples are welcome, order the cake by Friday.
It's for a sex ed class.
I'll escort you to the door.
Love you, xxx
The nude heels are in stock.
Nude lipstick is on sale.
An adult ticket is $12.
Adults only at the pool after eight.
He graduated summa cum laude.
Black and white are both in stock.
We have white powder-coated chairs.
All women are welcome.
He is in good spirits.
What time is dinner?
Deal! See you then. I'll bring wine.
I can't recommend a specific loan, but your bank can tell you the rates.
Improve your credit by paying on time. Happy to explain.
Congrats on 90 days without alcohol! Get your chip on Friday.
She quit vaping, buy her flowers!
Sorry, we don't deliver alcohol. We do deliver pizza.
A pint of milk is $2, and ginger ale is free.
Our happy hour yoga class is half price.
The Ford Escort is for sale.
Your flu shot is free.
Guns, Germs, and Steel is $12 at the bookstore.
Your order 1234567 ships on 2026-11-26, 10:30-12:00.
The total is $1,234,567.00.
Your code is 482913.
"""


def rows(table: str) -> list[str]:
    return [line for line in table.strip().splitlines() if line]


@pytest.mark.parametrize("row", rows(HELD))
def test_what_the_carriers_filter_is_found_and_named(row: str):
    topic, _, text = row.partition(": ")
    assert topic in [one.topic for one in found(text, DECLARED)]


@pytest.mark.parametrize("text", rows(LEAVES))
def test_what_only_has_such_a_word_in_it_leaves(text: str):
    assert found(text, PLAIN) == []


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("See example.com/menu", ["link"]),
        ("Call 415-555-0123", ["phone number"]),
        ("Call (415) 555-0123 or +44 7700 900123", ["phone number"]),
        ("https://example.com/?order=4155550123", ["link"]),
        ("Text tel:+14155550123", ["link"]),
        ("See example.com or call 415 555 0123.", ["link", "phone number"]),
    ],
)
def test_links_and_numbers_leave_only_where_the_campaign_declared_them(
    text: str, topics: list[str]
):
    assert [one.topic for one in found(text, PLAIN)] == topics
    assert found(text, DECLARED) == []


@pytest.mark.parametrize("host", ["bit.ly/3xY", "https://tinyurl.com/a", "Bit.Ly/A", "rb.gy/x"])
def test_a_shortener_that_everybody_may_use_leaves_nowhere(host: str):
    assert [one.topic for one in found(f"Menu: {host}", DECLARED)] == ["short link"]
    assert found("rabbit.ly/x and t.company.com", DECLARED) == []


def test_an_age_gate_lets_out_what_is_for_adults_and_nothing_else():
    gated = Campaign(age_gated=True)
    for text in ("Free beer tonight", "Cigars half price", "Guns for sale"):
        assert isinstance(may_go_by_sms(text, gated), Allowed)
    for text in ("Vapes 20% off", "THC gummies", "Online casino", "Payday loans", "Send nudes"):
        assert isinstance(may_go_by_sms(text, gated), Refused)


def test_the_reason_names_topics_and_nothing_that_was_written():
    verdict = may_go_by_sms("Two-for-one beers at bit.ly/x", DECLARED)
    assert verdict == Refused("content", "the carriers filter it by SMS: alcohol, short link")


@pytest.mark.parametrize(
    ("number", "is_so"),
    [("+14155550123", True), ("+447700900123", False), ("+18005550123", True), ("twin", True)],
)
def test_the_rules_are_those_of_american_numbers(number: str, is_so: bool):
    assert is_registered(number) is is_so
