/**
 * Branches of a conversation: begun at a bubble, walked as a tree, named and deleted.
 *
 * A branch is a phone of its own, at an address of its own; to open one is to go there.
 */

import { call } from "../../page/api.js";
import { byId, element, rove } from "../../page/element.js";
import { form, textField } from "../../page/form.js";
import { attempt } from "../../page/notices.js";
import { listTime } from "../../page/time.js";

const at = encodeURIComponent;

/** The desk's calls about branches, for whoever offers one; each may raise a `Refusal`. */
export const branching = {
  all: () => call("GET", "desk/branches"),
  make: (wish) => call("POST", "desk/branches", wish),
  rename: (id, name) => call("PATCH", `desk/branches/${at(id)}`, { name }),
  remove: (id) => call("DELETE", `desk/branches/${at(id)}`),
  retry: (wish) => call("POST", "desk/retries", wish),
};

/** Go to a branch; `draft` ({body, handle}) is what stands in the field there, and who writes it. */
export function openBranch(branch, draft = null) {
  if (draft) sessionStorage.setItem(draftOf(branch.id), JSON.stringify(draft));
  location.assign(branch.address);
}

const draftOf = (id) => `draft of branch ${id}`;

const KINDS = { fork: "branch", retry: "retry", side: "side by side" };

export async function beside({ store, composer, menu }) {
  document.head.append(element("link", { rel: "stylesheet", href: "desk/page/branches.css" }));
  menu.offer("Branch from here", (message) => branchAt(message, store));
  const tool = element("button", { type: "button", class: "tool", text: "Branches", "aria-haspopup": "dialog" });
  tool.addEventListener("click", () => attempt(() => new Tree().open()));
  byId("tools").append(tool);
  const { branches, here } = await branching.all();
  const branch = branches.find(({ id }) => id === here);
  if (!branch) return;
  byId("tools").before(whereWeAre(branch, branches));
  await begin(branch, store, composer);
}

async function branchAt(message, store) {
  const wish = { conversation_id: store.thread.id, message_id: message.id };
  const branch = await attempt(() => branching.make(wish));
  if (!branch) return;
  const isTheirs = message.direction === "inbound";
  openBranch(branch, isTheirs ? { body: message.body, handle: message.from_handle } : null);
}

/** The line in the banner that says which branch this is, with the way back to where it was made. */
function whereWeAre(branch, branches) {
  const parent = branches.find(({ id }) => id === branch.parent);
  const back = element("a", { href: addressOf(parent), text: parent ? parent.name : "the phone" });
  const name = element("strong", { text: branch.name });
  return element("p", { class: "branch-line" }, "Branch ", name, element("span", {}, " of ", back));
}

/** Where a branch is; the phone itself stands two steps above each of them. */
function addressOf(branch) {
  return branch ? branch.address : new URL("../../", document.baseURI).pathname;
}

/** Show the conversation, and write the words one came with into the field, as the one who had written them. */
async function begin(branch, store, composer) {
  const kept = sessionStorage.getItem(draftOf(branch.id));
  await store.ready;
  // The newest conversation is open; the one that was branched may be another.
  if (kept || store.key !== branch.conversation_id) await store.open(branch.conversation_id);
  if (!kept) return;
  sessionStorage.removeItem(draftOf(branch.id));
  const { body, handle } = JSON.parse(kept);
  if (store.thread.isGroup) store.speakAs(handle);
  composer.draft(body);
}

/** The dialog with the tree of all branches. */
class Tree {
  #list = element("div", { class: "tree" });
  #dialog = element(
    "dialog",
    { class: "sheet branches", "aria-labelledby": "branches-title" },
    element("h2", { text: "Branches", id: "branches-title" }),
    this.#list,
    element(
      "div",
      { class: "sheet-buttons" },
      element("button", { type: "button", class: "main", text: "Close", on: { click: () => this.#dialog.close() } }),
    ),
  );

  async open() {
    await this.#draw();
    this.#dialog.addEventListener("close", () => this.#dialog.remove());
    this.#list.addEventListener("keydown", (event) => rove(event, [...this.#list.querySelectorAll("[data-rove]")]));
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    (this.#list.querySelector("[aria-current]") ?? this.#list.querySelector("a")).focus();
  }

  /** Draw it anew, once the form that lies over it is closed and the focus can come back. */
  #drawSoon(focused) {
    attempt(() => this.#draw(focused));
  }

  async #draw(focused = null) {
    const { branches, here } = await branching.all();
    const told = { branches, here };
    const phone = element("a", {
      href: here ? addressOf(null) : "./",
      text: "The phone",
      "aria-current": here ? null : "page",
      dataset: { rove: "" },
    });
    const item = element("li", {}, element("div", { class: "branch" }, phone), this.#below(null, told));
    this.#list.replaceChildren(element("ul", {}, item));
    if (branches.length === 0) this.#list.append(element("p", { class: "hint", text: NONE_YET }));
    if (focused !== null) (this.#list.querySelector(`[data-id="${CSS.escape(focused)}"]`) ?? phone).focus();
  }

  /** The branches that were made from one, or from the phone itself; null where there is none. */
  #below(parent, told) {
    const children = told.branches.filter((branch) => branch.parent === parent);
    if (children.length === 0) return null;
    return element("ul", {}, ...children.map((branch) => this.#item(branch, told)));
  }

  #item(branch, told) {
    const link = element("a", {
      href: branch.address,
      text: branch.name,
      "aria-current": branch.id === told.here ? "page" : null,
      dataset: { rove: "", id: branch.id },
    });
    const row = element(
      "div",
      { class: "branch" },
      link,
      button("Rename", branch, () => this.#rename(branch)),
      button("Delete", branch, () => this.#remove(branch, told)),
      element("p", { class: "hint", text: originOf(branch) }),
    );
    return element("li", {}, row, this.#below(branch.id, told));
  }

  #rename(branch) {
    const field = textField("name", "Name", { value: branch.name, required: true, maxlength: 120 });
    form("Rename the branch", "Rename", [field], async ({ name }) => {
      await branching.rename(branch.id, name);
      this.#drawSoon(branch.id);
    });
  }

  #remove(branch, told) {
    const words = `“${branch.name}” and what was said in it will be gone. Branches made from it stay.`;
    form("Delete the branch", "Delete", [element("p", { class: "hint", text: words })], async () => {
      await branching.remove(branch.id);
      const parent = told.branches.find(({ id }) => id === branch.parent);
      if (branch.id === told.here) location.assign(addressOf(parent));
      else this.#drawSoon(branch.parent ?? "");
    });
  }
}

const NONE_YET = "No branches yet. Open the menu of a bubble and choose “Branch from here”.";

/** Of what kind it is, where it begins, and since when it is there. */
function originOf({ kind, words, created_at: made, model }) {
  return `${KINDS[kind] ?? kind} · from “${words}” · ${listTime(new Date(made))} · ${model}`;
}

const button = (verb, branch, act) =>
  element("button", { type: "button", text: verb, "aria-label": `${verb} ${branch.name}`, on: { click: act } });
