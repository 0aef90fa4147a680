/** Small forms in a dialog: fields, two buttons, and the reason when it did not work. */

import { element } from "./element.js";

/** A labelled line of text; `given` are attributes of its input. */
export const textField = (name, label, given) =>
  element("label", {}, element("span", { text: label }), element("input", { name, ...given, autocomplete: "off" }));

/** As `textField`, with room for several lines. */
export const textLines = (name, label, { value, ...given }) =>
  element("label", {}, element("span", { text: label }), element("textarea", { name, ...given, text: value }));

/** A labelled box to tick. */
export const tick = (name, label, checked) =>
  element(
    "label",
    { class: "tick" },
    element("input", { type: "checkbox", name, checked }),
    element("span", { text: label }),
  );

/** Ask in a dialog; `act` gets the values and may raise: its message then stands in the form. */
export function form(title, verb, fields, act) {
  const trouble = element("p", { class: "trouble", role: "alert" });
  const sheet = element(
    "form",
    { method: "dialog" },
    element("h2", { text: title, id: "sheet-title" }),
    ...fields,
    trouble,
    element(
      "div",
      { class: "sheet-buttons" },
      element("button", { type: "button", text: "Cancel", on: { click: () => dialog.close() } }),
      element("button", { type: "submit", class: "main", text: verb }),
    ),
  );
  const dialog = element("dialog", { class: "sheet", "aria-labelledby": "sheet-title" }, sheet);
  sheet.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await act(valuesOf(sheet));
      dialog.close();
    } catch (refusal) {
      trouble.textContent = refusal.message;
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** What a form says: text trimmed, a lone tick as a boolean, ticks of one name as a list of the chosen. */
function valuesOf(sheet) {
  const values = { members: [...sheet.querySelectorAll("[name=members]:checked")].map((box) => box.value) };
  for (const field of sheet.querySelectorAll("input:not([name=members]), textarea")) {
    values[field.name] = field.type === "checkbox" ? field.checked : field.value.trim();
  }
  return values;
}
