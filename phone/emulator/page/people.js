/** The small forms: somebody new, who somebody is, a group begun, a group renamed. */

import { byId, element } from "./element.js";
import { form, textField, tick } from "./form.js";

const TOO_FEW = "A group needs two people beside the agent: tick them, or write their numbers.";

export class People {
  #store;
  #opened;

  /** @param {function()} opened called when a form led to another conversation */
  constructor(store, opened) {
    this.#store = store;
    this.#opened = opened;
    byId("new-person").addEventListener("click", () => this.#newPerson());
    byId("new-group").addEventListener("click", () => this.#newGroup());
    byId("about").addEventListener("click", () => (store.thread.isGroup ? this.#aboutGroup() : this.#aboutPerson()));
  }

  #newPerson() {
    const fields = personFields({ imessage: true, receipts: true });
    form("New person", "Add", fields, async (values) => {
      const { handle } = await this.#store.introduce(personIn(values));
      await this.#store.openPerson(handle);
      this.#opened();
    });
  }

  #aboutPerson() {
    const handle = this.#store.speaker;
    const known = this.#store.person(handle) ?? { handle, name: "", imessage: true };
    form(`About ${this.#store.nameOf(handle)}`, "Save", personFields(known), (values) =>
      this.#store.introduce({ ...personIn(values), handle }),
    );
  }

  #newGroup() {
    const fields = [
      textField("name", "Name", { placeholder: "Weekend trip" }),
      this.#memberBoxes(),
      textField("others", "Others", { placeholder: "+15555550124, kim@example.com" }),
    ];
    form("New group", "Create", fields, async (values) => {
      const others = values.others.split(/[,;]/).map((handle) => handle.trim());
      const members = [...values.members, ...others].filter(Boolean);
      if (members.length < 2) throw new Error(TOO_FEW);
      await this.#store.startGroup(members, values.name);
      this.#opened();
    });
  }

  #memberBoxes() {
    const boxes = this.#store.line.people.map(({ handle }) =>
      element(
        "label",
        { class: "tick" },
        element("input", {
          type: "checkbox",
          name: "members",
          value: handle,
          checked: handle === this.#store.speaker,
        }),
        element("span", { text: this.#store.nameOf(handle) }),
      ),
    );
    return element("fieldset", {}, element("legend", { text: "People" }), ...boxes);
  }

  #aboutGroup() {
    const { groupName, participants } = this.#store.thread;
    const names = participants.map(({ handle }) => this.#store.nameOf(handle)).join(", ");
    const fields = [
      element("p", { class: "hint", text: names }),
      textField("name", "Name", { value: groupName ?? "" }),
    ];
    form("About this group", "Save", fields, ({ name }) => this.#store.renameGroup(name));
  }
}

function personFields(person) {
  const isKnown = Boolean(person.handle);
  return [
    textField("handle", "Number or e-mail", {
      value: person.handle ?? "",
      required: true,
      readonly: isKnown,
      placeholder: "+15555550124",
    }),
    textField("name", "Name", { value: person.name ?? "", placeholder: "Ana" }),
    tick("imessage", "Has iMessage", person.imessage),
    tick("receipts", "Sends read receipts", person.receipts ?? true),
  ];
}

const personIn = ({ handle, name, imessage, receipts }) => ({ handle, name: name || null, imessage, receipts });
