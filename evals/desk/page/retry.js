/** What the desk adds to a turn in the inspector: taken again under other prompts or by another model, or a scenario. */

import { call } from "../../page/api.js";
import { element } from "../../page/element.js";
import { form, textField } from "../../page/form.js";
import { branching, openBranch } from "./branches.js";
import { comparison } from "./comparison.js";

const at = encodeURIComponent;

const NAMES = ["As it was", "Taken again"];

/** @param {{inspector: Inspector}} phone */
export function beside({ inspector }) {
  for (const name of ["retry.css", "comparison.css"]) {
    document.head.append(element("link", { rel: "stylesheet", href: `desk/page/${name}` }));
  }
  inspector.offers.push(
    { name: "Retry", act: (summary) => ask(summary) },
    {
      name: "Copy as scenario",
      text: async ({ turn_id: id }) => (await call("GET", `desk/scenarios/preview?turn_id=${at(id)}`)).text,
    },
  );
}

async function ask(summary) {
  const { prompts_folders: folders, models } = await call("GET", "desk/side");
  const fields = [
    element("p", { class: "hint", text: HINT }),
    textField("folder", "Prompts folder", { value: folders[0], list: "retry-folders", required: true }),
    textField("model", "Model", { value: models[0], list: "retry-models", required: true }),
    choices("retry-folders", folders),
    choices("retry-models", models),
  ];
  form("Retry the turn", "Retry", fields, async ({ folder, model }) => {
    const wish = { turn_id: summary.turn_id };
    if (folder !== folders[0]) wish.prompts_folder = folder;
    if (model !== models[0]) wish.model = model;
    const { branch, after } = await branching.retry(wish);
    show(branch, summary, await summaryOf(branch, after.turn_id));
  });
}

const HINT =
  "What was heard is sent once more, in a branch that begins right before this turn. The prompts are read as they are now.";

const choices = (id, values) => element("datalist", { id }, ...values.map((value) => element("option", { value })));

const summaryOf = async (branch, turnId) =>
  (await call("GET", new URL(`console/api/turns/${at(turnId)}`, new URL(branch.address, document.baseURI)).href)).summary;

/** Both turns beside each other, and the way into the branch. */
function show(branch, before, after) {
  const caption = `“${before.heard.join(" / ")}”`;
  const dialog = element(
    "dialog",
    { class: "sheet retried", "aria-labelledby": "retry-title" },
    element("h2", { text: "Taken again", id: "retry-title" }),
    comparison({ caption, names: NAMES, left: before, right: after }),
    element(
      "div",
      { class: "sheet-buttons" },
      element("button", { type: "button", text: "Close", on: { click: () => dialog.close() } }),
      element("button", { type: "button", class: "main", text: "Go on there", on: { click: () => openBranch(branch) } }),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
