/** Where each limit stands: how much of it is used, when it is counted anew, what happens at its end. */

import { element } from "./element.js";
import { table } from "./table.js";
import { readable } from "./words.js";

const figure = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 });

const when = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });

const LEVELS = { warned: "80 % used", reached: "used up" };

/** The nodes for what the server tells: the same figures as `threedots limits` prints. */
export function limitsOf({ limits, turn, alerts, muted, price_known: isPriced }) {
  const first = limits.filter((row, nth) => limits.findIndex((other) => other.limit === row.limit) === nth);
  return [
    element("h3", { text: "Limits" }),
    element("p", { class: "quiet", text: `Of each, who has used most of it. ${ofATurn(turn)} Each is one line of .env.` }),
    isPriced ? null : element("p", { class: "quiet", text: "The price of the model is not known: dollars cannot be counted, tokens are." }),
    table(
      "Limits",
      ["Limit", "Whose", "Used", "Counted anew", "At 100 %"],
      first.map((row) => [
        row.limit,
        row.whose ? readable(row.whose) : "",
        used(row),
        when.format(new Date(row.ends_at)),
        row.in_short,
      ]),
      "No limits are set.",
    ),
    ...muted.map((one) => element("p", { class: one.is_over ? "quiet" : "trouble", text: mutedTold(one) })),
    ...alerts.map((one) => element("p", { class: "quiet", text: alertTold(one) })),
  ].filter(Boolean);
}

/** How full a limit is, as a bar and in words: never by colour alone. */
function used({ limit, used: amount, allowed, level }) {
  const part = allowed > 0 ? Math.min(amount / allowed, 1) : 1;
  const meter = element("meter", { min: "0", max: "1", high: "0.8", optimum: "0", value: String(part), "aria-label": `Used of ${limit}` });
  const words = level === "reached" ? LEVELS.reached : `${Math.floor(part * 100)} %`;
  const of = element("span", { text: `${figure.format(amount)} of ${figure.format(allowed)}` });
  return element("span", { class: "used" }, meter, of, element("span", { class: level ? "mark danger" : "quiet", text: words }));
}

function ofATurn(turn) {
  const most = Object.entries(turn).filter(([, amount]) => amount !== null);
  const named = most.map(([name, amount]) => `${figure.format(amount)} ${name.replaceAll("_", " ").replace("cost usd", "dollars")}`);
  return named.length ? `In one turn: ${named.join(", ")}.` : "One turn has no limits.";
}

const mutedTold = ({ whose, until, is_over: isOver, reason }) =>
  `${readable(whose)} ${isOver ? "was" : "is"} muted until ${when.format(new Date(until))}: ${reason}`;

const alertTold = ({ limit, whose, level, at }) =>
  `${when.format(new Date(at))}: ${limit}${whose ? ` (${readable(whose)})` : ""}: ${LEVELS[level] ?? level}`;
