/** A picture in a thread: its name, and itself when somebody asks. Our server fetches it, no browser does. */

import { element } from "./element.js";

/** Where those are that somebody has asked to see, by their key: a thread is drawn anew often. */
const seen = new Map();

/**
 * @param {string} name as in `m12.1`
 * @param {{key: string, load: function(): Promise<string>}} given what tells it from others, and its address
 */
export function picture(name, { key, load }) {
  const holder = element("p", { class: "picture" });
  if (seen.has(key)) holder.append(image(name, seen.get(key)));
  else holder.append(ask(name, key, load, holder));
  return holder;
}

const image = (name, address) => element("img", { src: address, alt: `${name}, a picture` });

function ask(name, key, load, holder) {
  const show = async () => {
    try {
      seen.set(key, await load());
      holder.replaceChildren(image(name, seen.get(key)));
    } catch (trouble) {
      holder.replaceChildren(element("span", { class: "quiet", text: trouble.message }));
    }
  };
  return element("button", { type: "button", class: "link", text: `Show ${name}`, dataset: { key: `picture-${name}` }, on: { click: show } });
}
