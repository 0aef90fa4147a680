/** The way to two phones side by side: a form that asks what each of them is to be given. */

import { call } from "../../page/api.js";
import { element } from "../../page/element.js";
import { form, textField } from "../../page/form.js";
import { attempt, notice } from "../../page/notices.js";

const SIDES = ["Left", "Right"];

export function beside({ store }) {
  if (parent !== window) return; // a phone that already stands beside another
  const button = element("button", { type: "button", class: "tool", text: "Side by side" });
  button.addEventListener("click", () => {
    if (store.thread.id === null) notice("Text the agent first: both phones begin with this conversation.");
    else attempt(() => ask(store.thread.id));
  });
  document.getElementById("tools").append(button);
}

async function ask(conversationId) {
  const { prompts_folders: folders, models } = await call("GET", "desk/side");
  const fields = SIDES.flatMap((side) => [
    textField(`${side} folder`, `${side}: prompts folder`, { value: folders[0], list: "side-folders", required: true }),
    textField(`${side} model`, `${side}: model`, { value: models[0], list: "side-models", required: true }),
  ]);
  const lists = [choices("side-folders", folders), choices("side-models", models)];
  form("Side by side", "Begin", [...fields, ...lists], async (values) => {
    const asked = SIDES.map((side) => ({ side, folder: values[`${side} folder`], model: values[`${side} model`] }));
    const made = [];
    for (const each of asked) made.push(await branch(conversationId, each, { folders, models }));
    const [left, right] = made.map(({ id }) => encodeURIComponent(id));
    location.assign(new URL(`desk/page/side.html?left=${left}&right=${right}`, document.baseURI));
  });
}

const choices = (id, values) => element("datalist", { id }, ...values.map((value) => element("option", { value })));

/** A branch of the conversation as it is now; what is as on this phone is not named. */
function branch(conversationId, { side, folder, model }, { folders, models }) {
  const given = { conversation_id: conversationId, kind: "side" };
  const differs = [];
  if (folder !== folders[0]) differs.push((given.prompts_folder = folder).split("/").findLast(Boolean));
  if (model !== models[0]) differs.push((given.model = model));
  given.name = `${side}: ${differs.join(", ") || "as it is"}`;
  return call("POST", "desk/branches", given);
}
