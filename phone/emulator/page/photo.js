/** Photos in a bubble, and one of them filling the screen. */

import { element } from "./element.js";
import { shownFrom } from "./picture.js";

/** A photo as a button that opens it; a file that is no picture becomes a link to it. */
export function photoOf(mediaUrl, sender) {
  const address = shownFrom(mediaUrl);
  const picture = element("img", { src: address, alt: "", decoding: "async", draggable: "false" });
  const button = element(
    "button",
    {
      type: "button",
      class: "photo",
      "aria-label": `Photo from ${sender}, open full screen`,
      on: { click: () => showPhoto(address, sender, button) },
    },
    picture,
  );
  picture.addEventListener("error", () => button.replaceWith(fileLink(address)), { once: true });
  return button;
}

const fileLink = (address) =>
  element("a", { class: "file", href: address, target: "_blank", rel: "noopener noreferrer", text: "Attachment" });

function showPhoto(address, sender, from) {
  const close = element("button", {
    type: "button",
    class: "lightbox-close",
    "aria-label": "Close the photo",
    text: "Done",
  });
  const viewer = element(
    "dialog",
    { class: "lightbox", "aria-label": `Photo from ${sender}` },
    close,
    element("img", { src: address, alt: `Photo from ${sender}` }),
  );
  viewer.addEventListener("click", () => viewer.close());
  viewer.addEventListener("close", () => {
    viewer.remove();
    from.focus();
  });
  document.body.append(viewer);
  viewer.showModal();
}
