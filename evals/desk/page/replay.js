/** Replay: turns of this conversation, or of a file, taken again under the present prompts. */

import { call } from "../../page/api.js";
import { byId, element } from "../../page/element.js";

/** The fields of what changed, as one reads them. */
const NAMES = {
  outcome: "Outcome",
  tools: "Tools",
  words: "Words",
  bubbles: "Bubbles",
  tapbacks: "Tapbacks",
  tokens: "Tokens",
  first_bubble_seconds: "Seconds to the first bubble (these do not compare)",
  cost_usd: "Cost in dollars",
};

/** @param {{store: Store}} phone */
export function beside({ store }) {
  document.head.append(element("link", { rel: "stylesheet", href: "desk/page/replay.css" }));
  const button = { type: "button", class: "tool", text: "Replay", "aria-haspopup": "dialog" };
  byId("tools").append(element("button", { ...button, on: { click: () => show(store) } }));
}

function show(store) {
  const found = element("div", {
    class: "replays-found",
    role: "region",
    "aria-label": "What changed",
    tabindex: "0",
  });
  const status = element("p", { class: "hint", role: "status" });
  const trouble = element("p", { class: "trouble", role: "alert" });
  const file = element("input", { type: "file", accept: ".jsonl,.ndjson,.json" });
  const here = element("button", { type: "button", class: "main", text: "This conversation" });
  const start = async (body, type) => {
    trouble.textContent = "";
    found.replaceChildren();
    status.textContent = "Taking the turns again, one after another…";
    here.disabled = file.disabled = true;
    try {
      draw(found, status, await call("POST", "desk/replays", body, type));
    } catch (refusal) {
      status.textContent = "";
      trouble.textContent = refusal.message;
    }
    here.disabled = file.disabled = false;
    file.value = "";
  };
  here.disabled = store.thread.id === null;
  here.addEventListener("click", () => start({ conversation_id: store.thread.id }));
  file.addEventListener("change", () => file.files.length && start(file.files[0], "application/x-ndjson"));
  const dialog = element(
    "dialog",
    { class: "sheet replays", "aria-labelledby": "replay-title" },
    element("h2", { text: "Replay", id: "replay-title" }),
    element("p", {
      class: "hint",
      text:
        "Each turn is taken again from where it began, under the present prompts, on a twin of its own. " +
        "Nothing here changes. A burst is sent at once, photos are stand-ins.",
    }),
    element("label", {}, element("span", { text: "Records, one a line, as transcripts export writes them" }), file),
    status,
    trouble,
    found,
    element(
      "div",
      { class: "sheet-buttons" },
      element("button", { type: "button", text: "Close", on: { click: () => dialog.close() } }),
      here,
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function draw(found, status, { turns, changed, failed, model, prompts }) {
  const fate = failed ? `${changed} changed, ${failed} could not be replayed` : `${changed} changed`;
  status.textContent = `${counted(turns.length)}: ${fate}. ${model} answered under prompts ${prompts}.`;
  found.append(element("ol", {}, ...turns.map(turn)));
}

function turn({ heard, problem, is_changed: isChanged, differences, before }) {
  const fate = problem ? "could not be replayed" : isChanged ? "changed" : `unchanged (${before.outcome})`;
  const line = element(
    "p",
    { class: isChanged || problem ? "replays-turn is-changed" : "replays-turn" },
    element("span", { class: "replays-heard", text: heard.join(" / ") || "Photo" }),
    element("b", { text: fate }),
  );
  if (problem) return element("li", {}, line, element("p", { class: "trouble", text: problem }));
  return element("li", {}, line, isChanged ? element("dl", {}, ...differences.flatMap(difference)) : null);
}

const difference = ({ what, before, after }) => [
  element("dt", { text: NAMES[what] ?? what }),
  element("dd", {}, element("del", { text: shown(before) }), element("ins", { text: shown(after) })),
];

function shown(value) {
  if (value === null) return "not known";
  if (Array.isArray(value)) return value.join("\n") || "nothing";
  if (typeof value === "object") return Object.entries(value).map((pair) => pair.join(" ")).join(", ");
  return String(value);
}

const counted = (count) => (count === 1 ? "1 turn" : `${count} turns`);
